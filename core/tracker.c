/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  A fixed array of slots holds the attempts
 * (core/tracker_table.c); a hash over client port, server address and server
 * port finds them, the client's address being compared afterwards, because a
 * socket that is bound but not routed yet has none.  A flow may have had
 * several sockets, one after the other: the socket's cookie, or the ISN, tells
 * them apart, and where neither is known the youngest is meant.  All slots in
 * use are also on one list in order of their start: from its head one is
 * evicted when the table is full, and tracker_finish() gives what is left in
 * that order.
 *
 * An attempt ends by what its socket or process said (result, close, exit), or,
 * where only packets are known, by the packets (core/tracker_ends.c,
 * core/tracker_packets.c).  It then lingers, so that what comes late (a counter, a rule's hits, a SYN-ACK
 * that arrives after the client left) still counts.  The tracker never looks at
 * a clock: time comes with the events and with tracker_advance().
 */
#include "core/tracker.h"

#include <string.h>

#include "core/tracker_table.h"

/* include/net/tcp_states.h */
#define ESTABLISHED 1
#define SYN_SENT 2
#define SYN_RECV 3
#define CLOSED 7
#define LISTEN 10

static void feed_connect(struct tracker *t, const struct event *ev)
{
	const struct event_connect *c = &ev->connect;
	struct slot *s = table_find(t, &c->flow);

	/* Its port is free again: the one before is over, and how is told later, or never. */
	if (s && s->a.end == ATTEMPT_OPEN && s->a.connect_ns && c->flow.client.port) {
		s->a.replaced = true;
		slot_end(s, ATTEMPT_END_PACKETS, ev->t_ns);
	}
	s = table_open(t, s, &c->flow);

	s->a.socket_seen = true;
	s->a.connect_ns = ev->t_ns;
	s->a.pid = c->pid;
	memcpy(s->a.comm, c->comm, sizeof(s->a.comm));
	s->a.has_policy = c->has_policy;
	s->a.policy = c->policy;
	s->a.blind = c->blind;
	s->a.own_timer = c->own_timer;
	s->a.own_timer_ns = c->own_timer_ns;
}

/* The process ended, and the socket is there afterwards nevertheless: another process holds it. */
static bool goes_on_without_holder(const struct attempt *a, int64_t t_ns)
{
	return (a->end == ATTEMPT_END_SIGNAL || a->end == ATTEMPT_END_EXIT) && t_ns > a->ended_ns;
}

/* This is its socket: the same ISN. */
static bool has_its_isn(const struct attempt *a, const struct event_state *k)
{
	return k->has_isn && a->has_isn && k->isn == a->isn;
}

/* Only packets told of its end, or the next one's SYN did; and this is its socket. */
static bool is_of_wire_only(const struct attempt *a, const struct event_state *k)
{
	return a->end == ATTEMPT_END_PACKETS && has_its_isn(a, k);
}

#define ANEW_AFTER_JIFFIES 2 /* the jiffy of SYN 0 may be read again, and corrected */

/* The same socket, after its attempt is over and told: SYN 0 is another one. */
static bool connects_anew(const struct attempt *a, const struct event_state *k, int64_t t_ns)
{
	if (a->end == ATTEMPT_OPEN || t_ns < a->ended_ns || !k->cookie || a->cookie != k->cookie || !k->has_phase ||
	    k->retransmits)
		return false;
	return a->has_phase ? k->phase > a->phase + ANEW_AFTER_JIFFIES : a->retransmits > 0;
}

static struct slot *slot_of_state(struct tracker *t, const struct event_state *k, int64_t t_ns)
{
	const struct socket_id id = { k->cookie, k->has_isn, k->isn };
	struct slot *s = table_find_socket(t, &k->flow, &id);

	if (k->state != SYN_SENT)
		return s;
	if (s && is_of_wire_only(&s->a, k)) {
		if (!s->a.ack_ns && !s->a.replaced && t_ns > s->a.ended_ns)
			slot_reopen(s); /* the RST did not reach it */
		return s;		/* or it was read before the packets that ended it, and is told after them */
	}
	if (s && connects_anew(&s->a, k, t_ns)) {
		s->a.socket_again = true;
		return table_open(t, s, &k->flow);
	}
	if (s && slot_goes_on(s))
		slot_reopen(s);
	if (s && (has_its_isn(&s->a, k) || (k->cookie && s->a.cookie == k->cookie))) {
		if (goes_on_without_holder(&s->a, t_ns))
			slot_reopen(s);
		return s; /* a state that was read before the end is news no more */
	}
	return table_open(t, s, &k->flow);
}

