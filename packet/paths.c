/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/paths.h"

#include <stdlib.h>
#include <string.h>

#include "core/flow_hash.h"

#define PLACES (2u * 32768) /* a power of two, at least twice PATHS_MAX */
#define TEXT_LEN 96

struct place {
	uint64_t hash;
	uint16_t number; /* 0: free */
};

struct paths {
	uint64_t seed;
	struct place *places;
	char **texts; /* of number 1, ... */
	uint16_t n;
};

struct paths *paths_new(uint64_t seed)
{
	struct paths *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->seed = seed;
	p->places = calloc(PLACES, sizeof(*p->places));
	p->texts = calloc(PATHS_MAX, sizeof(*p->texts));
	if (!p->places || !p->texts) {
		paths_free(p);
		return NULL;
	}
	return p;
}

void paths_free(struct paths *p)
{
	uint16_t i;

	if (!p)
		return;
	for (i = 0; p->texts && i < p->n; i++)
		free(p->texts[i]);
	free(p->texts);
	free(p->places);
	free(p);
}

static uint64_t mix_addr(uint64_t h, const struct addr *a)
{
	uint64_t words[2];

	memcpy(words, a->b, sizeof(words));
	return flow_hash_mix(flow_hash_mix(h ^ words[0], FLOW_HASH_K1) ^ words[1] ^ a->family, FLOW_HASH_K2);
}

/* 64 bits under a seed: that two paths have the same is not to be expected. */
static uint64_t hash(const struct paths *p, const struct path *path)
{
	uint64_t h = flow_hash_mix(p->seed ^ (uint64_t)path->n, FLOW_HASH_K1);
	const struct path_step *s;
	int i;

	for (i = 0; i < path->n && i < PATH_STEPS_MAX; i++) {
		s = &path->steps[i];
		h = flow_hash_mix(h ^ s->id ^ (uint64_t)s->kind << 32 ^ (uint64_t)s->has_id << 40, FLOW_HASH_K2);
		h = mix_addr(mix_addr(h, &s->src), &s->dst);
	}
	return h;
}

static uint16_t add(struct paths *p, struct place *place, uint64_t h, const struct path *path)
{
	char text[TEXT_LEN];

	if (p->n == PATHS_MAX)
		return PATHS_MANY;
	p->texts[p->n] = strdup(path_format(path, text, sizeof(text)));
	if (!p->texts[p->n])
		return PATHS_MANY;
	place->hash = h;
	place->number = ++p->n;
	return place->number;
}

uint16_t paths_number(struct paths *p, const struct path *path)
{
	uint64_t h, i;

	if (!path->n)
		return 0;
	h = hash(p, path);
	for (i = h & (PLACES - 1); p->places[i].number; i = (i + 1) & (PLACES - 1))
		if (p->places[i].hash == h)
			return p->places[i].number;
	return add(p, &p->places[i], h, path);
}

const char *paths_text(const struct paths *p, uint16_t number)
{
	if (!number)
		return "";
	return number <= p->n ? p->texts[number - 1] : "(one of too many encapsulations)";
}
