/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "handshakes_model.h"

#include <stdlib.h>
#include <string.h>

#include "core/echo.h"

#define MS INT64_C(1000000)
#define SECOND (1000 * MS)
#define DUPLICATE (10 * MS) /* the same packet twice comes sooner than this */

bool model_is_settled(const struct model_attempt *a)
{
	return a->acked || a->refused || a->gone || a->replaced;
}

static bool same_end(const struct sighting *a, bool a_src, const struct sighting *b, bool b_src)
{
	return (a_src ? a->sport : a->dport) == (b_src ? b->sport : b->dport) &&
	       !memcmp(a_src ? a->src : a->dst, b_src ? b->src : b->dst, 16);
}

/* The packet comes from the attempt's client, or from its server. */
static bool is_from(const struct model_attempt *a, const struct sighting *s)
{
	return a->syn.family == s->family && same_end(&a->syn, true, s, true) && same_end(&a->syn, false, s, false);
}

static bool is_to(const struct model_attempt *a, const struct sighting *s)
{
	return a->syn.family == s->family && same_end(&a->syn, true, s, false) && same_end(&a->syn, false, s, true);
}

/* Sequence numbers: `n` is one of the len + 1 that follow `isn`. */
static bool follows(uint32_t n, uint32_t isn, uint32_t len)
{
	return n - isn - 1 <= len;
}

static bool within(int64_t a_ns, int64_t b_ns, int64_t limit)
{
	return llabs(a_ns - b_ns) < limit;
}

/* When a timer that fired at these times would have fired again, at the latest. */
static int64_t overdue_ns(int64_t last_gap)
{
	if (!last_gap)
		return 1250 * MS;
	if (last_gap < SECOND)
		last_gap = SECOND;
	if (last_gap > 3600 * SECOND)
		last_gap = 3600 * SECOND;
	return 2 * last_gap + last_gap / 128 + 250 * MS;
}

struct timer {
	int64_t last, gap;
	bool any;
};

static void fired(struct timer *t, int64_t at)
{
	if (t->any && at - t->last > 100 * MS)
		t->gap = at - t->last;
	if (!t->any || at > t->last)
		t->last = at;
	t->any = true;
}

static int64_t deadline_ns(const struct model_attempt *a)
{
	struct timer syns = { 0 }, syn_acks = { 0 };
	int64_t end, other;
	int i;

	if (model_is_settled(a))
		return a->syn.t_ns;
	for (i = 0; i < a->n_syns; i++)
		fired(&syns, a->syn_ns[i]);
	for (i = 0; i < a->n_replies; i++)
		if (a->replies[i].reply.kind == REPLY_SYN_ACK && a->replies[i].reply.ignored == IGNORED_NOT)
			fired(&syn_acks, a->replies[i].reply.t_ns);
	end = syns.last + overdue_ns(syns.gap);
	other = syn_acks.last + overdue_ns(syn_acks.gap);
	return syn_acks.any && other > end ? other : end;
}

static void note_end(struct model_attempt *a, int64_t t_ns)
{
	if (!a->ended)
		a->ended_ns = t_ns;
	a->ended = true;
}

static void change_syn_acks(struct model_attempt *a, enum ignored from, enum ignored to)
{
	int i;

	for (i = 0; i < a->n_replies; i++)
		if (a->replies[i].reply.kind == REPLY_SYN_ACK && a->replies[i].reply.ignored == from)
			a->replies[i].reply.ignored = to;
}

static void add_syn(struct model *m, struct model_attempt *a, const struct sighting *s)
{
	a->syn_ns = realloc(a->syn_ns, (size_t)(a->n_syns + 1) * sizeof(*a->syn_ns));
	if (!a->n_syns)
		a->first_tsval = sighting_tsval(s->ip_id, s->mark);
	if (a->gone && s->mark != a->mark && /* it had not gone */
	    (!(a->has_ts && s->has_ts) || (int32_t)(sighting_tsval(s->ip_id, s->mark) - a->tsval) > 0)) {
		a->gone = a->syn_ack = false;
		change_syn_acks(a, IGNORED_LATE, IGNORED_NOT_TAKEN);
	}
	a->has_ts = s->has_ts && (a->has_ts || !a->n_syns);
	a->tsval = sighting_tsval(s->ip_id, s->mark);
	a->syn_ns[a->n_syns++] = s->t_ns;
	a->mark = s->mark;
	m->counts.syns += a->number != 0;
	a->refused = false; /* it tries again */
	if (a->ended && !a->acked && !a->replaced) {
		a->ended = false;
		a->ended_ns = 0;
	}
}

