/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/pairing_inside.h"

#define MS ((int64_t)1000000)
#define EARLY_NS (5 * MS)	 /* before it was sent, by what time stamps are worth */
#define DELAY_ODD_NS (500 * MS)	 /* where marks are rewritten on the way of few; the first SYN comes again after 1 s */
#define DELAY_MAX_NS (5000 * MS) /* no packet is on its way for longer, if nothing but time tells */

bool pairing_kind_from_server(enum pairing_kind kind)
{
	return kind == PAIRING_SYN_ACK || kind == PAIRING_RST || kind == PAIRING_ICMP;
}

static int64_t delay_ns(const struct packet_match *m, const struct pairing_clock *clock, int i, int k)
{
	int64_t sent = m->from[i]->t_ns, came = m->to[k]->t_ns;

	return came - sent + (m->from_server ? pairing_clock_offset(clock, came) : -pairing_clock_offset(clock, sent));
}

static bool may_be_one(const struct packet_match *m, int i, int k)
{
	return m->kind != PAIRING_ICMP ||
	       (m->from[i]->icmp_type == m->to[k]->icmp_type && m->from[i]->icmp_code == m->to[k]->icmp_code);
}

static void join(struct packet_match *m, int i, int k)
{
	m->partner[i] = (int16_t)k;
	m->sender[k] = (int16_t)i;
}

/* Of those that left before it the last. */
static bool is_better(int64_t delay, int64_t than, int64_t early_ns)
{
	bool possible = delay >= -early_ns, was = than >= -early_ns;

	return possible != was ? possible : possible ? delay < than : delay > than;
}

/* The same mark; where several have it, as some systems do not count their packets, by time. */
static void by_mark(struct packet_match *m, const struct pairing_clock *clock, int64_t early_ns)
{
	int64_t delay, best_ns = 0;
	int i, k, best;

	for (k = 0; k < m->n_to; k++) {
		best = -1;
		for (i = 0; i < m->n_from; i++) {
			if (m->partner[i] >= 0 || !m->to[k]->mark || m->from[i]->mark != m->to[k]->mark ||
			    !may_be_one(m, i, k))
				continue;
			delay = clock ? delay_ns(m, clock, i, k) : 0;
			if (best < 0 || (clock && is_better(delay, best_ns, early_ns))) {
				best = i;
				best_ns = delay;
			}
		}
		if (best < 0)
			continue;
		join(m, best, k);
		m->by_mark = true;
	}
}

/* With by_time() they may be one.  A proxy that answers for the server has an ISN of its own. */
static bool may_be_one_by_time(const struct packet_match *m, int i, int k, bool marks_hold)
{
	if (marks_hold && m->from[i]->mark != m->to[k]->mark)
		return false;
	if (m->kind == PAIRING_SYN_ACK && m->same_isn && m->from[i]->seq != m->to[k]->seq)
		return false;
	return may_be_one(m, i, k);
}

static void by_time(struct packet_match *m, const struct pairing_clock *clock, int64_t most_ns, bool marks_hold)
{
	int64_t delay, best_ns = 0, early_ns = EARLY_NS + clock->uncertainty_ns;
	int i, k, best;

	for (k = 0; k < m->n_to; k++) {
		best = -1;
		for (i = 0; m->sender[k] < 0 && i < m->n_from; i++) {
			if (m->partner[i] >= 0 || !may_be_one_by_time(m, i, k, marks_hold))
				continue;
			delay = delay_ns(m, clock, i, k);
			if (delay < -early_ns || delay > most_ns)
				continue;
			if (best < 0 || is_better(delay, best_ns, early_ns)) {
				best = i;
				best_ns = delay;
			}
		}
		if (best >= 0)
			join(m, best, k);
	}
}

/* As many on both sides, and nothing else to go by. */
static void by_order(struct packet_match *m, bool marks_hold)
{
	int i;

	if (m->by_mark || m->n_from != m->n_to)
		return;
	for (i = 0; i < m->n_from; i++)
		if (m->partner[i] < 0 && m->sender[i] < 0 && may_be_one_by_time(m, i, i, marks_hold))
			join(m, i, i);
}

