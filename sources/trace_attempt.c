/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/trace_attempt_inside.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

/* after <time.h>, whose struct timespec it wants */
#include <linux/errqueue.h>

#define MS INT64_C(1000000)

static int rto_max_ms(uint32_t jiffies, int hz)
{
	return jiffies ? (int)((int64_t)jiffies * 1000 / hz) : POLICY_RTO_MAX_MS_MAX;
}

static void take_policy(const struct watch_attempt *w, const struct trace_frame *f, struct attempt *a)
{
	int hz = f->jiffies.hz;

	if (!w->retries || hz <= 0)
		return;
	a->has_policy = true;
	a->policy =
		(struct policy){ .retries = w->retries,
				 .linear = w->linear,
				 .syncnt = w->syncnt,
				 .user_timeout_ms = w->user_timeout_ms,
				 .rto_max_ms = rto_max_ms(w->rto_max_j, hz),
				 .rto_first_j = w->rto_first_j && (int)w->rto_first_j != hz ? (int)w->rto_first_j : 0,
				 .hz = hz,
				 .kernel = f->kernel };
	if (policy_invalid(&a->policy))
		a->has_policy = false;
}

static void take_limits_before(const struct watch_limits *l, struct attempt *a)
{
	if (!l->retries || !a->has_policy)
		return;
	a->limits_changed = true;
	a->policy_before = a->policy;
	a->policy_before.retries = l->retries;
	a->policy_before.linear = l->linear;
	a->policy_before.syncnt = l->syncnt;
	a->policy_before.user_timeout_ms = l->user_timeout_ms;
	a->policy_before.rto_max_ms = rto_max_ms(l->rto_max_j, a->policy.hz);
}

/* The jiffy at SYN 0 is the kernel's own word; how long it had lasted comes from the clock. */
static void take_phase(const struct watch_attempt *w, const struct trace_frame *f, struct attempt *a)
{
	int64_t tick = f->jiffies.hz > 0 ? jiffies_tick_ns(f->jiffies.hz) : 0, after = 0;
	uint64_t jiffy;

	if (!w->jiffies || !tick || w->flags & WATCH_FASTOPEN)
		return;
	jiffy = jiffies_at(&f->jiffies, (int64_t)w->start_ns, &after);
	/* A tick that came late: the jiffy lasted longer than one. */
	if ((uint32_t)jiffy != (uint32_t)w->jiffies)
		after = (int32_t)((uint32_t)jiffy - (uint32_t)w->jiffies) > 0 ? tick : 0;
	a->has_phase = true;
	a->phase = w->jiffies;
	a->phase_edge_ns = after;
}

static void take_syns(const struct watch_attempt *w, const struct watch_more *more, const struct trace_frame *f,
		      struct attempt *a)
{
	int i;

	if (w->flags & WATCH_UNSENT)
		return;
	a->retransmits = w->retransmits > w->n_retrans ? w->retransmits : w->n_retrans;
	a->n_syns = 1 + a->retransmits;
	/* For want of a route, or with the one before still in a queue, none was (__tcp_retransmit_skb()). */
	if ((w->how == WATCH_CONNECTED || w->how == WATCH_ENDED) && w->n_sent < (uint32_t)a->retransmits)
		a->unsent = a->retransmits - (int)w->n_sent;
	a->n_syns -= a->unsent;
	a->syn_ns[0] = when(f, w->start_ns);
	for (i = 1; more && i < a->n_syns && i <= WATCH_SYNS_MAX; i++)
		if (more->retrans_us[i - 1])
			a->syn_ns[i] = a->syn_ns[0] + (int64_t)more->retrans_us[i - 1] * 1000;
}

/*
 * The clock of timestamps began with SYN 0, and retrans_us a little before: a retransmission was told of after its
 * timestamp was taken, in ms mostly, and before the next one's was.
 */
static void take_answered(const struct watch_more *more, struct attempt *a)
{
	int i;

	if (!more || !more->has_answered)
		return;
	for (i = 1; more->answered_us && i < a->n_syns && i <= WATCH_SYNS_MAX; i++) {
		if (!more->retrans_us[i - 1])
			return;
		if ((int64_t)more->retrans_us[i - 1] + 1000 >= more->answered_us)
			break;
	}
	if (more->answered_us && (i >= a->n_syns || i > WATCH_SYNS_MAX))
		return;
	a->has_answered = true;
	a->answered_syn = more->answered_us ? i : 0;
}