static void belongs(struct sighting *s, const struct model_attempt *a)
{
	s->attempt = a->number;
	s->unasked = !a->number;
}

static void duplicate(struct model *m, struct sighting *s)
{
	s->duplicate = true;
	m->counts.duplicates++;
}

static void feed_syn(struct model *m, struct sighting *s)
{
	struct model_attempt *a, *before = NULL, *other = NULL;
	uint32_t i;

	for (i = 0; i < m->n; i++) {
		a = &m->attempts[i];
		if (is_from(a, s) && a->syn.seq == s->seq) {
			belongs(s, a);
			if (a->mark == s->mark && within(s->t_ns, a->syn_ns[a->n_syns - 1], DUPLICATE))
				duplicate(m, s);
			else
				add_syn(m, a, s);
			return;
		}
		if (is_from(a, s) && a->syn.path == s->path && deadline_ns(a) > s->t_ns)
			before = a;
		if (!is_from(a, s) && is_to(a, s)) /* not one of a port to itself */
			other = a;
	}
	if (s->joins_only)
		return;
	if (before) {
		before->replaced = true;
		note_end(before, s->t_ns);
	}
	i = before ? (uint32_t)(before - m->attempts) : 0;
	if (other && !model_is_settled(other) && !other->syn_ack)
		other->crossed = true;
	else
		other = NULL;
	m->attempts = realloc(m->attempts, (m->n + 1) * sizeof(*m->attempts));
	a = &m->attempts[m->n++];
	*a = (struct model_attempt){ .syn = *s,
				     .number = s->unasked ? 0 : (uint32_t)++m->counts.attempts,
				     .index = m->counts.sightings,
				     .crossed = other };
	belongs(s, a);
	add_syn(m, a, s);
}

/* The attempt that an answer is meant for: the youngest that it fits, else the youngest that waits, else the youngest.
 */
static struct model_attempt *answered(struct model *m, const struct sighting *s, bool *ret_fits)
{
	struct model_attempt *fits = NULL, *waits = NULL, *any = NULL;
	uint32_t i;

	for (i = 0; i < m->n; i++) {
		struct model_attempt *a = &m->attempts[i];

		if (!is_to(a, s))
			continue;
		any = a;
		if (!model_is_settled(a))
			waits = a;
		if (s->flags & TCP_ACK && follows(s->ack, a->syn.seq, a->syn.len))
			fits = a;
	}
	*ret_fits = fits;
	return fits ? fits : waits ? waits : any;
}

static struct model_attempt *own_of(struct model *m, const struct sighting *s)
{
	struct model_attempt *own = NULL;
	uint32_t i;

	for (i = 0; i < m->n; i++)
		if (is_from(&m->attempts[i], s))
			own = &m->attempts[i];
	return own;
}

static struct reply reply_of(const struct sighting *s, enum reply_kind kind)
{
	struct reply r = { .t_ns = s->t_ns, .packet = s->packet, .kind = kind };

	if (kind == REPLY_ICMP) {
		r.icmp_family = s->family;
		r.icmp_type = s->icmp_type;
		r.icmp_code = s->icmp_code;
		r.from = s->from;
	} else {
		r.ttl = s->ttl;
		r.seq = s->seq;
		r.ack = s->ack;
	}
	return r;
}

/* The same packet a second time. */
static bool is_repeated(const struct model_attempt *a, const struct sighting *s, const struct reply *r)
{
	const struct model_reply *last = NULL;
	int i;

	for (i = 0; i < a->n_replies; i++)
		if (a->replies[i].reply.kind == r->kind)
			last = &a->replies[i];
	return last && last->reply.seq == r->seq && last->reply.ack == r->ack &&
	       last->reply.icmp_type == r->icmp_type && last->reply.icmp_code == r->icmp_code &&
	       addr_equal(&last->reply.from, &r->from) && last->mark == (uint8_t)s->mark &&
	       within(s->t_ns, last->reply.t_ns, DUPLICATE);
}