/* A sysctl was set while it waits. */
static void note_change(struct attempt *a, const struct policy *to)
{
	const struct policy *p = &a->policy;

	if (!a->has_policy || a->limits_changed ||
	    (p->retries == to->retries && p->linear == to->linear && p->rto_max_ms == to->rto_max_ms))
		return;
	a->limits_changed = true;
	a->policy_before = *p;
}

static void take_state(struct attempt *a, const struct event_state *k)
{
	a->retransmits = k->retransmits;
	a->unsent = k->unsent;
	a->uid = k->uid;
	a->has_uid = true;
	if (k->cookie)
		a->cookie = k->cookie;
	if (k->has_isn && !a->has_isn) {
		a->has_isn = true;
		a->isn = k->isn;
	}
	/* One that is gone has no name any more. */
	if (k->pid && (k->comm[0] || a->pid != k->pid))
		memcpy(a->comm, k->comm, sizeof(a->comm));
	if (k->pid && k->pid != a->pid)
		a->exited = false; /* how the one before ended says nothing of this one's end */
	if (k->pid)
		a->pid = k->pid;
	if (k->has_phase) {
		a->has_phase = true;
		a->phase = k->phase;
		a->phase_edge_ns = k->phase_edge_ns;
	}
	if (k->has_policy) {
		note_change(a, &k->policy);
		a->has_policy = true;
		a->policy = k->policy;
	}
}

static void feed_state(struct tracker *t, const struct event *ev)
{
	const struct event_state *k = &ev->state;
	struct slot *s = slot_of_state(t, k, ev->t_ns);

	if (!s) {
		t->counts.unmatched++;
		return;
	}
	s->a.socket_seen = true;
	/* the same socket: at the server's end there may be one of this flow, too */
	if (k->state == SYN_RECV && k->cookie && s->a.cookie == k->cookie)
		s->a.crossed = true;
	if (k->state != SYN_SENT && k->state != SYN_RECV && k->state != CLOSED && k->state != LISTEN &&
	    !s->a.connected) {
		s->a.connected = true;
		s->a.connected_ns = ev->t_ns;
	}
	if (s->a.end != ATTEMPT_OPEN && !is_of_wire_only(&s->a, k))
		return;
	if (k->state == SYN_SENT && s->a.end == ATTEMPT_OPEN) {
		s->a.last_state_ns = ev->t_ns;
		if (!s->a.first_state_ns) {
			s->a.first_state_ns = ev->t_ns;
			s->a.found_waiting =
				!s->a.connect_ns && k->retransmits - k->unsent > s->a.n_syns - !!s->a.n_syns;
		}
		slot_outlived(s, ev->t_ns);
	}
	take_state(&s->a, k);
}

static void feed_retransmit(struct tracker *t, const struct event *ev)
{
	struct slot *s = table_find(t, &ev->retransmit.flow);

	if (!s || ev->retransmit.n < 0 || ev->retransmit.n >= ATTEMPT_SYNS_MAX) {
		t->counts.unmatched++;
		return;
	}
	if (slot_goes_on(s))
		slot_reopen(s);
	/* Of those that the count has passed over nobody knows when they left. */
	while (s->a.n_syns <= ev->retransmit.n)
		slot_add_syn(s, s->a.n_syns == ev->retransmit.n ? ev->t_ns : 0, true);
}

static bool drop_concerns(const struct flow *drop, const struct flow *f)
{
	return (!drop->client.port || drop->client.port == f->client.port) &&
	       (!drop->server.port || drop->server.port == f->server.port) &&
	       (addr_is_any(&drop->server.addr) || addr_equal(&drop->server.addr, &f->server.addr));
}

/* So many of the replies that came (0: all) were dropped, the first ones; but not the one that connected it. */
static void drop_replies(struct attempt *a, uint64_t packets)
{
	bool connected = a->connected || a->ack_ns || (a->end == ATTEMPT_END_RESULT && !a->end_error);
	int i, last = -1, n = a->n_replies < ATTEMPT_REPLIES_MAX ? a->n_replies : ATTEMPT_REPLIES_MAX;

	for (i = 0; connected && i < n; i++)
		if (a->replies[i].kind == REPLY_SYN_ACK && a->replies[i].ignored == IGNORED_NOT &&
		    (last < 0 || !a->ack_ns || a->replies[i].t_ns <= a->ack_ns))
			last = i;
	for (i = 0; i < n; i++) {
		if (a->replies[i].ignored != IGNORED_NOT || i == last)
			continue;
		a->replies[i].ignored = IGNORED_DROPPED;
		if (packets && !--packets)
			break;
	}
}

