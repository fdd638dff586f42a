/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/options.h"
#include "cli/watch_check.h"
#include "cli/watch_metrics.h"
#include "cli/watch_rules.h"
#include "cli/watch_screen.h"
#include "cli/watch_show.h"
#include "sources/procs.h"
#include "util/buf.h"
#include "util/clock.h"
#include "util/duration.h"

/* After CMD has ended, what its attempts' ends tell may come still. */
#define SETTLE_NS (100 * NS_PER_MS)

/* What nobody answers is decided by time alone. */
#define INBOUND_TURN_MS 1000

struct watch {
	const struct watch_setup *o;
	struct watch_source *source;
	struct watch_show *show;
	struct watch_inbound *inbound; /* NULL: not asked for */
	struct watch_metrics *metrics; /* NULL: not asked for */
	struct watch_rules *rules;     /* NULL: without eBPF no drops are told of */
	struct watch_screen *screen;   /* NULL: not asked for */
	sigset_t before;	       /* the signals that CMD shall have */
	int signals;
	pid_t child;
	int child_status;
	bool child_over, begun, ended;
	bool enough;	  /* as many were shown as were asked for */
	int64_t until_ns; /* CLOCK_MONOTONIC; 0: no end */
};

static void on_attempt(const struct attempt *a, void *user)
{
	struct watch *w = user;

	if (!w->enough && watch_show_attempt(w->show, a))
		w->enough = w->ended = true;
}

static void on_inbound(const struct attempt *a, const struct digest *d, void *user)
{
	struct watch *w = user;

	if (!w->enough && watch_show_inbound(w->show, a, d))
		w->enough = w->ended = true;
}

static int open_signals(struct watch *w)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	if (w->o->argv)
		sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, &w->before))
		return -errno;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* ---- CMD ---- */

static void become(struct watch *w, int gate)
{
	struct err e = { 0 };
	char c;
	int r;

	/* until it is watched */
	while (read(gate, &c, 1) < 0 && errno == EINTR)
		;
	sigprocmask(SIG_SETMASK, &w->before, NULL);
	execvp(w->o->argv[0], w->o->argv);
	r = errno;
	err_sys(&e, r, "cannot run %s", w->o->argv[0]);
	report_error("watch", &e, 0);
	_exit(r == ENOENT ? 127 : 126);
}