static void add_reply(struct model_attempt *a, const struct sighting *s, const struct reply *r)
{
	a->replies = realloc(a->replies, (size_t)(a->n_replies + 1) * sizeof(*a->replies));
	a->replies[a->n_replies++] = (struct model_reply){ *r, (uint8_t)s->mark };
}

static enum ignored why_ignored(const struct model_attempt *a, const struct sighting *s, bool fits)
{
	if (!(s->flags & TCP_ACK))
		return IGNORED_NO_ACK;
	if (!fits)
		return IGNORED_WRONG_ACK;
	if (s->bad_checksum && !a->syn.bad_checksum)
		return IGNORED_CHECKSUM;
	return a->gone ? IGNORED_LATE : IGNORED_NOT;
}

static void complete(struct model_attempt *a, const struct sighting *s)
{
	if (!a->syn_ack)
		change_syn_acks(a, IGNORED_CHECKSUM, IGNORED_NOT);
	a->acked = true;
	a->ack_ns = s->t_ns;
	note_end(a, s->t_ns);
}

static void feed_syn_ack(struct model *m, struct sighting *s)
{
	bool fits;
	struct model_attempt *a = answered(m, s, &fits), *own = own_of(m, s);
	struct reply r = reply_of(s, REPLY_SYN_ACK);

	if (!a) {
		m->counts.unmatched += !own;
		if (own && own->crossed)
			belongs(s, own);
		return;
	}
	belongs(s, a);
	if (!fits && model_is_settled(a))
		return;
	if (is_repeated(a, s, &r)) {
		duplicate(m, s);
		return;
	}
	r.ignored = why_ignored(a, s, fits);
	r.has_echo = r.ignored == IGNORED_NOT && a->has_ts && s->has_ts &&
		     echo_is_refused(a->first_tsval, a->tsval, s->t_ns - a->syn_ns[a->n_syns - 1], s->tsecr);
	r.echo = r.has_echo ? s->tsecr : 0;
	add_reply(a, s, &r);
	if (r.ignored != IGNORED_NOT)
		return;
	a->syn_ack = true;
	if (a->crossed && !model_is_settled(a))
		complete(a, s);
}

/* One of its SYN-ACKs is refused for its echo, or was not taken. */
static bool takes_none(const struct model_attempt *a)
{
	int i;

	for (i = 0; i < a->n_replies; i++)
		if (a->replies[i].reply.ignored == IGNORED_NOT_TAKEN ||
		    (a->replies[i].reply.ignored == IGNORED_NOT && a->replies[i].reply.has_echo))
			return true;
	return false;
}

static void feed_client_reset(struct model_attempt *a, const struct sighting *s)
{
	if (model_is_settled(a))
		return;
	if (!a->client_rst)
		a->client_rst_ns = s->t_ns;
	a->client_rst = true;
	if (!a->syn_ack || !follows(s->seq, a->syn.seq, a->syn.len))
		return;
	if (takes_none(a)) {
		a->syn_ack = false;
		change_syn_acks(a, IGNORED_NOT, IGNORED_NOT_TAKEN);
		return;
	}
	a->gone = true;
	change_syn_acks(a, IGNORED_NOT, IGNORED_LATE);
}

static bool has_answer(const struct model_attempt *a)
{
	int i;

	for (i = 0; i < a->n_replies; i++)
		if (digest_is_answer(a->replies[i].reply.ignored))
			return true;
	return false;
}

/* When all was over: a reset of the connection, or the first answer that was seen. */
static void feed_late_reset(struct model_attempt *a, const struct sighting *s, struct reply *r, bool fits)
{
	if (a->acked && !a->reset_seen && !s->bad_checksum) {
		a->reset_ns = s->t_ns;
		a->reset_ttl = s->ttl;
	}
	a->reset_seen = true;
	if (!fits || a->answered_by_reset || a->syn_ack || a->refused || has_answer(a))
		return;
	a->answered_by_reset = true;
	r->ignored = IGNORED_LATE;
	if (a->replaced)
		add_reply(a, s, r);
}

