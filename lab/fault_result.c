/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/fault_result.h"

#include <errno.h>

#include "util/duration.h"

/* Three tries a second apart (net.ipv4.neigh.*.mcast_solicit, retrans_time_ms). */
#define NEIGHBOUR_FAILS_NS (3 * NS_PER_S)

#define PHASES 512 /* of jiffies: more bits decide nothing in 3 s at 1000 Hz */

static int64_t syn_ns(const struct schedule *s, int n, int hz)
{
	return schedule_jiffies_ns(n < s->n ? s->syn[n] : s->end, hz);
}

/*
 * Does TCP's timer for SYN i (past the last: for the end) fire before the neighbour fails, mostly?  Both were armed
 * with SYN 0.  Of two in one bucket of the wheel that one fires first which was armed last (kernel/time/timer.c
 * enqueue_timer()); armed in one jiffy, each time, they take turns, and the third is TCP's.
 */
static bool is_before_failure(const struct policy *p, int i)
{
	const struct policy tries = {
		.retries = 127, .linear = 127, .rto_max_ms = p->rto_max_ms, .hz = p->hz, .kernel = p->kernel
	};
	struct schedule s, neighbour;
	int64_t at;
	int before = 0;

	for (uint64_t phase = 0; phase < PHASES; phase++) {
		schedule_exact(p, phase, &s);
		schedule_exact(&tries, phase, &neighbour);
		at = i < s.n ? s.syn[i] : s.end;
		before += at < neighbour.syn[3] || (at == neighbour.syn[3] && s.syn[i - 1] >= neighbour.syn[2]);
	}
	return before > PHASES / 2;
}

static void neighbour_fails(const struct schedule *s, const struct policy *p, struct fault_result *r)
{
	bool spent = syn_ns(s, s->n, p->hz) <= NEIGHBOUR_FAILS_NS;
	bool fired = s->n - 1 > p->linear && is_before_failure(p, s->n - 1);

	r->ns = NEIGHBOUR_FAILS_NS;
	if (spent || fired) {
		r->error4 = ETIMEDOUT;
		r->outcome4 = OUTCOME_TIMED_OUT;
	}
	if (spent && is_before_failure(p, s->n)) {
		r->error6 = ETIMEDOUT;
		r->outcome6 = OUTCOME_TIMED_OUT;
		r->ns = syn_ns(s, s->n, p->hz);
	}
}

static int64_t delay_of(const struct fault_effect *f)
{
	struct fault fault;

	return fault_parse(f->text, &fault, NULL) ? 0 : 2 * fault.delay_ns;
}

void fault_result(const struct fault_effect *f, const struct policy *p, struct fault_result *ret)
{
	struct schedule s;

	schedule_nominal(p, &s);
	*ret = (struct fault_result){ .error4 = f->error4,
				      .error6 = f->error6,
				      .outcome4 = f->outcome4,
				      .outcome6 = f->outcome6,
				      .syns = f->syns == FAULT_SYNS_ALL ? s.n : f->syns };
	switch (f->when) {
	case WHEN_AT_ONCE:
		break;
	case WHEN_SCHEDULE_ENDS:
		ret->ns = syn_ns(&s, s.n, p->hz);
		break;
	case WHEN_SCHEDULE_EARLY:
		ret->ns = syn_ns(&s, s.n, p->hz) - syn_ns(&s, 1, p->hz);
		break;
	case WHEN_NEIGHBOUR_FAILS:
		neighbour_fails(&s, p, ret);
		break;
	case WHEN_RETRANSMITTED:
		ret->ns = syn_ns(&s, f->syns - 1, p->hz);
		break;
	case WHEN_DELAYED:
		ret->ns = delay_of(f);
		break;
	case WHEN_CHANCE:
		ret->ns = -1;
		break;
	}
}

const char *fault_when_word(enum fault_when w)
{
	static const char *const words[] = {
		[WHEN_AT_ONCE] = "at-once",
		[WHEN_SCHEDULE_ENDS] = "schedule-ends",
		[WHEN_SCHEDULE_EARLY] = "schedule-early",
		[WHEN_NEIGHBOUR_FAILS] = "neighbour-fails",
		[WHEN_RETRANSMITTED] = "at-retransmission",
		[WHEN_DELAYED] = "delayed",
		[WHEN_CHANCE] = "chance",
	};

	return words[w];
}
