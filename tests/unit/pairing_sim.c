/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pairing_sim.h"

#include <stdlib.h>
#include <string.h>

__extension__ typedef __int128 wide;

#define MS ((int64_t)1000000)
#define S ((int64_t)1000000000)
#define START (1700000000 * S)
#define SYNS_MAX 4
#define EVENTS_MAX 256

/* A packet as a capture has it. */
struct seen {
	int64_t t_ns;
	int order;
	struct sighting s;
};

struct side_log {
	struct seen *seen;
	int n, cap;
};

struct world {
	const struct sim_opts *o;
	uint64_t rnd;
	struct side_log log[2];
	uint16_t next_port;
};

enum what { SEND_SYN, SEND_SYN_ACK, AT_SERVER, AT_CLIENT };

struct happening {
	int64_t t_ns;
	enum what what;
	int n;
	struct sighting packet;
};

struct run {
	struct world *w;
	struct sim_truth *truth;
	struct flow at_server;
	uint32_t isn_at_server, server_isn;
	int64_t acked_ns;
	struct happening queue[EVENTS_MAX];
	int n;
	bool closed, silent, forged;
	bool answered, connected, refused, server_has_ack, answers;
};

static uint64_t rnd(struct world *w, uint64_t below)
{
	w->rnd ^= w->rnd << 13;
	w->rnd ^= w->rnd >> 7;
	w->rnd ^= w->rnd << 17;
	return w->rnd % below;
}

static bool chance(struct world *w, int permille)
{
	return (int)rnd(w, 1000) < permille;
}

static int64_t server_clock(const struct sim_opts *o, int64_t t_ns)
{
	return t_ns + o->skew_ns + (int64_t)((wide)(t_ns - START) * o->drift_ppb / 1000000000);
}

static void see(struct world *w, bool server, int64_t t_ns, const struct sighting *s)
{
	struct side_log *l = &w->log[server];

	if (chance(w, server ? w->o->server_misses : w->o->client_misses))
		return;
	if (server &&
	    (t_ns < START + w->o->server_from_ns || (w->o->server_until_ns && t_ns > START + w->o->server_until_ns)))
		return;
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 1024;
		l->seen = realloc(l->seen, (size_t)l->cap * sizeof(*l->seen));
		if (!l->seen)
			abort();
	}
	l->seen[l->n] = (struct seen){ server ? server_clock(w->o, t_ns) : t_ns, l->n, *s };
	l->n++;
}

static void later(struct run *r, int64_t t_ns, enum what what, int n, const struct sighting *packet)
{
	struct happening h = { .t_ns = t_ns, .what = what, .n = n };

	if (packet)
		h.packet = *packet;
	if (r->n < EVENTS_MAX)
		r->queue[r->n++] = h;
}

static void set_ends(struct sighting *s, const struct endpoint *src, const struct endpoint *dst)
{
	s->family = src->addr.family;
	memcpy(s->src, src->addr.b, 16);
	memcpy(s->dst, dst->addr.b, 16);
	s->sport = src->port;
	s->dport = dst->port;
}

/* What the network makes of a packet on its way. */
static struct sighting passed(struct run *r, const struct sighting *s, bool to_server)
{
	const struct flow *f = to_server ? &r->at_server : &r->truth->flow;
	uint32_t isn_gap = r->isn_at_server - r->truth->isn;
	struct sighting p = *s;

	set_ends(&p, to_server ? &f->client : &f->server, to_server ? &f->server : &f->client);
	p.ttl = (uint8_t)(p.ttl - (r->w->o->no_hops ? 0 : 7));
	if (to_server)
		p.seq += isn_gap;
	else
		p.ack -= isn_gap;
	if (r->w->o->marks_lost)
		p.mark = (uint32_t)rnd(r->w, UINT32_MAX);
	return p;
}

/* The same packet a little before the server. */
static const struct sighting *hop(const struct sighting *s, struct sighting *ret)
{
	*ret = *s;
	ret->ttl = (uint8_t)(s->ttl - 6);
	return ret;
}

static void send(struct run *r, int64_t t_ns, bool to_server, enum pairing_kind kind, struct sighting *s, int lose)
{
	const struct sim_opts *o = r->w->o;
	const struct flow *f = to_server ? &r->truth->flow : &r->at_server;
	struct pair_counts *c = &r->truth->counts[kind];
	struct sighting p, between;
	int64_t came;

	s->kind = SIGHTING_SEGMENT;
	s->ttl = 64;
	if (!o->no_marks && !s->mark)
		s->mark = (uint32_t)rnd(r->w, UINT32_MAX - 1) + 1;
	set_ends(s, to_server ? &f->client : &f->server, to_server ? &f->server : &f->client);
	see(r->w, !to_server, t_ns, s);
	c->sent++;
	if (chance(r->w, lose)) {
		c->fate[FATE_DIED]++;
		return;
	}
	c->fate[FATE_ARRIVED]++;
	p = passed(r, s, to_server);
	came = t_ns + (to_server ? o->delay_ns : o->back_ns) + (int64_t)rnd(r->w, (uint64_t)o->jitter_ns + 1);
	see(r->w, to_server, came, &p);
	if (o->both_hops) {
		p.ttl = (uint8_t)(s->ttl - 6);
		see(r->w, true, to_server ? came - 30000 : t_ns + 30000, to_server ? hop(s, &between) : &p);
		p.ttl = (uint8_t)(s->ttl - 7);
	}
	if (chance(r->w, o->twice))
		see(r->w, to_server, came + (chance(r->w, 500) ? 100000 : 15 * MS), &p);
	later(r, came, to_server ? AT_SERVER : AT_CLIENT, 0, &p);
	if (came < START + o->server_from_ns + 2 * S || t_ns < START + o->server_from_ns + 2 * S ||
	    (o->server_until_ns && came > START + o->server_until_ns - 2 * S))
		r->truth->covered = false;
}

