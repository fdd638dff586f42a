/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  A fixed array of slots holds the attempts; a hash over
 * client port, server address and server port finds them, the client's address
 * being compared afterwards, because a socket that is bound but not routed yet
 * has none.  All slots in use are also on one list in order of their start:
 * its head is what is evicted when the table is full, and the order in which
 * tracker_finish() gives what is left.
 *
 * An attempt ends by what its socket or process said (result, close, exit), or,
 * where only packets are known, by the packets.  It then lingers, so that what
 * comes late (a counter, a rule's hits, a SYN-ACK that arrives after the client
 * left) still counts.  The tracker never looks at a clock: time comes with the
 * events and with tracker_advance().
 */
#include "core/tracker.h"

#include <stdlib.h>
#include <string.h>

#define NONE (-1)
#define SYN_SENT 2 /* include/net/tcp_states.h */

struct slot {
	struct attempt a;
	int hash_next;
	int older, newer;
	int hash;
	bool last_syn_counted; /* the last SYN is known by the kernel's count alone */
};

struct tracker {
	struct tracker_config config;
	struct tracker_counts counts;
	struct slot *slots;
	int *buckets;
	size_t n_buckets; /* a power of 2 */
	int free;	  /* chained by hash_next */
	int oldest, newest;
};

static size_t buckets_for(size_t max_attempts)
{
	size_t n = 16;

	while (n < max_attempts)
		n *= 2;
	return n;
}

size_t tracker_memory(size_t max_attempts)
{
	return sizeof(struct tracker) + max_attempts * sizeof(struct slot) + buckets_for(max_attempts) * sizeof(int);
}

struct tracker *tracker_new(const struct tracker_config *c)
{
	struct tracker *t = calloc(1, sizeof(*t));
	size_t i;

	if (!t)
		return NULL;
	t->config = *c;
	t->n_buckets = buckets_for(c->max_attempts);
	t->slots = calloc(c->max_attempts, sizeof(*t->slots));
	t->buckets = malloc(t->n_buckets * sizeof(*t->buckets));
	if (!t->slots || !t->buckets) {
		tracker_free(t);
		return NULL;
	}
	for (i = 0; i < t->n_buckets; i++)
		t->buckets[i] = NONE;
	for (i = 0; i < c->max_attempts; i++)
		t->slots[i].hash_next = i + 1 < c->max_attempts ? (int)i + 1 : NONE;
	t->free = c->max_attempts ? 0 : NONE;
	t->oldest = t->newest = NONE;
	return t;
}

void tracker_free(struct tracker *t)
{
	if (!t)
		return;
	free(t->slots);
	free(t->buckets);
	free(t);
}

static uint64_t mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ULL;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ULL;
	return x ^ x >> 32;
}

static int hash_of(const struct tracker *t, const struct flow *f)
{
	uint64_t part[2], h;

	memcpy(part, f->server.addr.b, sizeof(part));
	h = mix(part[0] ^ t->config.seed);
	h = mix(h ^ part[1]);
	h = mix(h ^ ((uint64_t)f->client.port << 16 | f->server.port));
	return (int)(h & (t->n_buckets - 1));
}

static bool flow_matches(const struct flow *a, const struct flow *b)
{
	return a->client.port == b->client.port && endpoint_equal(&a->server, &b->server) &&
	       (addr_equal(&a->client.addr, &b->client.addr) || addr_is_any(&a->client.addr) ||
		addr_is_any(&b->client.addr));
}

/* The youngest attempt of that flow: chains grow at their head. */
static struct slot *find(const struct tracker *t, const struct flow *f)
{
	int i;

	for (i = t->buckets[hash_of(t, f)]; i != NONE; i = t->slots[i].hash_next)
		if (flow_matches(&t->slots[i].a.flow, f))
			return &t->slots[i];
	return NULL;
}

const struct attempt *tracker_find(const struct tracker *t, const struct flow *f)
{
	const struct slot *s = find(t, f);

	return s && s->a.end == ATTEMPT_OPEN ? &s->a : NULL;
}

static void give(struct tracker *t, struct slot *s)
{
	int index = (int)(s - t->slots), *link;

	if (t->config.fn)
		t->config.fn(&s->a, t->config.user);
	for (link = &t->buckets[s->hash]; *link != index; link = &t->slots[*link].hash_next)
		;
	*link = s->hash_next;
	if (s->older == NONE)
		t->oldest = s->newer;
	else
		t->slots[s->older].newer = s->newer;
	if (s->newer == NONE)
		t->newest = s->older;
	else
		t->slots[s->newer].older = s->older;
	s->hash_next = t->free;
	t->free = index;
}

static struct slot *start(struct tracker *t, const struct flow *f)
{
	struct slot *s;
	int index;

