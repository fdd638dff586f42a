/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_own.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/tracker.h"
#include "cli/watch_want.h"
#include "sources/observe.h"
#include "sources/procs.h"
#include "sources/sysctls.h"
#include "util/duration.h"

/* SYNs, their answers, resets and ICMP errors; the final ACK is the kernel's word, by sock_diag. */
#define FILTER                                                                                 \
	"(tcp[tcpflags] & (tcp-syn|tcp-rst) != 0) or (ip6 and tcp and (ip6[53] & 6 != 0)) or " \
	"(icmp and (icmp[0] = 3 or icmp[0] = 11 or icmp[0] = 12)) or (icmp6 and ip6[40] < 5)"

#define LINGER_NS 300000000
#define SETTLES_NS 200000000 /* at the end: what was gone by then is asked about until then */
#define OPEN_DEFAULT 8192
#define PENDING_EVERY_MS 1000
#define POLICY_EVERY_MS 250
#define FAMILY 256

struct watch_own {
	struct watch_source_opts o;
	struct observe *observe;
	struct tracker *tracker;
	int64_t policy_ns;				 /* when sysctls were read last */
	void (*fn)(const struct attempt *a, void *user); /* for those that wait */
	void *user;
	struct {
		int32_t pid;
		bool below;
	} family[FAMILY];	/* by pid: those below the command, which may be over when their attempts are told */
	uint64_t lost, no_room; /* packets; sockets, for which there was no place */
	struct counters begun;	/* at the begin */
	uint64_t earlier, told; /* attempts that were known then; and that were told since */
};

static void note_process(struct watch_own *w, int32_t pid)
{
	int at = pid % FAMILY;

	if (!w->o.want->tree || pid <= 0)
		return;
	if (w->family[at].pid == pid && procs_is_ending(pid))
		return; /* as it was known */
	w->family[at].pid = pid;
	w->family[at].below = procs_is_below(pid, w->o.want->tree);
}

static bool is_of_command(const struct watch_own *w, int32_t pid)
{
	return pid > 0 && w->family[pid % FAMILY].pid == pid && w->family[pid % FAMILY].below;
}

static void on_event(const struct event *ev, void *user)
{
	struct watch_own *w = user;

	if (ev->kind == EVENT_STATE)
		note_process(w, ev->state.pid);

	if (ev->kind == EVENT_LOST && !strcmp(ev->lost.source, "sockets"))
		w->no_room += ev->lost.n;
	else if (ev->kind == EVENT_LOST)
		w->lost += ev->lost.n;
	tracker_feed(w->tracker, ev);
}

static void on_attempt(const struct attempt *a, void *user)
{
	struct watch_own *w = user;
	struct attempt seen;

	if (a->translated)
		return;
	seen = *a;
	seen.blind = observe_blind(w->observe);
	seen.glimpsed = true;
	seen.of_command = is_of_command(w, a->pid);
	if (w->fn) {
		w->fn(&seen, w->user);
		return;
	}
	w->told++;
	w->o.on_attempt(&seen, w->o.user);
}

static void count_one(const struct attempt *a, void *user)
{
	++*(uint64_t *)user;
}

/* Those that are known and not told yet: they wait, or ended just now. */
static uint64_t count_untold(struct watch_own *w)
{
	uint64_t n = 0;

	w->fn = count_one;
	w->user = &n;
	tracker_each(w->tracker, observe_now(w->observe), on_attempt, w);
	tracker_each_ended(w->tracker, on_attempt, w);
	w->fn = NULL;
	return n;
}

/* What the kernel counts from here on, and what waits already, which it has counted. */
static int begin_count(struct watch_own *w, struct err *e)
{
	int r;

	observe_hurry(w->observe);
	r = observe_pump(w->observe, e);
	if (counters_read(&w->begun))
		w->begun.active_opens = -1;
	w->earlier = count_untold(w);
	return r;
}

/*
 * Attempts that began and were over between two looks, as refusals are, and whose packets may not be seen: there were
 * more than are known.  Never too many: what began after the last look may be known, too.
 */