static void add_drop(struct attempt *a, const struct event_drop *d)
{
	const struct reply *answered = attempt_accepted_reply(a);
	struct drop *to;
	int i;

	if (!d->reply && a->n_syns == 1 && answered && answered->kind == REPLY_SYN_ACK)
		return; /* its only SYN was answered, so it was not dropped */
	for (i = 0; i < a->n_drops; i++)
		if (a->drops[i].place == d->place && a->drops[i].reply == d->reply &&
		    !strcmp(a->drops[i].rule, d->rule))
			break;
	if (i == ATTEMPT_DROPS_MAX)
		return;
	to = &a->drops[i];
	if (i == a->n_drops)
		a->n_drops++;
	to->place = d->place;
	to->reply = d->reply;
	to->packets += d->packets;
	memcpy(to->reason, d->reason, sizeof(to->reason));
	memcpy(to->function, d->function, sizeof(to->function));
	memcpy(to->rule, d->rule, sizeof(to->rule));
	/* What was dropped elsewhere was never seen here. */
	if (d->reply && d->place == DROP_LOCAL_INPUT)
		drop_replies(a, d->packets);
}

static void feed_drop(struct tracker *t, const struct event *ev)
{
	struct slot *one = ev->drop.flow.client.port ? table_find_at(t, &ev->drop.flow, ev->t_ns) : NULL;
	int i;
	bool any = one != NULL;

	if (one)
		add_drop(&one->a, &ev->drop);
	for (i = one ? NONE : t->oldest; i != NONE; i = t->slots[i].newer)
		if (drop_concerns(&ev->drop.flow, &t->slots[i].a.flow)) {
			add_drop(&t->slots[i].a, &ev->drop);
			any = true;
		}
	t->counts.unmatched += !any;
}

/* A counter that names no attempt is about the one that is there; of several nobody can tell. */
static struct slot *the_only_one(const struct tracker *t)
{
	return t->newest != NONE && t->newest == t->oldest ? &t->slots[t->newest] : NULL;
}

static void feed_counter(struct tracker *t, const struct event *ev)
{
	const struct event_counter *c = &ev->counter;
	const struct socket_id id = { c->cookie, c->has_isn, c->isn };
	struct slot *s = table_find_socket(t, &c->flow, &id);

	if (!s && !c->flow.client.port)
		s = the_only_one(t);
	if (!s) {
		t->counts.unmatched++;
		return;
	}
	if (!strcmp(c->name, "TCPAbortOnTimeout")) {
		s->a.has_abort_count = true;
		s->a.abort_on_timeout += c->delta;
		if (c->delta > 0)
			slot_took_no_answer(s);
	} else if (!strcmp(c->name, "AttemptFails")) {
		s->a.has_fail_count = true;
		s->a.attempt_fails += c->delta;
		if (!s->a.attempt_fails)
			slot_took_no_reset(s);
		else
			slot_took_no_answer(s);
	} else if (!strcmp(c->name, "IcmpErrors")) {
		s->a.has_icmp_count = true;
		s->a.icmp_errors += c->delta;
	} else if (!strcmp(c->name, "ListenOverflows")) {
		s->a.listen_overflows += c->delta;
	}
}

static void feed_lost(struct tracker *t, const struct event *ev)
{
	int i;

	t->counts.lost += ev->lost.n;
	for (i = t->oldest; i != NONE; i = t->slots[i].newer)
		if (t->slots[i].a.end == ATTEMPT_OPEN)
			t->slots[i].a.lost += ev->lost.n;
}

void tracker_feed(struct tracker *t, const struct event *ev)
{
	static void (*const feeds[EVENT_KIND_N])(struct tracker *, const struct event *) = {
		[EVENT_SEGMENT] = feed_segment,
		[EVENT_ICMP] = feed_icmp,
		[EVENT_CONNECT] = feed_connect,
		[EVENT_STATE] = feed_state,
		[EVENT_RETRANSMIT] = feed_retransmit,
		[EVENT_RESULT] = feed_result,
		[EVENT_CLOSE] = feed_close,
		[EVENT_LEFT] = feed_left,
		[EVENT_EXIT] = feed_exit,
		[EVENT_DROP] = feed_drop,
		[EVENT_COUNTER] = feed_counter,
		[EVENT_LOST] = feed_lost,
	};

	t->counts.events++;
	if (ev->t_ns > t->latest_ns)
		t->latest_ns = ev->t_ns;
	if ((ev->kind == EVENT_SEGMENT || ev->kind == EVENT_ICMP) && ev->packet && ev->packet == t->last_packet) {
		t->counts.duplicates++;
		return;
	}
	if (ev->packet)
		t->last_packet = ev->packet;
	if ((unsigned int)ev->kind < EVENT_KIND_N && feeds[ev->kind] && t->config.max_attempts)
		feeds[ev->kind](t, ev);
	else
		t->counts.unmatched++;
}
