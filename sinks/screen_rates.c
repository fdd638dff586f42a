/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  A server's hash names a set of sixteen places; it is in
 * one of them or nowhere, so looking for it takes a bounded time.  Each place
 * has a wheel of seconds, which turns as attempts come: a second that passed
 * without any is emptied on the way, or skipped when it is read, since the
 * wheel says up to which second it stands.
 */
#include "sinks/screen_rates.h"

#include <stdlib.h>
#include <string.h>

#include "core/flow_hash.h"
#include "util/duration.h"

#define WAYS 16
#define SETS (SCREEN_SERVERS_MAX / WAYS)
#define WHEEL 64 /* seconds: more than are asked for, and a power of two */
#define CONNECTS 64

struct place {
	uint64_t id; /* 0: free */
	struct endpoint server;
	uint64_t attempts, failed;
	int64_t second; /* the wheel's newest, since 1970 */
	uint32_t wheel[WHEEL], wheel_failed[WHEEL];
	uint32_t connect_us[CONNECTS]; /* the last ones */
	uint32_t n_connects;	       /* all */
	bool median_stale;
	int64_t median_ns;
	int64_t last_ended_ns, last_failed_ns;
	enum outcome last_failure;
};

struct screen_rates {
	uint64_t seed, forgotten;
	struct place places[SETS * WAYS];
};

struct screen_rates *screen_rates_new(uint64_t seed)
{
	struct screen_rates *r = calloc(1, sizeof(*r));

	if (r)
		r->seed = seed;
	return r;
}

void screen_rates_free(struct screen_rates *r)
{
	free(r);
}

size_t screen_rates_memory(void)
{
	return sizeof(struct screen_rates);
}

uint64_t screen_rates_forgotten(const struct screen_rates *r)
{
	return r->forgotten;
}

void screen_rates_clear(struct screen_rates *r)
{
	uint64_t seed = r->seed;

	memset(r, 0, sizeof(*r));
	r->seed = seed;
}

/* The server's place; the one that was quiet for longest of its set becomes it. */
static struct place *place_of(struct screen_rates *r, const struct endpoint *server)
{
	uint64_t id = flow_hash_end6(r->seed ^ server->addr.family, server->addr.b, server->port) | 1;
	struct place *set = &r->places[(id >> 32) % SETS * WAYS], *oldest = set;
	int i;

	for (i = 0; i < WAYS; i++) {
		if (set[i].id == id && endpoint_equal(&set[i].server, server))
			return &set[i];
		if (oldest->id && (!set[i].id || set[i].last_ended_ns < oldest->last_ended_ns))
			oldest = &set[i];
	}
	r->forgotten += oldest->id != 0;
	memset(oldest, 0, sizeof(*oldest));
	oldest->id = id;
	oldest->server = *server;
	oldest->median_ns = -1;
	return oldest;
}

/* The wheel's slot of that second, or -1 when that is over. */
static int slot_at(struct place *p, int64_t second)
{
	int64_t s;

	if (second <= p->second - WHEEL)
		return -1;
	if (second > p->second) {
		for (s = second - p->second > WHEEL ? second - WHEEL + 1 : p->second + 1; s <= second; s++)
			p->wheel[s % WHEEL] = p->wheel_failed[s % WHEEL] = 0;
		p->second = second;
	}
	return (int)(second % WHEEL);
}

void screen_rates_feed(struct screen_rates *r, const struct endpoint *server, int64_t ended_ns, enum outcome o,
		       int64_t elapsed_ns)
{
	struct place *p = place_of(r, server);
	int64_t us = elapsed_ns / NS_PER_US;
	int slot = ended_ns > 0 ? slot_at(p, ended_ns / NS_PER_S) : -1;
	bool failed = o != OUTCOME_ESTABLISHED;

	p->attempts++;
	p->failed += failed;
	if (slot >= 0) {
		p->wheel[slot]++;
		p->wheel_failed[slot] += failed;
	}
	if (ended_ns > p->last_ended_ns)
		p->last_ended_ns = ended_ns;
	if (failed) {
		p->last_failed_ns = ended_ns;
		p->last_failure = o;
	} else {
		p->connect_us[p->n_connects++ % CONNECTS] = us < 0 ? 0 : us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
		p->median_stale = true;
	}
}

static int by_size(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int64_t median(struct place *p)
{
	uint32_t sorted[CONNECTS];
	size_t n = p->n_connects < CONNECTS ? p->n_connects : CONNECTS;

	if (!p->median_stale)
		return p->median_ns;
	memcpy(sorted, p->connect_us, n * sizeof(sorted[0]));
	qsort(sorted, n, sizeof(sorted[0]), by_size);
	p->median_ns = sorted[(n - 1) / 2] * NS_PER_US;
	p->median_stale = false;
	return p->median_ns;
}

/* What the wheel has of the n <= WHEEL seconds up to `now`. */
static uint32_t sum(const struct place *p, const uint32_t *wheel, int64_t now, int n)
{
	uint32_t all = 0;
	int64_t s;

	for (s = now < n ? 0 : now - n + 1; s <= now; s++)
		if (s > p->second - WHEEL && s <= p->second)
			all += wheel[s % WHEEL];
	return all;
}

size_t screen_rates_get(struct screen_rates *r, int64_t now_ns, struct screen_rate *ret)
{
	int64_t now = now_ns / NS_PER_S;
	size_t n = 0, i;

	for (i = 0; i < SETS * WAYS; i++) {
		struct place *p = &r->places[i];

		if (!p->id)
			continue;
		ret[n++] = (struct screen_rate){ .id = p->id,
						 .server = p->server,
						 .attempts = p->attempts,
						 .failed = p->failed,
						 .attempts_10 = sum(p, p->wheel, now, 10),
						 .attempts_60 = sum(p, p->wheel, now, SCREEN_RATE_SECONDS),
						 .failed_60 = sum(p, p->wheel_failed, now, SCREEN_RATE_SECONDS),
						 .median_ns = median(p),
						 .last_ended_ns = p->last_ended_ns,
						 .last_failed_ns = p->last_failed_ns,
						 .last_failure = p->last_failure };
	}
	return n;
}
