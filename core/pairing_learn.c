/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "core/pairing_inside.h"
#include "core/summary_spread.h"

#define HOLD_TIMES 3 /* as many attempts whose marks agree as others, and marks hold */

static void learn_marks(struct pairing *p, struct packet_match *m)
{
	static const enum pairing_kind kinds[] = { PAIRING_SYN, PAIRING_ACK, PAIRING_SYN_ACK };
	uint64_t same[2] = { 0 }, other[2] = { 0 };
	uint32_t i, partner;
	size_t k;

	for (i = 1; i < p->client->attempts.n; i++) {
		partner = side_attempt(p->client, i)->partner;
		for (k = 0; partner && k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			pairing_packets(p, i, partner, kinds[k], NULL, m);
			same[m->from_server] += m->by_mark;
			other[m->from_server] +=
				!m->by_mark && m->n_from && m->n_to && m->from[0]->mark && m->to[0]->mark;
		}
	}
	/* of a direction whose packets have none, nothing else is known */
	for (k = 0; k < 2; k++)
		p->marks_hold[k] = same[k] && same[k] >= HOLD_TIMES * other[k];
	if (!same[1] && !other[1])
		p->marks_hold[1] = p->marks_hold[0];
}

static void feed(struct pairing_aligner *a, const struct packet_match *m)
{
	int i;

	for (i = 0; i < m->n_from; i++) {
		if (m->partner[i] < 0)
			continue;
		if (m->from_server)
			pairing_aligner_feed(a, true, m->to[m->partner[i]]->t_ns, m->from[i]->t_ns);
		else
			pairing_aligner_feed(a, false, m->from[i]->t_ns, m->to[m->partner[i]]->t_ns);
	}
}

static void learn_delays(struct pairing *p, struct packet_match *m, struct spread *delays)
{
	uint32_t c;
	int i;

	memset(delays, 0, sizeof(*delays));
	for (c = 1; c < p->client->attempts.n; c++) {
		if (!side_attempt(p->client, c)->partner)
			continue;
		pairing_packets(p, c, side_attempt(p->client, c)->partner, PAIRING_SYN, &p->clock, m);
		for (i = 0; i < m->n_from; i++)
			if (m->partner[i] >= 0)
				spread_feed(delays, pairing_clock_to_client(&p->clock, m->to[m->partner[i]]->t_ns) -
							    m->from[i]->t_ns);
	}
	p->most_ns = delays->n ? spread_quantile(delays, 990) : 0;
}

bool pairing_learn_clock(struct pairing *p)
{
	struct pairing_aligner *a = pairing_aligner_new(p->client->span.first_ns, p->client->span.last_ns);
	struct packet_match *m = malloc(sizeof(*m));
	struct spread *delays = malloc(sizeof(*delays));
	struct pairing_clock clock;
	uint32_t i, partner;
	int kind;

	if (a && m) {
		learn_marks(p, m);
		for (i = 1; i < p->client->attempts.n; i++) {
			partner = side_attempt(p->client, i)->partner;
			for (kind = 0; partner && kind < PAIRING_ICMP; kind++) {
				pairing_packets(p, i, partner, (enum pairing_kind)kind, &p->clock, m);
				feed(a, m);
			}
		}
		pairing_aligner_solve(a, &clock);
		if (clock.forward || clock.backward)
			p->clock = clock;
	}
	if (m && delays)
		learn_delays(p, m, delays);
	pairing_aligner_free(a);
	free(delays);
	free(m);
	return a && m && delays;
}

bool pairing_print(const struct pairing_side *s, const struct side_attempt *a, struct endpoint *ret)
{
	const struct side_packet *syns[PAIRING_PACKETS_MAX];
	int n = side_list(s, a, PAIRING_SYN, syns);

	*ret = (struct endpoint){ .port = s->number };
	if (!n || !syns[0]->mark)
		return false;
	memcpy(ret->addr.b, &a->isn, sizeof(a->isn));
	memcpy(ret->addr.b + sizeof(a->isn), &syns[0]->mark, sizeof(syns[0]->mark));
	return true;
}

/* A capture in the middle of things has packets twice, before and after they are rewritten. */
static bool learn_again(struct pairing *p, const struct pairing_side *s)
{
	struct scope alone = { .seed = p->seed };
	const struct side_attempt *a;
	struct endpoint print;
	bool done = true;
	uint32_t i;

	for (i = 1; done && i < s->attempts.n; i++) {
		a = side_attempt(s, i);
		if (!a->partner && pairing_print(s, a, &print))
			done = scope_add(&alone, &print);
	}
	for (i = 1; done && alone.n && i < s->attempts.n; i++) {
		a = side_attempt(s, i);
		if (a->partner && pairing_print(s, a, &print) && scope_has(&alone, &print))
			done = scope_add(&p->again, &print);
	}
	scope_fini(&alone);
	return done;
}

/* How the servers' own SYN-ACKs look to the clients. */
static bool learn_answers(struct pairing *p)
{
	struct packet_match *m = malloc(sizeof(*m));
	bool done = m != NULL;
	struct endpoint e;
	struct flow f;
	uint32_t c;
	int i;

	for (c = 1; done && c < p->client->attempts.n; c++) {
		if (!side_attempt(p->client, c)->partner)
			continue;
		side_flow(p->client, side_attempt(p->client, c), &f);
		pairing_packets(p, c, side_attempt(p->client, c)->partner, PAIRING_SYN_ACK, &p->clock, m);
		for (i = 0; done && i < m->n_to; i++) {
			e = (struct endpoint){ .addr = f.server.addr, .port = m->to[i]->ttl };
			done = m->sender[i] < 0 || scope_add(&p->answers, &e);
		}
	}
	free(m);
	return done;
}

bool pairing_learn_scopes(struct pairing *p)
{
	const struct side_attempt *a;
	struct flow f;
	uint32_t i;

	for (i = 1; i < p->client->attempts.n; i++) {
		a = side_attempt(p->client, i);
		side_flow(p->client, a, &f);
		f.client.port = 0;
		if (!scope_add(&p->clients, &f.client) || (a->partner && !scope_add(&p->servers, &f.server)))
			return false;
	}
	for (i = 1; i < p->server->attempts.n; i++) {
		side_flow(p->server, side_attempt(p->server, i), &f);
		if (!scope_add(&p->servers, &f.server))
			return false;
	}
	p->client->number = 1;
	p->server->number = 2;
	return learn_again(p, p->client) && learn_again(p, p->server) && learn_answers(p);
}
