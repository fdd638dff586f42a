/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_PAIRING_TOTALS_H
#define SYNSENT_CORE_PAIRING_TOTALS_H

#include "core/pairing.h"
#include "core/summary_spread.h"
#include "core/summary_steps.h"

/* What became of many attempts' packets. */
struct pairing_totals {
	uint64_t attempts, sorts[PAIR_SORT_N];
	uint64_t notable;    /* pair_is_notable() */
	uint64_t differ;     /* of PAIR_BOTH: pair_differs() */
	uint64_t by_address; /* of PAIR_LOST */
	uint64_t likely;     /* of PAIR_BOTH: paired by other things than the ISN */
	/* Packets of attempts that were compared: PAIR_BOTH, PAIR_LOST, PAIR_UNCOVERED and PAIR_UNSEEN. */
	uint64_t sent[PAIRING_KIND_N], fate[PAIRING_KIND_N][FATE_N];
	struct spread to_server, to_client; /* one-way delays */
	int64_t first_ns, last_ns;	    /* attempts begin */
	uint64_t losses;		    /* attempts of which packets died */
	int64_t first_loss_ns, last_loss_ns;
	struct steps losses_over_time; /* by their start */
};

/* Of 60 kB, so better on the heap.  False when there is no memory. */
bool pairing_totals_init(struct pairing_totals *t);
void pairing_totals_fini(struct pairing_totals *t);

void pairing_totals_add(struct pairing_totals *t, const struct pair_report *r);

#endif
