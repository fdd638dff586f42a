/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/tracker_table.h"

#define US 1000
#define TICKS_MIN 4 /* of that clock between two SYNs, to tell them apart */
#define US_MAX INT64_C(2000000000)

/* How far a clock of timestamps that runs evenly has come at SYN i, times the length of the whole; -1: not known. */
static int64_t progress(const struct attempt *a, int i, int last)
{
	int64_t us = (a->syn_ns[i] - a->syn_ns[0]) / US, all_us = (a->syn_ns[last] - a->syn_ns[0]) / US;

	return a->syn_ns[i] && us >= 0 && us <= all_us && all_us < US_MAX ? us : -1;
}

/*
 * The SYN that had this timestamp, -1 where that cannot be told.  Only the first one's and the last one's are kept:
 * those in between follow from when they left, whatever the unit of the client's clock, 1 us to 1 s (RFC 7323
 * section 5.4).
 */
static int syn_of(const struct slot *s, uint32_t tsecr)
{
	int last = s->a.n_syns - 1, best = -1, i;
	int64_t all, ticks = (int64_t)(uint32_t)(s->a.last_tsval - s->a.first_tsval),
		     at = (uint32_t)(tsecr - s->a.first_tsval);
	int64_t least = 0, second = 0;

	if (last < 1 || last >= ATTEMPT_SYNS_MAX || s->last_syn_counted || !s->a.syn_ns[0] || !ticks || at > ticks)
		return -1;
	all = progress(&s->a, last, last);
	for (i = 0; i <= last; i++) {
		int64_t here = progress(&s->a, i, last), off;

		if (here < 0 || all <= 0)
			return -1;
		off = here * ticks / all - at;
		off = off < 0 ? -off : off;
		if (best < 0 || off < least) {
			second = best < 0 ? INT64_MAX : least;
			least = off;
			best = i;
		} else if (off < second) {
			second = off;
		}
	}
	return second >= TICKS_MIN && least <= second / 4 ? best : -1;
}

void slot_note_answer(struct slot *s, const struct event_segment *g)
{
	int n = g->has_ts && s->a.has_tsvals && !s->a.crossed ? syn_of(s, g->tsecr) : -1;

	if (s->answers_differ || s->a.n_syns < 2)
		return;
	s->answers_differ = n < 0 || (s->a.has_answered && n != s->a.answered_syn);
	s->a.has_answered = !s->answers_differ;
	s->a.answered_syn = s->a.has_answered ? n : 0;
}
