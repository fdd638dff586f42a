/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inside.h"
#include "lab/firewall.h"
#include "lab/netif.h"
#include "util/clock.h"
#include "util/duration.h"
#include "util/spawn.h"

/* A pipe whose writing end every process of the test's sandbox holds: its end shows that none is left. */
static int trace[2];

static void trace_open(void)
{
	assert_int_equal(pipe(trace), 0);
}

/* All that was written, once every holder is gone; fails after 5 s. */
static size_t trace_close(char *to, size_t len)
{
	struct pollfd p = { trace[0], POLLIN, 0 };
	size_t n = 0;
	ssize_t r;

	close(trace[1]);
	do {
		assert_int_equal(poll(&p, 1, 5000), 1);
		r = read(trace[0], to + n, len - 1 - n);
		assert_true(r >= 0);
		n += (size_t)r;
	} while (r > 0);
	close(trace[0]);
	to[n] = 0;
	return n;
}

static void trace_wait(char want)
{
	struct pollfd p = { trace[0], POLLIN, 0 };
	char got = 0;

	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(read(trace[0], &got, 1), 1);
	assert_int_equal(got, want);
}

static void say(char c)
{
	if (write(trace[1], &c, 1) != 1)
		_exit(99);
}

static int exit_7(const struct sandbox *sb)
{
	return 7;
}

static int die_of_usr1(const struct sandbox *sb)
{
	kill(getpid(), SIGUSR1);
	return 0;
}

static int die_of_kill(const struct sandbox *sb)
{
	kill(getpid(), SIGKILL);
	return 0;
}

static void status(void **state)
{
	assert_int_equal(inside(exit_7), 7);
	assert_int_equal(inside(die_of_usr1), 128 + SIGUSR1);
	assert_int_equal(inside(die_of_kill), 128 + SIGKILL);
}

/* Some callers come with SIGCHLD ignored or blocked: no status may be lost, and what is started can have it as it was.
 */
static int child_ignored(const struct sandbox *sb)
{
	struct sigaction sa;
	sigset_t mask;

	CHECK(!sigaction(SIGCHLD, NULL, &sa) && sa.sa_handler == SIG_DFL);
	CHECK(!sigprocmask(SIG_SETMASK, NULL, &mask) && sigismember(&mask, SIGUSR2) && !sigismember(&mask, SIGTERM));
	sigfillset(&mask);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	sandbox_restore_signals(&sb->signals);
	CHECK(!sigaction(SIGCHLD, NULL, &sa) && sa.sa_handler == SIG_IGN);
	CHECK(!sigprocmask(SIG_SETMASK, NULL, &mask) && sigismember(&mask, SIGUSR2) && !sigismember(&mask, SIGTERM));
	return 9;
}

static void odd_callers(void **state)
{
	sigset_t usr2, old;
	pid_t outer;
	int i;

	sigemptyset(&usr2);
	sigaddset(&usr2, SIGUSR2);
	for (i = 0; i < 20; i++) {
		sigprocmask(SIG_BLOCK, &usr2, &old);
		signal(SIGCHLD, SIG_IGN);
		outer = inside_start(child_ignored);
		signal(SIGCHLD, SIG_DFL);
		sigprocmask(SIG_SETMASK, &old, NULL);
		assert_int_equal(WEXITSTATUS(inside_wait(outer)), 9);
	}
}

static int identity(const struct sandbox *sb)
{
	char path[64], ns[64], outer_ns[64];
	struct err e;
	ssize_t n;

	CHECK(getpid() == 2 && getppid() == 1);
	CHECK(sandbox_host_pid() != getpid() && sandbox_host_pid() != sb->supervisor);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", sandbox_host_pid());
	n = readlink(path, ns, sizeof(ns));
	CHECK(n > 0 && readlink("/proc/self/ns/net", outer_ns, sizeof(outer_ns)) == n &&
	      !memcmp(ns, outer_ns, (size_t)n));
	CHECK(sb->user_namespace == (geteuid() != 0));
	CHECK(firewall_check_private(sb->supervisor, &e) == 0);
	CHECK(firewall_check_private(sandbox_host_pid(), &e) == -EPERM);
	return 0;
}

