/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was counted: events, what was lost of them, and attempts that are not told one by one. */
#include "sources/trace_inside.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

static bool read_cpus(const struct trace *t)
{
	uint32_t zero = 0;

	return !bpf_map_lookup_elem(bpf_map__fd(t->skel->maps.synsent_counts), &zero, t->cpus);
}

void trace_counts(const struct trace *t, struct trace_counts *ret)
{
	uint64_t sum[WATCH_COUNTS] = { 0 };
	int i, k;

	if (read_cpus(t))
		for (i = 0; i < t->n_cpus; i++)
			for (k = 0; k < WATCH_COUNTS; k++)
				sum[k] += t->cpus[i].counts[k];
	*ret = (struct trace_counts){ .begun = sum[WATCH_N_BEGUN],
				      .connected = sum[WATCH_N_CONNECTED],
				      .ended = sum[WATCH_N_ENDED],
				      /* one that an unseen drop kept in this host is told of by no event */
				      .missed_retransmits =
					      t->drops == TRACE_DROPS_ALL ? sum[WATCH_N_MISSED_RETRANS] : 0,
				      .missed_begins = sum[WATCH_N_NO_BEGIN],
				      .missed_ends = sum[WATCH_N_NO_END],
				      .no_room = sum[WATCH_N_NO_ROOM],
				      .untold = sum[WATCH_N_UNTOLD],
				      .drops_unkept = sum[WATCH_N_DROPS_UNKEPT] };
}

const char *trace_lost(const struct trace_counts *c, int i, uint64_t *ret_n)
{
	static const char *const names[] = { "tracepoint", "table", "ring", "drops" };
	const uint64_t n[] = { c->missed_begins + c->missed_ends + c->missed_retransmits, c->no_room, c->untold,
			       c->drops_unkept };

	if (i < 0 || i >= (int)(sizeof(names) / sizeof(names[0])))
		return NULL;
	*ret_n = n[i];
	return names[i];
}

static void on_plain(const struct watch_attempt *w, uint64_t n, void *user)
{
	struct trace *t = user;

	trace_attempt(w, NULL, &t->frame, &t->attempt);
	t->plain_fn(&t->attempt, n, t->plain_user);
}

void trace_counted(struct trace *t, trace_counted_fn *fn, void *user)
{
	t->plain_fn = fn;
	t->plain_user = user;
	t->plain_due_ns = 0;
	trace_plain_read(t->plain, (const uint64_t *)t->skel->bss->plain_tags, t->skel->bss->plains, on_plain, t);
}

int64_t trace_counted_due_ns(const struct trace *t)
{
	return t->plain_due_ns;
}