static int start_child(struct watch *w, int *ret_gate, struct err *e)
{
	int gate[2];

	/* What its children leave behind is a child of this process then, and so still its own. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (pipe2(gate, O_CLOEXEC))
		return err_sys(e, errno, "cannot start %s", w->o->argv[0]);
	w->child = fork();
	if (!w->child) {
		close(gate[1]);
		become(w, gate[0]);
	}
	close(gate[0]);
	*ret_gate = gate[1];
	if (w->child < 0)
		return err_sys(e, errno, "cannot start %s", w->o->argv[0]);
	return 0;
}

static void reap(struct watch *w)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != w->child)
			continue;
		w->child_over = true;
		w->child_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
		w->until_ns = clock_mono_ns() + SETTLE_NS;
	}
}

/* Something else than its end ended the observation; it may be ending, too: with the last attempt that was wanted. */
static void leave_child(struct watch *w)
{
	struct pollfd signals = { .fd = w->signals, .events = POLLIN };
	struct buf b = { 0 };
	char comm[16];

	poll(&signals, 1, SETTLE_NS / NS_PER_MS);
	reap(w);
	if (w->child_over)
		return;
	procs_name(w->child, comm);
	buf_str(&b, "synsent: watch: ");
	buf_escaped(&b, comm, strlen(comm));
	buf_fmt(&b, "[%d] goes on, not watched any more\n", (int)w->child);
	fputs(buf_text(&b), stderr);
	buf_fini(&b);
}

/* ---- the loop ---- */

static void take_signals(struct watch *w)
{
	struct signalfd_siginfo info;

	while (read(w->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(w);
		else if (info.ssi_signo == SIGUSR1)
			watch_show_sum(w->show);
		else if (w->child && !w->child_over && info.ssi_signo != SIGINT)
			kill(w->child, (int)info.ssi_signo); /* the terminal's ^C it has had itself */
		else if (!w->child || w->child_over)
			w->ended = true;
	}
}

/* The sooner of two; -1 is never. */
static int sooner(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int ms_until(int64_t due_ns, int64_t now_ns)
{
	return due_ns > now_ns ? (int)((due_ns - now_ns) / NS_PER_MS) + 1 : 0;
}

static int wait_ms(const struct watch *w)
{
	int ms = watch_source_wait_ms(w->source);
	int64_t counted = watch_source_counted_due_ns(w->source);
	int64_t left = w->until_ns ? (w->until_ns - clock_mono_ns() + NS_PER_MS - 1) / NS_PER_MS : -1;

	ms = sooner(ms, watch_show_wait_ms(w->show));
	if (counted)
		ms = sooner(ms, ms_until(counted, clock_mono_ns()));
	if (w->inbound)
		ms = sooner(ms, INBOUND_TURN_MS);
	if (w->metrics)
		ms = sooner(ms, watch_metrics_wait_ms(w->metrics));
	if (w->screen)
		ms = sooner(ms, ms_until(watch_screen_due_ns(w->screen), watch_source_now(w->source)));
	if (w->until_ns && left < 0)
		left = 0;
	return sooner(ms, left < INT32_MAX ? (int)left : INT32_MAX);
}

static void draw(struct watch *w)
{
	int64_t now = watch_source_now(w->source);

	if (watch_screen_keys(w->screen) == WATCH_QUIT)
		w->ended = true;
	if (watch_screen_due_ns(w->screen) > now)
		return;
	watch_show_now(w->show);
	watch_screen_draw(w->screen, now);
}

/* Not at once, since more may have come by then. */
static void refresh_counted(struct watch *w)
{
	int64_t due = watch_source_counted_due_ns(w->source);

	if (due && clock_mono_ns() >= due)
		watch_show_refresh(w->show);
}

static int turn(struct watch *w, struct err *e)
{
	struct pollfd
		fds[WATCH_SOURCE_FDS_MAX + WATCH_INBOUND_NETNS_MAX + WATCH_RULES_NETNS_MAX + WATCH_SHOW_FDS_MAX + 3];
	int n = watch_source_fds(w->source, fds), r;

	fds[n++] = (struct pollfd){ .fd = w->signals, .events = POLLIN };
	if (w->inbound)
		n += watch_inbound_fds(w->inbound, fds + n);
	if (w->metrics)
		n += watch_metrics_fds(w->metrics, fds + n);
	if (w->screen)
		fds[n++] = (struct pollfd){ .fd = watch_screen_fd(w->screen), .events = POLLIN };
	if (w->rules)
		n += watch_rules_fds(w->rules, fds + n);
	n += watch_show_fds(w->show, fds + n);
	poll(fds, (nfds_t)n, wait_ms(w));
	if (w->rules)
		watch_rules_read(w->rules);
	r = watch_source_pump(w->source, e);
	refresh_counted(w);
	if (w->inbound) {
		watch_inbound_read(w->inbound);
		watch_inbound_idle(w->inbound);
	}
	if (w->metrics && !r)
		watch_metrics_pump(w->metrics);
	take_signals(w);
	if (w->screen)
		draw(w);
	if (!watch_show_turn(w->show) || (w->until_ns && clock_mono_ns() >= w->until_ns))
		w->ended = true;
	return r;
}

/* What --rules has to say, which on the terminal would be read when it holds no more. */
static void say_rules(const struct watch *w)
{
	struct buf b = { 0 };
	size_t i;

	buf_str(&b, watch_rules_note(w->rules));
	for (i = 0; i < b.len; i++)
		if (b.data[i] == '\n')
			b.data[i] = i + 1 < b.len ? ' ' : '\0';
	if (b.len)
		screen_say(watch_screen_model(w->screen), b.data);
	buf_fini(&b);
}

/* What happens to those of which nothing is told but their number (watch_source_counted()). */
static const char *what_is_untold(const struct watch_want *want)
{
	if (want->slow_ns)
		return "it has ended in less than --slow asks for";
	return want->failures ? "it has connected" : NULL;
}

static int open_screen(struct watch *w, struct err *e)
{
	const struct watch_screen_opts o = { .terminal = w->o->terminal,
					     .what = w->o->what,
					     .untold = what_is_untold(&w->o->want),
					     .since_ns = watch_source_now(w->source) };
	int r = watch_screen_open(&o, &w->screen, e);

	if (r)
		return r;
	watch_show_on(w->show, watch_screen_model(w->screen));
	if (w->rules)
		say_rules(w);
	return 0;
}

static int watch(struct watch *w, struct err *e)
{
	const struct watch_parts parts = {
		.source = w->source, .metrics = w->metrics, .rules = w->rules, .inbound = w->inbound
	};
	int gate = -1, r = 0;

	watch_show_begin(w->show, &parts);
	if (w->metrics)
		watch_metrics_begin(w->metrics, w->source);
	/* CMD does nothing where this cannot be shown */
	if (w->o->top)
		r = open_screen(w, e);
	if (!r && w->o->argv)
		r = start_child(w, &gate, e);
	if (gate >= 0)
		close(gate);
	if (w->o->for_ns)
		w->until_ns = clock_mono_ns() + w->o->for_ns;
	w->begun = !r;
	while (!r && !w->ended)
		r = turn(w, e);
	watch_show_on(w->show, NULL);
	watch_screen_free(w->screen);
	if (w->child > 0 && !w->child_over)
		leave_child(w);
	return r;
}

/* What CMD says comes before what the observation says. */
static int status_of(const struct watch *w, bool lost)
{
	if (w->child_over && w->child_status)
		return w->child_status;
	return lost ? 4 : 0;
}

static void refresh(void *user)
{
	struct watch *w = user;

	watch_show_refresh(w->show);
}

static int open_all(struct watch *w, struct err *e)
{
	const struct watch_setup *o = w->o;
	const struct watch_metrics_opts mo = {
		.at = o->metrics, .path = o->metrics_file, .silent = o->top, .refresh = refresh, .user = w
	};
	const struct watch_rules_opts ro = { .trace = o->rules, .netns = o->want.netns, .n_netns = o->want.n_netns };
	const struct watch_inbound_opts io = {
		.netns = o->want.netns, .n_netns = o->want.n_netns, .fn = o->quiet ? NULL : on_inbound, .user = w
	};
	const struct watch_source_opts so = { .want = &o->want,
					      .max_attempts = (uint32_t)o->max_attempts,
					      .no_bpf = o->no_bpf,
					      .packets = o->packets,
					      .inbound = o->inbound,
					      .only_counts = o->quiet && !o->count, /* else each is waited for */
					      .on_attempt = on_attempt,
					      .user = w };
	int r = 0;

	w->signals = open_signals(w);
	if (w->signals < 0)
		r = err_sys(e, -w->signals, "signals");
	if (!r && (o->metrics || o->metrics_file))
		r = watch_metrics_new(&mo, &w->metrics, e);
	if (!r)
		r = watch_show_new(o, &w->show, e);
	if (!r)
		r = watch_source_open(&so, &w->source, e);
	if (!r && o->inbound)
		r = watch_inbound_open(&io, &w->inbound, e);
	if (!r && o->rules && watch_source_without(w->source))
		r = watch_source_refuse(w->source, "--rules", "leave --rules out", e);
	if (!r && !watch_source_without(w->source))
		r = watch_rules_new(&ro, &w->rules, e);
	if (!r && w->rules && !o->top)
		fputs(watch_rules_note(w->rules), stderr);
	if (!r)
		watch_check_containers(&o->want);
	return r;
}

int watch_run(const struct watch_setup *o, struct err *e)
{
	struct watch w = { .o = o, .signals = -1 };
	int r = open_all(&w, e);
	bool lost = false;

	if (!r)
		r = watch(&w, e);
	if (w.begun) {
		if (w.inbound)
			watch_inbound_finish(w.inbound, clock_real_ns());
		/* Whatever happened: what is known is told. */
		lost = watch_show_end(w.show);
		if (w.metrics && !r)
			r = watch_metrics_end(w.metrics, e);
	}
	watch_rules_free(w.rules);
	watch_inbound_free(w.inbound);
	watch_source_free(w.source);
	watch_show_free(w.show);
	watch_metrics_free(w.metrics);
	if (w.signals >= 0)
		close(w.signals);
	return r ? r : status_of(&w, lost);
}
