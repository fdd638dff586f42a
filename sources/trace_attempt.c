/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/trace_attempt.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

/* after <time.h>, whose struct timespec it wants */
#include <linux/errqueue.h>

#define MS INT64_C(1000000)

static int64_t when(const struct trace_frame *f, uint64_t mono_ns)
{
	return mono_ns ? (int64_t)mono_ns + f->ahead_ns : 0;
}

static struct endpoint endpoint_of(uint8_t family, const struct watch_addr *a, uint16_t port)
{
	struct endpoint ep = { .addr.family = family, .port = port };

	memcpy(ep.addr.b, a->b, family == 6 ? 16 : 4);
	return ep;
}

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

static void add_reply(struct attempt *a, const struct reply *r)
{
	int i = a->n_replies < ATTEMPT_REPLIES_MAX ? a->n_replies : ATTEMPT_REPLIES_MAX - 1;

	a->n_replies++;
	/* In order of time. */
	while (i > 0 && a->replies[i - 1].t_ns > r->t_ns) {
		a->replies[i] = a->replies[i - 1];
		i--;
	}
	a->replies[i] = *r;
}

static enum ignored ignored_by(const struct watch_drop *d, const char *reason)
{
	if (!strcmp(reason, "TCP_CSUM"))
		return IGNORED_CHECKSUM;
	if (!strcmp(reason, "TCP_INVALID_ACK_SEQUENCE") || !strcmp(reason, "TCP_ACK_UNSENT_DATA") ||
	    !strcmp(reason, "TCP_OLD_ACK") || !strcmp(reason, "TCP_TOO_OLD_ACK"))
		return IGNORED_WRONG_ACK;
	if (d->reset && (!strcmp(reason, "TCP_FLAGS") || !strcmp(reason, "TCP_RESET")))
		return IGNORED_NO_ACK;
	return IGNORED_DROPPED;
}

static void take_lost_reply(const struct watch_drop *d, enum ignored why, const struct trace_frame *f,
			    struct attempt *a)
{
	struct reply r = { .t_ns = when(f, d->first_ns),
			   .kind = d->reset ? REPLY_RST : REPLY_SYN_ACK,
			   .ignored = why,
			   .from = a->flow.server.addr };

	add_reply(a, &r);
	if (d->packets < 2)
		return;
	r.t_ns = when(f, d->last_ns);
	r.more = d->packets - 2; /* when those in between came is not known */
	add_reply(a, &r);
}

/*
 * A SYN that TCP drops has no device any more (net/ipv4/tcp_ipv4.c tcp_v4_rcv()): it was where the server is, which is
 * here when the address is this namespace's own.
 */
static bool is_at_server(const struct watch_attempt *w, const struct watch_drop *d)
{
	struct addr server = endpoint_of(w->flow.family, &w->flow.server, 0).addr;

	return !d->netns && !d->reply && memcmp(&w->flow.client, &w->flow.server, sizeof(w->flow.client)) &&
	       !addr_is_loopback(&server);
}

static enum drop_place place_of(const struct watch_attempt *w, const struct watch_drop *d)
{
	/* what answers it has left the server, which is here, too, then */
	if (d->output || (d->unreceived && d->netns == w->netns))
		return DROP_LOCAL_OUTPUT;
	if (is_at_server(w, d))
		return DROP_PATH_OR_PEER;
	return !d->netns || d->netns == w->netns ? DROP_LOCAL_INPUT : DROP_PATH_OR_PEER;
}

/* In another namespace a copy is not told from the SYN, but where TCP itself is known to have sent it. */
static bool is_unproven(const struct watch_attempt *w, const struct watch_drop *d)
{
	return !d->original && !d->reply && place_of(w, d) == DROP_PATH_OR_PEER;
}

void trace_drop(const struct watch_drop *d, uint8_t family, const struct trace_frame *f, struct drop *ret)
{
	*ret = (struct drop){ .reply = d->reply,
			      .packets = d->packets,
			      .last_ns = when(f, d->last_ns),
			      .netns = d->netns,
			      .ifindex = d->ifindex };
	if (d->to_port)
		ret->sent_to = endpoint_of(family, &d->to, d->to_port);
	strncpy(ret->reason, f->reason(d->reason, f->user), sizeof(ret->reason) - 1);
	strncpy(ret->function, f->function(d->location, f->user), sizeof(ret->function) - 1);
}

/* What a sniffer's full buffer did not take was a copy (net/packet/af_packet.c); up to 6.10 that has no reason. */
static bool is_copy(const struct watch_drop *d, const struct trace_frame *f)
{
	const char *function = f->function(d->location, f->user);

	return !strcmp(function, "packet_rcv") || !strcmp(function, "tpacket_rcv") ||
	       !strcmp(function, "packet_rcv_spkt");
}

