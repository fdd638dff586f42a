/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SYN-ACKs, RSTs and ICMP errors. */
#include "handshakes_model_inside.h"

#include <stdlib.h>

#include "core/echo.h"

/* The attempt that an answer is meant for: the youngest that it fits, else the youngest that waits, else the youngest.
 */
static struct model_attempt *answered(struct model *m, const struct sighting *s, bool *ret_fits)
{
	struct model_attempt *fits = NULL, *waits = NULL, *any = NULL;
	uint32_t i;

	for (i = 0; i < m->n; i++) {
		struct model_attempt *a = &m->attempts[i];

		if (!model_is_to(a, s))
			continue;
		any = a;
		if (!model_is_settled(a))
			waits = a;
		if (s->flags & TCP_ACK && model_follows(s->ack, a->syn.seq, a->syn.len))
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
		if (model_is_from(&m->attempts[i], s))
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
	       model_within(s->t_ns, last->reply.t_ns, MODEL_DUPLICATE_NS);
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

void model_feed_syn_ack(struct model *m, struct sighting *s)
{
	bool fits;
	struct model_attempt *a = answered(m, s, &fits), *own = own_of(m, s);
	struct reply r = reply_of(s, REPLY_SYN_ACK);

	if (!a) {
		m->counts.unmatched += !own;
		if (own && own->crossed)
			model_belongs(s, own);
		return;
	}
	model_belongs(s, a);
	if (!fits && model_is_settled(a))
		return;
	if (is_repeated(a, s, &r)) {
		model_duplicate(m, s);
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
		model_complete(a, s);
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
	if (!a->syn_ack || !model_follows(s->seq, a->syn.seq, a->syn.len))
		return;
	if (takes_none(a)) {
		a->syn_ack = false;
		model_change_syn_acks(a, IGNORED_NOT, IGNORED_NOT_TAKEN);
		return;
	}
	a->gone = true;
	model_change_syn_acks(a, IGNORED_NOT, IGNORED_LATE);
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
		model_duplicate(m, s);
		return;
	}
	r.ignored = why_ignored(a, s, fits);
	add_reply(a, s, &r);
	if (r.ignored == IGNORED_NOT) {
		a->refused = true;
		model_note_end(a, s->t_ns);
	}
}

void model_feed_reset(struct model *m, struct sighting *s)
{
	bool fits;
	struct model_attempt *a = answered(m, s, &fits), *own = own_of(m, s);

	if (a && (fits || !own)) {
		model_belongs(s, a);
		feed_server_reset(m, a, s, fits);
	} else if (own) {
		model_belongs(s, own);
		feed_client_reset(own, s);
	} else {
		m->counts.unmatched++;
	}
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

void model_feed_icmp(struct model *m, struct sighting *s)
{
	struct model_attempt *meant = NULL, *waits = NULL, *a;
	struct reply r = reply_of(s, REPLY_ICMP);
	uint32_t i;

	for (i = 0; i < m->n; i++) {
		a = &m->attempts[i];
		if (!model_is_from(a, s))
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
	model_belongs(s, a);
	if (is_repeated(a, s, &r)) {
		model_duplicate(m, s);
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
