/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/handshakes_rules.h"

/* Since SYN 0; of more SYNs than are kept it is not looked for. */
static int64_t last_syn_ns(const struct handshakes *h, const struct entry *e)
{
	struct notes_iter it;
	int64_t last = 0;
	struct note n;

	if (e->n_syns == 1 || e->n_syns == UINT8_MAX)
		return 0;
	notes_first(&it, h, e);
	while (notes_next(&it, &n))
		if (n.kind == NOTE_SYN)
			last = n.t_ns;
	return last;
}

/* Not one that comes late: from another interface, or of another file, whose clock differs. */
static bool is_later(const struct entry *e, const struct sighting *s)
{
	uint32_t last = sighting_tsval(e->ip_id, e->mark), tsval = sighting_tsval(s->ip_id, s->mark);

	return s->mark != e->mark && (!e->has_ts || (int32_t)(tsval - last) > 0);
}

/* More of one attempt than anybody can use is counted, not kept. */
static void add_syn(struct handshakes *h, struct entry *e, const struct sighting *s)
{
	h->counts.syns += !(e->flags & ENTRY_UNASKED);
	if (e->has_ts && e->n_syns == 1)
		add(h, e, s, NOTE_FIRST_TSVAL, sighting_tsval(e->ip_id, e->mark));
	e->has_ts &= s->has_ts;
	if (e->flags & ENTRY_GONE && is_later(e, s))
		refused_late(h, e);
	e->ip_id = s->ip_id;
	e->mark = s->mark;
	e->flags &= (uint16_t)~ENTRY_ICMP;
	if (e->flags & ENTRY_REFUSED) { /* as Windows does it: again after an RST */
		e->flags &= (uint16_t)~ENTRY_REFUSED;
		entries_await(h, e);
	}
	if (e->n_syns < UINT8_MAX) {
		e->n_syns++;
		add(h, e, s, NOTE_SYN, 0);
	} else if (e->notes) {
		((struct chunk *)pool_at(&h->chunks, e->notes))->syns_more++;
	}
}

/* The other end sent a SYN too, and neither had an answer by then: RFC 9293 section 3.5, figure 7. */
static void cross(struct entry *a, struct entry *b)
{
	if ((a->flags | b->flags) & (ENTRY_SETTLED | ENTRY_SYN_ACK))
		return;
	a->flags |= ENTRY_CROSSED;
	b->flags |= ENTRY_CROSSED;
}

/* What is rare in a new attempt. */
static __attribute__((noinline)) void start_odd(struct handshakes *h, struct entry *e, const struct sighting *s,
						uint32_t replaced, uint32_t crossing)
{
	struct entry *other;

	if (s->bad_checksum)
		e->flags |= ENTRY_BAD_CHECKSUM;
	if (s->len) {
		e->flags |= ENTRY_DATA;
		add(h, e, s, NOTE_SYN_LEN, s->len);
	}
	if (replaced) {
		other = entry_at(h, replaced);
		add(h, other, s, NOTE_REPLACED, 0);
		other->flags |= ENTRY_REPLACED;
		entries_await_no_more(h, other);
	}
	if (crossing)
		cross(e, entry_at(h, crossing));
}

static inline void start(struct handshakes *h, struct sighting *s, const struct probe *p, uint32_t replaced,
			 uint32_t crossing)
{
	struct entry *e = entries_start(h, s, p);

	if (!e) {
		h->counts.attempts_lost++;
		return;
	}
	belongs(s, e);
	h->counts.syns += !s->unasked;
	if (s->bad_checksum || s->len || replaced || crossing)
		start_odd(h, e, s, replaced, crossing);
	entries_await(h, e);
	queues_put_young(h, e);
}

/*
 * Of one flow so many attempts can be found, the youngest: a flood between two
 * ports would have the time that each packet takes grow with it.
 */
#define FLOW_MAX 64

static __attribute__((noinline)) void hide(struct handshakes *h, struct entry *e, struct probe *p)
{
	uint32_t hash = e->hash;

	entries_hide(h, e);
	*p = entries_probe(h, hash);
	while (probe_next(h, p))
		;
}

/* e: the first of those that it may belong to. */
static __attribute__((noinline)) void feed_syn_among(struct handshakes *h, struct sighting *s, struct probe p,
						     struct entry *e)
{
	uint32_t replaced = 0, crossing = 0, n = 0;
	struct entry *oldest = NULL;

	for (; e; e = probe_next(h, &p)) {
		if (entry_is_from(h, e, s)) {
			if (e->isn == s->seq)
				break;
			n++;
			oldest = oldest && entry_order(oldest) < entry_order(e) ? oldest : e;
			if (e->path == s->path && (!replaced || entry_order(e) > entry_order(entry_at(h, replaced))) &&
			    entry_deadline_ns(h, e) > s->t_ns)
				replaced = entry_index(h, e);
		} else if (entry_is_to(h, e, s) && (!crossing || entry_order(e) > entry_order(entry_at(h, crossing)))) {
			crossing = entry_index(h, e);
		}
	}
	if (!e && s->joins_only)
		return;
	if (!e) {
		if (n >= FLOW_MAX)
			hide(h, oldest, &p);
		start(h, s, &p, replaced, crossing);
		return;
	}
	belongs(s, e);
	if (s->mark == e->mark && is_within(since_start(e, s) - last_syn_ns(h, e), DUPLICATE_NS))
		duplicate(h, s);
	else
		add_syn(h, e, s);
}

static inline void feed_syn(struct handshakes *h, struct sighting *s)
{
	struct probe p = entries_probe(h, s->flow_hash);
	struct entry *e = probe_next(h, &p);

	if (e)
		feed_syn_among(h, s, p, e);
	else if (!s->joins_only)
		start(h, s, &p, 0, 0);
}

void rules_feed(struct handshakes *h, struct sighting *s)
{
	if (!h->roomy)
		entries_make_room(h);
	if (s->kind != SIGHTING_ICMP && (s->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN)
		feed_syn(h, s);
	else
		answers_feed(h, s);
}
