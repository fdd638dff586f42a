/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "core/handshakes_table.h"

#define MS ((int64_t)1000000)

/*
 * The same packet a second time comes this soon.  A retransmission can come
 * sooner, where an answer that was ignored made the kernel hurry (tcp_ack()),
 * but it has another IP ID or flow label.
 */
#define DUPLICATE_NS (10 * MS)

/* The client's first segments after a SYN-ACK; those of another connection of the same flow are further away. */
#define NEAR_ISN (1u << 24)
#define NEAR_ISN_UNANSWERED (1u << 16)

#define REPLIES_KEPT 250 /* more than struct attempt does; n_replies counts on */

static int64_t since_start(const struct entry *e, const struct sighting *s)
{
	return s->t_ns - e->start_ns;
}

static bool is_within(int64_t distance_ns, int64_t limit_ns)
{
	return distance_ns < limit_ns && distance_ns > -limit_ns;
}

static bool fits(uint32_t isn, uint32_t syn_len, uint32_t ack)
{
	return ack - (isn + 1) <= syn_len;
}

static uint32_t syn_len(const struct handshakes *h, const struct entry *e)
{
	struct notes_iter it;
	struct note n;

	if (!(e->flags & ENTRY_DATA))
		return 0;
	notes_first(&it, h, e);
	while (notes_next(&it, &n))
		if (n.kind == NOTE_SYN_LEN)
			return n.value;
	return 0;
}

/* RFC 9293 section 3.10.7.3 (SYN-SENT): it acknowledges the SYN, and at most its data. */
static bool acks_syn(const struct handshakes *h, const struct entry *e, uint32_t ack)
{
	return fits(e->isn, e->flags & ENTRY_DATA ? syn_len(h, e) : 0, ack);
}

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

static inline void belongs(struct sighting *s, const struct entry *e)
{
	s->unasked = (e->flags & ENTRY_UNASKED) != 0;
	s->attempt = s->unasked ? 0 : e->number;
}

static void duplicate(struct handshakes *h, struct sighting *s)
{
	s->duplicate = true;
	h->counts.duplicates++;
}

static void add(struct handshakes *h, struct entry *e, const struct sighting *s, enum note_kind kind, uint32_t value)
{
	struct note n = { .kind = kind, .t_ns = since_start(e, s), .mark = (uint8_t)s->mark, .value = value };

	notes_add(h, e, &n);
}

