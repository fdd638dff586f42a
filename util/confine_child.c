/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/confine_child.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What the child says besides its status, in memory that both see.  What it says once it parses is worth no more than
 * what it prints: the text is for people, the codes are checked. */
struct report {
	int confine;	   /* what confine() returned */
	int stdout_failed; /* errno, or 0 */
	struct err err;	   /* of confine() */
};

/* This process's signals as they were. */
struct signals {
	sigset_t mask, ours;
	struct sigaction child;
};

/* Blocked rather than ignored: they can be asked who sent them.  A SIGCHLD that is ignored would lose the status. */
static void signals_hold(struct signals *s)
{
	struct sigaction normal = { .sa_handler = SIG_DFL };

	sigemptyset(&s->ours);
	sigaddset(&s->ours, SIGINT);
	sigaddset(&s->ours, SIGQUIT);
	sigaddset(&s->ours, SIGTERM);
	sigaddset(&s->ours, SIGHUP);
	sigaddset(&s->ours, SIGCHLD);
	sigprocmask(SIG_BLOCK, &s->ours, &s->mask);
	sigaction(SIGCHLD, &normal, &s->child);
}

static void signals_restore(const struct signals *s)
{
	sigaction(SIGCHLD, &s->child, NULL);
	sigprocmask(SIG_SETMASK, &s->mask, NULL);
}

/* Those that came while the child ran were its own affair. */
static void signals_forget(const struct signals *s)
{
	static const struct timespec at_once = { 0, 0 };

	while (sigtimedwait(&s->ours, NULL, &at_once) > 0 || errno == EINTR)
		continue;
}

static void pass_on(pid_t child, const siginfo_t *si)
{
	/* above 0: the kernel's own, sent to the whole foreground group; a hangup goes to the session's leader alone */
	if (si->si_signo == SIGCHLD || (si->si_code > 0 && si->si_signo != SIGHUP))
		return;
	kill(child, si->si_signo);
	kill(child, SIGCONT);
}

static int wait_for(pid_t child, const struct signals *s, int *ret_status)
{
	for (;;) {
		pid_t pid = waitpid(child, ret_status, WNOHANG);
		siginfo_t si;

		if (pid == child)
			return 0;
		if (pid < 0 && errno != EINTR)
			return -errno;
		/* EINTR: this process was stopped and continued */
		if (sigwaitinfo(&s->ours, &si) > 0)
			pass_on(child, &si);
	}
}

static int stdout_error(void)
{
	errno = 0;
	if (!(ferror(stdout) | fflush(stdout)))
		return 0;
	return errno ? errno : EIO;
}

struct job {
	int (*work)(void *user, const struct confined *c);
	void *user;
	enum confine_mode mode;
};

static void run_child(const struct job *job, pid_t parent, const struct signals *s, struct report *report)
{
	struct confined c;
	int status;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1); /* it died before it could take us along */
	signals_restore(s);
	report->confine = confine(job->mode, &c, &report->err);
	if (report->confine < 0)
		_exit(1);
	status = job->work(job->user, &c);
	report->stdout_failed = stdout_error();
	fflush(NULL);
	_exit(status);
}

static int ended_by(int sig, struct err *e)
{
	const char *name = sigabbrev_np(sig), *text = sigdescr_np(sig);

	if (sig == SIGSYS)
		err_set(e, EPERM, "the confined process was ended by SIGSYS: a system call that the sandbox forbids");
	else
		err_set(e, EPERM, "the confined process was ended by SIG%s (%s)", name ? name : "?",
			text ? text : "signal");
	return 128 + sig;
}

/* What came of it, as confined_run() returns it. */
static int judge(int status, const struct report *report, struct err *e)
{
	int code = report->stdout_failed;

	if (WIFSIGNALED(status))
		return ended_by(WTERMSIG(status), e);
	if (report->confine < 0) {
		if (e) {
			*e = report->err;
			e->what[sizeof(e->what) - 1] = e->remedy[sizeof(e->remedy) - 1] = 0;
		}
		return report->confine;
	}
	if (code) {
		err_sys(e, code, "standard output");
		if (e)
			e->exit_code = 4;
		return code > 0 ? -code : -EIO;
	}
	return WEXITSTATUS(status);
}

int confined_run(int (*work)(void *user, const struct confined *c), void *user, enum confine_mode mode, struct err *e)
{
	struct report *report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct job job = { work, user, mode };
	pid_t parent = getpid(), child;
	struct signals s;
	int r, status = 0;

	if (report == MAP_FAILED)
		return err_sys(e, errno, "cannot start a process to confine");
	fflush(NULL); /* or both would write it */
	signals_hold(&s);
	child = fork();
	if (!child)
		run_child(&job, parent, &s, report);
	r = child < 0 ? -errno : wait_for(child, &s, &status);
	if (r < 0)
		err_sys(e, -r,
			child < 0 ? "cannot start a process to confine" : "cannot wait for the confined process");
	else {
		signals_forget(&s);
		r = judge(status, report, e);
	}
	signals_restore(&s);
	munmap(report, sizeof(*report));
	return r;
}
