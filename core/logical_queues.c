/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/logical_queues.h"

#include <stdlib.h>

/* What a value of the table is under; from QUEUE_OF on, one for each kind of queue. */
enum { TRIED = 1, PASSED, QUEUE_OF };

struct slot {
	uint32_t what, a, b; /* what == 0: free */
	uint32_t value;
};

/* A queue's first node is no group: it holds the queue's last node. */
struct node {
	uint32_t group;
	uint32_t next; /* 0: none */
	uint32_t last;
};

struct queues {
	struct slot *slots;
	uint32_t n_slots, n_used; /* a power of two; at most half are used */
	struct node *nodes;	  /* [0] is none */
	uint32_t n_nodes, nodes_max;
};

struct queues *queues_new(void)
{
	struct queues *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->n_slots = q->nodes_max = 64;
	q->n_nodes = 1;
	q->slots = calloc(q->n_slots, sizeof(*q->slots));
	q->nodes = calloc(q->nodes_max, sizeof(*q->nodes));
	if (!q->slots || !q->nodes) {
		queues_free(q);
		return NULL;
	}
	return q;
}

void queues_free(struct queues *q)
{
	if (!q)
		return;
	free(q->slots);
	free(q->nodes);
	free(q);
}

static struct slot *find(struct slot *slots, uint32_t n_slots, uint32_t what, uint32_t a, uint32_t b)
{
	uint64_t h = ((uint64_t)a << 32 | b) * 0x9e3779b97f4a7c15ULL + what;
	uint32_t at;

	h = (h ^ h >> 29) * 0xbf58476d1ce4e5b9ULL;
	at = (uint32_t)(h >> 32) & (n_slots - 1);
	for (; slots[at].what; at = (at + 1) & (n_slots - 1))
		if (slots[at].what == what && slots[at].a == a && slots[at].b == b)
			break;
	return &slots[at];
}

static bool grow(struct queues *q)
{
	uint32_t n = q->n_slots * 2, i;
	struct slot *slots = n ? calloc(n, sizeof(*slots)) : NULL;

	if (!slots)
		return false;
	for (i = 0; i < q->n_slots; i++)
		if (q->slots[i].what)
			*find(slots, n, q->slots[i].what, q->slots[i].a, q->slots[i].b) = q->slots[i];
	free(q->slots);
	q->slots = slots;
	q->n_slots = n;
	return true;
}

/* The value under these three, made as 0 when there is none; valid until the next call.  NULL: no memory. */
static uint32_t *value_of(struct queues *q, uint32_t what, uint32_t a, uint32_t b)
{
	struct slot *s;

	if (q->n_used >= q->n_slots / 2 && !grow(q))
		return NULL;
	s = find(q->slots, q->n_slots, what, a, b);
	if (!s->what) {
		*s = (struct slot){ .what = what, .a = a, .b = b };
		q->n_used++;
	}
	return &s->value;
}

static uint32_t node_new(struct queues *q, uint32_t group)
{
	struct node *nodes;

	if (q->n_nodes == q->nodes_max) {
		if (q->nodes_max > UINT32_MAX / 2)
			return 0;
		nodes = realloc(q->nodes, (size_t)q->nodes_max * 2 * sizeof(*nodes));
		if (!nodes)
			return 0;
		q->nodes = nodes;
		q->nodes_max *= 2;
	}
	q->nodes[q->n_nodes] = (struct node){ .group = group };
	return q->n_nodes++;
}

bool queues_add(struct queues *q, const struct queue_key *k, uint32_t group)
{
	uint32_t *queue = value_of(q, QUEUE_OF + k->kind, k->place, k->who), node;
	struct node *first;

	if (queue && !*queue) {
		*queue = node_new(q, QUEUES_NONE);
		if (*queue)
			q->nodes[*queue].last = *queue;
	}
	if (!queue || !*queue)
		return false;
	node = node_new(q, group);
	if (!node)
		return false;
	first = &q->nodes[*queue];
	q->nodes[first->last].next = node;
	first->last = node;
	return true;
}

bool queues_try(struct queues *q, uint32_t group, uint32_t address)
{
	uint32_t *tried = value_of(q, TRIED, group, address);

	if (tried)
		*tried = 1;
	return tried;
}

static bool has_tried(const struct queues *q, uint32_t group, uint32_t address)
{
	return find(q->slots, q->n_slots, TRIED, group, address)->what;
}

/* The next that is not gone.  The last of all stays linked even then, for those that are added after it. */
static uint32_t next_node(struct queues *q, const struct queue_key *k, uint32_t at, queues_gone *gone, const void *user)
{
	const struct node *n;

	for (; q->nodes[at].next; q->nodes[at].next = n->next) {
		n = &q->nodes[q->nodes[at].next];
		if (!gone(k, n->group, user))
			return q->nodes[at].next;
		if (!n->next)
			break;
	}
	return 0;
}

bool queues_first(struct queues *q, const struct queue_key *k, uint32_t address, queues_gone *gone, const void *user,
		  uint32_t *ret)
{
	const struct slot *queue = find(q->slots, q->n_slots, QUEUE_OF + k->kind, k->place, k->who);
	uint32_t *passed, at, next;

	*ret = QUEUES_NONE;
	if (!queue->what)
		return true;
	at = queue->value;
	passed = value_of(q, PASSED, at, address); /* queue is no more valid */
	if (!passed)
		return false;
	if (*passed)
		at = *passed;
	while ((next = next_node(q, k, at, gone, user)) && has_tried(q, q->nodes[next].group, address))
		at = next;
	*passed = at;
	if (next)
		*ret = q->nodes[next].group;
	return true;
}
