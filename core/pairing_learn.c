/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "core/pairing_inside.h"

#define HOLD_TIMES 3 /* as many attempts whose marks agree as others, and marks hold */
#define MAPS_MAX 64  /* rewritten endpoints that are counted */

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

bool pairing_learn_clock(struct pairing *p)
{
	struct pairing_aligner *a = pairing_aligner_new(p->client->span.first_ns, p->client->span.last_ns);
	struct packet_match *m = malloc(sizeof(*m));
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
	pairing_aligner_free(a);
	free(m);
	return a && m;
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
	return learn_again(p, p->client) && learn_again(p, p->server);
}

/* Rewritten endpoints, and how often. */
struct maps {
	struct pairing_nat_map map[MAPS_MAX];
	int n;
	bool more;
};

static void map_add(struct maps *m, const struct endpoint *from, const struct endpoint *to)
{
	struct pairing_nat_map one;
	int i;

	for (i = 0; i < m->n; i++)
		if (endpoint_equal(&m->map[i].from, from) && endpoint_equal(&m->map[i].to, to))
			break;
	if (i == MAPS_MAX) {
		m->more = true;
		return;
	}
	if (i == m->n)
		m->map[m->n++] = (struct pairing_nat_map){ .from = *from, .to = *to };
	m->map[i].attempts++;
	if (i && m->map[i].attempts > m->map[i - 1].attempts) { /* the most frequent first */
		one = m->map[i];
		m->map[i] = m->map[i - 1];
		m->map[i - 1] = one;
	}
}

static int by_attempts(const void *a, const void *b)
{
	const struct pairing_nat_map *x = a, *y = b;

	if (x->attempts != y->attempts)
		return x->attempts < y->attempts ? 1 : -1;
	if (memcmp(x->from.addr.b, y->from.addr.b, sizeof(x->from.addr.b)))
		return memcmp(x->from.addr.b, y->from.addr.b, sizeof(x->from.addr.b));
	return x->from.port < y->from.port ? -1 : x->from.port > y->from.port;
}

static int maps_top(struct maps *m, struct pairing_nat_map *ret, bool *ret_more)
{
	int n = m->n < PAIRING_NAT_MAPS ? m->n : PAIRING_NAT_MAPS;

	qsort(m->map, (size_t)m->n, sizeof(*m->map), by_attempts);
	memcpy(ret, m->map, (size_t)n * sizeof(*ret));
	*ret_more = m->more || m->n > n;
	return n;
}

static void learn_nat(struct pairing_nat *n, const struct pair_report *r, struct maps *clients, struct maps *servers)
{
	struct endpoint from = { .addr = r->client_flow.client.addr }, to = { .addr = r->server_flow.client.addr };
	bool client_addr = !addr_equal(&from.addr, &to.addr);

	n->paired++;
	n->client_addr += client_addr;
	n->client_port += r->client_flow.client.port != r->server_flow.client.port;
	n->server_addr += !addr_equal(&r->client_flow.server.addr, &r->server_flow.server.addr);
	n->server_port += r->client_flow.server.port != r->server_flow.server.port;
	n->isn += r->client_isn != r->server_isn;
	if (client_addr)
		map_add(clients, &from, &to);
	if (!endpoint_equal(&r->client_flow.server, &r->server_flow.server))
		map_add(servers, &r->client_flow.server, &r->server_flow.server);
}

static void learn_packets(struct pairing *p, const struct pair_report *r)
{
	struct pairing_holes *h = &p->holes;
	const struct pair_packet *k;
	bool from_server;
	int i, hops;

	for (i = 0; i < r->n_packets; i++) {
		k = &r->packets[i];
		from_server = pairing_kind_from_server(k->kind);
		p->died[from_server] += k->fate == FATE_DIED && !k->late;
		p->sent[from_server] += (k->fate == FATE_DIED || k->fate == FATE_ARRIVED) && !k->late;
		h->client_had += k->fate == FATE_ARRIVED || (k->fate == FATE_UNSEEN && k->at_client);
		h->server_had += k->fate == FATE_ARRIVED || (k->fate == FATE_UNSEEN && k->at_server);
		/* an ACK may be there, and not have been looked for */
		h->client_missed += k->fate == FATE_UNSEEN && !k->at_client && k->kind != PAIRING_ACK;
		h->server_missed += k->fate == FATE_UNSEEN && !k->at_server && k->kind != PAIRING_ACK;
		if (k->kind != PAIRING_SYN || k->fate != FATE_ARRIVED)
			continue;
		hops = k->client_ttl - k->server_ttl;
		if (p->nat.hops_min < 0 || hops < p->nat.hops_min)
			p->nat.hops_min = hops < 0 ? 0 : hops;
		p->nat.hops_max = hops > p->nat.hops_max ? hops : p->nat.hops_max;
	}
}

bool pairing_learn_rest(struct pairing *p)
{
	struct maps *maps = calloc(2, sizeof(*maps));
	struct pair_report *r = malloc(sizeof(*r));
	size_t i;

	p->nat.hops_min = p->nat.hops_max = -1;
	for (i = 0; maps && r && i < p->n; i++) {
		if (!p->pairs[i].client || !p->pairs[i].server)
			continue;
		pairing_report(p, &p->pairs[i], r);
		learn_nat(&p->nat, r, &maps[0], &maps[1]);
		learn_packets(p, r);
	}
	if (maps) {
		p->nat.n_clients = maps_top(&maps[0], p->nat.clients, &p->nat.more_clients);
		p->nat.n_servers = maps_top(&maps[1], p->nat.servers, &p->nat.more_servers);
	}
	free(maps);
	free(r);
	return maps && r;
}
