/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_FUZZ_RECORD_RULES_H
#define SYNSENT_TESTS_FUZZ_RECORD_RULES_H

#include <string.h>

#include "fuzz.h"
#include "sinks/attempt_json.h"
#include "sinks/watch_line.h"
#include "sources/trace_attempt.h"

/* What holds for every record of bpf/watch.bpf.c, whatever its bytes. */

/* Clocks count from the host's start: a century is enough. */
#define RECORD_TIMES_MAX 3155760000000000000u

/* What is looked up here depends on the number alone. */
static inline const char *record_reason(uint32_t reason, void *user)
{
	static const char *const names[] = { "",	  "NETFILTER_DROP",
					     "TCP_CSUM",  "TCP_INVALID_ACK_SEQUENCE",
					     "TCP_FLAGS", "NEIGH_FAILED",
					     "TCP_RESET", "A_NAME_THAT_IS_LONGER_THAN_ITS_ROOM" };

	return names[reason % (sizeof(names) / sizeof(names[0]))];
}

static inline const char *record_function(uint64_t location, void *user)
{
	return location % 3   ? "nf_hook_slow"
	       : location % 2 ? ""
			      : "a_function_with_a_name_longer_than_the_room_that_it_has";
}

static inline void record_frame(struct trace_frame *f)
{
	*f = (struct trace_frame){ .ahead_ns = 1700000000000000000,
				   .jiffies = { .hz = 250, .edge_mono_ns = 1234567, .at_edge = 4294892296u },
				   .kernel = KERNEL_VERSION_OF(6, 12),
				   .reason = record_reason,
				   .function = record_function };
}

/* As the kernel's clocks would have them: the rest is left as it came. */
static inline void record_tame(struct watch_record *r)
{
	struct watch_attempt *w = &r->attempt;
	__u64 *const times[] = { &w->start_ns, &w->end_ns, &w->reset_ns, &w->soft_ns };
	size_t i;

	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		*times[i] %= RECORD_TIMES_MAX;
	for (i = 0; i < WATCH_DROPS_MAX; i++) {
		r->more.drops[i].first_ns %= RECORD_TIMES_MAX;
		r->more.drops[i].last_ns %= RECORD_TIMES_MAX;
	}
}

static inline void record_must_hold(const struct attempt *a)
{
	int i, n = a->n_syns < ATTEMPT_SYNS_MAX ? a->n_syns : ATTEMPT_SYNS_MAX;

	MUST(a->n_syns >= 0 && a->n_replies >= 0 && a->n_replies <= ATTEMPT_REPLIES_MAX);
	MUST(a->n_drops >= 0 && a->n_drops <= ATTEMPT_DROPS_MAX);
	for (i = n; i < ATTEMPT_SYNS_MAX; i++)
		MUST(!a->syn_ns[i]);
	for (i = 1; i < a->n_replies; i++)
		MUST(a->replies[i - 1].t_ns <= a->replies[i].t_ns);
	for (i = 0; i < a->n_drops; i++) {
		MUST(a->drops[i].place > DROP_NONE && a->drops[i].place < DROP_PLACE_N);
		MUST(memchr(a->drops[i].reason, 0, sizeof(a->drops[i].reason)));
		MUST(memchr(a->drops[i].function, 0, sizeof(a->drops[i].function)));
	}
	MUST(!a->has_policy || !policy_invalid(&a->policy));
	MUST(a->traced && a->socket_seen);
}

/* One line, and nothing in it that steers a terminal. */
static inline void record_must_show(const struct attempt *a)
{
	static const struct watch_line_look look;
	struct buf b = { 0 };
	struct verdict v;
	size_t i;

	verdict_make(a, &v);
	MUST(v.outcome > OUTCOME_NONE && v.outcome < OUTCOME_N);
	MUST(v.gave_up_by < GAVE_UP_N && v.confidence < CONFIDENCE_N && v.n_evidence <= VERDICT_EVIDENCE_MAX);
	watch_line(a, &v, &look, &b);
	MUST(b.len && b.data[b.len - 1] == '\n');
	for (i = 0; i + 1 < b.len; i++)
		MUST((unsigned char)b.data[i] >= ' ' && b.data[i] != 127);
	buf_reset(&b);
	attempt_json(a, &v, &(struct attempt_json_opts){ .source = "watch" }, &b);
	MUST(b.len && strlen(b.data) == b.len && strchr(b.data, '\n') == b.data + b.len - 1);
	buf_fini(&b);
}

/* Into a place that was used, as the source does it, and into an empty one: the same. */
static inline void record_check(struct watch_record *r, bool whole, struct attempt *used)
{
	const struct watch_more *more = whole ? &r->more : NULL;
	struct attempt *fresh = calloc(1, sizeof(*fresh));
	struct trace_frame f;

	MUST(fresh);
	record_frame(&f);
	record_tame(r);
	trace_attempt(&r->attempt, more, &f, fresh);
	trace_attempt(&r->attempt, more, &f, used);
	MUST(!memcmp(fresh, used, sizeof(*fresh)));
	record_must_hold(used);
	record_must_show(used);
	free(fresh);
}

#endif
