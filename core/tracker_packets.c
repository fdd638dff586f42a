/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/echo.h"
#include "core/tracker_table.h"

/* No SYN is sent again that soon: the least RTO is a few jiffies, and an answer that makes the kernel hurry
 * (tcp_ack() of a wrong acknowledgement) still takes two. */
#define DUPLICATE_NS 1000000LL

/* What connect() returned may be known before the packets that made it so are read. */
static bool came_before_end(const struct attempt *a, const struct event *ev)
{
	return a->socket_seen && ev->t_ns <= a->ended_ns && (!a->has_isn || a->isn == ev->segment.seq);
}

/* The same packet a second time, as a mirror port or a capture on two interfaces shows it. */
static bool is_duplicate(const struct slot *s, const struct event *ev)
{
	int last = s->a.n_syns < ATTEMPT_SYNS_MAX ? s->a.n_syns - 1 : ATTEMPT_SYNS_MAX - 1;

	if (!s->a.syns_seen || s->last_syn_counted || last < 0 || s->a.has_tsvals != ev->segment.has_ts)
		return false;
	return ev->t_ns - s->a.syn_ns[last] < DUPLICATE_NS && s->a.syn_ns[last] <= ev->t_ns &&
	       (!s->a.has_tsvals || s->a.last_tsval == ev->segment.tsval);
}

/* By an RST, and only packets tell of it: its socket may go on. */
static bool was_refused(const struct attempt *a)
{
	return a->end == ATTEMPT_END_PACKETS && !a->socket_seen && !a->ack_ns && !a->replaced;
}

/* Its process ended; a SYN afterwards says that another one holds the socket. */
static bool lost_holder(const struct attempt *a)
{
	return a->end == ATTEMPT_END_SIGNAL || a->end == ATTEMPT_END_EXIT;
}

/* The attempt that this SYN belongs to; NULL: to none that is known still, or it was seen already. */
static struct slot *slot_of_syn(struct tracker *t, const struct event *ev, const struct flow *f)
{
	const struct socket_id id = { .has_isn = true, .isn = ev->segment.seq };
	struct slot *s = table_find_socket(t, f, &id);

	if (s && s->a.has_isn && (slot_goes_on(s) || lost_holder(&s->a)) && ev->t_ns > s->a.ended_ns)
		slot_reopen(s);
	if (s && (s->a.end == ATTEMPT_OPEN || came_before_end(&s->a, ev))) {
		if (!s->a.has_isn || !is_duplicate(s, ev))
			return s;
		t->counts.duplicates++;
		return NULL;
	}
	if (s && was_refused(&s->a) && !is_duplicate(s, ev)) {
		slot_reopen(s); /* Windows tries a refused connection again */
		return s;
	}
	if (s && s->a.has_isn) {
		t->counts.unmatched++;
		return NULL;
	}
	s = table_adopt(t, f);
	if (s)
		return s;
	s = table_find(t, f);
	if (s && s->a.end == ATTEMPT_OPEN) {
		s->a.replaced = true; /* the 4-tuple is used again */
		slot_end(s, ATTEMPT_END_PACKETS, ev->t_ns);
	}
	return table_start(t, f);
}

/*
 * The kernel's count, or its timer, tells to a jiffy when SYN 0 was sent; as a packet it may be seen much later, when
 * it waited in the queue of a neighbour that was asked for (net/core/neighbour.c __neigh_event_send()) or of a device.
 * On loopback there is no such queue: there it is the SYN of another socket, whose port is the same.
 */
#define QUEUED_NS 50000000LL
#define ANOTHER_NS 500000000LL /* the shortest time between two is 1 s */

static bool was_queued(const struct attempt *a, int64_t t_ns)
{
	return a->n_syns == 1 && a->syn_ns[0] && t_ns - a->syn_ns[0] > QUEUED_NS &&
	       !addr_is_loopback(&a->flow.server.addr);
}

/* A SYN that was counted when its socket was found had left long before, and this is another one. */
static bool is_next(const struct attempt *a, int64_t t_ns)
{
	return a->found_waiting && t_ns - a->syn_ns[a->n_syns - 1] > ANOTHER_NS;
}

/* Both sides of a simultaneous open are attempts of their own (RFC 9293 section 3.5). */
static void cross(struct slot *s, struct slot *other)
{
	if (other && other != s && other->a.end == ATTEMPT_OPEN && other->a.syns_seen)
		s->a.crossed = other->a.crossed = true;
}

/* What seemed too late, since the client answered it with an RST, came while it waited still, and it did not take it.
 */
static void note_not_taken(struct attempt *a, const struct event *ev)
{
	int i;

	if (a->has_tsvals && ev->segment.has_ts && (int32_t)(ev->segment.tsval - a->last_tsval) <= 0)
		return; /* it came late itself: from another interface, or of another file, whose clock differs */
	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (a->replies[i].kind == REPLY_SYN_ACK && a->replies[i].ignored == IGNORED_LATE &&
		    a->replies[i].t_ns <= a->client_rst_ns && a->client_rst_ns < ev->t_ns)
			a->replies[i].ignored = IGNORED_NOT_TAKEN;
}

