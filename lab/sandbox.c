/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/caps.h"
#include "lab/sandbox_why.h"

/*
 * What outer, init and inner share while the sandbox is made.  `lifeline` runs
 * from outer to init: its end tells init that outer is gone, and a byte on it is
 * a signal for the inner process.  `report` runs from init to outer: a failure,
 * or just its end when all is well.
 */
struct making {
	int lifeline[2];
	int report[2];
	sigset_t mask; /* the caller's */
	struct sigaction on_child;
	bool user_namespace, host_network;
	pid_t inner; /* as init sees it */
};

struct failure {
	enum sandbox_step step;
	int code;
};

static const int passed_on[] = {
	SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU
};

static void close_both(int p[2])
{
	int i;

	for (i = 0; i < 2; i++) {
		if (p[i] >= 0)
			close(p[i]);
		p[i] = -1;
	}
}

/*
 * No signal may end us between two steps; and SIGCHLD must not be ignored, as
 * some callers leave it, or the status would be lost.
 */
static void signals_hold(struct making *m)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &m->mask);
	sigaction(SIGCHLD, &dfl, &m->on_child);
}

/* Outside, where nothing came of it. */
static void signals_release(const struct making *m)
{
	sigaction(SIGCHLD, &m->on_child, NULL);
	sigprocmask(SIG_SETMASK, &m->mask, NULL);
}

static int exit_code_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- outer ---- */

static void pass_on(int lifeline, int sig)
{
	unsigned char byte = (unsigned char)sig;

	/* SIGPIPE is blocked; a dead init is noticed by SIGCHLD. */
	if (write(lifeline, &byte, 1) < 0)
		return;
}

/* Stops here as the default action would, which leaves the rule for orphaned process groups to the kernel. */
static void stop_self(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	kill(getpid(), sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* Outer's life from here on: it holds nothing but the lifeline and its standard streams. */
static void __attribute__((noreturn)) supervise(int lifeline, pid_t init)
{
	siginfo_t si;
	sigset_t set;
	size_t i;
	int sig, status;

	if (lifeline != 3)
		dup3(lifeline, 3, O_CLOEXEC);
	close_range(4, ~0U, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		sigaddset(&set, passed_on[i]);
	for (;;) {
		sig = sigwaitinfo(&set, &si);
		if (sig < 0)
			continue;
		if (sig == SIGCHLD) {
			if (waitpid(init, &status, WNOHANG) == init)
				_exit(exit_code_of(status));
			continue;
		}
		/* Above 0 it is the kernel's: the terminal has told the whole group. */
		if (si.si_code <= 0)
			pass_on(3, sig);
		if (sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU)
			stop_self(sig);
	}
}

/* ---- init ---- */

static void __attribute__((noreturn)) fail(const struct making *m, enum sandbox_step step, int code)
{
	struct failure f = { step, code };

	if (write(m->report[1], &f, sizeof(f)) != sizeof(f))
		_exit(125);
	_exit(77);
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		r = -errno;
	close(fd);
	return r;
}

/* This user and group to themselves, which the kernel lets an ordinary user do, once setgroups() is given up. */
static int map_self(uid_t uid, gid_t gid)
{
	char text[64];
	int r;

	r = write_file("/proc/self/setgroups", "deny");
	if (r && r != -ENOENT)
		return r;
	snprintf(text, sizeof(text), "%u %u 1", uid, uid);
	r = write_file("/proc/self/uid_map", text);
	if (r)
		return r;
	snprintf(text, sizeof(text), "%u %u 1", gid, gid);
	return write_file("/proc/self/gid_map", text);
}

/* Some hosts let the namespace be made and then withhold its capabilities (AppArmor): try one that changes nothing. */
static int probe_power(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int zero = 0, r = 0;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_MARK, &zero, sizeof(zero)))
		r = -errno;
	close(fd);
	return r;
}

static void on_child_ended(int sig)
{
	/* It is there to interrupt ppoll(). */
}

static void reap(pid_t inner)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == inner)
			_exit(exit_code_of(status)); /* and the kernel kills whatever it left */
}

static void __attribute__((noreturn)) init_loop(int lifeline, pid_t inner)
{
	struct sigaction on_child = { .sa_handler = on_child_ended };
	struct pollfd p = { 3, POLLIN, 0 };
	sigset_t all_but_child;
	unsigned char sig;

	if (lifeline != 3)
		dup3(lifeline, 3, O_CLOEXEC);
	close_range(4, ~0U, 0);
	sigaction(SIGCHLD, &on_child, NULL);
	sigfillset(&all_but_child);
	sigdelset(&all_but_child, SIGCHLD);
	for (;;) {
		reap(inner);
		if (ppoll(&p, 1, NULL, &all_but_child) <= 0)
			continue;
		if (read(3, &sig, 1) != 1)
			_exit(128 + SIGKILL); /* outer is gone */
		kill(inner, sig);
	}
}

