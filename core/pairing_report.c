/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stddef.h>
#include <string.h>

#include "core/pairing_fate.h"

#define MS ((int64_t)1000000)
#define AT_ONCE_NS (100 * MS)
#define HOLES_TIMES 20 /* a loss so much more frequent than a capture's holes is one */

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
static void add(const struct look *l, struct pair_report *r, const struct packet_match *m, int n,
		const struct side_packet *sent, const struct side_packet *taken, enum pair_fate fate)
{
	const struct side_packet *at_client = m->from_server ? taken : sent, *at_server = m->from_server ? sent : taken;
	const struct side_packet *any = sent ? sent : taken;
	struct pair_counts *counts = &r->counts[m->kind];
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

	k.t_ns = look_time(l, any, any == at_server) - r->start_ns;
	if (sent && taken)
		k.delay_ns = look_time(l, taken, taken == at_server) - look_time(l, sent, sent == at_server);
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
	put(r, &k);
}

/* The quickest SYN's; 0: none is on both sides. */
static int64_t syn_delay_ns(const struct pair_report *r)
{
	int64_t least = INT64_MAX;
	int i;

	for (i = 0; i < r->n_packets; i++)
		if (r->packets[i].kind == PAIRING_SYN && r->packets[i].fate == FATE_ARRIVED &&
		    r->packets[i].delay_ns < least)
			least = r->packets[i].delay_ns;
	return least == INT64_MAX || least < 0 ? 0 : least;
}

/*
 * Only the first of each side is known, and nothing tells that the two are the
 * same: the server's may be a later one of the client's.  What came at once may
 * have overtaken the first, and did as well.
 */
static void take_odd_ack(const struct look *l, struct pair_report *r, struct packet_match *m)
{
	int64_t usual = syn_delay_ns(r), took = look_time(l, m->to[0], true) - m->from[0]->t_ns;
	int64_t most = usual + usual / 2 + AT_ONCE_NS + l->p->clock.uncertainty_ns;

	if (!l->p->marks_hold[0] && most < l->p->most_ns + AT_ONCE_NS)
		most = l->p->most_ns + AT_ONCE_NS;
	if (l->p->clock.uneven ? m->partner[0] >= 0 : took < most) {
		m->partner[0] = m->sender[0] = 0;
		return;
	}
	r->ack_later = true;
	m->partner[0] = -1;
	m->n_to = 0;
}

static void take_kind(struct look *l, struct pair_report *r, enum pairing_kind kind, struct packet_match *m)
{
	int i;

	pairing_packets(l->p, l->c, l->s, kind, look_clock(l), m);
	if (kind == PAIRING_ACK && m->n_from && m->n_to && !m->by_mark)
		take_odd_ack(l, r, m);
	r->by_order |= m->guessed;
	for (i = 0; i < m->n_from; i++) {
		if (m->partner[i] >= 0)
			add(l, r, m, i, m->from[i], m->to[m->partner[i]], FATE_ARRIVED);
		else
			add(l, r, m, i, m->from[i], NULL, fate_of_sent(l, m, i));
	}
	for (i = 0; i < m->n_to; i++)
		if (m->sender[i] < 0)
			add(l, r, m, i, NULL, m->to[i], fate_of_taken(l, m, i));
}

static void take_all(struct look *l, struct pair_report *r, struct packet_match *m)
{
	int kind;

	memset(r->counts, 0, sizeof(r->counts));
	r->n_packets = r->more_packets = 0;
	l->client_taken = l->server_taken = false;
	for (kind = 0; kind < PAIRING_KIND_N; kind++)
		take_kind(l, r, (enum pairing_kind)kind, m);
}

/* What it says of a capture that does not show when it ran is said only where nothing else can be. */
static void take(struct look *l, struct pair_report *r, struct packet_match *m)
{
	take_all(l, r, m);
	if (!(l->client_taken || l->server_taken) || pair_differs(r))
		return;
	l->lenient = true;
	take_all(l, r, m);
	if (pair_differs(r)) {
		r->client_taken = l->client_taken;
		r->server_taken = l->server_taken;
	}
}

