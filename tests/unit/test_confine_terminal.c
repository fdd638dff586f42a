/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A confined child and its parent on a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/confine_task.h"

static volatile sig_atomic_t interrupts, terms;

static void on_signal(int sig)
{
	if (sig == SIGINT)
		interrupts++;
	else
		terms++;
}

/* Tells of each SIGINT; a SIGTERM ends it, with 40 + how many there were. */
static int count_interrupts(void *user, const struct confined *c)
{
	struct sigaction act = { .sa_handler = on_signal };
	sigset_t both, before;
	int told = 0;

	sigemptyset(&both);
	sigaddset(&both, SIGINT);
	sigaddset(&both, SIGTERM);
	sigprocmask(SIG_BLOCK, &both, &before);
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	tell_pid(user);
	while (!terms) {
		ppoll(NULL, 0, NULL, &before);
		for (; told < interrupts; told++)
			tell_pid(user);
	}
	return 40 + interrupts;
}

/* A session with a terminal of its own, whose foreground job is a task; returns the pid of its leader. */
static pid_t start_on_terminal(const struct task *t, int *ret_keyboard, pid_t *ret_job)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;
	char name[64];
	pid_t shell;

	assert_true(master >= 0 && !grantpt(master) && !unlockpt(master) && !ptsname_r(master, name, sizeof(name)));
	fflush(NULL);
	shell = fork();
	if (!shell) {
		pid_t job;
		int status;

		alarm(20);
		close(master);
		setsid();
		slave = open(name, O_RDWR);
		ioctl(slave, TIOCSCTTY, 0);
		signal(SIGTTOU, SIG_IGN);
		job = fork();
		if (!job) {
			alarm(20);
			setpgid(0, 0);
			tcsetpgrp(slave, getpid());
			signal(SIGTTOU, SIG_DFL);
			tell_pid(t);
			_exit(confined_run(t->work, (void *)(uintptr_t)t, t->mode, NULL));
		}
		/* as a shell's fg: when the job has stopped it is continued, and the test is told */
		while (waitpid(job, &status, WUNTRACED) == job && WIFSTOPPED(status)) {
			pid_t stopped = -job;

			tcsetpgrp(slave, job);
			kill(-job, SIGCONT);
			if (write(t->told[1], &stopped, sizeof(stopped)) < 0)
				_exit(1);
		}
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	}
	*ret_keyboard = master;
	*ret_job = hear_pid(t);
	hear_pid(t); /* its child is ready */
	return shell;
}

static void type(int master, const char *keys)
{
	assert_int_equal(write(master, keys, strlen(keys)), (ssize_t)strlen(keys));
}

/* Typed, it reaches both: the child once, and the parent is not ended. */
static void typed(void **state)
{
	struct task t;
	size_t m;

	for (m = 0; m < N_MODES; m++) {
		int keyboard;
		pid_t shell, job;

		open_task(&t, every_mode[m], count_interrupts);
		shell = start_on_terminal(&t, &keyboard, &job);
		type(keyboard, "\3");
		hear_pid(&t);
		kill(job, SIGTERM);
		assert_int_equal(end_of(shell), 41);
		close(keyboard);
		close_task(&t);

		open_task(&t, every_mode[m], forever);
		shell = start_on_terminal(&t, &keyboard, &job);
		type(keyboard, "\34"); /* Ctrl-\ */
		assert_int_equal(end_of(shell), 128 + SIGQUIT);
		close(keyboard);
		close_task(&t);
	}
}

/* Ctrl-Z and fg; the end that comes after it is still seen. */
static void stopped(void **state)
{
	struct task t;
	size_t m;

	for (m = 0; m < N_MODES; m++) {
		int keyboard, round;
		pid_t shell, job;

		open_task(&t, every_mode[m], count_interrupts);
		shell = start_on_terminal(&t, &keyboard, &job);
		for (round = 0; round < 3; round++) {
			type(keyboard, "\32");
			assert_int_equal(hear_pid(&t), -job);
		}
		kill(job, SIGTERM);
		assert_int_equal(end_of(shell), 40);
		close(keyboard);
		close_task(&t);
	}
}

/* The terminal goes: the session's leader alone is told, and tells the child. */
static void hung_up(void **state)
{
	struct task t;
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	char name[64];
	pid_t pid;

	assert_true(master >= 0 && !grantpt(master) && !unlockpt(master) && !ptsname_r(master, name, sizeof(name)));
	open_task(&t, CONFINE_TRY, forever);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		alarm(20);
		close(master);
		setsid();
		ioctl(open(name, O_RDWR), TIOCSCTTY, 0);
		_exit(confined_run(t.work, &t, t.mode, NULL));
	}
	hear_pid(&t);
	close(master);
	assert_int_equal(end_of(pid), 128 + SIGHUP);
	close_task(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(typed),
		cmocka_unit_test(stopped),
		cmocka_unit_test(hung_up),
	};

	reset_signals();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
