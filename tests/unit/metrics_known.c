/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "metrics_known.h"

#define MS 1000000LL

const struct openmetrics_build metrics_known_build = { "1.2.3", "6.1.0-18 \"odd\" \\ kernel\n" };

static const struct {
	uint64_t n;
	enum outcome outcome;
	enum gave_up_by gave_up_by;
	uint8_t family;
	int n_syns;
	int64_t elapsed_ns;
	bool cancelled;
} known[] = {
	{ 1000, OUTCOME_ESTABLISHED, GAVE_UP_NOBODY, 4, 1, 61234 },
	{ 500, OUTCOME_ESTABLISHED, GAVE_UP_NOBODY, 4, 1, 1 * MS }, /* on an edge: in its bucket */
	{ 250, OUTCOME_ESTABLISHED, GAVE_UP_NOBODY, 6, 1, 1 * MS + 1 },
	{ 20, OUTCOME_ESTABLISHED, GAVE_UP_NOBODY, 4, 2, 1009 * MS },
	{ 3, OUTCOME_ESTABLISHED, GAVE_UP_NOBODY, 6, 3, 3025 * MS + 7 },
	{ 1, OUTCOME_ESTABLISHED, GAVE_UP_NOBODY, 4, 11, 70000 * MS },
	{ 1, OUTCOME_ESTABLISHED, GAVE_UP_NOBODY, 4, 1, -5 * MS }, /* the clock went back */
	{ 90, OUTCOME_REFUSED, GAVE_UP_PEER, 4, 1, MS },
	{ 7, OUTCOME_REFUSED, GAVE_UP_NETWORK, 6, 1, MS },
	{ 30, OUTCOME_UNREACHABLE, GAVE_UP_KERNEL, 4, 0, 0 },
	{ 11, OUTCOME_UNREACHABLE, GAVE_UP_NETWORK, 6, 1, 20 * MS },
	{ 40, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, 4, 7, 131000 * MS },
	{ 2, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, 6, 250, 131000 * MS },
	{ 48, OUTCOME_ABANDONED, GAVE_UP_APPLICATION, 4, 4, 5000 * MS },
	{ 12, OUTCOME_ABANDONED, GAVE_UP_APPLICATION, 4, 4, 5000 * MS, .cancelled = true },
	{ 5, OUTCOME_KILLED, GAVE_UP_SIGNAL, 4, 2, 1500 * MS },
	{ 20, OUTCOME_FAILED, GAVE_UP_KERNEL, 4, 0, 0 },
	{ 8, OUTCOME_UNANSWERED, GAVE_UP_UNKNOWN, 4, 6, 31000 * MS },
	{ 1, OUTCOME_NONE, GAVE_UP_NONE, 0, 0, 0 },
	{ 9999, OUTCOME_PENDING, GAVE_UP_NOBODY, 4, 1, 0 }, /* not counted */
};

void metrics_known_feed(struct openmetrics *m)
{
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct digest d = { .outcome = known[i].outcome,
				    .gave_up_by = known[i].gave_up_by,
				    .flow.server.addr.family = known[i].family,
				    .n_syns = known[i].n_syns,
				    .elapsed_ns = known[i].elapsed_ns,
				    .cancelled = known[i].cancelled };

		openmetrics_feed(m, &d, known[i].n);
	}
	openmetrics_set_lost(m, "ebpf", 0);
	openmetrics_set_lost(m, "packets", 5);
	openmetrics_set_lost(m, "packets", 17);
	openmetrics_set_lost(m, "packets", 12);
	openmetrics_set_pending(m, 3);
	openmetrics_set_pending(m, 4);
}

void metrics_known_one_more(struct openmetrics *m)
{
	struct digest d = { .outcome = OUTCOME_ESTABLISHED,
			    .gave_up_by = GAVE_UP_NOBODY,
			    .flow.server.addr.family = 4,
			    .n_syns = 3,
			    .elapsed_ns = 3500 * MS };

	openmetrics_feed(m, &d, 1);
}