static void take_drop(const struct watch_attempt *w, const struct watch_drop *d, const struct trace_frame *f,
		      struct attempt *a)
{
	const char *reason = f->reason(d->reason, f->user);
	enum ignored why = d->reply ? ignored_by(d, reason) : IGNORED_NOT;
	struct drop *to;

	if (is_copy(d, f))
		return;
	if (d->reply)
		take_lost_reply(d, why, f, a);
	/* It reached the socket, which did not want it: that is the reply's fault, and no place. */
	if ((d->reply && why != IGNORED_DROPPED) || a->n_drops == ATTEMPT_DROPS_MAX)
		return;
	to = &a->drops[a->n_drops++];
	trace_drop(d, w->flow.family, f, to);
	to->place = place_of(w, d);
	to->unproven = is_unproven(w, d);
	if (!to->netns && to->place == DROP_LOCAL_OUTPUT)
		to->netns = w->netns; /* no device had it yet */
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
		add_reply(a, &r);
	}
	/* The event was lost, or came before the observation: it is known to be there at the end. */
	if (!w->soft_ns && w->by == WATCH_PROGRAM) {
		r.t_ns = when(f, w->end_ns);
		add_reply(a, &r);
	}
	/* What ended it came at its end. */
	if (w->by == WATCH_KERNEL && w->error != ETIMEDOUT && w->timer != WATCH_TIMER_FIRED && !w->reset_ns &&
	    w->end_ns - w->soft_ns > 1000000) {
		r.t_ns = when(f, w->end_ns);
		add_reply(a, &r);
	}
}

/* Copies come last, and where most were dropped first, since a retransmission is dropped, too, by a server that has
 * answered SYN 0. */
static bool is_worse(const struct watch_attempt *w, const struct watch_drop *d, const struct watch_drop *than)
{
	if (is_unproven(w, d) != is_unproven(w, than))
		return is_unproven(w, than);
	return d->packets != than->packets ? d->packets > than->packets : d->first_ns < than->first_ns;
}

/* The server has answered. */
static void leave_repeated(struct attempt *a)
{
	int i, n = 0;

	for (i = 0; i < a->n_drops; i++)
		if (!drop_is_as_of_repeated_syn(&a->drops[i]))
			a->drops[n++] = a->drops[i];
	a->n_drops = n;
}

/* Each SYN is dropped once: when all were, what else was dropped were copies. */
static void leave_copies(struct attempt *a)
{
	uint64_t known = 0;
	int i, n = 0;

	for (i = 0; i < a->n_drops; i++)
		known += a->drops[i].reply || a->drops[i].unproven ? 0 : a->drops[i].packets;
	if (a->n_syns <= 0 || known < (uint64_t)a->n_syns)
		return;
	for (i = 0; i < a->n_drops; i++)
		if (!a->drops[i].unproven)
			a->drops[n++] = a->drops[i];
	a->n_drops = n;
}

static void take_drops(const struct watch_attempt *w, const struct watch_more *more, const struct trace_frame *f,
		       struct attempt *a)
{
	const struct watch_drop *drops[WATCH_DROPS_MAX];
	int i, k, n = w->n_drops < WATCH_DROPS_MAX ? w->n_drops : WATCH_DROPS_MAX;

	for (i = 0; i < n; i++) {
		for (k = i; k > 0 && is_worse(w, &more->drops[i], drops[k - 1]); k--)
			drops[k] = drops[k - 1];
		drops[k] = &more->drops[i];
	}
	for (i = 0; i < n; i++)
		take_drop(w, drops[i], f, a);
	for (i = 0; i < n; i++)
		if (drops[i]->reply && !drops[i]->reset)
			leave_repeated(a);
	leave_copies(a);
}

static void take_replies(const struct watch_attempt *w, const struct watch_more *more, const struct trace_frame *f,
			 struct attempt *a)
{
	if (more)
		take_drops(w, more, f, a);
	take_icmp(w, f, a);
	a->soft_error = w->soft_error;
	if (w->reset_ns)
		add_reply(a, &(struct reply){
				     .t_ns = when(f, w->reset_ns), .kind = REPLY_RST, .from = a->flow.server.addr });
	if (w->how == WATCH_CONNECTED)
		take_answered(more, a);
	if (w->how == WATCH_CONNECTED)
		add_reply(a, &(struct reply){
				     .t_ns = when(f, w->end_ns), .kind = REPLY_SYN_ACK, .from = a->flow.server.addr });
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
	a->soft_unshown = w->flags & WATCH_MPTCP;
	a->soft_seen = w->soft_ns != 0;
	a->deferred = w->flags & WATCH_UNSENT;
	a->may_be_deferred = w->flags & WATCH_FASTOPEN;
	a->segments_in = w->segs_in;
	a->soft_left = w->flags & WATCH_SOFT_LEFT;
	a->v6only = w->flags & WATCH_V6ONLY;
	a->port_sought = w->flags & WATCH_PORT;
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
