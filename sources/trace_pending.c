/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The attempts that wait. */
#include "sources/trace_inside.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>

/* What is dropped without its socket is found by the flow; at its end the record takes it over. */
static void add_drop_so_far(struct trace *t, struct attempt *a)
{
	struct drop *d = &a->drops[a->n_drops];

	if (!a->flow.client.port || a->n_drops == ATTEMPT_DROPS_MAX ||
	    !trace_dropped(t, a, &a->flow, TRACE_DROPPED_SYN, d))
		return;
	if (d->netns && d->netns != a->netns)
		d->place = DROP_PATH_OR_PEER;
	a->n_drops++;
}

static void give_pending(struct trace *t, const struct watch_attempt *w, trace_fn *fn, void *user)
{
	struct watch_more more;
	bool whole = w->has_more && !bpf_map_lookup_elem(bpf_map__fd(t->skel->maps.synsent_more), &w->socket, &more);

	trace_attempt(w, whole ? &more : NULL, &t->frame, &t->attempt);
	t->attempt.observed_until_ns = trace_now(t);
	add_drop_so_far(t, &t->attempt);
	fn(&t->attempt, user);
}

/* A copy of it, if it was the same attempt's from beginning to end. */
static bool copy_place(const struct trace *t, int i, struct watch_attempt *ret)
{
	const struct watch_attempt *place = &t->skel->bss->places[i];
	uint64_t socket = __atomic_load_n(&place->socket, __ATOMIC_ACQUIRE);

	if (!socket)
		return false;
	memcpy(ret, place, sizeof(*ret));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return ret->socket == socket && __atomic_load_n(&place->socket, __ATOMIC_RELAXED) == socket;
}

struct waiting {
	struct watch_attempt *all;
	int n, room, max;
};

static void keep_waiting(struct waiting *to, const struct watch_attempt *w)
{
	struct watch_attempt *grown;

	if (w->flags & WATCH_FILTERED || to->n == to->max)
		return;
	if (to->n == to->room) {
		grown = realloc(to->all, (size_t)(to->room + 512) * sizeof(*grown));
		if (!grown)
			return;
		to->all = grown;
		to->room += 512;
	}
	to->all[to->n++] = *w;
}

/* Of those for which the fast table had no place. */
static void keep_beyond(struct trace *t, struct waiting *to)
{
	int fd = bpf_map__fd(t->skel->maps.synsent_beyond);
	uint64_t key = 0, next;
	struct watch_attempt w;
	bool goes_on = !bpf_map_get_next_key(fd, NULL, &next);

	while (goes_on && to->n < to->max) {
		key = next;
		goes_on = !bpf_map_get_next_key(fd, &key, &next);
		if (!bpf_map_lookup_elem(fd, &key, &w) && w.socket)
			keep_waiting(to, &w);
	}
}

static int by_start(const void *a, const void *b)
{
	const struct watch_attempt *x = a, *y = b;

	return (x->start_ns > y->start_ns) - (x->start_ns < y->start_ns);
}

int trace_pending(struct trace *t, int max, trace_fn *fn, void *user)
{
	struct waiting waiting = { .max = max };
	struct watch_attempt w;
	int i;

	for (i = 0; i < WATCH_PLACES; i++)
		if (copy_place(t, i, &w))
			keep_waiting(&waiting, &w);
	keep_beyond(t, &waiting);
	if (waiting.n)
		qsort(waiting.all, (size_t)waiting.n, sizeof(*waiting.all), by_start);
	for (i = 0; i < waiting.n; i++)
		give_pending(t, &waiting.all[i], fn, user);
	free(waiting.all);
	return waiting.n;
}