static void feed_server_reset(struct model *m, struct model_attempt *a, struct sighting *s, bool fits)
{
	struct reply r = reply_of(s, REPLY_RST);

	if (a->acked || a->replaced) {
		feed_late_reset(a, s, &r, fits);
		return;
	}
	if (is_repeated(a, s, &r)) {
		duplicate(m, s);
		return;
	}
	r.ignored = why_ignored(a, s, fits);
	add_reply(a, s, &r);
	if (r.ignored == IGNORED_NOT) {
		a->refused = true;
		note_end(a, s->t_ns);
	}
}

static void feed_reset(struct model *m, struct sighting *s)
{
	bool fits;
	struct model_attempt *a = answered(m, s, &fits), *own = own_of(m, s);

	if (a && (fits || !own)) {
		belongs(s, a);
		feed_server_reset(m, a, s, fits);
	} else if (own) {
		belongs(s, own);
		feed_client_reset(own, s);
	} else {
		m->counts.unmatched++;
	}
}

static void feed_other(struct model *m, struct sighting *s)
{
	struct model_attempt *found = NULL;
	uint32_t i;

	if (!(s->flags & TCP_ACK))
		return;
	for (i = 0; i < m->n; i++) {
		struct model_attempt *a = &m->attempts[i];

		if (!model_is_settled(a) && is_from(a, s) &&
		    follows(s->seq, a->syn.seq, a->syn_ack ? 1u << 24 : 1u << 16))
			found = a;
	}
	if (!found)
		return;
	belongs(s, found);
	complete(found, s);
}

/* ICMP that a kernel in SYN_SENT takes for no reason to give up: net/ipv4/tcp_ipv4.c tcp_v4_err(), tcp_v6_err(). */
static bool ends_nothing(const struct sighting *s)
{
	if (s->family == 6)
		return s->icmp_type == 2; /* packet too big */
	switch (s->icmp_type) {
	case 3:
		return s->icmp_code == 4; /* fragmentation needed */
	case 11:
		return s->icmp_code == 1; /* reassembly */
	default:
		return s->icmp_type == 4 || s->icmp_type == 5; /* source quench, redirect */
	}
}

static void feed_icmp(struct model *m, struct sighting *s)
{
	struct model_attempt *meant = NULL, *waits = NULL, *a;
	struct reply r = reply_of(s, REPLY_ICMP);
	uint32_t i;

	for (i = 0; i < m->n; i++) {
		a = &m->attempts[i];
		if (!is_from(a, s))
			continue;
		if (s->has_seq && a->syn.seq == s->seq)
			meant = a;
		if (!model_is_settled(a))
			waits = a;
	}
	a = meant ? meant : waits;
	if (!a) {
		m->counts.unmatched++;
		return;
	}
	belongs(s, a);
	if (is_repeated(a, s, &r)) {
		duplicate(m, s);
		return;
	}
	if (!meant)
		r.ignored = IGNORED_OTHER_ISN;
	else if (ends_nothing(s))
		r.ignored = IGNORED_BY_TYPE;
	else if (model_is_settled(a))
		r.ignored = IGNORED_LATE;
	add_reply(a, s, &r);
}

void model_feed(struct model *m, struct sighting *s)
{
	const uint16_t flags = s->flags & (TCP_SYN | TCP_ACK | TCP_RST);

	s->attempt = 0;
	s->duplicate = false;
	m->counts.sightings++;
	if (s->kind == SIGHTING_ICMP)
		feed_icmp(m, s);
	else if (flags == TCP_SYN && !(s->flags & TCP_FIN))
		feed_syn(m, s);
	else if (flags == (TCP_SYN | TCP_ACK))
		feed_syn_ack(m, s);
	else if (flags & TCP_SYN)
		m->counts.odd++;
	else if (flags & TCP_RST)
		feed_reset(m, s);
	else
		feed_other(m, s);
}

void model_fini(struct model *m)
{
	uint32_t i;

	for (i = 0; i < m->n; i++) {
		free(m->attempts[i].syn_ns);
		free(m->attempts[i].replies);
	}
	free(m->attempts);
	*m = (struct model){ .n = 0 };
}
