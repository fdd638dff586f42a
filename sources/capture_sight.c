/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "packet/sight.h"
#include "sources/capture_inside.h"

#define CACHE_LINE 64
#define AHEAD 8 /* packets that are fetched while those before them are at work */

/* At once for as many as there will be: what is given back for more stays with us for the most part. */
static bool make_room(const struct capture *c, struct slot *s, size_t n)
{
	size_t cap = c->mapped ? SIGHTINGS_MAX : n + n / 2;

	if (n <= s->cap_sightings)
		return true;
	if (n > cap)
		return false;
	free(s->sightings);
	s->sightings = aligned_alloc(CACHE_LINE, cap * sizeof(*s->sightings));
	s->cap_sightings = s->sightings ? cap : 0;
	return s->sightings;
}

/* One that is odd in any way is left to the user, who has words for it. */
static void sight_one(const struct capture *c, const struct stretch *t, uint64_t entry, uint64_t number,
		      struct sighting *ret)
{
	struct captured p;

	slot_packet(c, t, t->walk.base + (entry >> 32), &p);
	if (p.odd_time || p.odd_len || p.no_time || p.options.len ||
	    !sight_plain(p.linktype, p.frame, c->opts.seed, ret)) {
		ret->kind = SIGHTING_NONE;
		return;
	}
	ret->t_ns = p.t_ns;
	ret->packet = number;
}

static void await_class(struct await *a, uint32_t class)
{
	a->syns[class / 64] |= UINT64_C(1) << class % 64;
}

/* One that is not plain may begin an attempt as well. */
static void await_odd(const struct capture *c, const struct stretch *t, uint64_t entry, struct await *a)
{
	const struct event_segment *g;
	struct captured cap;
	struct packet p;

	slot_packet(c, t, t->walk.base + (entry >> 32), &cap);
	if (decode_cut_frame(cap.linktype, cap.frame, cap.on_wire, &p) != DECODE_OK || p.event.kind != EVENT_SEGMENT)
		return;
	g = &p.event.segment;
	if (g->flags & TCP_SYN)
		await_class(a, sight_class(&g->src, &g->dst));
}

/* What the sightings may make to be awaited. */
static void await_sightings(const struct capture *c, const struct stretch *t, struct await *a)
{
	const struct sighting *s = t->sightings;
	uint32_t i;
	int list;

	memset(a->syns, 0, sizeof(a->syns));
	for (list = 0; list < t->walk.n_lists; list++) {
		const struct walk_list *l = &t->walk.lists[list];

		for (i = 0; i < l->n; i++) {
			if (!(l->entries[i] & WALK_LOOK))
				continue;
			if (s->kind == SIGHTING_NONE)
				await_odd(c, t, l->entries[i], a);
			else if (s->flags & TCP_SYN)
				await_class(a, sighting_class(s));
			s++;
		}
	}
	a->is_known = true;
}

/* The packets of a list that are to be looked at. */
static struct sighting *sight_list(const struct capture *c, const struct stretch *t, const struct walk_list *l,
				   uint64_t before, struct sighting *to)
{
	uint64_t waiting[AHEAD];
	uint32_t i, n = 0, done = 0;

	for (i = 0; i < l->n; i++) {
		if (!(l->entries[i] & WALK_LOOK))
			continue;
		if (n - done == AHEAD) {
			uint64_t entry = waiting[done++ % AHEAD];

			sight_one(c, t, entry, before + (entry & (WALK_LOOK - 1)), to++);
		}
		waiting[n++ % AHEAD] = l->entries[i];
		__builtin_prefetch(t->walk.base + (l->entries[i] >> 32));
		__builtin_prefetch(t->walk.base + (l->entries[i] >> 32) + CACHE_LINE);
	}
	for (; done < n; done++)
		sight_one(c, t, waiting[done % AHEAD], before + (waiting[done % AHEAD] & (WALK_LOOK - 1)), to++);
	return to;
}

void slot_sight(const struct capture *c, struct slot *s, struct await *a)
{
	struct stretch *t = &s->stretch;
	uint64_t before = t->first_number;
	struct sighting *to;
	int list;

	t->sightings = NULL;
	if (a)
		a->is_known = false;
	if (!make_room(c, s, walk_looked(&t->walk)))
		return;
	to = t->sightings = s->sightings;
	for (list = 0; list < t->walk.n_lists; list++) {
		to = sight_list(c, t, &t->walk.lists[list], before, to);
		before += t->walk.lists[list].packets;
	}
	if (a && !c->many_looked)
		await_sightings(c, t, a);
}
