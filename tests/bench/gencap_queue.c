/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gencap.h"

#include <stdlib.h>
#include <string.h>

static struct flow *flows;
static uint32_t nflows, flow_cap, free_list = UINT32_MAX;

uint32_t new_flow(void)
{
	uint32_t i;
	if (free_list != UINT32_MAX) {
		i = free_list;
		free_list = flows[i].next_free;
	} else {
		if (nflows == flow_cap) {
			flow_cap = flow_cap ? flow_cap * 2 : 4096;
			flows = realloc(flows, flow_cap * sizeof *flows);
			if (!flows)
				die("memory");
		}
		i = nflows++;
	}
	memset(&flows[i], 0, sizeof flows[i]);
	return i;
}

void end_flow(uint32_t i)
{
	flows[i].next_free = free_list;
	free_list = i;
}

struct flow *flow_at(uint32_t i)
{
	return &flows[i];
}

/* A heap of 4 branches. */
static struct event *heap;
static size_t heap_len, heap_cap;

void push(uint64_t t, uint32_t flow)
{
	if (heap_len == heap_cap) {
		heap_cap = heap_cap ? heap_cap * 2 : 4096;
		heap = realloc(heap, heap_cap * sizeof *heap);
		if (!heap)
			die("memory");
	}
	size_t i = heap_len++;
	while (i) {
		size_t up = (i - 1) / 4;
		if (heap[up].t <= t)
			break;
		heap[i] = heap[up];
		i = up;
	}
	heap[i] = (struct event){ t, flow };
}

struct event pop(void)
{
	struct event top = heap[0], last = heap[--heap_len];
	size_t i = 0;
	for (;;) {
		size_t c = 4 * i + 1, best = c;
		if (c >= heap_len)
			break;
		for (size_t k = c + 1; k < c + 4 && k < heap_len; k++)
			if (heap[k].t < heap[best].t)
				best = k;
		if (heap[best].t >= last.t)
			break;
		heap[i] = heap[best];
		i = best;
	}
	heap[i] = last;
	return top;
}

bool queue_is_empty(void)
{
	return !heap_len;
}
