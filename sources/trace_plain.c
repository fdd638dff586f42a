/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/trace_plain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct told {
	uint64_t n, took_ns;
};

struct trace_plain {
	struct told told[WATCH_PLAINS];
};

struct trace_plain *trace_plain_new(void)
{
	return calloc(1, sizeof(struct trace_plain));
}

void trace_plain_free(struct trace_plain *p)
{
	free(p);
}

/* Where a class of times begins, as class_of() of bpf/watch_plain.h numbers them. */
static uint64_t class_from_ns(unsigned int class)
{
	unsigned int log = class / 8;
	uint64_t us = (uint64_t)1 << log;

	if (log >= 3)
		us += (uint64_t)(class % 8) << (log - 3);
	return class ? us * 1000 : 0;
}

/* The sum is written before the number, so that one more may be in it already. */
static uint64_t mean_ns(const union watch_plain_key *k, uint64_t sum_ns, uint64_t n)
{
	uint64_t from = class_from_ns(k->time),
		 until = class_from_ns(k->time + (k->time < 3 * 8 ? 8 - k->time % 8 : 1));
	uint64_t mean = sum_ns / n;

	return mean < from ? from : mean >= until ? until - 1 : mean;
}

/* As the programs would have told one of them. */
static void make(const struct watch_plain *p, uint64_t took_ns, struct watch_attempt *w)
{
	const union watch_plain_key *k = &p->key;

	*w = (struct watch_attempt){
		.end_ns = p->last_ns,
		.start_ns = p->last_ns - took_ns,
		.how = k->how,
		.flow = { .server = k->server, .server_port = k->server_port, .family = k->family }
	};
	memcpy(w->comm, k->comm, sizeof(w->comm));
	if (k->how == WATCH_CONNECTED)
		return;
	w->by = WATCH_KERNEL;
	w->error = ECONNREFUSED;
	w->timer = WATCH_TIMER_WAITED;
	w->reset_ns = w->end_ns;
	w->segs_in = 1;
}

void trace_plain_read(struct trace_plain *p, const uint64_t *tags, const struct watch_plain *kinds, trace_plain_fn *fn,
		      void *user)
{
	struct watch_attempt w;
	int i;

	for (i = 0; i < WATCH_PLAINS; i++) {
		struct told *told = &p->told[i], now;

		if (!tags[i] || !__atomic_load_n(&kinds[i].key.w[2], __ATOMIC_ACQUIRE))
			continue;
		now.n = __atomic_load_n(&kinds[i].n, __ATOMIC_ACQUIRE);
		if (now.n == told->n)
			continue;
		now.took_ns = __atomic_load_n(&kinds[i].took_ns, __ATOMIC_RELAXED);
		make(&kinds[i], mean_ns(&kinds[i].key, now.took_ns - told->took_ns, now.n - told->n), &w);
		fn(&w, now.n - told->n, user);
		*told = now;
	}
}