	if (t->free == NONE) {
		t->counts.evicted++;
		give(t, &t->slots[t->oldest]);
	}
	index = t->free;
	s = &t->slots[index];
	t->free = s->hash_next;
	memset(s, 0, sizeof(*s));
	s->a.flow = *f;
	s->a.retransmits = -1;
	s->hash = hash_of(t, f);
	s->hash_next = t->buckets[s->hash];
	t->buckets[s->hash] = index;
	s->older = t->newest;
	s->newer = NONE;
	if (t->newest != NONE)
		t->slots[t->newest].newer = index;
	else
		t->oldest = index;
	t->newest = index;
	t->counts.attempts++;
	return s;
}

static void end(struct slot *s, enum attempt_end how, int64_t t_ns)
{
	s->a.end = how;
	s->a.ended_ns = t_ns;
}

/* The open attempt of that flow, or a new one when there is none or the last one is over. */
static struct slot *find_open(struct tracker *t, const struct flow *f)
{
	struct slot *s = find(t, f);

	if (!s || s->a.end != ATTEMPT_OPEN)
		s = start(t, f);
	else if (addr_is_any(&s->a.flow.client.addr))
		s->a.flow.client.addr = f->client.addr; /* not part of the hash */
	return s;
}

static void add_syn(struct slot *s, int64_t t_ns, bool counted)
{
	if (s->a.n_syns < ATTEMPT_SYNS_MAX)
		s->a.syn_ns[s->a.n_syns] = t_ns;
	s->a.n_syns++;
	s->last_syn_counted = counted;
}

/* What connect() returned may be known before the packets that made it so are read. */
static bool came_before_end(const struct attempt *a, const struct event *ev)
{
	return a->socket_seen && ev->t_ns <= a->ended_ns && (!a->has_isn || a->isn == ev->segment.seq);
}

static void feed_syn(struct tracker *t, const struct event *ev)
{
	const struct event_segment *g = &ev->segment;
	const struct flow f = { .client = g->src, .server = g->dst };
	struct slot *s = find(t, &f);

	if (s && s->a.has_isn && s->a.isn != g->seq && s->a.end == ATTEMPT_OPEN)
		end(s, ATTEMPT_END_PACKETS, ev->t_ns); /* the 4-tuple is used again */
	if (s && s->a.has_isn && s->a.isn == g->seq && s->a.end != ATTEMPT_OPEN && !came_before_end(&s->a, ev)) {
		t->counts.unmatched++;
		return;
	}
	if (!s || s->a.end == ATTEMPT_OPEN || !came_before_end(&s->a, ev))
		s = find_open(t, &f);
	s->a.flow.client.addr = g->src.addr; /* not part of the hash */
	if (!s->a.has_isn) {
		s->a.has_isn = true;
		s->a.isn = g->seq;
		s->a.syn_len = g->len;
		s->a.first_packet = ev->packet;
	}
	/* The kernel's count may have been read before the packet that it counts. */
	if (s->last_syn_counted && s->a.n_syns <= ATTEMPT_SYNS_MAX) {
		s->a.syn_ns[s->a.n_syns - 1] = ev->t_ns;
		s->last_syn_counted = false;
	} else {
		add_syn(s, ev->t_ns, false);
	}
	s->a.syns_seen = true;
}

static void add_reply(struct slot *s, const struct reply *r)
{
	if (s->a.n_replies < ATTEMPT_REPLIES_MAX)
		s->a.replies[s->a.n_replies] = *r;
	s->a.n_replies++;
}

/* RFC 9293 section 3.10.7.3 (SYN-SENT): an ACK is acceptable if it acknowledges our SYN (and at most its data). */
static bool acks_syn(const struct attempt *a, uint32_t ack)
{
	return a->has_isn && ack - (a->isn + 1) <= a->syn_len;
}

static void feed_from_server(struct tracker *t, const struct event *ev)
{
	const struct event_segment *g = &ev->segment;
	const struct flow f = { .client = g->dst, .server = g->src };
	struct slot *s = find(t, &f);
	struct reply r = {
		.t_ns = ev->t_ns, .packet = ev->packet, .ttl = g->ttl, .from = g->src.addr, .seq = g->seq, .ack = g->ack
	};

	if (!s) {
		t->counts.unmatched++;
		return;
	}
	if (g->flags & TCP_FIN && s->a.ack_ns && !s->a.fin_ns[1])
		s->a.fin_ns[1] = ev->t_ns;
	if (!(g->flags & (TCP_SYN | TCP_RST)) || (s->a.ack_ns && !(g->flags & TCP_SYN)))
		return; /* not an answer to a SYN */
	r.kind = g->flags & TCP_RST ? REPLY_RST : REPLY_SYN_ACK;
	if (g->bad_checksum)
		r.ignored = IGNORED_CHECKSUM;
	else if (!(g->flags & TCP_ACK))
		r.ignored = IGNORED_NO_ACK;
	else if (!acks_syn(&s->a, g->ack))
		r.ignored = IGNORED_WRONG_ACK;
	else if (s->a.end != ATTEMPT_OPEN && s->a.end_error && ev->t_ns > s->a.ended_ns)
		r.ignored = IGNORED_LATE;
	add_reply(s, &r);
	if (r.kind == REPLY_RST && r.ignored == IGNORED_NOT && !s->a.socket_seen && s->a.end == ATTEMPT_OPEN)
		end(s, ATTEMPT_END_PACKETS, ev->t_ns);
}