static void send_syn(struct run *r, int64_t t_ns, int n)
{
	struct sighting s = { .flags = TCP_SYN, .seq = r->truth->isn };

	if (r->connected || r->refused)
		return;
	if (r->w->o->server_until_ns && t_ns > START + r->w->o->server_until_ns - 2 * S)
		r->truth->covered = false;
	send(r, t_ns, true, PAIRING_SYN, &s, r->w->o->lose_syn);
	if (n + 1 < SYNS_MAX)
		later(r, t_ns + (S << n), SEND_SYN, n + 1, NULL);
	if (r->forged) { /* in the server's name, from half way */
		struct sighting rst = { .kind = SIGHTING_SEGMENT,
					.flags = TCP_RST | TCP_ACK,
					.ack = r->truth->isn + 1,
					.ttl = 61,
					.mark = 7 };

		set_ends(&rst, &r->truth->flow.server, &r->truth->flow.client);
		see(r->w, false, t_ns + r->w->o->delay_ns, &rst);
		later(r, t_ns + r->w->o->delay_ns, AT_CLIENT, 0, &rst);
	}
}

static void send_syn_ack(struct run *r, int64_t t_ns, int n)
{
	struct sighting s = { .flags = TCP_SYN | TCP_ACK, .seq = r->server_isn, .ack = r->isn_at_server + 1 };

	if (r->server_has_ack)
		return;
	send(r, t_ns, false, PAIRING_SYN_ACK, &s, r->w->o->lose_syn_ack);
	if (n >= 0 && n + 1 < SYNS_MAX)
		/* without marks, what is sent at once with the answer to another SYN is taken for it */
		later(r, t_ns + (S << n) + (r->w->o->no_marks ? 300 * MS : 0), SEND_SYN_ACK, n + 1, NULL);
}

static void at_server(struct run *r, int64_t t_ns, const struct sighting *p)
{
	struct sighting rst = { .flags = TCP_RST | TCP_ACK, .ack = r->isn_at_server + 1 };

	if (r->silent)
		return;
	if (!(p->flags & TCP_SYN)) {
		r->server_has_ack |= (p->flags & TCP_ACK) != 0;
	} else if (r->closed) {
		send(r, t_ns, false, PAIRING_RST, &rst, r->w->o->lose_rst);
	} else {
		send_syn_ack(r, t_ns, r->answers ? -1 : 0);
		r->answers = true;
	}
}

static void at_client(struct run *r, int64_t t_ns, const struct sighting *p)
{
	struct sighting ack = { .flags = TCP_ACK, .seq = r->truth->isn + 1, .ack = r->server_isn + 1 };
	/* only the first ACK counts, or what came at once in its place */
	struct pair_counts *c = &r->truth->counts[PAIRING_ACK], before = *c;
	bool first = !r->connected;

	if (p->flags & TCP_RST) {
		r->refused = true;
		return;
	}
	if (r->refused)
		return;
	r->connected = r->truth->connected = true;
	send(r, t_ns + 20000, true, PAIRING_ACK, &ack, r->w->o->lose_ack);
	if (first)
		r->acked_ns = t_ns;
	else if (t_ns - r->acked_ns > 50 * MS || c->fate[FATE_ARRIVED] == before.fate[FATE_ARRIVED])
		*c = before;
	else
		*c = (struct pair_counts){ .sent = 1, .fate[FATE_ARRIVED] = 1 };
}

static void play(struct run *r, int64_t t_ns)
{
	struct happening h;
	int i, first;

	later(r, t_ns, SEND_SYN, 0, NULL);
	while (r->n) {
		for (first = 0, i = 1; i < r->n; i++)
			if (r->queue[i].t_ns < r->queue[first].t_ns)
				first = i;
		h = r->queue[first];
		r->queue[first] = r->queue[--r->n];
		if (h.what == SEND_SYN)
			send_syn(r, h.t_ns, h.n);
		else if (h.what == SEND_SYN_ACK)
			send_syn_ack(r, h.t_ns, h.n);
		else if (h.what == AT_SERVER)
			at_server(r, h.t_ns, &h.packet);
		else
			at_client(r, h.t_ns, &h.packet);
	}
}

static struct endpoint endpoint(const struct sim_opts *o, uint8_t net, uint32_t host, uint16_t port)
{
	struct endpoint e = { .addr.family = o->v6 ? 6 : 4, .port = port };
	int at = o->v6 ? 12 : 0;

