/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  Before the clocks are known, attempts are one if nothing
 * else can be meant: they agree in all, or in the ISN, or in addresses and ports,
 * and no other does.  Most of these agree about the clocks too, and those that
 * do not are chance; so of what their packets seem to take, the densest cluster
 * counts.  It also shows which capture is which: with the right one first, a
 * packet and its answer take longer than nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "core/pairing_inside.h"

#define S_NS ((int64_t)1000000000)
#define CANDIDATES_MAX 65536
#define GROUP_MAX 16		     /* of one side, of those that look alike */
#define CLUSTER_NS (2 * S_NS)	     /* how far apart delays and first SYNs may be ... */
#define CLUSTER_NARROW_NS (S_NS / 2) /* ... where retransmissions must not be taken for each other */
#define CLUSTER_PPM 300		     /* ... and clocks drift */
#define FEW 6			     /* so many packets that agree about the clocks are no chance */
#define MANY 100

struct candidate {
	uint32_t c, s;
};

/* What the first packets of a candidate that are one seem to have taken. */
struct trip {
	int64_t client_ns, server_ns;
};

struct guess {
	struct pairing *p;
	struct candidate *candidates;
	size_t n;
	bool lone;	   /* only where no other looks alike */
	bool in_any_order; /* which packets are one is not known for any candidate */
	int ahead, behind; /* votes: the first is the client's side, or not */
	struct trip *trips[2];
	size_t n_trips[2];
};

static void add_candidates(struct pairing *p, const struct group_item *c, size_t n, const struct group_item *s,
			   size_t m, void *user)
{
	struct guess *g = user;
	size_t i, k;

	(void)p;
	if (g->lone && (n > 1 || m > 1))
		return;
	for (i = 0; i < n && i < GROUP_MAX; i++)
		for (k = 0; k < m && k < GROUP_MAX && g->n < CANDIDATES_MAX; k++)
			g->candidates[g->n++] = (struct candidate){ c[i].i, s[k].i };
}

static void vote(struct guess *g, int votes)
{
	g->ahead += votes > 0 ? votes : 0;
	g->behind += votes < 0 ? -votes : 0;
}

/* A TTL gets less on the way. */
static void vote_by_ttl(struct guess *g, const struct packet_match *m)
{
	int fell = m->n_from && m->n_to ? m->from[0]->ttl - m->to[0]->ttl : 0;

	vote(g, fell > 0 ? 1 : fell < 0 ? -1 : 0);
}

static struct trip trip_of(const struct packet_match *m, int i, int k)
{
	int64_t sent = m->from[i]->t_ns, came = m->to[k]->t_ns;

	return m->from_server ? (struct trip){ came, sent } : (struct trip){ sent, came };
}

static int64_t took_ns(const struct packet_match *m, const struct trip *t)
{
	return m->from_server ? t->client_ns - t->server_ns : t->server_ns - t->client_ns;
}

/* The quickest, whose partner is known; false: there is none. */
static bool quickest(const struct packet_match *m, struct trip *ret)
{
	bool any = false;
	struct trip t;
	int i;

	for (i = 0; i < m->n_from; i++) {
		if (m->partner[i] < 0)
			continue;
		t = trip_of(m, i, m->partner[i]);
		if (!any || took_ns(m, &t) < took_ns(m, ret))
			*ret = t;
		any = true;
	}
	return any;
}

static void add_trip(struct guess *g, const struct packet_match *m, const struct trip *t)
{
	if (g->n_trips[m->from_server] < CANDIDATES_MAX)
		g->trips[m->from_server][g->n_trips[m->from_server]++] = *t;
}

/* Each with each: those that are one agree about the clocks, the others with nobody. */
static void add_all_trips(struct guess *g, const struct packet_match *m)
{
	struct trip t;
	int i, k;

	for (i = 0; i < m->n_from && i < GROUP_MAX; i++)
		for (k = 0; k < m->n_to && k < GROUP_MAX; k++) {
			t = trip_of(m, i, k);
			add_trip(g, m, &t);
		}
}