/* The error queue has the newest; the socket's error says whether it fits. */
static void take_icmp(const struct watch_attempt *w, const struct trace_frame *f, struct attempt *a)
{
	struct reply r = { .kind = REPLY_ICMP, .own = w->icmp_own };
	bool four = w->icmp_origin == SO_EE_ORIGIN_ICMP;

	if (!four && w->icmp_origin != SO_EE_ORIGIN_ICMP6)
		return;
	r.icmp_family = four ? 4 : 6;
	r.icmp_type = w->icmp_type;
	r.icmp_code = w->icmp_code;
	if (w->icmp_has_from)
		r.from = endpoint_of(r.icmp_family, &w->icmp_from, 0).addr;
	if (w->soft_ns) {
		r.t_ns = when(f, w->soft_ns);
		trace_add_reply(a, &r);
	}
	/* The event was lost, or came before the observation: it is known to be there at the end. */
	if (!w->soft_ns && w->by == WATCH_PROGRAM) {
		r.t_ns = when(f, w->end_ns);
		trace_add_reply(a, &r);
	}
	/* What ended it came at its end. */
	if (w->by == WATCH_KERNEL && w->error != ETIMEDOUT && w->timer != WATCH_TIMER_FIRED && !w->reset_ns &&
	    w->end_ns - w->soft_ns > 1000000) {
		r.t_ns = when(f, w->end_ns);
		trace_add_reply(a, &r);
	}
}

static void take_replies(const struct watch_attempt *w, const struct watch_more *more, const struct trace_frame *f,
			 struct attempt *a)
{
	if (more)
		trace_take_drops(w, more, f, a);
	take_icmp(w, f, a);
	a->soft_error = w->soft_error;
	if (w->reset_ns)
		trace_add_reply(a, &(struct reply){ .t_ns = when(f, w->reset_ns),
						    .kind = REPLY_RST,
						    .from = a->flow.server.addr });
	if (w->how == WATCH_CONNECTED)
		take_answered(more, a);
	if (w->how == WATCH_CONNECTED)
		trace_add_reply(a, &(struct reply){ .t_ns = when(f, w->end_ns),
						    .kind = REPLY_SYN_ACK,
						    .from = a->flow.server.addr });
}

static void take_exit(const struct watch_attempt *w, struct attempt *a)
{
	a->let_go = w->by_thread;
	a->closer_pid = w->closer_pid;
	a->holder_ending = w->exiting;
	a->holder_alive = !w->exiting && !w->by_thread;
	if (!w->exiting)
		return;
	a->exited = true;
	a->exit_ns = a->ended_ns;
	if (WIFSIGNALED(w->exit_code)) {
		a->exit_signal = a->end_signal = WTERMSIG(w->exit_code);
		a->end = ATTEMPT_END_SIGNAL;
	} else {
		a->exit_status = WEXITSTATUS(w->exit_code);
	}
}

/* Left in its socket may be the error of an ICMP that its program had read from the error queue, before it closed it.
 */
static bool is_error_of_end(const struct watch_attempt *w)
{
	return w->by == WATCH_KERNEL &&
	       (!(w->flags & WATCH_ERROR_READ) || w->reset_ns || w->error == ETIMEDOUT || w->error == ECONNABORTED);
}

static void take_end(const struct watch_attempt *w, const struct trace_frame *f, struct attempt *a)
{
	if (w->how == WATCH_PENDING)
		return;
	a->ended_ns = when(f, w->end_ns);
	if (w->how == WATCH_CONNECTED) {
		a->connected = true;
		a->connected_ns = a->ended_ns;
		return;
	}
	if (w->how == WATCH_NOT_BEGUN) {
		a->end = ATTEMPT_END_RESULT;
		a->end_error = w->error;
		return;
	}
	a->end = ATTEMPT_END_CLOSE;
	/* When it ended is not known, and whether the socket says why is not sure: a program may have asked for it. */
	if (w->how == WATCH_SEEN_GONE && !is_error_of_end(w)) {
		a->unseen_ns = a->ended_ns - attempt_start_ns(a);
		return;
	}
	if (w->by == WATCH_DOUBTFUL)
		return;
	a->close_cause = w->by == WATCH_KERNEL ? CLOSE_KERNEL : CLOSE_APPLICATION;
	a->end_error = w->by == WATCH_KERNEL ? w->error : 0;
	a->has_timer_word = w->by == WATCH_KERNEL && w->timer;
	a->timer_fired = a->has_timer_word && w->timer == WATCH_TIMER_FIRED;
	if (w->by == WATCH_PROGRAM)
		take_exit(w, a);
}