	e.addr.b[0] = o->v6 ? 0xfd : 0;
	e.addr.b[at] = net;
	e.addr.b[at + 1] = (uint8_t)(host >> 16);
	e.addr.b[at + 2] = (uint8_t)(host >> 8);
	e.addr.b[at + 3] = (uint8_t)host;
	return e;
}

static void attempt(struct world *w, struct sim_truth *t)
{
	const struct sim_opts *o = w->o;
	struct run *r = calloc(1, sizeof(*r));
	int servers = o->servers ? o->servers : 1;
	uint32_t server = (uint32_t)rnd(w, (uint64_t)servers);

	if (!r)
		abort();
	w->next_port++;
	t->of_others = chance(w, o->others);
	t->flow.client = endpoint(o, t->of_others ? 11 : 10, 1 + (uint32_t)rnd(w, 20), w->next_port);
	t->flow.server = endpoint(o, 198, server, 443);
	t->isn = o->same_isn ? 4242 : (uint32_t)rnd(w, UINT32_MAX);
	t->covered = true;
	t->forged = chance(w, o->forged);
	r->w = w;
	r->truth = t;
	r->at_server = t->flow;
	r->forged = t->forged;
	r->closed = chance(w, o->closed);
	r->silent = chance(w, o->silent);
	r->isn_at_server = t->isn + (o->nat_isn ? (uint32_t)rnd(w, UINT32_MAX) : 0);
	r->server_isn = (uint32_t)rnd(w, UINT32_MAX);
	if (o->nat_client && !t->of_others)
		r->at_server.client = endpoint(o, 203, 7, (uint16_t)(w->next_port * 7919u));
	if (o->nat_server)
		r->at_server.server = endpoint(o, 172, 100 + server, 8443);
	play(r, START + (int64_t)rnd(w, (uint64_t)o->over_ns));
	free(r);
}

static int by_time(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;

	if (x->t_ns != y->t_ns)
		return x->t_ns < y->t_ns ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static void judge(const struct digest *d, void *user)
{
	pairing_side_judge(user, d);
}

static struct pairing_side *record(struct side_log *l, size_t memory)
{
	struct pairing_side *side = pairing_side_new(memory ? memory : (size_t)1 << 30);
	struct handshakes_config c = { .memory = 64 << 20, .seed = 1, .fn = judge, .user = side };
	struct handshakes *h = handshakes_new(&c);
	struct pairing_span span;
	struct sighting *s;
	int i;

	if (!side || !h)
		abort();
	if (l->n)
		qsort(l->seen, (size_t)l->n, sizeof(*l->seen), by_time);
	for (i = 0; i < l->n; i++) {
		s = &l->seen[i].s;
		s->t_ns = l->seen[i].t_ns;
		s->packet = (uint64_t)i + 1;
		sighting_set_hash(s, 1);
		handshakes_feed(h, &s, 1);
		/* read_job gives no other segments than these */
		if (s->flags & (TCP_SYN | TCP_RST) || s->attempt)
			pairing_side_feed(side, s, false);
	}
	if (l->n) {
		handshakes_finish(h, l->seen[l->n - 1].t_ns);
		span = (struct pairing_span){ l->seen[0].t_ns, l->seen[l->n - 1].t_ns, (uint64_t)l->n, false };
		pairing_side_span(side, &span);
	}
	handshakes_free(h);
	free(l->seen);
	return side;
}

/* Other clients are not in the client's capture. */
static void forget_others(struct side_log *l)
{
	int i, n = 0;

	for (i = 0; i < l->n; i++) {
		const struct sighting *s = &l->seen[i].s;
		int at = s->family == 6 ? 12 : 0;

		if (s->src[at] != 11 && s->dst[at] != 11)
			l->seen[n++] = l->seen[i];
	}
	l->n = n;
}

void sim_run(const struct sim_opts *o, struct sim *ret)
{
	struct world w = { .o = o, .rnd = o->seed * 0x9e3779b97f4a7c15u + 88172645463325252u, .next_port = 1024 };
	int i;

	*ret = (struct sim){ .n = o->attempts };
	ret->truth = calloc((size_t)o->attempts, sizeof(*ret->truth));
	if (!ret->truth)
		abort();
	for (i = 0; i < o->attempts; i++)
		attempt(&w, &ret->truth[i]);
	forget_others(&w.log[0]);
	ret->client = record(&w.log[0], 0);
	ret->server = record(&w.log[1], o->memory);
}

void sim_fini(struct sim *s)
{
	pairing_side_free(s->client);
	pairing_side_free(s->server);
	free(s->truth);
}

const struct sim_truth *sim_find(const struct sim *s, const struct flow *f, uint32_t isn)
{
	int i;

	for (i = 0; i < s->n; i++)
		if (s->truth[i].isn == isn && endpoint_equal(&s->truth[i].flow.client, &f->client) &&
		    endpoint_equal(&s->truth[i].flow.server, &f->server))
			return &s->truth[i];
	return NULL;
}