/* There and back takes longer than nothing: worth more than TTLs, which something in between may set. */
static void vote_by_time(struct guess *g, const struct trip *there, const struct trip *back)
{
	int64_t took = there->server_ns - there->client_ns + back->client_ns - back->server_ns;

	vote(g, took > 0 ? 2 : took < 0 ? -2 : 0);
}

static void measure(struct guess *g, const struct candidate *c, struct packet_match *m)
{
	static const enum pairing_kind kinds[] = { PAIRING_SYN, PAIRING_SYN_ACK, PAIRING_ACK };
	struct trip trips[3];
	bool has[3];
	int i;

	for (i = 0; i < 3; i++) {
		pairing_packets(g->p, c->c, c->s, kinds[i], NULL, m);
		has[i] = quickest(m, &trips[i]);
		vote_by_ttl(g, m);
		if (g->in_any_order)
			add_all_trips(g, m);
		else if (has[i] && (kinds[i] != PAIRING_ACK || m->by_mark))
			add_trip(g, m, &trips[i]);
	}
	if (has[0] && has[1])
		vote_by_time(g, &trips[0], &trips[1]);
}

static void measure_all(struct guess *g, struct packet_match *m)
{
	size_t i, way;

	for (way = 0; way < 2; way++) {
		g->in_any_order = way;
		g->n_trips[0] = g->n_trips[1] = 0;
		g->ahead = g->behind = 0;
		for (i = 0; i < g->n; i++)
			measure(g, &g->candidates[i], m);
		if (g->n_trips[0] || g->n_trips[1])
			break;
	}
}

static int n_of(const struct pairing_side *side, uint32_t i, enum pairing_kind kind)
{
	const struct side_packet *list[PAIRING_PACKETS_MAX];

	return side_list(side, side_attempt(side, i), kind, list);
}

/* Neither clocks nor TTLs tell: more SYNs leave than arrive, and more SYN-ACKs. */
static bool sends_less(const struct guess *g)
{
	const struct candidate *c;
	int64_t more = 0;
	size_t i;

	for (i = 0; i < g->n; i++) {
		c = &g->candidates[i];
		more += n_of(g->p->server, c->s, PAIRING_SYN) - n_of(g->p->client, c->c, PAIRING_SYN);
		more += n_of(g->p->client, c->c, PAIRING_SYN_ACK) - n_of(g->p->server, c->s, PAIRING_SYN_ACK);
	}
	return more > 0;
}