static void note_tsval(struct attempt *a, const struct event_segment *g)
{
	if (!a->syns_seen)
		a->first_tsval = g->tsval;
	a->last_tsval = g->tsval;
	a->has_tsvals = g->has_ts && (a->has_tsvals || !a->syns_seen);
}

static void feed_syn(struct tracker *t, const struct event *ev)
{
	const struct event_segment *g = &ev->segment;
	const struct flow f = { .client = g->src, .server = g->dst }, reverse = { .client = g->dst, .server = g->src };
	struct slot *s = slot_of_syn(t, ev, &f);

	if (!s)
		return;
	s->a.flow.client.addr = g->src.addr; /* not part of the hash */
	note_not_taken(&s->a, ev);
	if (!s->a.syns_seen) {
		s->a.syn_ttl = g->ttl;
		s->a.syn_bad_checksum = g->bad_checksum;
		cross(s, table_find(t, &reverse));
	}
	if (!s->a.has_isn) {
		s->a.has_isn = true;
		s->a.isn = g->seq;
		s->a.syn_len = g->len;
		s->a.first_packet = ev->packet;
	}
	/* The kernel's count may have been read before the packet that it counts. */
	if (s->last_syn_counted && s->a.n_syns <= ATTEMPT_SYNS_MAX && !is_next(&s->a, ev->t_ns)) {
		if (was_queued(&s->a, ev->t_ns))
			s->a.queued_ns = ev->t_ns - s->a.syn_ns[0];
		else
			s->a.syn_ns[s->a.n_syns - 1] = ev->t_ns;
		s->last_syn_counted = false;
	} else {
		slot_add_syn(s, ev->t_ns, false);
	}
	note_tsval(&s->a, g);
	s->a.syns_seen = true;
}

/*
 * RFC 9293 section 3.10.7.3 (SYN-SENT): an ACK is acceptable if it acknowledges
 * our SYN (and at most its data).  Where no SYN was seen it cannot be judged.
 */
static bool acks_syn(const struct attempt *a, uint32_t ack)
{
	return !a->has_isn || ack - (a->isn + 1) <= a->syn_len;
}

static bool has_refused_echo(const struct slot *s, const struct event *ev)
{
	const struct attempt *a = &s->a;
	int last = a->n_syns - 1;

	return a->has_tsvals && ev->segment.has_ts && last >= 0 && last < ATTEMPT_SYNS_MAX &&
	       echo_is_refused(a->first_tsval, a->last_tsval, ev->t_ns - a->syn_ns[last], ev->segment.tsecr);
}

static void feed_from_server(struct tracker *t, const struct event *ev)
{
	const struct event_segment *g = &ev->segment;
	const struct flow f = { .client = g->dst, .server = g->src };
	struct slot *s = table_find(t, &f);
	struct reply r = {
		.t_ns = ev->t_ns, .packet = ev->packet, .ttl = g->ttl, .from = g->src.addr, .seq = g->seq, .ack = g->ack
	};

	if (!s) {
		t->counts.unmatched++;
		return;
	}
	if (g->flags & TCP_FIN && s->a.ack_ns && !s->a.fin_ns[1])
		s->a.fin_ns[1] = ev->t_ns;
	if (g->flags & TCP_RST && s->a.ack_ns && !s->a.reset_ns) {
		s->a.reset_ns = ev->t_ns;
		s->a.reset_ttl = g->ttl;
	}
	if (!(g->flags & (TCP_SYN | TCP_RST)) || (s->a.ack_ns && !(g->flags & TCP_SYN)))
		return; /* not an answer to a SYN */
	r.kind = g->flags & TCP_RST ? REPLY_RST : REPLY_SYN_ACK;
	if (g->bad_checksum)
		r.ignored = IGNORED_CHECKSUM;
	else if (!(g->flags & TCP_ACK))
		r.ignored = IGNORED_NO_ACK;
	else if (!acks_syn(&s->a, g->ack))
		r.ignored = IGNORED_WRONG_ACK;
	else if (slot_failed(s) && ev->t_ns > s->a.ended_ns)
		r.ignored = IGNORED_LATE;
	else if (r.kind == REPLY_SYN_ACK && has_refused_echo(s, ev))
		r.has_echo = true;
	r.echo = r.has_echo ? g->tsecr : 0;
	slot_add_reply(s, &r);
	if (r.kind == REPLY_SYN_ACK && r.ignored == IGNORED_NOT && !s->a.ack_ns)
		slot_note_answer(s, g);
	if (r.kind == REPLY_RST && r.ignored == IGNORED_NOT && !s->a.socket_seen && s->a.end == ATTEMPT_OPEN)
		slot_end(s, ATTEMPT_END_PACKETS, ev->t_ns);
}