/*
 * A program closes those that lost a race as soon as it knows, asyncio on a busy machine after some tens of ms: what it
 * closes later has another reason.
 */
#define RACE_OVER_WITHIN_NS 100000000

/* Where it connects all the time, one that it closes comes soon after some connection by chance, once in so many. */
#define CHANCE_OF 20

static void take_winner(const struct watch_attempt *w, const struct watch_more *more, const struct trace_frame *f,
			struct attempt *a)
{
	const struct watch_winner *won = &more->winner;
	uint64_t passed = w->end_ns - won->at_ns;

	if ((won->family != 4 && won->family != 6) || won->at_ns < w->start_ns || won->at_ns > w->end_ns ||
	    passed > RACE_OVER_WITHIN_NS || (won->before_ns && passed * CHANCE_OF > won->at_ns - won->before_ns))
		return;
	if (won->family == w->flow.family && !memcmp(&won->server, &w->flow.server, sizeof(won->server)))
		return;
	a->winner = endpoint_of((uint8_t)won->family, &won->server, w->flow.server_port);
	a->winner_ns = when(f, won->at_ns);
}

/* One of the loopback device stays in its namespace. */
static void take_nat(const struct watch_nat *n, uint32_t netns, struct attempt *a)
{
	bool own = n->netns == netns;

	if ((n->as.family != 4 && n->as.family != 6) || (!own && addr_is_loopback(&a->flow.server.addr)))
		return;
	a->sent_to = endpoint_of(n->as.family, &n->as.server, n->as.server_port);
	a->sent_by_netns = own ? 0 : n->netns;
}

/* Not all of it is set: of the long tables only what was filled is read. */
static void reset(struct attempt *a)
{
	int n = a->n_syns < ATTEMPT_SYNS_MAX ? a->n_syns : ATTEMPT_SYNS_MAX;

	memset(a->syn_ns, 0, sizeof(a->syn_ns[0]) * (size_t)(n > 0 ? n : 0));
	memset(a, 0, offsetof(struct attempt, syn_ns));
	memset(&a->syn_len, 0, sizeof(*a) - offsetof(struct attempt, syn_len));
}

void trace_attempt(const struct watch_attempt *w, const struct watch_more *more, const struct trace_frame *f,
		   struct attempt *a)
{
	reset(a);
	a->flow.client = endpoint_of(w->flow.family, &w->flow.client, w->flow.client_port);
	a->flow.server = endpoint_of(w->flow.family, &w->flow.server, w->flow.server_port);
	a->traced = a->socket_seen = true;
	a->cookie = w->cookie;
	a->inode = w->inode;
	a->pid = w->pid;
	a->uid = w->uid;
	a->has_uid = true;
	a->netns = w->netns;
	a->cgroup = w->cgroup_known ? w->cgroup : 0;
	memcpy(a->comm, w->comm, sizeof(a->comm));
	a->connect_ns = when(f, w->start_ns);
	if (more)
		a->connect_ns -= more->deferred_ms * MS;
	a->first_state_ns = a->connect_ns;
	a->crossed = w->flags & WATCH_SIMULTANEOUS;
	a->late_found = w->flags & WATCH_NO_BEGIN;
	a->soft_unshown = (w->flags & WATCH_MPTCP) || (w->flow.family == 6 && w->icmp_origin != SO_EE_ORIGIN_ICMP6);
	a->soft_seen = w->soft_ns != 0;
	a->deferred = w->flags & WATCH_UNSENT;
	a->may_be_deferred = w->flags & WATCH_FASTOPEN;
	a->segments_in = w->segs_in;
	a->soft_left = w->flags & WATCH_SOFT_LEFT;
	a->v6only = w->flags & WATCH_V6ONLY;
	a->port_sought = w->flags & WATCH_PORT;
	a->drops_missed = w->flags & WATCH_UNKEPT;
	a->retransmits = -1;
	if (w->how != WATCH_NOT_BEGUN) {
		a->has_isn = w->isn != 0;
		a->isn = w->isn;
		take_syns(w, more, f, a);
		take_replies(w, more, f, a);
		a->last_state_ns = when(f, w->end_ns);
	}
	take_policy(w, f, a);
	if (more)
		take_limits_before(&more->before, a);
	take_phase(w, f, a);
	take_end(w, f, a);
	if (more) {
		take_winner(w, more, f, a);
		take_nat(&more->nat, w->netns, a);
	}
}
