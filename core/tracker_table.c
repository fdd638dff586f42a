/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/tracker_table.h"

#include <stdlib.h>
#include <string.h>

#define EVICT_LOOKS 64 /* how many of the oldest are looked at for one that is over */

static size_t buckets_for(size_t max_attempts)
{
	size_t n = 16;

	while (n < max_attempts)
		n *= 2;
	return n;
}

size_t tracker_memory(size_t max_attempts)
{
	return sizeof(struct tracker) + max_attempts * sizeof(struct slot) + buckets_for(max_attempts) * sizeof(int);
}

struct tracker *tracker_new(const struct tracker_config *c)
{
	struct tracker *t = calloc(1, sizeof(*t));
	size_t i;

	if (!t)
		return NULL;
	t->config = *c;
	t->n_buckets = buckets_for(c->max_attempts);
	t->slots = calloc(c->max_attempts, sizeof(*t->slots));
	t->buckets = malloc(t->n_buckets * sizeof(*t->buckets));
	if (!t->slots || !t->buckets) {
		tracker_free(t);
		return NULL;
	}
	for (i = 0; i < t->n_buckets; i++)
		t->buckets[i] = NONE;
	t->free = t->oldest = t->newest = NONE;
	return t;
}

void tracker_free(struct tracker *t)
{
	if (!t)
		return;
	free(t->slots);
	free(t->buckets);
	free(t);
}

static uint64_t mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ULL;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ULL;
	return x ^ x >> 32;
}

static int hash_of(const struct tracker *t, const struct flow *f)
{
	uint64_t part[2], h;

	memcpy(part, f->server.addr.b, sizeof(part));
	h = mix(part[0] ^ t->config.seed);
	h = mix(h ^ part[1]);
	h = mix(h ^ ((uint64_t)f->client.port << 16 | f->server.port));
	return (int)(h & (t->n_buckets - 1));
}

static bool flow_matches(const struct flow *a, const struct flow *b)
{
	return a->client.port == b->client.port && endpoint_equal(&a->server, &b->server) &&
	       (addr_equal(&a->client.addr, &b->client.addr) || addr_is_any(&a->client.addr) ||
		addr_is_any(&b->client.addr));
}

static bool may_be(const struct attempt *a, const struct socket_id *id)
{
	if (id->cookie && a->cookie && id->cookie != a->cookie)
		return false;
	/* A socket that is taken back by connect(AF_UNSPEC) keeps its cookie, and takes another ISN. */
	if (id->has_isn && a->has_isn)
		return id->isn == a->isn;
	return true;
}

/* Chains grow at their head, so the first that fits is the youngest. */
struct slot *table_find_socket(const struct tracker *t, const struct flow *f, const struct socket_id *id)
{
	int i;

	for (i = t->buckets[hash_of(t, f)]; i != NONE; i = t->slots[i].hash_next)
		if (flow_matches(&t->slots[i].a.flow, f) && may_be(&t->slots[i].a, id))
			return &t->slots[i];
	return NULL;
}

struct slot *table_find(const struct tracker *t, const struct flow *f)
{
	static const struct socket_id any;

	return table_find_socket(t, f, &any);
}

struct slot *table_find_at(const struct tracker *t, const struct flow *f, int64_t t_ns)
{
	struct slot *found = NULL;
	int i;

	for (i = t->buckets[hash_of(t, f)]; i != NONE; i = t->slots[i].hash_next) {
		if (!flow_matches(&t->slots[i].a.flow, f))
			continue;
		found = &t->slots[i];
		if (attempt_start_ns(&found->a) <= t_ns)
			break;
	}
	return found;
}

const struct attempt *tracker_find(const struct tracker *t, const struct flow *f)
{
	const struct slot *s = table_find(t, f);

	return s && s->a.end == ATTEMPT_OPEN ? &s->a : NULL;
}

static void chain(struct tracker *t, struct slot *s)
{
	s->hash = hash_of(t, &s->a.flow);
	s->hash_next = t->buckets[s->hash];
	t->buckets[s->hash] = (int)(s - t->slots);
}

static void unchain(struct tracker *t, struct slot *s)
{
	int index = (int)(s - t->slots), *link;

	for (link = &t->buckets[s->hash]; *link != index; link = &t->slots[*link].hash_next)
		;
	*link = s->hash_next;
}

struct slot *table_adopt(struct tracker *t, const struct flow *f)
{
	const struct flow unbound = { .server = f->server };
	struct slot *s = table_find(t, &unbound);

	if (!s || s->a.end != ATTEMPT_OPEN)
		return NULL;
	unchain(t, s);
	s->a.flow = *f;
	chain(t, s);
	return s;
}

static void give(struct tracker *t, struct slot *s, int64_t now_ns)
{
	int index = (int)(s - t->slots);

	s->a.observed_until_ns = now_ns;
	if (t->config.fn)
		t->config.fn(&s->a, t->config.user);
	unchain(t, s);
	if (s->older == NONE)
		t->oldest = s->newer;
	else
		t->slots[s->older].newer = s->newer;
	if (s->newer == NONE)
		t->newest = s->older;
	else
		t->slots[s->newer].older = s->older;
	s->hash_next = t->free;
	t->free = index;
}

