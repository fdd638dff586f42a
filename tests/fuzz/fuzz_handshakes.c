/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Byte 0: how many sightings at once; then eight bytes for each, of few flows.
 * core/handshakes.h says of them what the model says (tests/unit), under any
 * seed, given at once or at the end.
 */
#include "fuzz.h"

#include <string.h>

#include "../unit/handshakes_model.h"
#include "util/bytes.h"

#define BEGIN (INT64_C(1700000000) * 1000000000)
#define SIGHTINGS_MAX 2000
#define BATCH_MAX 64
#define MEMORY (1u << 20)

static struct sighting sightings[SIGHTINGS_MAX];

static const int64_t steps_ms[] = { 0, 1, 9, 10, 100, 1000, 1250, 3000, 20000, 60000, -5, -1000 };

static const uint16_t flags[] = {
	TCP_SYN,
	TCP_SYN,
	TCP_SYN | TCP_ACK,
	TCP_SYN | TCP_ACK,
	TCP_RST | TCP_ACK,
	TCP_RST,
	TCP_ACK,
	TCP_ACK | TCP_FIN,
	0,
	TCP_SYN | TCP_FIN,
	TCP_SYN | TCP_RST,
	TCP_SYN | TCP_ECE,
	TCP_SYN | TCP_ACK | TCP_FIN,
	TCP_ACK | TCP_PSH,
};

static const uint8_t icmp_types[] = { 3, 1, 2, 4, 5, 11, 12, 8 };

#define PICK(of, v) (of)[(v) % (sizeof(of) / sizeof((of)[0]))]

/* time, flow, kind, seq, ack, mark, two more */
static struct sighting sighting_of(const uint8_t *b, int64_t *t_ns, size_t i)
{
	static const uint32_t numbers[] = { 1000, 1001, 5000, UINT32_MAX, 0, 70000, 12000000, 1u << 31 };
	struct sighting s = { .kind = SIGHTING_SEGMENT,
			      .t_ns = *t_ns += PICK(steps_ms, b[0]) * 1000000,
			      .packet = i + 1,
			      .family = b[1] & 0x40 ? 6 : 4,
			      .src = { 10, 0, 0, b[1] & 1 },
			      .dst = { 10, 0, 0, b[1] >> 1 & 1 },
			      .sport = b[1] >> 2 & 3,
			      .dport = b[1] >> 4 & 3,
			      .flags = PICK(flags, b[2]),
			      .seq = PICK(numbers, b[3]) + (b[3] >> 3 & 3),
			      .ack = PICK(numbers, b[4]) + (b[4] >> 3 & 3),
			      .mark = b[5],
			      .ttl = b[6] & 1 ? 64 : 128,
			      .len = b[6] >> 1 & 3,
			      .bad_checksum = b[6] & 8,
			      .path = b[6] >> 4 & 1,
			      .joins_only = b[6] & 0x20,
			      .file = b[6] >> 6 };

	if (!(b[7] & 7)) {
		s.kind = SIGHTING_ICMP;
		s.icmp_type = PICK(icmp_types, b[2]);
		s.icmp_code = b[2] >> 4;
		s.has_seq = b[7] & 8;
		s.from.family = s.family;
		s.from.b[0] = b[7] & 0x30;
	}
	return s;
}

static size_t read_sightings(struct bytes b)
{
	struct bytes one;
	int64_t t_ns = BEGIN;
	size_t n = 0;

	while (n < SIGHTINGS_MAX && bytes_take(&b, 8, &one)) {
		sightings[n] = sighting_of(one.p, &t_ns, n);
		n++;
	}
	return n;
}

struct run {
	struct handshakes *h;
	const struct model *model;
	uint32_t given;
	bool at_once;
	uint64_t order; /* a digest of what was given, in its order */
};

static void check_attempt(const struct attempt *a, const struct model_attempt *m)
{
	int i;

	MUST(a->isn == m->syn.seq && a->first_packet == m->syn.packet && a->n_syns == m->n_syns);
	MUST(a->crossed == m->crossed && a->replaced == m->replaced && a->ack_ns == m->ack_ns);
	MUST(a->client_rst_ns == m->client_rst_ns && a->reset_ns == m->reset_ns && a->ended_ns == m->ended_ns);
	MUST(a->n_replies == (m->n_replies < UINT8_MAX ? m->n_replies : UINT8_MAX));
	for (i = 0; i < m->n_syns && i < ATTEMPT_SYNS_MAX; i++)
		MUST(a->syn_ns[i] == m->syn_ns[i]);
	for (i = 0; i < m->n_replies && i < ATTEMPT_REPLIES_MAX; i++) {
		const struct reply *r = &a->replies[i], *want = &m->replies[i].reply;

		MUST(r->kind == want->kind && r->ignored == want->ignored && r->t_ns == want->t_ns);
		MUST(r->seq == want->seq && r->ack == want->ack && r->ttl == want->ttl);
		MUST(r->icmp_type == want->icmp_type && r->icmp_code == want->icmp_code);
	}
}

