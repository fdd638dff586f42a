/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stddef.h>
#include <string.h>

#include "core/pairing_inside.h"

#define MS ((int64_t)1000000)
#define RUNNING_NS (50 * MS) /* so long before a capture's last packet it is sure to have run */
#define QUIET_MAX 100	     /* packets: a capture with fewer does not show when it ran */
#define AT_ONCE_NS (100 * MS)
#define HOLES_TIMES 4 /* a loss so much more frequent than a capture's holes is one */

/* An attempt that is looked at, and what decides about packets that one side lacks. */
struct look {
	const struct pairing *p;
	struct pair_report *r;
	uint32_t c, s;				    /* attempts */
	const struct side_attempt *client, *server; /* NULL: not there */
	int server_syns, client_syn_acks, server_syn_acks;
	bool answered_between; /* SYN-ACKs came to the client, and none of the server's */
	int64_t ack_ns;	       /* the client's, by its clock; INT64_MAX: none */
};

static bool is_clock_known(const struct pairing *p)
{
	return p->clock.forward || p->clock.backward;
}

static const struct pairing_clock *clock_of(const struct pairing *p)
{
	return is_clock_known(p) ? &p->clock : NULL;
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

	if (!is_clock_known(p))
		return true;
	return t_ns >= side->span.first_ns + early && t_ns <= last_ns - late;
}

/* The other capture ran then.  One with few packets tells nothing by them: it is taken to have run all the time. */
static bool has_run(const struct look *l, bool server, int64_t client_ns)
{
	const struct pairing_side *side = server ? l->p->server : l->p->client;

	if (is_within(l->p, side, client_ns))
		return true;
	if (side->span.packets >= QUIET_MAX || side->span.cut || side->full)
		return false;
	l->r->taken_to_run = true;
	return true;
}

/* By the client's clock. */
static int64_t time_of(const struct look *l, const struct side_packet *k, bool at_server)
{
	return at_server ? pairing_clock_to_client(&l->p->clock, k->t_ns) : k->t_ns;
}

/* It left its sender's side, and the other does not have it. */
static enum pair_fate fate_of_sent(const struct look *l, const struct packet_match *m, int i)
{
	int64_t t_ns = time_of(l, m->from[i], m->from_server);