static void acknowledged(struct slot *s, int64_t t_ns)
{
	s->a.ack_ns = t_ns;
	if (!s->a.socket_seen && s->a.end == ATTEMPT_OPEN)
		slot_end(s, ATTEMPT_END_PACKETS, t_ns);
}

static struct reply *accepted_syn_ack(struct attempt *a)
{
	int i;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (a->replies[i].kind == REPLY_SYN_ACK && a->replies[i].ignored == IGNORED_NOT)
			return &a->replies[i];
	return NULL;
}

static bool refused_one(const struct attempt *a)
{
	int i;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (a->replies[i].ignored == IGNORED_NOT_TAKEN)
			return true;
	return false;
}

/*
 * A client that answers a good SYN-ACK with an RST, having never acknowledged
 * it, had left before it came: the kernel found no socket for it; or it refused
 * what is not good for it, and waits on.  Linux
 * acknowledges in the reset of what it has established (net/ipv4/tcp_output.c
 * tcp_send_active_reset()), and only then (RFC 9293 section 3.10.7.1); other
 * systems may do so always.
 */
static void client_reset(const struct tracker *t, struct slot *s, const struct event *ev)
{
	struct reply *r = accepted_syn_ack(&s->a);

	if (!s->a.client_rst_ns)
		s->a.client_rst_ns = ev->t_ns;
	if (!r || s->a.ack_ns || s->a.connected || ev->segment.seq != r->ack)
		return;
	if ((s->a.socket_seen || t->config.own_clients) && ev->segment.flags & TCP_ACK && ev->segment.ack == r->seq + 1)
		acknowledged(s, ev->t_ns);
	else
		r->ignored = r->has_echo || refused_one(&s->a) ? IGNORED_NOT_TAKEN : IGNORED_LATE;
}

/* What the client sends next after a SYN-ACK that the capture did not see, as one of a single direction. */
static bool acks_unseen(const struct attempt *a, const struct event_segment *g)
{
	return !a->socket_seen && !a->n_replies && a->has_isn && g->flags & TCP_ACK && !(g->flags & TCP_SYN) &&
	       g->seq == a->isn + 1 + (a->syn_len && g->seq != a->isn + 1 ? a->syn_len : 0);
}

static void feed_from_client(const struct tracker *t, struct slot *s, const struct event *ev)
{
	const struct event_segment *g = &ev->segment;

	if (g->flags & TCP_RST) {
		client_reset(t, s, ev);
		return;
	}
	if (g->flags & TCP_FIN && !s->a.fin_ns[0])
		s->a.fin_ns[0] = ev->t_ns;
	if (s->a.ack_ns || !(accepted_syn_ack(&s->a) || acks_unseen(&s->a, g)))
		return;
	acknowledged(s, ev->t_ns);
}

void feed_segment(struct tracker *t, const struct event *ev)
{
	const struct event_segment *g = &ev->segment;
	const struct flow f = { .client = g->src, .server = g->dst };
	struct slot *s;

	if ((g->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN) {
		feed_syn(t, ev);
		return;
	}
	s = table_find(t, &f);
	/* a client sends a SYN-ACK where both opened at once, and then to the other's attempt */
	if (s && !(s->a.crossed && g->flags & TCP_SYN))
		feed_from_client(t, s, ev);
	else
		feed_from_server(t, ev);
}

/* net/ipv4/tcp_ipv4.c tcp_v4_err() and tcp_ipv6.c tcp_v6_err(): what does not end a connection in SYN_SENT. */
static bool icmp_is_ignored(const struct event_icmp *i)
{
	if (i->family == 6)
		return i->type == 2;
	return (i->type == 3 && i->code == 4) || i->type == 4 || i->type == 5 || (i->type == 11 && i->code == 1);
}

void feed_icmp(struct tracker *t, const struct event *ev)
{
	const struct event_icmp *i = &ev->icmp;
	const struct socket_id id = { .has_isn = i->has_seq, .isn = i->quoted_seq };
	struct slot *s = table_find_socket(t, &i->flow, &id);
	struct reply r = { .t_ns = ev->t_ns,
			   .packet = ev->packet,
			   .kind = REPLY_ICMP,
			   .icmp_family = i->family,
			   .icmp_type = i->type,
			   .icmp_code = i->code,
			   .from = i->from };

	if (!s)
		s = table_find(t, &i->flow);
	if (!s) {
		t->counts.unmatched++;
		return;
	}
	if (i->error)
		s->a.soft_error = i->error;
	if (!ev->packet && s->a.n_replies) /* the error queue tells of a packet that was seen */
		return;
	if (icmp_is_ignored(i))
		r.ignored = IGNORED_BY_TYPE;
	else if (i->has_seq && s->a.has_isn && i->quoted_seq != s->a.isn)
		r.ignored = IGNORED_OTHER_ISN;
	else if (slot_failed(s) && ev->t_ns > s->a.ended_ns)
		r.ignored = IGNORED_LATE;
	slot_add_reply(s, &r);
}