uint64_t watch_own_unseen(struct watch_own *w, uint64_t *ret_failed)
{
	const struct counters *now = observe_counters(w->observe);
	int64_t known = (int64_t)(w->told + count_untold(w) + w->no_room - w->earlier);
	int64_t n = w->begun.active_opens < 0 ? 0 : now->active_opens - w->begun.active_opens - known;
	int64_t failed = now->attempt_fails - w->begun.attempt_fails;

	n = n > 0 ? n : 0;
	failed = failed > 0 ? failed : 0;
	*ret_failed = (uint64_t)(failed < n ? failed : n);
	return (uint64_t)n;
}

/* Where packets were asked for it is not done without. */
static int open_observe(const struct observe_opts *how, struct observe **ret, struct err *e)
{
	int r = observe_new(how, ret, e);

	if (r && !how->packets_optional && (r == -EPERM || r == -EACCES)) {
		err_wrap(e, "--packets");
		e->exit_code = 77;
	}
	return r;
}

int watch_own_open(const struct watch_source_opts *o, struct watch_own **ret, struct err *e)
{
	struct observe_opts how = {
		.device = "any", .filter = FILTER, .packets_optional = !o->packets, .shared = true, .on_event = on_event
	};
	struct tracker_config c = { .max_attempts = o->max_attempts ? o->max_attempts : OPEN_DEFAULT,
				    .linger_ns = LINGER_NS,
				    .own_clients = true,
				    .fn = on_attempt };
	struct watch_own *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return err_sys(e, ENOMEM, "watch");
	w->o = *o;
	if (getrandom(&c.seed, sizeof(c.seed), 0) < 0)
		c.seed = 1;
	c.user = how.user = w;
	w->tracker = tracker_new(&c);
	r = w->tracker ? sysctls_policy(&how.policy, e) : err_sys(e, ENOMEM, "watch");
	if (!r)
		r = open_observe(&how, &w->observe, e);
	if (!r)
		r = begin_count(w, e);
	if (r) {
		watch_own_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

void watch_own_free(struct watch_own *w)
{
	if (!w)
		return;
	observe_free(w->observe);
	tracker_free(w->tracker);
	free(w);
}

int watch_own_fds(const struct watch_own *w, struct pollfd *fds)
{
	return observe_fds(w->observe, fds);
}

int watch_own_wait_ms(const struct watch_own *w)
{
	int ms = observe_wait_ms(w->observe);

	return ms < 0 || ms > PENDING_EVERY_MS ? PENDING_EVERY_MS : ms;
}

/* Sysctls may be set while it runs. */
static void read_policy(struct watch_own *w)
{
	int64_t now = observe_now(w->observe);
	struct err unused = { 0 };
	struct policy p;

	if (now - w->policy_ns < POLICY_EVERY_MS * NS_PER_MS)
		return;
	w->policy_ns = now;
	if (!sysctls_policy(&p, &unused))
		observe_set_policy(w->observe, &p);
}

int watch_own_pump(struct watch_own *w, struct err *e)
{
	int r;

	read_policy(w);
	r = observe_pump(w->observe, e);
	tracker_advance(w->tracker, observe_now(w->observe));
	return r;
}

int watch_own_finish(struct watch_own *w, struct err *e)
{
	int64_t until_ns = observe_now(w->observe) + SETTLES_NS;
	int r;

	observe_hurry(w->observe);
	do {
		poll(NULL, 0, observe_wait_ms(w->observe));
		observe_hurry(w->observe);
		r = observe_pump(w->observe, e);
	} while (!r && !observe_settled(w->observe) && observe_now(w->observe) < until_ns);
	tracker_give_ended(w->tracker, observe_now(w->observe));
	return r;
}

void watch_own_pending(struct watch_own *w, void (*fn)(const struct attempt *a, void *user), void *user)
{
	w->fn = fn;
	w->user = user;
	tracker_each(w->tracker, observe_now(w->observe), on_attempt, w);
	w->fn = NULL;
}

int64_t watch_own_now(const struct watch_own *w)
{
	return observe_now(w->observe);
}

int watch_own_losses(struct watch_own *w, struct watch_summary_loss *ret)
{
	struct tracker_counts c;
	uint64_t failed;

	tracker_counts(w->tracker, &c);
	ret[0] = (struct watch_summary_loss){ "packets", w->lost };
	ret[1] = (struct watch_summary_loss){ "table", c.evicted };
	ret[2] = (struct watch_summary_loss){ "sockets", w->no_room };
	ret[3] = (struct watch_summary_loss){ "between looks", watch_own_unseen(w, &failed) };
	return 4;
}
