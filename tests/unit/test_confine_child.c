/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A confined child and its parent: how each ends, and what the other makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/confine_task.h"

static struct confined here; /* what this machine and this build allow */

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses), cmocka_unit_test(ended_by_signal), cmocka_unit_test(cannot),
		cmocka_unit_test(streams),  cmocka_unit_test(parent_killed),   cmocka_unit_test(passed_on),
		cmocka_unit_test(used_up),  cmocka_unit_test(inherited),
	};

	confine_probe(&here);
	reset_signals();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
