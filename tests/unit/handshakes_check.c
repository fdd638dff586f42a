/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/handshakes_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/handshakes_model.h"
#include "tests/unit/random.h"

#define BATCH_MAX 64

/* How a sequence is fed. */
struct way {
	uint64_t seed;
	uint32_t batch; /* at once, at most */
	bool filtered;	/* segments that nothing waits for are left out */
	bool lent;	/* the filter is the caller's */
};

struct run {
	const struct model *model;
	const struct sighting *events;
	size_t n;
	struct handshakes *h;
	uint32_t given; /* in order of their numbers */
};

static const char *path_text(uint16_t path, const void *paths)
{
	return path == 7 ? "vlan 10" : "other";
}

static void assert_reply(const struct reply *got, const struct model_reply *want, const struct model_attempt *a, int i)
{
	struct addr from = want->reply.from;

	if (addr_is_any(&from)) {
		from.family = a->syn.family;
		memcpy(from.b, a->syn.dst, 16);
	}
	assert_int_equal(got->kind, want->reply.kind);
	assert_int_equal(got->ignored, want->reply.ignored);
	assert_int_equal(got->t_ns, want->reply.t_ns);
	assert_int_equal(got->seq, want->reply.seq);
	assert_int_equal(got->ack, want->reply.ack);
	assert_int_equal(got->ttl, want->reply.ttl);
	assert_int_equal(got->has_echo, want->reply.has_echo);
	assert_int_equal(got->has_echo ? got->echo : 0, want->reply.echo);
	assert_int_equal(got->icmp_family, want->reply.icmp_family);
	assert_int_equal(got->icmp_type, want->reply.icmp_type);
	assert_int_equal(got->icmp_code, want->reply.icmp_code);
	assert_true(addr_equal(&got->from, &from));
	/* of a SYN-ACK that is like the one before it the number is not kept */
	if (got->packet || want->reply.kind != REPLY_SYN_ACK || !i)
		assert_int_equal(got->packet, want->reply.packet);
}

