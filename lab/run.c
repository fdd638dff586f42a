/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lab/run_inside.h"
#include "util/clock.h"

#define MS 1000000LL

/* SIGTERM first; whoever is still there so much later is killed. */
#define GRACE_NS (2000 * MS)

/* How long to wait for the kernel's counts, which tell who ended the sockets of a program. */
#define SETTLES_WITHIN_NS (1000 * MS)

#define ADVANCE_EVERY_NS (100 * MS)
#define TURN_MS 1000

/* What the program would get if it ran without us.  Those that the terminal sends reach it by themselves. */
static const int passed_on[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT };

static int open_signals(void)
{
	sigset_t set;
	size_t i;
	int fd;

	sigemptyset(&set);
	for (i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		sigaddset(&set, passed_on[i]);
	/* Ctrl-Z, or the terminal's use from behind, stops the program; who watches its timers goes on. */
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGTTIN);
	sigaddset(&set, SIGTTOU);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static void take_signals(struct run *r)
{
	struct signalfd_siginfo si;

	while (read(r->signals, &si, sizeof(si)) == sizeof(si)) {
		int sig = (int)si.ssi_signo;

		if (sig == SIGINT || sig == SIGTERM || sig == SIGHUP)
			r->end->interrupted = true;
		/* From our init, which has it from outside.  What is sent to the whole group reaches the program
		 * itself. */
		if (si.ssi_code <= 0 && (pid_t)si.ssi_pid == getppid() && r->program)
			program_signal(r->program, sig);
		/* Nobody is left to be told: what stays behind is not waited for. */
		if (r->over && r->end->interrupted)
			r->enough = true;
	}
}

static int take_end(struct run *r, const struct program_news *n, struct err *e)
{
	const struct event_exit x = { .pid = program_pid(r->program), .signal = n->signal, .status = n->status };
	const char *name = n->signal ? sigabbrev_np(n->signal) : NULL;
	/* What it did before it ended is told before. */
	int code = r->kind->observe(r, e);

	if (code)
		return code;
	r->over = true;
	r->ended_ns = n->t_ns;
	r->end->exit_signal = n->signal;
	r->end->exit_status = n->status;
	r->end->run_ns = observe_time(r->observe, n->t_ns) - r->begun_ns;
	if (n->signal)
		run_log(r, observe_time(r->observe, n->t_ns), "%s was ended by SIG%s", r->c->argv[0],
			name ? name : "?");
	else
		run_log(r, observe_time(r->observe, n->t_ns), "%s exited with status %d", r->c->argv[0], n->status);
	return observe_exit(r->observe, &x, e);
}

static int not_run(struct run *r, int code, struct err *e)
{
	/* As a shell has it. */
	e->exit_code = code == ENOENT ? 127 : 126;
	r->end->started = false;
	err_set(e, code, "cannot run %s: %s", r->c->argv[0],
		code == ENOENT ? "there is no such program" : errno_text(code));
	return -code;
}

static int take_news(struct run *r, struct err *e)
{
	struct program_news n;
	int code = 0;

	while (!code) {
		program_news(r->program, &n);
		switch (n.word) {
		case PROGRAM_NOTHING:
			return 0;
		case PROGRAM_NOT_RUN:
			return not_run(r, n.error, e);
		case PROGRAM_ENDED:
			code = take_end(r, &n, e);
			break;
		case PROGRAM_STOPPED:
			r->end->stopped_by = n.signal;
			run_log(r, observe_time(r->observe, n.t_ns),
				"%s was stopped by SIG%s; the kernel's timers go on", r->c->argv[0],
				sigabbrev_np(n.signal));
			break;
		case PROGRAM_CONTINUED:
			run_log(r, observe_time(r->observe, n.t_ns), "%s goes on", r->c->argv[0]);
			break;
		case PROGRAM_ALONE:
			r->alone = true;
			break;
		}
	}
	return code;
}

static void mind_limit(struct run *r)
{
	int64_t now = clock_mono_ns();

	if (!r->limit_ns || now < r->limit_ns)
		return;
	if (r->over) {
		r->end->left_timed_out = true;
		r->enough = true;
		r->limit_ns = 0;
		return;
	}
	if (r->end->timed_out) {
		/* It did not listen; with its init goes every process of it. */
		r->end->killed = true;
		run_log(r, observe_now(r->observe), "%s did not end within 2 s of SIGTERM: SIGKILL", r->c->argv[0]);
		program_signal(r->program, SIGKILL);
		r->limit_ns = 0;
		return;
	}
	r->end->timed_out = true;
	r->limit_ns = now + GRACE_NS;
	run_log(r, observe_now(r->observe), "the time limit: SIGTERM to %s", r->c->argv[0]);
	program_signal(r->program, SIGTERM);
	program_signal(r->program, SIGCONT); /* one that is stopped does not hear it */
}

static int wait_ms(const struct run *r)
{
	int ms = observe_wait_ms(r->observe);
	int64_t left = r->limit_ns ? (r->limit_ns - clock_mono_ns()) / MS + 1 : TURN_MS;

	if (left < 0)
		left = 0;
	if (ms > TURN_MS)
		ms = TURN_MS;
	return left < ms ? (int)left : ms;
}

static void on_call(const struct connect_call *c, void *user)
{
	run_call_made(user, c);
}

static void advance(struct run *r)
{
	int64_t now = observe_now(r->observe);

	if (now - r->advanced_ns < ADVANCE_EVERY_NS)
		return;
	r->advanced_ns = now;
	run_calls_expire(r, now);
	tracker_advance(r->tracker, now);
}

static int turn(struct run *r, int max_ms, struct err *e)
{
	struct pollfd fds[OBSERVE_FDS_MAX + RUN_FDS_MAX + 3];
	int n = observe_fds(r->observe, fds), listener = program_connects_fd(r->program), wait = wait_ms(r), code;

	fds[n++] = (struct pollfd){ .fd = r->signals, .events = POLLIN };
	fds[n++] = (struct pollfd){ .fd = program_fd(r->program), .events = POLLIN };
	if (!r->over && listener >= 0)
		fds[n++] = (struct pollfd){ .fd = listener, .events = POLLIN };
	n += r->kind->fds(r, fds + n);
	poll(fds, (nfds_t)n, wait < max_ms ? wait : max_ms);
	/* A call that waits for us is let go first; then packets, which the words that follow are about. */
	if (listener >= 0)
		connects_read(listener, on_call, r);
	code = r->kind->observe(r, e);
	if (code < 0)
		return code;
	take_signals(r);
	code = take_news(r, e);
	mind_limit(r);
	advance(r);
	return code;
}

static int settle(struct run *r, struct err *e)
{
	int64_t until = clock_mono_ns() + SETTLES_WITHIN_NS;
	int code;

	observe_hurry(r->observe);
	code = turn(r, 2, e);
	/* Nobody is left who could wait; what the kernel's counts tell takes some turns. */
	while (!code && clock_mono_ns() < until &&
	       (!observe_settled(r->observe) || observe_waiting(r->observe, INT64_MAX)))
		code = turn(r, 10, e);
	return code;
}

static int watch(struct run *r, struct err *e)
{
	int code = 0;

	while (!code && (!r->over || (r->c->wait_for_left && !r->alone && !r->enough))) {
		code = turn(r, TURN_MS, e);
		if (!code)
			code = r->kind->check(r, e);
	}
	if (!code && !r->alone) {
		r->end->left_behind = true;
		program_end(r->program);
	}
	return code ? code : settle(r, e);
}

static int run(struct run *r, struct err *e)
{
	int code = r->kind->stage(r, e);

	if (code)
		return code;
	r->end->announced = program_connects_fd(r->program) >= 0;
	r->end->announce_error = r->end->announced ? 0 : -program_connects_fd(r->program);
	observe_hint(r->observe, program_pid(r->program));
	observe_among(r->observe, program_pidns(r->program));
	r->begun_ns = observe_now(r->observe);
	if (r->c->time_limit_ns)
		r->limit_ns = clock_mono_ns() + r->c->time_limit_ns;
	r->end->started = true;
	run_log(r, r->begun_ns, "%s[%d] starts", r->c->argv[0], program_pid(r->program));
	program_go(r->program);
	return watch(r, e);
}

int run_program(const struct run_config *c, const struct run_view *v, struct run_end *ret, struct err *e)
{
	struct run *r = calloc(1, sizeof(*r));
	int code;

	memset(ret, 0, sizeof(*ret));
	if (!r)
		return err_sys(e, ENOMEM, "run");
	r->c = c;
	r->kind = c->here ? &run_real : &run_world;
	r->v = v;
	r->end = ret;
	r->far_quit = -1;
	r->world = (struct world){ .client = -1, .far = -1, .wire = { -1, -1 } };
	r->signals = open_signals();
	code = r->signals < 0 ? err_sys(e, -r->signals, "signals") : run(r, e);
	/* Whatever happened: what is known is given. */
	if (r->tracker && r->observe) {
		run_calls_expire(r, INT64_MAX);
		tracker_finish(r->tracker, observe_now(r->observe));
	}
	if (r->tracker)
		tracker_counts(r->tracker, &ret->counts);
	if (r->wire)
		wire_counts(r->wire, &ret->wire);
	run_unstage(r);
	if (r->signals >= 0)
		close(r->signals);
	free(r);
	return code;
}
