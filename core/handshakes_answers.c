/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What answers a SYN, and what its sender makes of that. */
#include "core/handshakes_rules.h"

/* The client's first segments after a SYN-ACK; those of another connection of the same flow are further away. */
#define NEAR_ISN (1u << 24)
#define NEAR_ISN_UNANSWERED (1u << 16)

#define REPLIES_KEPT 250 /* more than struct attempt does; n_replies counts on */

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

	if (r->has_echo && e->n_replies < REPLIES_KEPT)
		add(h, e, s, NOTE_ECHO, r->echo);
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
	if (r.ignored == IGNORED_NOT && refused_echo(h, e, s)) {
		r.has_echo = true;
		r.echo = s->tsecr;
	}
	take_syn_ack(h, e, s, &r, again ? &last : NULL);
}

/*
 * A client that answers a good SYN-ACK with an RST, having never acknowledged
 * it, had left before it came: the kernel found no socket for it.  One that is
 * not good for it is refused with an RST, too, and the client waits on.
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
		if (refused_any(h, e)) {
			e->flags &= (uint16_t)~ENTRY_SYN_ACK;
			notes_change_syn_acks(h, e, IGNORED_NOT, IGNORED_NOT_TAKEN);
			return;
		}
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

void answers_feed(struct handshakes *h, struct sighting *s)
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