/* More of one attempt than anybody can use is counted, not kept. */
static void add_syn(struct handshakes *h, struct entry *e, const struct sighting *s)
{
	h->counts.syns += !(e->flags & ENTRY_UNASKED);
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

static struct entry *younger(struct entry *a, struct entry *b)
{
	return a && entry_order(a) > entry_order(b) ? a : b;
}

/* Which attempt of a flow an answer is meant for: the youngest that it fits, else the youngest that still waits. */
static struct entry *answered(struct handshakes *h, const struct sighting *s, bool *ret_fits)
{
	struct probe p = entries_probe(h, s->flow_hash);
	struct entry *e, *fitting = NULL, *waits = NULL, *any = NULL;

	while ((e = probe_next(h, &p))) {
		if (!entry_is_to(h, e, s))
			continue;
		if (s->flags & TCP_ACK && acks_syn(h, e, s->ack))
			fitting = younger(fitting, e);
		if (!(e->flags & ENTRY_SETTLED))
			waits = younger(waits, e);
		any = younger(any, e);
	}
	*ret_fits = fitting;
	return fitting ? fitting : waits ? waits : any;
}

/* The youngest attempt of the sender's. */
static struct entry *client_of(struct handshakes *h, const struct sighting *s)
{
	struct probe p = entries_probe(h, s->flow_hash);
	struct entry *e, *youngest = NULL;

	while ((e = probe_next(h, &p)))
		if (entry_is_from(h, e, s))
			youngest = younger(youngest, e);
	return youngest;
}

static struct reply reply_of(const struct sighting *s, enum reply_kind kind)
{
	return (struct reply){
		.t_ns = s->t_ns, .packet = s->packet, .kind = kind, .ttl = s->ttl, .seq = s->seq, .ack = s->ack
	};
}

static void add_reply(struct handshakes *h, struct entry *e, const struct sighting *s, const struct reply *r)
{
	struct note n = { .kind = r->kind == REPLY_SYN_ACK ? NOTE_SYN_ACK : NOTE_REPLY,
			  .ignored = r->ignored,
			  .mark = (uint8_t)s->mark,
			  .t_ns = since_start(e, s),
			  .reply = *r };

	if (e->n_replies < UINT8_MAX)
		e->n_replies++;
	if (e->n_replies <= REPLIES_KEPT)
		notes_add(h, e, &n);
}

/* The last reply of that kind, if the attempt has any, and not more than are kept: millions would cost too much. */
static bool last_reply(const struct handshakes *h, const struct entry *e, enum reply_kind kind, struct note *ret)
{
	struct notes_iter it;
	bool found = false;
	struct note n;

	if (!e->n_replies || e->n_replies >= REPLIES_KEPT)
		return false;
	notes_first(&it, h, e);
	while (notes_next(&it, &n)) {
		if (n.reply.kind != kind)
			continue;
		*ret = n;
		found = true;
	}
	return found;
}

/* It is the same as the last of its kind (*ret_again), and maybe the very same packet. */
static bool is_duplicate_reply(const struct handshakes *h, const struct entry *e, const struct sighting *s,
			       const struct reply *r, struct note *ret_last, bool *ret_again)
{
	*ret_again =
		last_reply(h, e, r->kind, ret_last) && ret_last->reply.seq == r->seq && ret_last->reply.ack == r->ack;
	return *ret_again && ret_last->mark == (uint8_t)s->mark &&
	       is_within(since_start(e, s) - ret_last->t_ns, DUPLICATE_NS);
}

static void complete(struct handshakes *h, struct entry *e, const struct sighting *s)
{
	/* what it acknowledged was right, whatever the capture made of its checksum */
	if (!(e->flags & ENTRY_SYN_ACK))
		notes_change_syn_acks(h, e, IGNORED_CHECKSUM, IGNORED_NOT);
	e->flags |= ENTRY_ACKED;
	entries_await_no_more(h, e);
	add(h, e, s, NOTE_ACK, 0);
}

/* like: the last SYN-ACK, which this one is like, or NULL. */
static void take_syn_ack(struct handshakes *h, struct entry *e, const struct sighting *s, const struct reply *r,
			 const struct note *like)
{
	struct note again = {
		.kind = NOTE_SYN_ACK_AGAIN, .ignored = r->ignored, .mark = (uint8_t)s->mark, .t_ns = since_start(e, s)
	};

	if (like && like->ignored == r->ignored && like->reply.ttl == r->ttl && e->n_replies < REPLIES_KEPT) {
		e->n_replies++;
		notes_add(h, e, &again);
	} else {
		add_reply(h, e, s, r);
	}
	if (r->ignored != IGNORED_NOT)
		return;
	e->flags |= ENTRY_SYN_ACK;
	if (e->flags & ENTRY_CROSSED && !(e->flags & ENTRY_SETTLED))
		complete(h, e, s);
}

static enum ignored why_ignored(const struct entry *e, const struct sighting *s, bool fit)
{
	if (!(s->flags & TCP_ACK))
		return IGNORED_NO_ACK;
	if (!fit)
		return IGNORED_WRONG_ACK;
	/* where the SYN's is wrong too it is the capture's doing: an offloading network card, or made anonymous */
	if (s->bad_checksum && !(e->flags & ENTRY_BAD_CHECKSUM))
		return IGNORED_CHECKSUM;
	return e->flags & ENTRY_GONE ? IGNORED_LATE : IGNORED_NOT;
}

static void feed_syn_ack(struct handshakes *h, struct sighting *s)
{
	struct reply r = reply_of(s, REPLY_SYN_ACK);
	struct entry *e, *own;
	struct note last;
	bool fit, again;

	e = answered(h, s, &fit);
	/* In a simultaneous open it is the sender's acknowledgement as well. */
	own = client_of(h, s);
	if (own && own->flags & ENTRY_CROSSED && !e)
		belongs(s, own);
	if (!e) {
		h->counts.unmatched += !own;
		return;
	}
	belongs(s, e);
	if (!fit && e->flags & ENTRY_SETTLED)
		return; /* of a connection that this capture did not see begin */
	if (is_duplicate_reply(h, e, s, &r, &last, &again)) {
		duplicate(h, s);
		return;
	}
	r.ignored = why_ignored(e, s, fit);
	take_syn_ack(h, e, s, &r, again ? &last : NULL);
}

/*
 * A client that answers a good SYN-ACK with an RST, having never acknowledged
 * it, had left before it came: the kernel found no socket for it.
 */
static void feed_client_reset(struct handshakes *h, struct entry *e, struct sighting *s)
{
	belongs(s, e);
	if (e->flags & ENTRY_SETTLED)
		return;
	if (!(e->flags & ENTRY_CLIENT_RST))
		add(h, e, s, NOTE_CLIENT_RST, 0);
	e->flags |= ENTRY_CLIENT_RST;
	if (e->flags & ENTRY_SYN_ACK && fits(e->isn, syn_len(h, e), s->seq)) {
		e->flags |= ENTRY_GONE;
		entries_await_no_more(h, e);
		notes_change_syn_acks(h, e, IGNORED_NOT, IGNORED_LATE);
	}
}

/* Any reply so far that answers the SYN, in time or not. */
static bool has_answer(const struct handshakes *h, const struct entry *e)
{
	struct notes_iter it;
	struct note n;

	notes_first(&it, h, e);
	while (notes_next(&it, &n))
		if (n.reply.kind != REPLY_NONE && digest_is_answer(n.ignored))
			return true;
	return false;
}

static void feed_server_reset(struct handshakes *h, struct entry *e, struct sighting *s, bool fit)
{
	struct reply r = reply_of(s, REPLY_RST);
	struct note last;
	bool again;

	belongs(s, e);
	if (e->flags & (ENTRY_ACKED | ENTRY_REPLACED)) {
		if (e->flags & ENTRY_ACKED && !(e->flags & ENTRY_RESET) && !s->bad_checksum)
			add(h, e, s, NOTE_RESET, s->ttl);
		if (fit && !(e->flags & (ENTRY_ANSWERED_BY_RST | ENTRY_SYN_ACK | ENTRY_REFUSED)) && !has_answer(h, e)) {
			e->flags |= ENTRY_ANSWERED_BY_RST;
			if (e->flags & ENTRY_REPLACED) {
				r.ignored = IGNORED_LATE;
				add_reply(h, e, s, &r);
			}
		}
		e->flags |= ENTRY_RESET;
		return;
	}
	if (is_duplicate_reply(h, e, s, &r, &last, &again)) {
		duplicate(h, s);
		return;
	}
	r.ignored = why_ignored(e, s, fit);
	add_reply(h, e, s, &r);
	if (r.ignored == IGNORED_NOT) {
		e->flags |= ENTRY_REFUSED;
		entries_await_no_more(h, e);
	}
}

static void feed_reset(struct handshakes *h, struct sighting *s)
{
	struct entry *own = client_of(h, s), *e;
	bool fit;

	e = answered(h, s, &fit);
	if (e && (fit || !own))
		feed_server_reset(h, e, s, fit);
	else if (own)
		feed_client_reset(h, own, s);
	else
		h->counts.unmatched++;
}

/* A segment without SYN and RST: the client's acknowledgement, when it is near what the SYN began. */
static void feed_other(struct handshakes *h, struct sighting *s)
{
	struct probe p = entries_probe(h, s->flow_hash);
	struct entry *e, *found = NULL;

	if (!(s->flags & TCP_ACK))
		return;
	while ((e = probe_next(h, &p)))
		if (!(e->flags & ENTRY_SETTLED) && entry_is_from(h, e, s) &&
		    s->seq - (e->isn + 1) <= (e->flags & ENTRY_SYN_ACK ? NEAR_ISN : NEAR_ISN_UNANSWERED))
			found = younger(found, e);
	if (!found)
		return;
	belongs(s, found);
	complete(h, found, s);
}

/* net/ipv4/tcp_ipv4.c tcp_v4_err() and tcp_ipv6.c tcp_v6_err(): what does not end a connection in SYN_SENT. */
static bool icmp_is_ignored(const struct sighting *s)
{
	if (s->family == 6)
		return s->icmp_type == 2;
	return (s->icmp_type == 3 && s->icmp_code == 4) || s->icmp_type == 4 || s->icmp_type == 5 ||
	       (s->icmp_type == 11 && s->icmp_code == 1);
}

static void feed_icmp(struct handshakes *h, struct sighting *s)
{
	struct reply r = { .t_ns = s->t_ns,
			   .packet = s->packet,
			   .kind = REPLY_ICMP,
			   .icmp_family = s->family,
			   .icmp_type = s->icmp_type,
			   .icmp_code = s->icmp_code,
			   .from = s->from };
	struct probe p = entries_probe(h, s->flow_hash);
	struct entry *e, *youngest = NULL;
	struct note last;
	bool again;

	while ((e = probe_next(h, &p))) {
		if (!entry_is_from(h, e, s))
			continue;
		if (s->has_seq && e->isn == s->seq)
			break;
		if (!(e->flags & ENTRY_SETTLED))
			youngest = younger(youngest, e);
	}
	if (!e && !youngest) {
		h->counts.unmatched++;
		return;
	}
	if (!e) {
		e = youngest;
		r.ignored = IGNORED_OTHER_ISN;
	} else if (icmp_is_ignored(s)) {
		r.ignored = IGNORED_BY_TYPE;
	} else if (e->flags & ENTRY_SETTLED) {
		r.ignored = IGNORED_LATE;
	}
	belongs(s, e);
	if (is_duplicate_reply(h, e, s, &r, &last, &again) && last.reply.icmp_type == r.icmp_type &&
	    last.reply.icmp_code == r.icmp_code && addr_equal(&last.reply.from, &r.from))
		duplicate(h, s);
	else
		add_reply(h, e, s, &r);
	if (r.ignored == IGNORED_NOT)
		e->flags |= ENTRY_ICMP;
}

static __attribute__((noinline)) void feed_rest(struct handshakes *h, struct sighting *s)
{
	if (s->kind == SIGHTING_ICMP)
		feed_icmp(h, s);
	else if ((s->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == (TCP_SYN | TCP_ACK))
		feed_syn_ack(h, s);
	else if (s->flags & TCP_SYN)
		h->counts.odd++;
	else if (s->flags & TCP_RST)
		feed_reset(h, s);
	else
		feed_other(h, s);
}

void rules_feed(struct handshakes *h, struct sighting *s)
{
	if (!h->roomy)
		entries_make_room(h);
	if (s->kind != SIGHTING_ICMP && (s->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN)
		feed_syn(h, s);
	else
		feed_rest(h, s);
}
