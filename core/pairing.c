/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  Each side is recorded by itself (core/pairing_side.c).
 * A first idea of the clocks comes from attempts that are alike in what no
 * others have (core/pairing_guess.c); with it all others are paired
 * (core/pairing_match.c), then their packets, by what is the same in both
 * captures of a packet, or by time (core/pairing_packets.c), which aligns the
 * clocks exactly (core/pairing_clock.c).  What is then missing on one side died, or
 * the capture lacks it: what it lacks for certain tells how likely that is
 * (core/pairing_learn.c, core/pairing_report.c).
 */
#include "core/pairing.h"

#include <stdlib.h>

#include "core/pairing_inside.h"

static int by_start(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	if (x->client != y->client)
		return x->client < y->client ? -1 : 1;
	return x->server < y->server ? -1 : x->server > y->server;
}

static bool list(struct pairing *p)
{
	uint32_t n = p->client->attempts.n, m = p->server->attempts.n, i;
	const struct side_attempt *a;

	p->pairs = malloc(((size_t)n + m) * sizeof(*p->pairs));
	if (!p->pairs)
		return false;
	for (i = 1; i < n; i++) {
		a = side_attempt(p->client, i);
		if (a->first)
			p->pairs[p->n++] = (struct pair){ i, a->partner, side_start_ns(p->client, a) };
	}
	for (i = 1; i < m; i++) {
		a = side_attempt(p->server, i);
		if (a->first && !a->partner)
			p->pairs[p->n++] =
				(struct pair){ 0, i, pairing_clock_to_client(&p->clock, side_start_ns(p->server, a)) };
	}
	qsort(p->pairs, p->n, sizeof(*p->pairs), by_start);
	return true;
}

struct pairing *pairing_new(struct pairing_side *first, struct pairing_side *second, uint64_t seed)
{
	struct pairing *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	*p = (struct pairing){ .seed = seed, .client = first, .server = second };
	p->servers.seed = p->clients.seed = p->again.seed = p->answers.seed = seed;
	if (!pairing_guess(p) || !pairing_match(p) || !pairing_learn_clock(p) || !list(p) || !pairing_learn_scopes(p) ||
	    !pairing_learn_rest(p)) {
		pairing_free(p);
		return NULL;
	}
	return p;
}

void pairing_free(struct pairing *p)
{
	if (!p)
		return;
	free(p->pairs);
	scope_fini(&p->servers);
	scope_fini(&p->clients);
	scope_fini(&p->again);
	scope_fini(&p->answers);
	free(p);
}

bool pairing_swapped(const struct pairing *p)
{
	return p->swapped;
}

const struct pairing_clock *pairing_clock(const struct pairing *p)
{
	return &p->clock;
}

const struct pairing_nat *pairing_nat(const struct pairing *p)
{
	return &p->nat;
}

const struct pairing_holes *pairing_holes(const struct pairing *p)
{
	return &p->holes;
}

size_t pairing_n(const struct pairing *p)
{
	return p->n;
}

void pairing_get(const struct pairing *p, size_t i, struct pair_report *ret)
{
	pairing_report(p, &p->pairs[i], ret);
	ret->number = (uint32_t)i + 1;
}

uint64_t pairing_same_servers(const struct pairing *p)
{
	uint64_t n = 0;
	struct flow f;
	uint32_t i;

	for (i = 1; i < p->client->attempts.n; i++) {
		side_flow(p->client, side_attempt(p->client, i), &f);
		n += scope_has(&p->servers, &f.server);
	}
	return n;
}

uint32_t pair_fates(const struct pair_report *r, enum pair_fate fate)
{
	uint32_t n = 0;
	int i;

	for (i = 0; i < PAIRING_KIND_N; i++)
		n += r->counts[i].fate[fate];
	return n;
}

const struct pair_packet *pair_first(const struct pair_report *r, enum pairing_kind kind)
{
	int i;

	for (i = 0; i < r->n_packets; i++)
		if (r->packets[i].kind == kind)
			return &r->packets[i];
	return NULL;
}

int pair_answers_again(const struct pair_report *r)
{
	const struct pair_packet *ack = pair_first(r, PAIRING_ACK);
	int i, n = 0;

	for (i = 0; ack && i < r->n_packets; i++)
		n += r->packets[i].kind == PAIRING_SYN_ACK && r->packets[i].at_server &&
		     r->packets[i].t_ns > ack->t_ns + ack->delay_ns;
	return n;
}

bool pair_differs(const struct pair_report *r)
{
	return pair_fates(r, FATE_DIED) || pair_fates(r, FATE_BETWEEN);
}

static bool has_failed(enum outcome o)
{
	return o != OUTCOME_NONE && o != OUTCOME_ESTABLISHED && o != OUTCOME_PENDING;
}

bool pair_is_notable(const struct pair_report *r)
{
	if (r->sort != PAIR_BOTH)
		return r->sort == PAIR_LOST || r->sort == PAIR_UNSENT;
	if (pair_differs(r) || r->counts[PAIRING_SYN].sent > 1 || has_failed(r->client_outcome))
		return true;
	return has_failed(r->server_outcome) && !r->counts[PAIRING_ACK].fate[FATE_UNCOVERED];
}
