/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/wire_table.h"

#include <stdlib.h>
#include <string.h>

#include "core/flow_hash.h"

static struct wire_item *item_at(const struct wire_table *t, uint32_t i)
{
	return (struct wire_item *)(void *)(t->items + i * t->item_size);
}

static uint64_t end_hash(const struct wire_table *t, const struct endpoint *e)
{
	return e->addr.family == 6 ? flow_hash_end6(t->seed, e->addr.b, e->port)
				   : flow_hash_end4(t->seed, e->addr.b, e->port);
}

static uint32_t *chain_of(const struct wire_table *t, const struct flow *f)
{
	return t->chains + (flow_hash(end_hash(t, &f->client), end_hash(t, &f->server)) & (t->max - 1));
}

bool wire_table_init(struct wire_table *t, size_t item_size, uint32_t max, uint64_t seed)
{
	*t = (struct wire_table){ .item_size = item_size, .max = max, .seed = seed };
	t->items = calloc(max, item_size);
	t->chains = calloc(max, sizeof(*t->chains));
	return t->items && t->chains;
}

void wire_table_fini(struct wire_table *t)
{
	free(t->items);
	free(t->chains);
}

void *wire_table_find(const struct wire_table *t, const struct flow *flow)
{
	struct wire_item *item;
	uint32_t i;

	for (i = *chain_of(t, flow); i; i = item->next) {
		item = item_at(t, i - 1);
		if (endpoint_equal(&item->flow.client, &flow->client) &&
		    endpoint_equal(&item->flow.server, &flow->server))
			return item;
	}
	return NULL;
}

void *wire_table_oldest(const struct wire_table *t)
{
	return item_at(t, t->next_place);
}

void *wire_table_add(struct wire_table *t, const struct flow *flow)
{
	struct wire_item *item = wire_table_oldest(t);
	uint32_t *chain = chain_of(t, flow);

	if (item->used)
		wire_table_remove(t, item);
	memset(item, 0, t->item_size);
	item->flow = *flow;
	item->used = true;
	item->next = *chain;
	*chain = t->next_place + 1;
	t->next_place = (t->next_place + 1) & (t->max - 1);
	return item;
}

void wire_table_remove(struct wire_table *t, void *gone)
{
	struct wire_item *item = gone;
	uint32_t *link = chain_of(t, &item->flow);

	while (item_at(t, *link - 1) != item)
		link = &item_at(t, *link - 1)->next;
	*link = item->next;
	item->used = false;
}