static void swap(struct guess *g)
{
	struct pairing_side *side = g->p->client;
	struct candidate *c;
	size_t i;

	g->p->client = g->p->server;
	g->p->server = side;
	g->p->swapped = true;
	for (i = 0; i < g->n; i++) {
		c = &g->candidates[i];
		*c = (struct candidate){ c->s, c->c };
	}
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* The middle of the most that are within `width` of each other; *ret_n: how many they are. */
static int64_t densest(int64_t *v, size_t n, int64_t width, size_t *ret_n)
{
	size_t i, end = 0, best = 0;

	*ret_n = 0;
	qsort(v, n, sizeof(*v), by_value);
	for (i = 0; i < n; i++) {
		while (end < n && v[end] - v[i] <= width)
			end++;
		if (end - i <= *ret_n)
			continue;
		*ret_n = end - i;
		best = i;
	}
	return v[best + *ret_n / 2];
}

static bool is_near(const struct trip *t, int64_t offset_ns, int64_t width_ns)
{
	int64_t apart = t->server_ns - t->client_ns - offset_ns;

	return apart <= width_ns && -apart <= width_ns;
}

/* False when there is no memory. */
static bool align(struct guess *g, size_t *ret_agree)
{
	struct pairing_side *client = g->p->client;
	int64_t width = (client->span.last_ns - client->span.first_ns) / 1000000 * CLUSTER_PPM, middle;
	struct pairing_aligner *a = pairing_aligner_new(client->span.first_ns, client->span.last_ns);
	size_t n = g->n_trips[0] + g->n_trips[1], i, k = 0;
	int64_t *offsets = malloc((n + 1) * sizeof(*offsets));
	int dir;

	width += g->in_any_order ? CLUSTER_NARROW_NS : CLUSTER_NS;
	for (dir = 0; offsets && dir < 2; dir++)
		for (i = 0; i < g->n_trips[dir]; i++)
			offsets[k++] = g->trips[dir][i].server_ns - g->trips[dir][i].client_ns;
	if (offsets && a && n) {
		middle = densest(offsets, n, width, ret_agree);
		for (dir = 0; dir < 2; dir++)
			for (i = 0; i < g->n_trips[dir]; i++)
				if (is_near(&g->trips[dir][i], middle, width))
					pairing_aligner_feed(a, dir, g->trips[dir][i].client_ns,
							     g->trips[dir][i].server_ns);
		pairing_aligner_solve(a, &g->p->clock);
	}
	pairing_aligner_free(a);
	free(offsets);
	return a && offsets;
}

static bool has_marks(struct guess *g, struct packet_match *m)
{
	size_t i;

	for (i = 0; i < g->n; i++) {
		pairing_packets(g->p, g->candidates[i].c, g->candidates[i].s, PAIRING_SYN, NULL, m);
		if (m->by_mark)
			return true;
	}
	return false;
}

/*
 * Some look alike by chance: of ISNs, which have 32 bits, hardly any; of ports,
 * many, but these do not agree about the clocks.
 */
static bool is_no_chance(struct guess *g, size_t agree, unsigned int fields, struct packet_match *m)
{
	uint64_t pairs = (uint64_t)(g->p->client->attempts.n - 1) * (g->p->server->attempts.n - 1);
	bool most = agree >= FEW && agree * 2 > g->n_trips[0] + g->n_trips[1];

	if (!(fields & FIELD_ISN))
		return most || pairs <= FEW || (fields & FIELD_MARK ? pairs < MANY : has_marks(g, m));
	return fields == FIELDS_ALL || most || pairs < UINT32_MAX / 100 || has_marks(g, m);
}

static bool guess(struct guess *g, struct packet_match *m)
{
	static const struct {
		unsigned int fields;
		bool lone;
	} tries[] = {
		{ FIELDS_ALL, false },
		{ FIELD_ISN, true },
		{ FIELDS_CLIENT | FIELDS_SERVER, true },
		{ FIELD_MARK | FIELD_SERVER_PORT, true },
	};
	size_t i, agree = 0;

	for (i = 0; !g->n && i < sizeof(tries) / sizeof(tries[0]); i++) {
		g->lone = tries[i].lone;
		if (!pairing_groups(g->p, tries[i].fields, add_candidates, g))
			return false;
		if (!g->n)
			continue;
		measure_all(g, m);
		if (g->behind > g->ahead || (g->behind == g->ahead && sends_less(g))) {
			swap(g);
			measure_all(g, m);
		}
		if (!align(g, &agree))
			return false;
		if (!is_no_chance(g, agree, tries[i].fields, m)) {
			g->p->clock = (struct pairing_clock){ .forward = false };
			g->n = 0;
		}
	}
	return true;
}

bool pairing_guess(struct pairing *p)
{
	struct guess g = { .p = p };
	struct packet_match *m = malloc(sizeof(*m));
	bool done;

	g.candidates = malloc(CANDIDATES_MAX * sizeof(*g.candidates));
	g.trips[0] = malloc(CANDIDATES_MAX * sizeof(*g.trips[0]));
	g.trips[1] = malloc(CANDIDATES_MAX * sizeof(*g.trips[1]));
	done = m && g.candidates && g.trips[0] && g.trips[1] && guess(&g, m);
	free(m);
	free(g.candidates);
	free(g.trips[0]);
	free(g.trips[1]);
	return done;
}
