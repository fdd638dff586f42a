/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  What one capture lacks was lost on the way, unless the
 * capture did not run then, or has lost it itself.  It ran from its first packet
 * to its last; one with few packets does not show when.  What it has lost itself
 * shows by what followed: a SYN that was answered had come, and an answer with
 * the sequence number of the server, or with its TTL, was the server's.
 */
#include "core/pairing_fate.h"

#define MS ((int64_t)1000000)
#define RUNNING_NS (50 * MS) /* so long before a capture's last packet it is sure to have run */
#define QUIET_MAX 100	     /* packets: a capture with fewer does not show when it ran */

const struct pairing_clock *look_clock(const struct look *l)
{
	return pairing_clock_known(l->p) ? &l->p->clock : NULL;
}

int64_t look_time(const struct look *l, const struct side_packet *k, bool at_server)
{
	return at_server ? pairing_clock_to_client(&l->p->clock, k->t_ns) : k->t_ns;
}

/*
 * It has packets from before, and from well after: it ran when that was to pass.
 * client_ns: by the client's clock.
 */
static bool is_within(const struct pairing *p, const struct pairing_side *side, int64_t client_ns)
{
	int64_t last_ns = side->full ? side->counts.lost_ns : side->span.last_ns;
	int64_t early = p->clock.uncertainty_ns, late = 2 * early + RUNNING_NS; /* the delay, and a wait on the way */
	int64_t t_ns = side == p->server ? pairing_clock_to_server(&p->clock, client_ns) : client_ns;

	return t_ns >= side->span.first_ns + early && t_ns <= last_ns - late;
}

/* The other capture ran then, or is taken to have. */
static bool has_run(struct look *l, bool server, int64_t client_ns)
{
	const struct pairing_side *side = server ? l->p->server : l->p->client;
	bool known = pairing_clock_known(l->p);

	if (known && is_within(l->p, side, client_ns))
		return true;
	if (known && (side->span.packets >= QUIET_MAX || side->span.cut || side->full))
		return false;
	*(server ? &l->server_taken : &l->client_taken) = true;
	return l->lenient;
}

/* The client's SYN-ACK k without a partner is one of the server's own, which that side lacks. */
static bool is_of_server(const struct look *l, const struct packet_match *m, int k)
{
	struct endpoint e = { .port = m->to[k]->ttl };
	struct flow f;
	int i;

	for (i = 0; i < m->n_from && m->same_isn; i++)
		if (m->from[i]->seq == m->to[k]->seq)
			return true;
	if (m->n_from && m->same_isn)
		return false;
	side_flow(l->p->client, l->client, &f);
	e.addr = f.server.addr;
	return scope_has(&l->p->answers, &e);
}

enum pair_fate fate_of_sent(struct look *l, const struct packet_match *m, int i)
{
	int64_t t_ns = look_time(l, m->from[i], m->from_server);

	if (!has_run(l, !m->from_server, t_ns))
		return FATE_UNCOVERED;
	if (l->has_passed)
		return FATE_UNSEEN;
	if (m->kind == PAIRING_SYN && l->server && !l->server_syns && l->server_syn_acks)
		return FATE_UNSEEN; /* it was answered */
	if (m->kind == PAIRING_ACK && l->server && !l->server_syns)
		return FATE_UNSEEN; /* nobody waited for it: core/handshakes.h */
	if (m->kind == PAIRING_SYN_ACK && l->client && !l->client_syn_acks && t_ns < l->ack_ns &&
	    l->ack_ns != INT64_MAX)
		return FATE_UNSEEN; /* the client went on as if it had come */
	return FATE_DIED;
}

static bool is_copy(const struct packet_match *m, int k)
{
	int i;

	for (i = 0; i < m->n_from; i++)
		if (m->partner[i] >= 0 && m->to[k]->mark && m->from[i]->mark == m->to[k]->mark &&
		    m->from[i]->seq == m->to[k]->seq)
			return true;
	return false;
}

static bool all_have_partners(const struct packet_match *m)
{
	int i;

	for (i = 0; i < m->n_from; i++)
		if (m->partner[i] < 0)
			return false;
	return true;
}

enum pair_fate fate_of_taken(struct look *l, const struct packet_match *m, int k)
{
	if (is_copy(m, k))
		return FATE_COPY;
	if (!has_run(l, m->from_server, look_time(l, m->to[k], !m->from_server)))
		return FATE_UNCOVERED;
	if (l->has_passed)
		return FATE_UNSEEN;
	switch (m->kind) {
	case PAIRING_SYN: /* what was made anew on the way was answered there too */
		return all_have_partners(m) || !l->answered_between ? FATE_UNSEEN : FATE_BETWEEN;
	case PAIRING_ACK:
		return FATE_UNSEEN;
	case PAIRING_SYN_ACK:
		if (l->server && !l->server_syn_acks && l->server->flags & ATTEMPT_ACKED)
			return FATE_UNSEEN; /* the server went on as if it had sent it */
		return is_of_server(l, m, k) ? FATE_UNSEEN : FATE_BETWEEN;
	default:
		return FATE_BETWEEN;
	}
}

static int count(const struct pairing_side *side, const struct side_attempt *a, enum pairing_kind kind,
		 const struct side_packet **ret_first)
{
	const struct side_packet *list[PAIRING_PACKETS_MAX];
	int n = a ? side_list(side, a, kind, list) : 0;

	*ret_first = n ? list[0] : NULL;
	return n;
}

void look_at(struct look *l, struct packet_match *m)
{
	const struct side_packet *first;
	bool of_server = false;
	int i;

	l->client = l->c ? side_attempt(l->p->client, l->c) : NULL;
	l->server = l->s ? side_attempt(l->p->server, l->s) : NULL;
	l->server_syns = count(l->p->server, l->server, PAIRING_SYN, &first);
	l->server_syn_acks = count(l->p->server, l->server, PAIRING_SYN_ACK, &first);
	l->client_syn_acks = count(l->p->client, l->client, PAIRING_SYN_ACK, &first);
	l->ack_ns = INT64_MAX;
	if (count(l->p->client, l->client, PAIRING_ACK, &first))
		l->ack_ns = first->t_ns;
	else if (count(l->p->server, l->server, PAIRING_ACK, &first))
		l->ack_ns = look_time(l, first, true);
	if (l->client_syn_acks) {
		pairing_packets(l->p, l->c, l->s, PAIRING_SYN_ACK, look_clock(l), m);
		for (i = 0; i < m->n_to; i++)
			of_server |= m->sender[i] >= 0 || is_of_server(l, m, i);
		l->answered_between = !of_server;
	}
	l->has_passed = (!l->server && of_server) || (!l->client && l->server->flags & ATTEMPT_ACKED);
}
