/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/confine_child.h"

static struct confined here; /* what this machine and this build allow */

static const enum confine_mode every_mode[] = { CONFINE_TRY, CONFINE_OFF };
#define N_MODES (sizeof(every_mode) / sizeof(every_mode[0]))

/* Tells its pid through the pipe and ends as the test asks. */
struct task {
	int told[2];
	enum confine_mode mode;
	int (*work)(void *, const struct confined *);
};

static void tell_pid(const struct task *t)
{
	pid_t pid = getpid();

	if (write(t->told[1], &pid, sizeof(pid)) != sizeof(pid))
		abort();
}

static pid_t hear_pid(const struct task *t)
{
	struct pollfd p = { t->told[0], POLLIN, 0 };
	pid_t pid = 0;

	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_int_equal(read(t->told[0], &pid, sizeof(pid)), sizeof(pid));
	return pid;
}

static void open_task(struct task *t, enum confine_mode mode, int (*work)(void *, const struct confined *))
{
	*t = (struct task){ .mode = mode, .work = work };
	assert_int_equal(pipe2(t->told, O_CLOEXEC), 0);
}

static void close_task(struct task *t)
{
	close(t->told[0]);
	close(t->told[1]);
}

static int forever(void *user, const struct confined *c)
{
	tell_pid(user);
	while (poll(NULL, 0, -1) < 0)
		continue;
	return 0;
}

static int return_seven(void *user, const struct confined *c)
{
	tell_pid(user);
	if (c->capabilities != here.capabilities || strcmp(c->missing, here.missing))
		return 1;
	return c->seccomp && open("/dev/null", O_RDONLY) >= 0 ? 2 : 7;
}

static int return_eight(void *user, const struct confined *c)
{
	tell_pid(user);
	return open("/dev/null", O_RDONLY) >= 0 && !c->seccomp ? 8 : 1;
}

static void statuses(void **state)
{
	struct task t;
	struct err e = { "" };

	open_task(&t, CONFINE_TRY, NULL);
	assert_int_equal(confined_run(return_seven, &t, CONFINE_TRY, &e), 7);
	assert_int_not_equal(hear_pid(&t), getpid());
	if (!*here.missing) {
		assert_int_equal(confined_run(return_seven, &t, CONFINE_REQUIRE, &e), 7);
		hear_pid(&t);
	}
	assert_int_equal(confined_run(return_eight, &t, CONFINE_OFF, &e), 8);
	assert_int_not_equal(hear_pid(&t), getpid());
	assert_string_equal(e.what, "");
	close_task(&t);
}

static int end_by(void *sig, const struct confined *c)
{
	signal(*(int *)sig, SIG_DFL); /* sanitizers catch some */
	raise(*(int *)sig);
	return 0;
}

static int make_a_call(void *user, const struct confined *c)
{
	return (int)syscall(SYS_ptrace, 0, 0, 0, 0);
}

static void ended_by_signal(void **state)
{
	static const struct {
		int sig;
		const char *what;
	} t[] = {
		{ SIGSEGV, "the confined process was ended by SIGSEGV (Segmentation fault)" },
		{ SIGABRT, "the confined process was ended by SIGABRT (Aborted)" },
		{ SIGTERM, "the confined process was ended by SIGTERM (Terminated)" },
	};
	struct err e;
	size_t i, m;

	for (m = 0; m < N_MODES; m++) {
		for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
			int sig = t[i].sig;

			assert_int_equal(confined_run(end_by, &sig, every_mode[m], &e), 128 + sig);
			assert_string_equal(e.what, t[i].what);
		}
	}
	if (here.seccomp) {
		assert_int_equal(confined_run(make_a_call, NULL, CONFINE_TRY, &e), 128 + SIGSYS);
		assert_non_null(strstr(e.what, "a system call that the sandbox forbids"));
		assert_int_equal(confined_run(make_a_call, NULL, CONFINE_TRY, NULL), 128 + SIGSYS);
	}
}

/* In a process that is confined already no child can be had, which is an error like any other. */
static int run_again(void *user, const struct confined *c)
{
	struct err e = { "" };
	int r = confined_run(return_seven, user, CONFINE_TRY, &e);

	return r == -EPERM && strstr(e.what, "cannot start a process") ? 0 : 1;
}

static void cannot(void **state)
{
	struct err e = { "" };

	if (here.seccomp)
		assert_int_equal(confined_run(run_again, NULL, CONFINE_TRY, &e), 0);
	if (*here.missing) {
		assert_int_equal(confined_run(return_seven, NULL, CONFINE_REQUIRE, &e), -EOPNOTSUPP);
		assert_int_equal(e.exit_code, 77);
		assert_non_null(strstr(e.what, here.missing));
		assert_true(*e.remedy);
	}
}

static int print_word(void *user, const struct confined *c)
{
	printf("child ");
	return 0;
}