static bool outer_is_gone(int lifeline)
{
	struct pollfd p = { lifeline, POLLIN, 0 };

	return poll(&p, 1, 0) != 0;
}

/* Returns in the inner process only. */
static void init_run(struct making *m, uid_t uid, gid_t gid)
{
	int r;

	close(m->lifeline[1]);
	close(m->report[0]);
	/* Outer may have died before this line: then the lifeline has ended. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (outer_is_gone(m->lifeline[0]))
		_exit(128 + SIGKILL);
	r = m->user_namespace ? map_self(uid, gid) : 0;
	if (r)
		fail(m, SANDBOX_MAP, -r);
	r = probe_power();
	if (r)
		fail(m, SANDBOX_CAPS, -r);
	m->inner = fork();
	if (m->inner < 0)
		fail(m, SANDBOX_FORK, errno);
	if (m->inner)
		init_loop(m->lifeline[0], m->inner);
	close(m->lifeline[0]);
	close(m->report[1]);
	sigprocmask(SIG_SETMASK, &m->mask, NULL);
}

/* ---- both ---- */

/*
 * fork() with namespaces.  The C library's own record of the thread's id stays
 * the parent's in the child, which therefore does nothing with it but fork().
 */
static pid_t clone_process(unsigned long flags)
{
#ifdef __s390x__
	return (pid_t)syscall(SYS_clone, NULL, flags | SIGCHLD, NULL, NULL, NULL);
#else
	return (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
#endif
}

/* One way of making it, with or without a user namespace.  Returns 0 inside, or outside when it failed: then *f says
 * why. */
static void try_way(struct making *m, struct failure *f)
{
	unsigned long flags =
		CLONE_NEWPID | (m->host_network ? 0 : CLONE_NEWNET) | (m->user_namespace ? CLONE_NEWUSER : 0);
	uid_t uid = geteuid();
	gid_t gid = getegid();
	pid_t init;
	ssize_t n;

	*f = (struct failure){ SANDBOX_CLONE, 0 };
	if (pipe2(m->lifeline, O_CLOEXEC) || pipe2(m->report, O_CLOEXEC)) {
		f->code = errno;
		goto out;
	}
	init = clone_process(flags);
	if (init < 0) {
		f->code = errno;
		goto out;
	}
	if (!init) {
		init_run(m, uid, gid);
		return;
	}
	close(m->lifeline[0]);
	close(m->report[1]);
	m->lifeline[0] = m->report[1] = -1;
	while ((n = read(m->report[0], f, sizeof(*f))) < 0 && errno == EINTR)
		;
	if (n != sizeof(*f))
		supervise(m->lifeline[1], init);
	waitpid(init, NULL, 0);
out:
	close_both(m->lifeline);
	close_both(m->report);
}

int sandbox_enter(const struct sandbox_opts *o, struct sandbox *ret, struct err *e)
{
	const uint64_t needed = 1ULL << CAP_SYS_ADMIN | 1ULL << CAP_NET_ADMIN | 1ULL << CAP_NET_RAW;
	struct making m = { .lifeline = { -1, -1 }, .report = { -1, -1 } };
	pid_t supervisor = sandbox_host_pid();
	struct sandbox_host host;
	struct failure f;

	m.host_network = o->host_network;
	m.user_namespace = !m.host_network && (o->user_namespace || !caps_have(needed));
	signals_hold(&m);
	try_way(&m, &f);
	if (f.code == EPERM && !m.user_namespace && !m.host_network) {
		m.user_namespace = true;
		try_way(&m, &f);
	}
	if (f.code) {
		signals_release(&m);
		sandbox_host_read(&host);
		return sandbox_why(&host, f.step, f.code, geteuid() == 0, e);
	}
	ret->user_namespace = m.user_namespace;
	ret->supervisor = supervisor;
	ret->signals.mask = m.mask;
	ret->signals.child_ignored = m.on_child.sa_handler == SIG_IGN;
	return 0;
}

void sandbox_keep_caps(void)
{
	/* Root has them by being root; a failure shows as the tool's own EPERM. */
	if (geteuid() != 0)
		caps_keep_over_exec();
}

void sandbox_drop_caps(void)
{
	if (geteuid() != 0 && caps_drop_all())
		_exit(126);
}

void sandbox_restore_signals(const struct sandbox_signals *s)
{
	if (s->child_ignored)
		signal(SIGCHLD, SIG_IGN);
	sigprocmask(SIG_SETMASK, &s->mask, NULL);
}

pid_t sandbox_host_pid(void)
{
	char text[32];
	ssize_t n = readlink("/proc/self", text, sizeof(text) - 1);
	long pid;

	if (n <= 0)
		return getpid();
	text[n] = 0;
	pid = strtol(text, NULL, 10);
	return pid > 0 && pid <= INT_MAX ? (pid_t)pid : getpid();
}