static void assert_attempt(const struct attempt *got, const struct model_attempt *want)
{
	int i;

	assert_int_equal(got->flow.client.addr.family, want->syn.family);
	assert_memory_equal(got->flow.client.addr.b, want->syn.src, 16);
	assert_memory_equal(got->flow.server.addr.b, want->syn.dst, 16);
	assert_int_equal(got->flow.client.port, want->syn.sport);
	assert_int_equal(got->flow.server.port, want->syn.dport);
	assert_int_equal(got->isn, want->syn.seq);
	assert_int_equal(got->first_packet, want->syn.packet);
	assert_int_equal(got->file, want->syn.file);
	assert_int_equal(got->syn_ttl, want->syn.ttl);
	assert_int_equal(got->syn_len, want->syn.len);
	assert_int_equal(got->syn_bad_checksum, want->syn.bad_checksum);
	assert_string_equal(got->path, want->syn.path ? path_text(want->syn.path, NULL) : "");
	assert_int_equal(got->n_syns, want->n_syns);
	for (i = 0; i < want->n_syns && i < ATTEMPT_SYNS_MAX; i++)
		assert_int_equal(got->syn_ns[i], want->syn_ns[i]);
	assert_int_equal(got->n_replies, want->n_replies < UINT8_MAX ? want->n_replies : UINT8_MAX);
	for (i = 0; i < want->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		assert_reply(&got->replies[i], &want->replies[i], want, i);
	assert_int_equal(got->has_tsvals, want->has_ts);
	if (want->has_ts) {
		assert_int_equal(got->first_tsval, want->first_tsval);
		assert_int_equal(got->last_tsval, want->tsval);
	}
	assert_int_equal(got->crossed, want->crossed);
	assert_int_equal(got->answered_by_reset, want->answered_by_reset);
	assert_int_equal(got->replaced, want->replaced);
	assert_int_equal(got->ack_ns, want->ack_ns);
	assert_int_equal(got->client_rst_ns, want->client_rst_ns);
	assert_int_equal(got->reset_ns, want->reset_ns);
	assert_int_equal(got->reset_ttl, want->reset_ttl);
	assert_int_equal(got->end, want->ended ? ATTEMPT_END_PACKETS : ATTEMPT_OPEN);
	assert_int_equal(got->ended_ns, want->ended_ns);
	assert_false(got->evicted);
}

/* The digest is that of the attempt in full, however it came about. */
static void assert_digest(const struct digest *d, const struct attempt *a)
{
	struct digest own;
	struct verdict v;

	verdict_conclude(a, &v);
	digest_make(a, &v, &own);
	assert_int_equal(d->number, own.number);
	assert_int_equal(d->start_ns, own.start_ns);
	assert_int_equal(d->elapsed_ns, own.elapsed_ns);
	assert_true(endpoint_equal(&d->flow.client, &own.flow.client));
	assert_true(endpoint_equal(&d->flow.server, &own.flow.server));
	assert_int_equal(d->n_syns, own.n_syns);
	assert_int_equal(d->outcome, own.outcome);
	assert_int_equal(d->gave_up_by, own.gave_up_by);
	assert_int_equal(d->limit, own.limit);
	assert_int_equal(d->confidence, own.confidence);
	assert_int_equal(d->answer, own.answer);
	assert_int_equal(d->half_open, own.half_open);
	assert_int_equal(d->n_synacks, own.n_synacks);
}

static bool is_opposite(const struct sighting *a, const struct sighting *b)
{
	return a->family == b->family && a->sport == b->dport && a->dport == b->sport && !memcmp(a->src, b->dst, 16) &&
	       !memcmp(a->dst, b->src, 16);
}

/*
 * What answered first, by the definition in which the expectations of a corpus
 * of captures are written: of all packets after the SYN the first SYN-ACK, RST
 * with ACK or ICMP error that acknowledges or quotes it.
 */
static enum reply_kind answer_of(const struct model_attempt *a, const struct sighting *events, size_t n)
{
	const struct sighting *s, *end = events + n;

	for (s = events + a->index; s < end; s++) {
		uint16_t flags = s->flags & (TCP_SYN | TCP_ACK | TCP_RST);

		if (s->kind == SIGHTING_ICMP) {
			if (s->has_seq && s->seq == a->syn.seq && s->family == a->syn.family &&
			    s->sport == a->syn.sport && s->dport == a->syn.dport && !memcmp(s->src, a->syn.src, 16) &&
			    !memcmp(s->dst, a->syn.dst, 16))
				return REPLY_ICMP;
			continue;
		}
		if (!is_opposite(&a->syn, s) || s->ack - a->syn.seq - 1 > a->syn.len)
			continue;
		if (flags == (TCP_SYN | TCP_ACK))
			return REPLY_SYN_ACK;
		if (flags == (TCP_RST | TCP_ACK))
			return REPLY_RST;
	}
	return REPLY_NONE;
}

/* Where nothing makes it a matter of opinion. */
static void assert_answer(const struct digest *d, const struct run *r, const struct model_attempt *a)
{
	enum reply_kind answer = answer_of(a, r->events, r->n);
	uint32_t i;

	if (d->answer == answer || a->n_replies > ATTEMPT_REPLIES_MAX)
		return;
	/* it fits two attempts, since one of them carried data */
	for (i = 0; i < r->model->n; i++)
		if (r->model->attempts[i].syn.len)
			return;
	fail_msg("attempt %u: answer %d, not %d", d->number, (int)d->answer, (int)answer);
}

static void on_digest(const struct digest *d, void *user)
{
	struct run *r = user;
	const struct attempt *a = handshakes_attempt(r->h);

	assert_int_equal(d->number, ++r->given);
	assert_true(d->number <= r->model->counts.attempts);
	assert_int_equal(a->number, d->number);
	assert_attempt(a, model_attempt(r->model, d->number));
	assert_digest(d, a);
	assert_answer(d, r, model_attempt(r->model, d->number));
}

static void assert_counts(const struct handshakes *h, const struct model *m)
{
	struct handshakes_counts c;

	handshakes_counts(h, &c);
	assert_int_equal(c.attempts, m->counts.attempts);
	assert_int_equal(c.syns, m->counts.syns);
	assert_int_equal(c.duplicates, m->counts.duplicates);
	assert_int_equal(c.unmatched, m->counts.unmatched);
	assert_int_equal(c.odd, m->counts.odd);
	assert_int_equal(c.evicted + c.notes_lost + c.attempts_lost, 0);
	assert_true(c.open_max <= m->n);
}

/* The filter lets through whatever an attempt waits for. */
static void assert_awaited(const struct handshakes *h, const struct model *m, uint64_t seed)
{
	const uint8_t *awaited = handshakes_awaited(h);
	uint32_t i;

	for (i = 0; i < m->n; i++) {
		struct sighting s = m->attempts[i].syn;

		sighting_set_hash(&s, seed);
		if (!model_is_settled(&m->attempts[i]))
			assert_true(awaited[sighting_class(&s)]);
	}
}

/* And nothing in the end. */
static void assert_none_awaited(const uint8_t *awaited)
{
	static const uint8_t none[FLOW_CLASSES];

	assert_memory_equal(awaited, none, sizeof(none));
}

static bool is_plain_segment(const struct sighting *s)
{
	return s->kind == SIGHTING_SEGMENT && !(s->flags & (TCP_SYN | TCP_RST));
}

/* What each sighting was found to be. */
static void assert_found(const struct sighting *got, const struct sighting *want)
{
	assert_int_equal(got->attempt, want->attempt);
	assert_int_equal(got->unasked, want->unasked);
	assert_int_equal(got->duplicate, want->duplicate);
}

static void feed(const struct run *r, struct sighting *s, size_t n, const struct way *way)
{
	struct sighting *some[BATCH_MAX];
	size_t i;

	for (i = 0; i < n; i++) {
		sighting_set_hash(&s[i], way->seed);
		handshakes_expect(r->h, &s[i]);
		some[i] = &s[i];
	}
	handshakes_feed(r->h, some, n);
}

/* found: as the model left them. */
static void check_way(const struct model *m, const struct sighting *events, const struct sighting *found, size_t n,
		      const struct way *way)
{
	static _Alignas(8) uint8_t awaited[FLOW_CLASSES];
	struct run r = { .model = m, .events = events, .n = n };
	struct handshakes_config c = { .memory = 64 << 20,
				       .seed = way->seed,
				       .awaited = way->lent ? awaited : NULL,
				       .fn = on_digest,
				       .path_text = path_text,
				       .user = &r };
	uint64_t random = way->seed;
	struct sighting some[BATCH_MAX];
	size_t i, k, count;

	r.h = handshakes_new(&c);
	assert_non_null(r.h);
	if (way->lent)
		assert_ptr_equal(handshakes_awaited(r.h), awaited);
	for (i = 0; i < n; i += count) {
		count = 1 + random_below(&random, way->batch);
		count = count < n - i ? count : n - i;
		memcpy(some, events + i, count * sizeof(*some));
		sighting_set_hash(&some[0], way->seed);
		if (way->filtered && is_plain_segment(&some[0]) && !handshakes_awaited(r.h)[sighting_class(&some[0])]) {
			assert_int_equal(found[i].attempt, 0);
			continue;
		}
		feed(&r, some, count, way);
		for (k = 0; k < count; k++)
			assert_found(&some[k], &found[i + k]);
	}
	assert_counts(r.h, m);
	assert_awaited(r.h, m, way->seed);
	handshakes_finish(r.h, events[n - 1].t_ns);
	assert_int_equal(r.given, m->counts.attempts);
	assert_none_awaited(handshakes_awaited(r.h));
	handshakes_free(r.h);
	assert_none_awaited(awaited);
}

static const struct way ways[] = {
	{ 0, 1, true, true },
	{ 0x123456789abcdef, 1, false, false },
	{ 77, 32, false, true },
	{ UINT64_MAX, BATCH_MAX, false, false },
};

void check(const struct sighting *events, size_t n)
{
	struct sighting *found = calloc(n, sizeof(*found));
	struct model m = { .n = 0 };
	size_t i;

	for (i = 0; i < n; i++) {
		found[i] = events[i];
		model_feed(&m, &found[i]);
	}
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		check_way(&m, events, found, n, &ways[i]);
	model_fini(&m);
	free(found);
}