/* What each printed comes once and in order, though both buffer it. */
static void streams(void **state)
{
	int saved = dup(1), p[2], full;
	struct err e = { "" };
	char text[64];
	ssize_t n;

	fflush(stdout);
	assert_int_equal(pipe(p), 0);
	dup2(p[1], 1);
	close(p[1]);
	printf("before ");
	assert_int_equal(confined_run(print_word, NULL, CONFINE_TRY, &e), 0);
	printf("after");
	fflush(stdout);
	n = read(p[0], text, sizeof(text) - 1);
	full = open("/dev/full", O_WRONLY);
	dup2(full, 1);
	assert_int_equal(confined_run(print_word, NULL, CONFINE_TRY, &e), -ENOSPC);
	assert_int_equal(fflush(stdout), 0);
	dup2(saved, 1);
	close(saved);
	close(full);
	close(p[0]);
	assert_true(n > 0);
	text[n] = 0;
	assert_string_equal(text, "before child after");
	assert_string_equal(e.what, "standard output: No space left on device");
	assert_int_equal(e.exit_code, 4);
}

/* A process of its own that calls confined_run() and ends with what it returns. */
static pid_t start(const struct task *t)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		alarm(20);
		close(t->told[0]);
		_exit(confined_run(t->work, (void *)(uintptr_t)t, t->mode, NULL));
	}
	return pid;
}

static int end_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void parent_killed(void **state)
{
	size_t m;

	for (m = 0; m < N_MODES; m++) {
		struct pollfd p;
		struct task t;
		pid_t pid, child;

		open_task(&t, every_mode[m], forever);
		pid = start(&t);
		close(t.told[1]);
		child = hear_pid(&t);
		assert_int_equal(kill(child, 0), 0);
		kill(pid, SIGKILL);
		assert_int_equal(end_of(pid), -SIGKILL);
		/* the pipe ends when its last writer is gone */
		p = (struct pollfd){ t.told[0], POLLIN, 0 };
		assert_int_equal(poll(&p, 1, 10000), 1);
		assert_int_equal(read(t.told[0], &child, sizeof(child)), 0);
		close(t.told[0]);
	}
}

/* Until a process that is not ours to wait for is stopped (T) or a zombie (Z); proc(5), stat. */
static void await_state(pid_t pid, char state)
{
	char name[32], text[512] = "", want[8];
	ssize_t n;
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/stat", (int)pid);
	snprintf(want, sizeof(want), ") %c ", state);
	while (!strstr(text, want)) {
		fd = open(name, O_RDONLY);
		assert_true(fd >= 0);
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
		assert_true(n > 0);
		text[n] = 0;
		sched_yield();
	}
}

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

/* The parent alone gets them, and the child acts. */
static void passed_on(void **state)
{
	static const int signals[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT };
	size_t i, m;

	for (m = 0; m < N_MODES; m++) {
		for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
			struct task t;
			pid_t pid, child;

			open_task(&t, every_mode[m], forever);
			pid = start(&t);
			child = hear_pid(&t);
			kill(child, SIGSTOP); /* woken to end */
			await_state(child, 'T');
			kill(pid, signals[i]);
			assert_int_equal(end_of(pid), 128 + signals[i]);
			close_task(&t);
		}
	}
}

/* None is left over to end this process when it is about to do something with the outcome. */
static void used_up(void **state)
{
	struct task t;
	pid_t pid, child;
	int status;

	open_task(&t, CONFINE_TRY, forever);
	pid = start(&t);
	child = hear_pid(&t);
	kill(pid, SIGSTOP);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	kill(child, SIGKILL);
	await_state(child, 'Z');
	kill(pid, SIGINT);
	kill(pid, SIGTERM);
	kill(pid, SIGHUP);
	kill(pid, SIGCONT);
	assert_int_equal(end_of(pid), 128 + SIGKILL);
	close_task(&t);
}

/* Dispositions that a shell or a service manager may leave. */
static void inherited(void **state)
{
	struct sigaction old, now;
	sigset_t mask, set;
	struct task t;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &mask);
	signal(SIGCHLD, SIG_IGN);
	open_task(&t, CONFINE_TRY, NULL);
	assert_int_equal(confined_run(return_seven, &t, CONFINE_TRY, NULL), 7);
	close_task(&t);
	sigaction(SIGCHLD, NULL, &now);
	assert_true(now.sa_handler == SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_SETMASK, &mask, &set);
	assert_true(sigismember(&set, SIGTERM) && !sigismember(&set, SIGINT) && !sigismember(&set, SIGCHLD));
	sigaction(SIGTERM, NULL, &old);
	assert_true(old.sa_handler == SIG_DFL);
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
		cmocka_unit_test(statuses), cmocka_unit_test(ended_by_signal), cmocka_unit_test(cannot),
		cmocka_unit_test(streams),  cmocka_unit_test(parent_killed),   cmocka_unit_test(passed_on),
		cmocka_unit_test(used_up),  cmocka_unit_test(inherited),       cmocka_unit_test(typed),
		cmocka_unit_test(stopped),  cmocka_unit_test(hung_up),
	};

	confine_probe(&here);
	/* under nohup, and in what a script runs in the background, some are ignored */
	signal(SIGHUP, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
