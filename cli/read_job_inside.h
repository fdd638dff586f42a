/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_READ_JOB_INSIDE_H
#define SYNSENT_CLI_READ_JOB_INSIDE_H

#include "cli/read_job.h"

/* The inside of cli/read_job.h.  Private to cli/read_job*.c. */

#define BATCH 32
#define PENDING_BITS 1024

/* Sightings on their way to the table. */
struct batch {
	size_t n;
	struct sighting *sightings[BATCH];
	struct sighting own[BATCH]; /* those that did not come with the stretch */
	struct captured captured[BATCH];
	size_t n_looked; /* not counted yet */
	/* Flows of the SYNs among them, which the table's filter does not know yet. */
	uint64_t pending[PENDING_BITS / 64];
};

struct read_job {
	struct read_job_opts opts;
	struct handshakes *handshakes;
	const uint8_t *awaited;
	struct paths *paths;
	struct ledger ledger;
	struct read_notes notes;
	int64_t first_ns, last_ns;
	bool any;
	bool selects; /* not every SYN is wanted */
	struct batch batch;
};

#endif