static void identities(void **state)
{
	struct err e;

	assert_int_equal(inside(identity), 0);
	assert_int_equal(firewall_check_private(getpid(), &e), -EPERM);
	assert_int_equal(firewall_check_private(getppid(), &e), -EPERM);
	assert_int_equal(firewall_check_private(1, &e), -EPERM);
}

static int caps_of(void (*in_child)(void), char *to, size_t len)
{
	static const char *const argv[] = { "grep", "CapEff", "/proc/self/status", NULL };
	struct spawn s = { argv, NULL, 5 * NS_PER_S, in_child };
	struct spawn_result res;
	int r = spawn_run(&s, &res, NULL);

	snprintf(to, len, "%s", buf_text(&res.out));
	spawn_result_fini(&res);
	return r;
}

static int capabilities(const struct sandbox *sb)
{
	char plain[64], kept[64], dropped[64];

	CHECK(!caps_of(NULL, plain, sizeof(plain)) && !caps_of(sandbox_keep_caps, kept, sizeof(kept)) &&
	      !caps_of(sandbox_drop_caps, dropped, sizeof(dropped)));
	CHECK(strcmp(kept, "CapEff:\t0000000000000000\n"));
	if (geteuid() != 0) {
		CHECK(!strcmp(plain, "CapEff:\t0000000000000000\n"));
		CHECK(!strcmp(dropped, "CapEff:\t0000000000000000\n"));
	} else {
		CHECK(!strcmp(dropped, plain));
	}
	return 0;
}

static void caps(void **state)
{
	assert_int_equal(inside(capabilities), 0);
}

static int own_network(const struct sandbox *sb)
{
	char text[16] = "";
	struct err e;
	int fd;

	CHECK(!netif_up("lo", &e));
	/* The kernel's default, whatever the host has; and ours to change. */
	fd = open("/proc/sys/net/ipv4/tcp_syn_retries", O_RDWR);
	CHECK(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && !strcmp(text, "6\n"));
	CHECK(pwrite(fd, "5", 1, 0) == 1);
	say('n');
	return 0;
}

/* A descriptor of the caller's stays usable, and so does the terminal's group. */
static void network(void **state)
{
	char text[16];

	trace_open();
	assert_int_equal(inside(own_network), 0);
	trace_close(text, sizeof(text));
	assert_string_equal(text, "n");
}

static int leaves_children(const struct sandbox *sb)
{
	int i;

	for (i = 0; i < 3; i++) {
		if (fork())
			continue;
		if (i == 1)
			setsid();
		if (i == 2 && fork())
			_exit(0); /* an orphan, for init to reap */
		signal(SIGTERM, SIG_IGN);
		say('c');
		for (;;)
			pause();
	}
	usleep(20000);
	return 0;
}

static void nothing_is_left(void **state)
{
	char text[16];

	trace_open();
	assert_int_equal(inside(leaves_children), 0);
	trace_close(text, sizeof(text));
	assert_string_equal(text, "ccc");
}

static volatile sig_atomic_t got;

static void on_signal(int sig)
{
	got = sig;
}

