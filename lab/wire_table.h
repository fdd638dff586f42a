/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_WIRE_TABLE_H
#define SYNSENT_LAB_WIRE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event.h"

/*
 * A table of so many items keyed by flow, each found in constant time.  When
 * it is full a new item takes the place of the oldest.  An item is any struct that
 * begins with a struct wire_item.
 */
struct wire_item {
	struct flow flow;
	uint32_t next; /* in its chain: index + 1; 0: the last one */
	bool used;
};

struct wire_table {
	uint8_t *items;
	uint32_t *chains; /* index + 1 of each one's first item; 0: none */
	size_t item_size;
	uint32_t max; /* a power of two */
	uint32_t next_place;
	uint64_t seed;
};

/* False when there is no memory. */
bool wire_table_init(struct wire_table *t, size_t item_size, uint32_t max, uint64_t seed);
void wire_table_fini(struct wire_table *t);

/* NULL: not there. */
void *wire_table_find(const struct wire_table *t, const struct flow *flow);

/* The place that wire_table_add() will take; when it is `used`, it holds the oldest item. */
void *wire_table_oldest(const struct wire_table *t);

/* A new item, zero but for its flow, which is not in the table yet. */
void *wire_table_add(struct wire_table *t, const struct flow *flow);

void wire_table_remove(struct wire_table *t, void *item);

#endif