	if (!has_run(l, !m->from_server, t_ns))
		return FATE_UNCOVERED;
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

/* It came to its receiver's side, and the other does not have it. */
static enum pair_fate fate_of_taken(const struct look *l, const struct packet_match *m, int k)
{
	if (is_copy(m, k))
		return FATE_COPY;
	if (!has_run(l, m->from_server, time_of(l, m->to[k], !m->from_server)))
		return FATE_UNCOVERED;
	switch (m->kind) {
	case PAIRING_SYN: /* what was made anew on the way was answered there too */
		return all_have_partners(m) || !l->answered_between ? FATE_UNSEEN : FATE_BETWEEN;
	case PAIRING_ACK:
		return FATE_UNSEEN;
	case PAIRING_SYN_ACK: /* the server went on as if it had sent it */
		return l->server && !l->server_syn_acks && l->server->flags & ATTEMPT_ACKED ? FATE_UNSEEN
											    : FATE_BETWEEN;
	default:
		return FATE_BETWEEN;
	}
}

static void put(struct pair_report *r, const struct pair_packet *k)
{
	int i = r->n_packets;

	if (r->n_packets == PAIR_PACKETS_MAX) {
		r->more_packets++;
		return;
	}
	for (; i && r->packets[i - 1].t_ns > k->t_ns; i--)
		r->packets[i] = r->packets[i - 1];
	r->packets[i] = *k;
	r->n_packets++;
}

/* sent, taken: as its sender's and its receiver's side have it; one of them may be NULL. */
static void add(const struct look *l, const struct packet_match *m, int n, const struct side_packet *sent,
		const struct side_packet *taken, enum pair_fate fate)
{
	const struct side_packet *at_client = m->from_server ? taken : sent, *at_server = m->from_server ? sent : taken;
	const struct side_packet *any = sent ? sent : taken;
	struct pair_counts *counts = &l->r->counts[m->kind];
	struct pair_packet k = { .kind = m->kind,
				 .n = n,
				 .fate = fate,
				 .late = any->flags & PACKET_LATE,
				 .unfit = (at_client ? at_client : any)->flags & PACKET_UNFIT,
				 .at_client = at_client != NULL,
				 .at_server = at_server != NULL,
				 .client_packet = at_client ? at_client->number : 0,
				 .server_packet = at_server ? at_server->number : 0,
				 .client_ttl = at_client ? at_client->ttl : 0,
				 .server_ttl = at_server ? at_server->ttl : 0 };
	const struct pairing_side *side = any == at_client ? l->p->client : l->p->server;

	k.t_ns = time_of(l, any, any == at_server) - l->r->start_ns;
	if (sent && taken)
		k.delay_ns = time_of(l, taken, taken == at_server) - time_of(l, sent, sent == at_server);
	if (m->kind == PAIRING_ICMP) {
		k.icmp_family = any->icmp_family;
		k.icmp_type = any->icmp_type;
		k.icmp_code = any->icmp_code;
		k.from.family = any->icmp_family;
		memcpy(k.from.b, side_addresses(side, any->seq), 16);
	}
	if (!(k.late && fate == FATE_DIED)) { /* of a connection that was there: nobody's loss */
		counts->sent += sent != NULL;
		counts->fate[fate]++;
	}
	put(l->r, &k);
}

/*
 * Only the first of each side is known, and the server's is a later one of the
 * client's.  What came at once may have overtaken the first, and did as well.
 */
static void take_later_ack(const struct look *l, struct packet_match *m)
{
	int64_t after = time_of(l, m->to[0], true) - m->from[0]->t_ns;

	if (after < AT_ONCE_NS + l->p->clock.uncertainty_ns) {
		m->partner[0] = m->sender[0] = 0;
		return;
	}
	l->r->ack_later = true;
	m->n_to = 0;
}

static void take_kind(const struct look *l, enum pairing_kind kind, struct packet_match *m)
{
	int i;

	pairing_packets(l->p, l->c, l->s, kind, clock_of(l->p), m);
	if (kind == PAIRING_ACK && m->n_from && m->n_to && m->partner[0] < 0)
		take_later_ack(l, m);
	for (i = 0; i < m->n_from; i++) {
		if (m->partner[i] >= 0)
			add(l, m, i, m->from[i], m->to[m->partner[i]], FATE_ARRIVED);
		else
			add(l, m, i, m->from[i], NULL, fate_of_sent(l, m, i));
	}
	for (i = 0; i < m->n_to; i++)
		if (m->sender[i] < 0)
			add(l, m, i, NULL, m->to[i], fate_of_taken(l, m, i));
}

static int count(const struct pairing_side *side, const struct side_attempt *a, enum pairing_kind kind,
		 const struct side_packet **ret_first)
{
	const struct side_packet *list[PAIRING_PACKETS_MAX];
	int n = a ? side_list(side, a, kind, list) : 0;

	*ret_first = n ? list[0] : NULL;
	return n;
}

static bool none_has_sender(const struct packet_match *m)
{
	int i;

	for (i = 0; i < m->n_to; i++)
		if (m->sender[i] >= 0)
			return false;
	return true;
}

static void look_at(struct look *l, struct packet_match *m)
{
	const struct side_packet *first;

	l->server_syns = count(l->p->server, l->server, PAIRING_SYN, &first);
	l->server_syn_acks = count(l->p->server, l->server, PAIRING_SYN_ACK, &first);
	l->client_syn_acks = count(l->p->client, l->client, PAIRING_SYN_ACK, &first);
	l->ack_ns = count(l->p->client, l->client, PAIRING_ACK, &first) ? first->t_ns : INT64_MAX;
	if (!l->client_syn_acks)
		return;
	pairing_packets(l->p, l->c, l->s, PAIRING_SYN_ACK, clock_of(l->p), m);
	l->answered_between = none_has_sender(m);
}

static void head(const struct look *l)
{
	struct pair_report *r = l->r;

	if (l->client)
		side_flow(l->p->client, l->client, &r->client_flow);
	if (l->server)
		side_flow(l->p->server, l->server, &r->server_flow);
	if (!l->client)
		r->client_flow = r->server_flow;
	if (!l->server)
		r->server_flow = r->client_flow;
	r->at_client = l->client != NULL;
	r->at_server = l->server != NULL;
	r->client_isn = (l->client ? l->client : l->server)->isn;
	r->server_isn = (l->server ? l->server : l->client)->isn;
	r->client_number = l->client ? l->client->number : 0;
	r->server_number = l->server ? l->server->number : 0;
	r->client_outcome = l->client ? (enum outcome)l->client->outcome : OUTCOME_NONE;
	r->server_outcome = l->server ? (enum outcome)l->server->outcome : OUTCOME_NONE;
	r->chosen =
		(l->client && l->client->flags & ATTEMPT_CHOSEN) || (l->server && l->server->flags & ATTEMPT_CHOSEN);
	r->how = l->client && l->server ? (enum pairing_how)l->client->how : PAIRED_NOT;
}

/* All that one side has of it was sent while the other capture did not run. */
static bool is_uncovered(const struct pair_report *r)
{
	int i;

	for (i = 0; i < r->n_packets; i++)
		if (r->packets[i].fate != FATE_UNCOVERED)
			return false;
	return true;
}

static enum pair_sort sort_of(const struct look *l)
{
	const struct pairing *p = l->p;
	struct pair_report *r = l->r;
	struct endpoint print;

