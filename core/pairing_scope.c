/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/pairing_scope.h"

#include <stdlib.h>
#include <string.h>

#include "core/flow_hash.h"

#define SIZE_FIRST 64

/* 64 bits of them, which is as good as all. */
static uint64_t key_of(const struct scope *s, const struct addr *a, uint32_t port)
{
	uint64_t w[2], key;

	memcpy(w, a->b, sizeof(w));
	key = flow_hash_mix(w[0] ^ s->seed, FLOW_HASH_K2 ^ a->family);
	key = flow_hash_mix(key ^ w[1], FLOW_HASH_K1 ^ port);
	return key ? key : 1;
}

#define PORT_ANY 0x10000u

static uint64_t *place_of(uint64_t *keys, size_t size, uint64_t key)
{
	size_t at = key & (size - 1);

	while (keys[at] && keys[at] != key)
		at = (at + 1) & (size - 1);
	return &keys[at];
}

static bool grow(struct scope *s)
{
	size_t size = s->size ? s->size * 2 : SIZE_FIRST, i;
	uint64_t *keys = calloc(size, sizeof(*keys));

	if (!keys)
		return false;
	for (i = 0; i < s->size; i++)
		if (s->keys[i])
			*place_of(keys, size, s->keys[i]) = s->keys[i];
	free(s->keys);
	s->keys = keys;
	s->size = size;
	return true;
}

static bool add(struct scope *s, uint64_t key)
{
	uint64_t *place;

	if (s->n * 2 >= s->size && !grow(s))
		return false;
	place = place_of(s->keys, s->size, key);
	s->n += !*place;
	*place = key;
	return true;
}

bool scope_add(struct scope *s, const struct endpoint *e)
{
	return add(s, key_of(s, &e->addr, e->port)) && add(s, key_of(s, &e->addr, PORT_ANY));
}

static bool has(const struct scope *s, uint64_t key)
{
	return s->size && *place_of(s->keys, s->size, key);
}

bool scope_has(const struct scope *s, const struct endpoint *e)
{
	return has(s, key_of(s, &e->addr, e->port));
}

bool scope_has_addr(const struct scope *s, const struct addr *a)
{
	return has(s, key_of(s, a, PORT_ANY));
}

void scope_fini(struct scope *s)
{
	free(s->keys);
	*s = (struct scope){ .keys = NULL };
}
