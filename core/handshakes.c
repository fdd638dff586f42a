/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  A hash that is the same for both directions of a flow
 * finds the chain where its attempts are: SYNs by flow and ISN, answers by what
 * they acknowledge (core/handshakes_rules.c).  An attempt is an entry of 64
 * bytes, a line of the cache (core/handshakes_table.c); what came after its first
 * SYN is noted in chunks of the same size (core/handshakes_notes.c), which most
 * of a flood never need.
 *
 * It waits in a queue of the young until a retransmission would be due and 8,176
 * more have begun; then, if it is not decided, in a timer wheel until no further
 * packet is to be expected, by the clock of the capture.  What was decided there
 * is not forgotten at once either: the last 8,176 of them stay, so that what
 * comes late, even a SYN after an hour, finds its attempt
 * (core/handshakes_queues.c).  Then it is judged and given
 * (core/handshakes_tell.c).  Nothing depends on the hash but the time it takes.
 *
 * A filter tells the caller which segments without SYN or RST can matter at all:
 * those of flows where an attempt waits for its client's acknowledgement.
 */
#include "core/handshakes.h"

#include <stdlib.h>
#include <string.h>

#include "core/handshakes_table.h"

#define MEMORY_LEAST (1u << 20)

struct handshakes *handshakes_new(const struct handshakes_config *c)
{
	struct handshakes *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->config = *c;
	if (h->config.memory < MEMORY_LEAST)
		h->config.memory = MEMORY_LEAST;
	h->clock_ns = INT64_MIN;
	h->young_due_ns = INT64_MAX;
	h->attempt = malloc(sizeof(*h->attempt));
	if (!entries_init(h) || !queues_init(h) || !h->attempt) {
		handshakes_free(h);
		return NULL;
	}
	return h;
}

void handshakes_free(struct handshakes *h)
{
	if (!h)
		return;
	entries_fini(h);
	queues_fini(h);
	free(h->attempt);
	free(h);
}

static void set_clock(struct handshakes *h, int64_t now_ns)
{
	if (h->clock_ns == INT64_MIN)
		h->wheel_tick = now_ns >> WHEEL_SHIFT;
	if (now_ns > h->clock_ns)
		h->clock_ns = now_ns;
	h->idle_ns = 0;
}

/*
 * Which segments without SYN and RST come here is the filter's doing, which
 * lets some through by chance; what depends on the clock must not depend on them.
 */
static bool moves_clock(const struct sighting *s)
{
	return s->kind == SIGHTING_ICMP || s->flags & (TCP_SYN | TCP_RST);
}

void handshakes_expect(const struct handshakes *h, const struct sighting *s)
{
	__builtin_prefetch(&h->places[s->flow_hash & (h->n_places - 1)], 1);
	__builtin_prefetch(&h->awaited[sighting_class(s)], 1);
}

#define FETCH_MAX 32

/* Only entries of those very flows are fetched, then what was noted of them: of a flood most have none. */
static void fetch(const struct handshakes *h, struct sighting *const *s, size_t n)
{
	const struct entry *e[FETCH_MAX];
	struct probe p;
	size_t i;

	for (i = 0; i < n; i++) {
		p = entries_probe(h, s[i]->flow_hash);
		e[i] = probe_next(h, &p);
		__builtin_prefetch(e[i], 1);
	}
	for (i = 0; i < n; i++)
		if (e[i] && e[i]->notes)
			__builtin_prefetch(pool_at(&h->chunks, e[i]->notes));
}

size_t handshakes_feed(struct handshakes *h, struct sighting *const *s, size_t n)
{
	uint64_t duplicates = h->counts.duplicates;
	size_t i;

	h->counts.sightings += n;
	h->told_apart = false;
	for (i = 0; i < n; i++) {
		if (i % FETCH_MAX == 0) {
			fetch(h, s + i, n - i < FETCH_MAX ? n - i : FETCH_MAX);
			h->roomy = entries_have_room(h, FETCH_MAX);
		}
		s[i]->attempt = 0;
		s[i]->duplicate = false;
		if (moves_clock(s[i])) {
			set_clock(h, s[i]->t_ns);
			if (queues_are_due(h))
				queues_advance(h);
		}
		rules_feed(h, s[i]);
	}
	return (size_t)(h->counts.duplicates - duplicates);
}

const uint8_t *handshakes_awaited(const struct handshakes *h)
{
	return h->awaited;
}

void handshakes_idle(struct handshakes *h, int64_t idle_ns)
{
	if (h->clock_ns == INT64_MIN)
		return;
	h->idle_ns = idle_ns;
	queues_advance(h);
}

void handshakes_finish(struct handshakes *h, int64_t now_ns)
{
	set_clock(h, now_ns);
	queues_finish(h);
}

void handshakes_counts(const struct handshakes *h, struct handshakes_counts *ret)
{
	*ret = h->counts;
	ret->memory = h->memory;
}