static void head(const struct look *l, struct pair_report *r)
{
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

/* Where the other capture should have it. */
static enum pair_sort sort_of_missing(const struct pair_report *r, enum pair_sort otherwise)
{
	if (pair_differs(r))
		return otherwise;
	return pair_fates(r, FATE_UNSEEN) ? PAIR_UNSEEN : PAIR_UNCOVERED;
}

static enum pair_sort sort_of(const struct look *l, struct pair_report *r)
{
	const struct pairing *p = l->p;
	struct endpoint print;

	if (l->client && l->server)
		return PAIR_BOTH;
	if (pairing_print(l->client ? p->client : p->server, l->client ? l->client : l->server, &print) &&
	    scope_has(&p->again, &print))
		return PAIR_AGAIN;
	if (l->server) {
		if (!scope_has_addr(&p->clients, &r->server_flow.client.addr))
			return PAIR_OTHERS;
		return sort_of_missing(r, PAIR_UNSENT);
	}
	if (p->server->attempts.n > 1 && !scope_has_addr(&p->servers, &r->client_flow.server.addr))
		return PAIR_ELSEWHERE;
	r->by_address = !scope_has(&p->servers, &r->client_flow.server);
	return sort_of_missing(r, PAIR_LOST);
}

/* The other capture cannot have it: its packets are compared with nothing. */
static void leave_out(struct pair_report *r)
{
	struct pair_counts *c;
	uint32_t n;
	int i, fate;

	if (r->sort != PAIR_ELSEWHERE && r->sort != PAIR_OTHERS && r->sort != PAIR_AGAIN)
		return;
	for (i = 0; i < r->n_packets; i++)
		r->packets[i].fate = FATE_UNCOVERED;
	for (i = 0; i < PAIRING_KIND_N; i++) {
		c = &r->counts[i];
		for (n = 0, fate = 0; fate < FATE_N; fate++)
			n += c->fate[fate];
		memset(c->fate, 0, sizeof(c->fate));
		c->fate[FATE_UNCOVERED] = n;
	}
	r->client_taken = r->server_taken = false;
}

/* The capture that lacks it lost packets of its own, and not much less often. */
static bool is_hole(uint64_t missed, uint64_t had, uint64_t died, uint64_t sent)
{
	return missed && missed * HOLES_TIMES * sent >= died * (had + missed);
}

static uint32_t died(const struct pair_report *r, bool from_server)
{
	uint32_t n = 0;
	int i;

	for (i = 0; i < PAIRING_KIND_N; i++)
		if (pairing_kind_from_server((enum pairing_kind)i) == from_server)
			n += r->counts[i].fate[FATE_DIED];
	return n;
}

/* The server's side has nothing of it, and how its own answers look is not known. */
static bool may_be_answered_by_server(const struct look *l, const struct pair_report *r)
{
	return !l->server && r->counts[PAIRING_SYN_ACK].fate[FATE_BETWEEN] &&
	       !scope_has_addr(&l->p->answers, &r->client_flow.server.addr);
}

static enum confidence confidence_of(const struct pair_report *r)
{
	if (r->sort == PAIR_BOTH && !pair_differs(r))
		return !r->by_order && (r->how == PAIRED_EXACT || r->how == PAIRED_ISN) ? CONFIDENCE_CERTAIN
											: CONFIDENCE_LIKELY;
	if (r->sort != PAIR_BOTH && r->sort != PAIR_LOST)
		return CONFIDENCE_UNKNOWN;
	if (r->client_holes || r->server_holes || r->ack_unsure || r->client_taken || r->server_taken || r->by_order ||
	    r->answer_unsure || (r->by_address && !pair_fates(r, FATE_BETWEEN)))
		return CONFIDENCE_UNKNOWN;
	return CONFIDENCE_LIKELY;
}

static void judge(const struct look *l, struct pair_report *r)
{
	const struct pairing_holes *h = &l->p->holes;

	r->server_holes = died(r, false) && is_hole(h->server_missed, h->server_had, l->p->died[0], l->p->sent[0]);
	r->client_holes = died(r, true) && is_hole(h->client_missed, h->client_had, l->p->died[1], l->p->sent[1]);
	r->answer_unsure = may_be_answered_by_server(l, r);
	r->ack_unsure = r->counts[PAIRING_ACK].fate[FATE_DIED] && r->counts[PAIRING_SYN_ACK].sent && !r->ack_later &&
			!pair_answers_again(r);
	r->confidence = confidence_of(r);
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
	struct look l = { .p = p, .c = pair->client, .s = pair->server };
	struct packet_match m;

	memset(ret, 0, offsetof(struct pair_report, packets));
	ret->start_ns = pair->start_ns;
	ret->one_way = !p->clock.forward || !p->clock.backward;
	look_at(&l, &m);
	head(&l, ret);
	take(&l, ret, &m);
	ret->sort = sort_of(&l, ret);
	leave_out(ret);
	ret->watched_ns = watched_ns(&l);
	judge(&l, ret);
}
