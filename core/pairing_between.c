/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lies between the captures, as the attempts tell that are paired, and what the captures have lost themselves. */
#include <stdlib.h>
#include <string.h>

#include "core/pairing_inside.h"

#define MAPS_MAX 64 /* rewritten endpoints that are counted */

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
		pairing_report(p, &p->pairs[i], r);
		if (r->sort == PAIR_BOTH)
			learn_nat(&p->nat, r, &maps[0], &maps[1]);
		if (r->sort == PAIR_BOTH || r->sort == PAIR_LOST || r->sort == PAIR_UNSEEN)
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