static void on_digest(const struct digest *d, void *user)
{
	struct run *r = user;
	const struct attempt *a = handshakes_attempt(r->h);
	struct digest own;
	struct verdict v;

	r->given++;
	MUST(d->number && (r->at_once || d->number <= r->model->counts.attempts));
	MUST(r->at_once || d->number == r->given);
	verdict_conclude(a, &v);
	digest_make(a, &v, &own);
	MUST(d->outcome == own.outcome && d->answer == own.answer && d->n_syns == own.n_syns);
	MUST(d->elapsed_ns == own.elapsed_ns && d->gave_up_by == own.gave_up_by && d->confidence == own.confidence);
	MUST(d->half_open == own.half_open && d->n_synacks == own.n_synacks && d->limit == own.limit);
	r->order = (r->order ^ d->number) * 0x100000001b3u ^ (uint64_t)d->outcome << 32 ^ (uint64_t)d->elapsed_ns;
	if (!r->at_once)
		check_attempt(a, model_attempt(r->model, d->number));
}

static void feed(struct run *r, size_t n, uint64_t seed, size_t batch)
{
	struct sighting some[BATCH_MAX], *p[BATCH_MAX];
	size_t i, k;

	for (i = 0; i < n; i += batch) {
		for (k = 0; k < batch && i + k < n; k++) {
			some[k] = sightings[i + k];
			sighting_set_hash(&some[k], seed);
			handshakes_expect(r->h, &some[k]);
			p[k] = &some[k];
		}
		handshakes_feed(r->h, p, k);
		while (k--) {
			MUST(r->at_once || some[k].attempt == sightings[i + k].attempt);
			MUST(r->at_once || some[k].duplicate == sightings[i + k].duplicate);
		}
	}
}

static void check_counts(const struct handshakes_counts *c, const struct model *m, const struct run *r)
{
	MUST(c->sightings == m->counts.sightings && c->odd == m->counts.odd);
	MUST(c->memory <= MEMORY && r->given == c->attempts);
	MUST(!c->evicted && !c->notes_lost && !c->attempts_lost);
	if (r->at_once)
		return;
	MUST(c->attempts == m->counts.attempts && c->syns == m->counts.syns);
	MUST(c->duplicates == m->counts.duplicates && c->unmatched == m->counts.unmatched);
}

/* Nothing in the end, but for counters that once were full. */
static void check_none_awaited(const uint8_t *awaited)
{
	size_t i;

	for (i = 0; i < FLOW_CLASSES; i++)
		MUST(!awaited[i] || awaited[i] == UINT8_MAX);
}

static uint64_t run(const struct model *m, size_t n, uint64_t seed, size_t batch, bool at_once)
{
	struct run r = { .model = m, .at_once = at_once };
	struct handshakes_config c = {
		.memory = MEMORY, .seed = seed, .at_once = at_once, .fn = on_digest, .user = &r
	};
	struct handshakes_counts counts;

	r.h = handshakes_new(&c);
	MUST(r.h);
	feed(&r, n, seed, batch);
	handshakes_finish(r.h, sightings[n - 1].t_ns);
	handshakes_counts(r.h, &counts);
	check_counts(&counts, m, &r);
	check_none_awaited(handshakes_awaited(r.h));
	handshakes_free(r.h);
	return r.order;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model m = { .n = 0 };
	struct bytes b = bytes_of(data, size);
	uint8_t batch;
	size_t i, n;

	if (!bytes_u8(&b, &batch))
		return 0;
	batch = batch % BATCH_MAX + 1;
	n = read_sightings(b);
	for (i = 0; i < n; i++)
		model_feed(&m, &sightings[i]);
	if (n) {
		MUST(run(&m, n, 1, batch, false) == run(&m, n, 0x9e3779b97f4a7c15u, 1, false));
		MUST(run(&m, n, 2, batch, true) == run(&m, n, 3, 1, true));
	}
	model_fini(&m);
	return 0;
}
