/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "packet/sight.h"
#include "sources/capture_inside.h"

#define CACHE_LINE 64

static size_t count(const struct walk *w)
{
	size_t n = 0;
	int i;

	for (i = 0; i < w->n_lists; i++)
		n += w->lists[i].packets - w->lists[i].tcp - w->lists[i].other - w->lists[i].empty;
	return n;
}

static bool make_room(struct slot *s, size_t n)
{
	struct sighting *grown;

	if (n <= s->cap_sightings)
		return true;
	grown = aligned_alloc(CACHE_LINE, n * sizeof(*grown));
	if (!grown)
		return false;
	free(s->sightings);
	s->sightings = grown;
	s->cap_sightings = n;
	return true;
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

void slot_sight(const struct capture *c, struct slot *s)
{
	struct stretch *t = &s->stretch;
	uint64_t before = t->first_number;
	struct sighting *to;
	uint32_t i;
	int list;

	t->sightings = NULL;
	if (!make_room(s, count(&t->walk)))
		return;
	to = t->sightings = s->sightings;
	for (list = 0; list < t->walk.n_lists; list++) {
		const struct walk_list *l = &t->walk.lists[list];

		for (i = 0; i < l->n; i++)
			if (l->entries[i] & WALK_LOOK)
				sight_one(c, t, l->entries[i], before + (l->entries[i] & (WALK_LOOK - 1)), to++);
		before += l->packets;
	}
}