static void evict(struct tracker *t)
{
	int i = t->oldest, looks;

	for (looks = 0; i != NONE && looks < EVICT_LOOKS && t->slots[i].a.end == ATTEMPT_OPEN; looks++)
		i = t->slots[i].newer;
	if (i == NONE || t->slots[i].a.end == ATTEMPT_OPEN)
		i = t->oldest;
	t->slots[i].a.evicted = true;
	t->counts.evicted++;
	give(t, &t->slots[i], t->latest_ns);
}

/* The slots are touched one by one, when they are needed: a table that is large but little used costs little. */
static int take_slot(struct tracker *t)
{
	int index;

	if (t->free == NONE && t->n_used < (int)t->config.max_attempts)
		return t->n_used++;
	if (t->free == NONE)
		evict(t);
	index = t->free;
	t->free = t->slots[index].hash_next;
	return index;
}

struct slot *table_start(struct tracker *t, const struct flow *f)
{
	int index = take_slot(t);
	struct slot *s = &t->slots[index];

	memset(s, 0, sizeof(*s));
	s->a.flow = *f;
	s->a.retransmits = -1;
	chain(t, s);
	s->older = t->newest;
	s->newer = NONE;
	if (t->newest != NONE)
		t->slots[t->newest].newer = index;
	else
		t->oldest = index;
	t->newest = index;
	t->counts.attempts++;
	return s;
}

struct slot *table_open(struct tracker *t, struct slot *s, const struct flow *f)
{
	if (!s || s->a.end != ATTEMPT_OPEN)
		s = table_adopt(t, f);
	if (!s)
		return table_start(t, f);
	if (addr_is_any(&s->a.flow.client.addr))
		s->a.flow.client.addr = f->client.addr; /* not part of the hash */
	return s;
}

void slot_end(struct slot *s, enum attempt_end how, int64_t t_ns)
{
	s->a.end = how;
	s->a.ended_ns = t_ns;
}

void slot_add_syn(struct slot *s, int64_t t_ns, bool counted)
{
	if (s->a.n_syns < ATTEMPT_SYNS_MAX)
		s->a.syn_ns[s->a.n_syns] = t_ns;
	s->a.n_syns++;
	s->last_syn_counted = counted;
}

void slot_add_reply(struct slot *s, const struct reply *r)
{
	if (s->a.n_replies < ATTEMPT_REPLIES_MAX)
		s->a.replies[s->a.n_replies] = *r;
	s->a.n_replies++;
}

bool slot_goes_on(const struct slot *s)
{
	return s->a.end == ATTEMPT_END_RESULT && attempt_error_is_provisional(s->a.end_error);
}

void slot_reopen(struct slot *s)
{
	if (s->a.end == ATTEMPT_END_RESULT)
		s->a.wait_error = s->a.end_error;
	s->a.end = ATTEMPT_OPEN;
	s->a.end_error = 0;
	s->a.ended_ns = 0;
}

bool slot_failed(const struct slot *s)
{
	bool connected = s->a.connected || s->a.ack_ns || (s->a.end == ATTEMPT_END_RESULT && !s->a.end_error);

	return s->a.end != ATTEMPT_OPEN && !connected && !slot_goes_on(s);
}

static void give_ended(struct tracker *t, int64_t now_ns, int64_t linger_ns)
{
	int i, next;

	for (i = t->oldest; i != NONE; i = next) {
		struct slot *s = &t->slots[i];

		next = s->newer;
		if (s->a.end != ATTEMPT_OPEN && now_ns - s->a.ended_ns >= linger_ns)
			give(t, s, now_ns);
	}
}

void tracker_advance(struct tracker *t, int64_t now_ns)
{
	give_ended(t, now_ns, t->config.linger_ns);
}

void tracker_give_ended(struct tracker *t, int64_t now_ns)
{
	give_ended(t, now_ns, INT64_MIN);
}

void tracker_each(const struct tracker *t, int64_t now_ns, tracker_fn *fn, void *user)
{
	struct attempt a;
	int i;

	for (i = t->oldest; i != NONE; i = t->slots[i].newer) {
		if (t->slots[i].a.end != ATTEMPT_OPEN)
			continue;
		a = t->slots[i].a;
		a.observed_until_ns = now_ns;
		fn(&a, user);
	}
}

void tracker_each_ended(const struct tracker *t, tracker_fn *fn, void *user)
{
	int i;

	for (i = t->oldest; i != NONE; i = t->slots[i].newer)
		if (t->slots[i].a.end != ATTEMPT_OPEN)
			fn(&t->slots[i].a, user);
}

void tracker_finish(struct tracker *t, int64_t now_ns)
{
	while (t->oldest != NONE)
		give(t, &t->slots[t->oldest], now_ns);
}

void tracker_counts(const struct tracker *t, struct tracker_counts *ret)
{
	*ret = t->counts;
}