static int waits_for_signal(const struct sandbox *sb)
{
	static const int sigs[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t all, old;
	size_t i;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	for (i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		sigaction(sigs[i], &sa, NULL);
	say('r');
	while (!got)
		sigsuspend(&old);
	return 40 + got;
}

static void signals_pass(void **state)
{
	static const int sigs[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };
	char text[16];
	pid_t outer;
	size_t i;

	for (i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++) {
		trace_open();
		outer = inside_start(waits_for_signal);
		trace_wait('r');
		kill(outer, sigs[i]);
		assert_int_equal(WEXITSTATUS(inside_wait(outer)), 40 + sigs[i]);
		trace_close(text, sizeof(text));
	}
}

static int waits(const struct sandbox *sb)
{
	say('r');
	for (;;)
		pause();
	return 0;
}

/* The default action of a signal that was passed on ends the inner process and shows in the status. */
static void signals_end(void **state)
{
	char text[16];
	pid_t outer;

	trace_open();
	outer = inside_start(waits);
	trace_wait('r');
	kill(outer, SIGTERM);
	assert_int_equal(WEXITSTATUS(inside_wait(outer)), 128 + SIGTERM);
	trace_close(text, sizeof(text));
}

static void killed(void **state)
{
	char text[16];
	pid_t outer;
	int i;

	for (i = 0; i < 20; i++) {
		trace_open();
		outer = inside_start(waits);
		if (i % 2)
			trace_wait('r');
		else
			usleep((useconds_t)i * 200);
		kill(outer, SIGKILL);
		assert_int_equal(WTERMSIG(inside_wait(outer)), SIGKILL);
		trace_close(text, sizeof(text));
	}
}

static pid_t child_of(pid_t pid)
{
	char path[64], text[64] = "";
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(n > 0);
	return (pid_t)atoi(text);
}

/* Whoever of the three is killed, all end, and the outer one says so. */
static void killed_within(void **state)
{
	char text[16];
	pid_t outer, victim;
	int depth, i;

	for (depth = 1; depth <= 2; depth++) {
		trace_open();
		outer = inside_start(waits);
		trace_wait('r');
		victim = outer;
		for (i = 0; i < depth; i++)
			victim = child_of(victim);
		kill(victim, SIGKILL);
		assert_int_equal(WEXITSTATUS(inside_wait(outer)), 128 + SIGKILL);
		trace_close(text, sizeof(text));
	}
}

static char state_of(pid_t pid)
{
	char path[64], text[256] = "", *end;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return '?';
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	end = strrchr(text, ')');
	return end && end[1] ? end[2] : '?';
}

static bool becomes(pid_t pid, char want)
{
	int64_t until = clock_mono_ns() + 3 * NS_PER_S;

	while (clock_mono_ns() < until) {
		if ((state_of(pid) == 'T') == (want == 'T'))
			return true;
		usleep(2000);
	}
	return false;
}

static void stops_and_goes_on(void **state)
{
	char text[16];
	pid_t outer, inner;

	trace_open();
	outer = inside_start(waits);
	trace_wait('r');
	inner = child_of(child_of(outer));
	kill(outer, SIGTSTP);
	assert_true(becomes(outer, 'T'));
	assert_true(becomes(inner, 'T'));
	kill(outer, SIGCONT);
	assert_true(becomes(outer, 'S'));
	assert_true(becomes(inner, 'S'));
	kill(outer, SIGTERM);
	assert_int_equal(WEXITSTATUS(inside_wait(outer)), 128 + SIGTERM);
	trace_close(text, sizeof(text));
}

static void fast_enough(void **state)
{
	int64_t best = INT64_MAX, t;
	int i;

	for (i = 0; i < 10; i++) {
		t = clock_mono_ns();
		assert_int_equal(inside(exit_7), 7);
		t = clock_mono_ns() - t;
		best = t < best ? t : best;
	}
	print_message("enter and exit: %.1f ms at best\n", (double)best / NS_PER_MS);
	assert_true(best < 50 * NS_PER_MS);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status),	 cmocka_unit_test(odd_callers),	      cmocka_unit_test(identities),
		cmocka_unit_test(caps),		 cmocka_unit_test(network),	      cmocka_unit_test(nothing_is_left),
		cmocka_unit_test(signals_pass),	 cmocka_unit_test(signals_end),	      cmocka_unit_test(killed),
		cmocka_unit_test(killed_within), cmocka_unit_test(stops_and_goes_on), cmocka_unit_test(fast_enough),
	};

	if (argc > 1 && !strcmp(argv[1], "nobody"))
		inside_become_nobody();
	if (!inside_possible())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