/* Some died, or are not of that side, and neither marks nor clocks tell which: the last are taken for each other. */
static void by_guess(struct packet_match *m, bool marks_hold)
{
	int i = m->n_from, k = m->n_to;

	if (m->by_mark || m->n_from == m->n_to)
		return;
	while (--i >= 0 && --k >= 0) {
		if (!may_be_one_by_time(m, i, k, marks_hold))
			continue;
		join(m, i, k);
		m->guessed = true;
	}
}

/* Of one kind, on both sides. */
struct both {
	const struct side_packet *at_client[PAIRING_PACKETS_MAX], *at_server[PAIRING_PACKETS_MAX];
	int n_client, n_server;
};

static void take_both(const struct pairing *p, uint32_t c, uint32_t s, enum pairing_kind kind, struct both *ret)
{
	ret->n_client = side_list(p->client, side_attempt(p->client, c), kind, ret->at_client);
	ret->n_server = side_list(p->server, side_attempt(p->server, s), kind, ret->at_server);
}

/* They have marks, and none that is on both sides. */
static bool marks_differ(const struct both *b)
{
	bool differ = false;
	int i, k;

	for (i = 0; i < b->n_client; i++)
		for (k = 0; k < b->n_server; k++) {
			if (b->at_client[i]->mark && b->at_client[i]->mark == b->at_server[k]->mark)
				return false;
			differ |= b->at_client[i]->mark && b->at_server[k]->mark;
		}
	return differ;
}

static bool seqs_differ(const struct both *b)
{
	int i, k;

	for (i = 0; i < b->n_client; i++)
		for (k = 0; k < b->n_server; k++)
			if (b->at_client[i]->seq == b->at_server[k]->seq)
				return false;
	return b->n_client > 0;
}

/*
 * Something on this attempt's way rewrites marks, though not on that of most.
 * Where it answered itself, the packets are others.
 */
static bool rewrites_marks(const struct pairing *p, uint32_t c, uint32_t s, bool from_server, bool same_isn)
{
	struct both b;

	take_both(p, c, s, PAIRING_SYN_ACK, &b);
	if (same_isn && seqs_differ(&b))
		return false;
	if (from_server && b.n_client && b.n_server)
		return marks_differ(&b);
	take_both(p, c, s, PAIRING_SYN, &b);
	return marks_differ(&b);
}

/* What marks did not tell. */
static void by_rest(const struct pairing *p, uint32_t c, uint32_t s, const struct pairing_clock *clock,
		    struct packet_match *m)
{
	bool marks_hold = p->marks_hold[m->from_server];
	int64_t most_ns = DELAY_MAX_NS;

	if (clock && marks_hold && !m->by_mark && m->n_from && m->n_to &&
	    rewrites_marks(p, c, s, m->from_server, m->same_isn)) {
		marks_hold = false;
		most_ns = DELAY_ODD_NS + clock->uncertainty_ns;
	}
	if (clock && !clock->uneven) {
		by_time(m, clock, most_ns, marks_hold);
		return;
	}
	by_order(m, marks_hold);
	if (clock)
		by_guess(m, marks_hold);
}

void pairing_packets(const struct pairing *p, uint32_t c, uint32_t s, enum pairing_kind kind,
		     const struct pairing_clock *clock, struct packet_match *ret)
{
	int64_t early_ns = EARLY_NS + (clock ? clock->uncertainty_ns : 0);
	const struct side_packet **of_client, **of_server;
	int *n_client, *n_server, i;

	ret->kind = kind;
	ret->from_server = pairing_kind_from_server(kind);
	ret->by_mark = ret->guessed = false;
	ret->same_isn = c && s && side_attempt(p->client, c)->isn == side_attempt(p->server, s)->isn;
	of_client = ret->from_server ? ret->to : ret->from;
	of_server = ret->from_server ? ret->from : ret->to;
	n_client = ret->from_server ? &ret->n_to : &ret->n_from;
	n_server = ret->from_server ? &ret->n_from : &ret->n_to;
	*n_client = c ? side_list(p->client, side_attempt(p->client, c), kind, of_client) : 0;
	*n_server = s ? side_list(p->server, side_attempt(p->server, s), kind, of_server) : 0;
	for (i = 0; i < ret->n_from; i++)
		ret->partner[i] = -1;
	for (i = 0; i < ret->n_to; i++)
		ret->sender[i] = -1;
	by_mark(ret, clock, early_ns);
	by_rest(p, c, s, clock, ret);
}