static bool syn_ack_accepted(const struct attempt *a)
{
	const struct reply *r = attempt_accepted_reply(a);

	return r && r->kind == REPLY_SYN_ACK;
}

static void feed_from_client(struct slot *s, const struct event *ev)
{
	const struct event_segment *g = &ev->segment;

	if (g->flags & TCP_RST) {
		if (!s->a.client_rst_ns)
			s->a.client_rst_ns = ev->t_ns;
		return;
	}
	if (g->flags & TCP_FIN && !s->a.fin_ns[0])
		s->a.fin_ns[0] = ev->t_ns;
	if (s->a.ack_ns || !syn_ack_accepted(&s->a))
		return;
	s->a.ack_ns = ev->t_ns;
	if (!s->a.socket_seen && s->a.end == ATTEMPT_OPEN)
		end(s, ATTEMPT_END_PACKETS, ev->t_ns);
}

static void feed_segment(struct tracker *t, const struct event *ev)
{
	const struct event_segment *g = &ev->segment;
	const struct flow f = { .client = g->src, .server = g->dst };
	struct slot *s;

	if ((g->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN) {
		feed_syn(t, ev);
		return;
	}
	s = find(t, &f);
	if (s)
		feed_from_client(s, ev);
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

static void feed_icmp(struct tracker *t, const struct event *ev)
{
	const struct event_icmp *i = &ev->icmp;
	struct slot *s = find(t, &i->flow);
	struct reply r = { .t_ns = ev->t_ns,
			   .packet = ev->packet,
			   .kind = REPLY_ICMP,
			   .icmp_family = i->family,
			   .icmp_type = i->type,
			   .icmp_code = i->code,
			   .from = i->from };

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
	else if (s->a.end != ATTEMPT_OPEN && ev->t_ns > s->a.ended_ns)
		r.ignored = IGNORED_LATE;
	add_reply(s, &r);
}

static void feed_connect(struct tracker *t, const struct event *ev)
{
	const struct event_connect *c = &ev->connect;
	struct slot *s = find_open(t, &c->flow);

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

static void feed_state(struct tracker *t, const struct event *ev)
{
	const struct event_state *k = &ev->state;
	struct slot *s = k->state == SYN_SENT ? find_open(t, &k->flow) : find(t, &k->flow);

	if (!s) {
		t->counts.unmatched++;
		return;
	}
	s->a.socket_seen = true;
	if (s->a.end != ATTEMPT_OPEN)
		return;
	s->a.last_state_ns = ev->t_ns;
	s->a.retransmits = k->retransmits;
	s->a.uid = k->uid;
	if (k->cookie)
		s->a.cookie = k->cookie;
	if (k->pid) {
		s->a.pid = k->pid;
		memcpy(s->a.comm, k->comm, sizeof(s->a.comm));
	}
	if (k->has_phase) {
		s->a.has_phase = true;
		s->a.phase = k->phase;
		s->a.phase_edge_ns = k->phase_edge_ns;
	}
	if (k->has_policy) {
		s->a.has_policy = true;
		s->a.policy = k->policy;
	}
}

static void feed_retransmit(struct tracker *t, const struct event *ev)
{
	struct slot *s = find(t, &ev->retransmit.flow);

	if (!s || ev->retransmit.n < 0 || ev->retransmit.n > ATTEMPT_SYNS_MAX) {
		t->counts.unmatched++;
		return;
	}
	while (s->a.n_syns <= ev->retransmit.n)
		add_syn(s, ev->t_ns, true);
}

static void feed_end(struct tracker *t, const struct event *ev)
{
	const struct flow *f = ev->kind == EVENT_RESULT ? &ev->result.flow : &ev->close.flow;
	struct slot *s = find(t, f);

	if (!s) {
		t->counts.unmatched++;
		return;
	}
	s->a.socket_seen = true;
	/* The first word counts, for a close follows every result; but a bare disappearance is no word. */
	if (s->a.end != ATTEMPT_OPEN && s->a.end != ATTEMPT_END_PACKETS &&
	    !(ev->kind == EVENT_RESULT && s->a.end == ATTEMPT_END_CLOSE && s->a.close_cause == CLOSE_UNKNOWN))
		return;
	if (ev->kind == EVENT_RESULT) {
		end(s, ev->result.own_timer ? ATTEMPT_END_TIMER : ATTEMPT_END_RESULT, ev->t_ns);
		s->a.end_error = ev->result.error;
		return;
	}
	end(s, ATTEMPT_END_CLOSE, ev->t_ns);
	s->a.close_cause = ev->close.cause;
	s->a.end_error = ev->close.error;
	if (ev->close.retransmits > s->a.retransmits)
		s->a.retransmits = ev->close.retransmits;
}

/* A socket that vanished together with its process was closed by that process's end. */
#define EXIT_CLOSES_NS 100000000LL

static void feed_exit(struct tracker *t, const struct event *ev)
{
	int i;

	for (i = t->oldest; i != NONE; i = t->slots[i].newer) {
		struct slot *s = &t->slots[i];
		bool open = s->a.end == ATTEMPT_OPEN ||
			    (s->a.end == ATTEMPT_END_CLOSE && s->a.close_cause == CLOSE_UNKNOWN && ev->exit.signal &&
			     ev->t_ns - s->a.ended_ns < EXIT_CLOSES_NS);

		if (!s->a.pid || s->a.pid != ev->exit.pid || s->a.exited)
			continue;
		s->a.exited = true;
		s->a.exit_ns = ev->t_ns;
		s->a.exit_signal = ev->exit.signal;
		s->a.exit_status = ev->exit.status;
		if (!open || s->a.ack_ns)
			continue;
		if (s->a.end == ATTEMPT_OPEN)
			s->a.ended_ns = ev->t_ns;
		s->a.end = ev->exit.signal ? ATTEMPT_END_SIGNAL : ATTEMPT_END_EXIT;
		s->a.end_signal = ev->exit.signal;
	}
}

static bool drop_concerns(const struct flow *drop, const struct flow *f)
{
	return (!drop->client.port || drop->client.port == f->client.port) &&
	       (!drop->server.port || drop->server.port == f->server.port) &&
	       (addr_is_any(&drop->server.addr) || addr_equal(&drop->server.addr, &f->server.addr));
}

static void add_drop(struct attempt *a, const struct event_drop *d)
{
	struct drop *to;
	int i;

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
	for (i = 0; d->reply && i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (a->replies[i].ignored == IGNORED_NOT)
			a->replies[i].ignored = IGNORED_DROPPED;
}

static void feed_drop(struct tracker *t, const struct event *ev)
{
	int i;
	bool any = false;

	for (i = t->oldest; i != NONE; i = t->slots[i].newer)
		if (drop_concerns(&ev->drop.flow, &t->slots[i].a.flow)) {
			add_drop(&t->slots[i].a, &ev->drop);
			any = true;
		}
	t->counts.unmatched += !any;
}

static void feed_counter(struct tracker *t, const struct event *ev)
{
	struct slot *s = find(t, &ev->counter.flow);

	if (!s && !ev->counter.flow.client.port && t->newest != NONE)
		s = &t->slots[t->newest];
	if (!s) {
		t->counts.unmatched++;
		return;
	}
	if (!strcmp(ev->counter.name, "TCPAbortOnTimeout")) {
		s->a.has_abort_count = true;
		s->a.abort_on_timeout += ev->counter.delta;
	} else if (!strcmp(ev->counter.name, "ListenOverflows")) {
		s->a.listen_overflows += ev->counter.delta;
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
		[EVENT_RESULT] = feed_end,
		[EVENT_CLOSE] = feed_end,
		[EVENT_EXIT] = feed_exit,
		[EVENT_DROP] = feed_drop,
		[EVENT_COUNTER] = feed_counter,
		[EVENT_LOST] = feed_lost,
	};

	t->counts.events++;
	if ((unsigned int)ev->kind < EVENT_KIND_N && feeds[ev->kind] && t->config.max_attempts)
		feeds[ev->kind](t, ev);
	else
		t->counts.unmatched++;
}

void tracker_advance(struct tracker *t, int64_t now_ns)
{
	int i, next;

	for (i = t->oldest; i != NONE; i = next) {
		struct slot *s = &t->slots[i];

		next = s->newer;
		if (s->a.end == ATTEMPT_OPEN || now_ns - s->a.ended_ns < t->config.linger_ns)
			continue;
		s->a.observed_until_ns = now_ns;
		give(t, s);
	}
}

void tracker_finish(struct tracker *t, int64_t now_ns)
{
	while (t->oldest != NONE) {
		t->slots[t->oldest].a.observed_until_ns = now_ns;
		give(t, &t->slots[t->oldest]);
	}
}

void tracker_counts(const struct tracker *t, struct tracker_counts *ret)
{
	*ret = t->counts;
}