	if (l->client && l->server)
		return PAIR_BOTH;
	if (pairing_print(l->client ? p->client : p->server, l->client ? l->client : l->server, &print) &&
	    scope_has(&p->again, &print))
		return PAIR_AGAIN;
	if (l->server) {
		if (!scope_has_addr(&p->clients, &r->server_flow.client.addr))
			return PAIR_OTHERS;
		return is_uncovered(r) ? PAIR_UNCOVERED : PAIR_UNSENT;
	}
	if (!scope_has_addr(&p->servers, &r->client_flow.server.addr))
		return PAIR_ELSEWHERE;
	r->by_address = !scope_has(&p->servers, &r->client_flow.server);
	return is_uncovered(r) ? PAIR_UNCOVERED : PAIR_LOST;
}

/* The capture that lacks it lost packets of its own, and not much less often. */
static bool is_hole(uint64_t missed, uint64_t had, uint64_t died, uint64_t sent)
{
	return missed && missed * HOLES_TIMES * sent >= died * (had + missed);
}

static void judge(const struct look *l)
{
	const struct pairing_holes *h = &l->p->holes;
	struct pair_report *r = l->r;
	uint32_t to_server = 0, to_client = 0, between = 0;
	int i;

	for (i = 0; i < PAIRING_KIND_N; i++) {
		if (pairing_kind_from_server((enum pairing_kind)i))
			to_client += r->counts[i].fate[FATE_DIED];
		else
			to_server += r->counts[i].fate[FATE_DIED];
		between += r->counts[i].fate[FATE_BETWEEN];
	}
	r->in_holes = (to_server && is_hole(h->server_missed, h->server_had, l->p->died[0], l->p->sent[0])) ||
		      (to_client && is_hole(h->client_missed, h->client_had, l->p->died[1], l->p->sent[1]));
	if (!to_server && !to_client && !between && r->sort == PAIR_BOTH)
		r->confidence = r->how == PAIRED_EXACT || r->how == PAIRED_ISN ? CONFIDENCE_CERTAIN : CONFIDENCE_LIKELY;
	else if (r->in_holes || (r->by_address && !between) || r->sort == PAIR_UNCOVERED || r->sort == PAIR_UNSENT)
		r->confidence = CONFIDENCE_UNKNOWN;
	else
		r->confidence = CONFIDENCE_LIKELY;
}

/* How long the server's capture went on after the first SYN that arrived. */
static int64_t watched_ns(const struct look *l)
{
	const struct side_packet *syns[PAIRING_PACKETS_MAX];
	int n = l->server ? side_list(l->p->server, l->server, PAIRING_SYN, syns) : 0;

	return n ? l->p->server->span.last_ns - syns[0]->t_ns : 0;
}

void pairing_report(const struct pairing *p, const struct pair *pair, struct pair_report *ret)
{
	struct look l = { .p = p, .r = ret, .c = pair->client, .s = pair->server };
	struct packet_match m;
	int kind;

	memset(ret, 0, offsetof(struct pair_report, packets));
	l.client = l.c ? side_attempt(p->client, l.c) : NULL;
	l.server = l.s ? side_attempt(p->server, l.s) : NULL;
	ret->start_ns = pair->start_ns;
	head(&l);
	look_at(&l, &m);
	for (kind = 0; kind < PAIRING_KIND_N; kind++)
		take_kind(&l, (enum pairing_kind)kind, &m);
	ret->sort = sort_of(&l);
	ret->watched_ns = watched_ns(&l);
	judge(&l);
}
