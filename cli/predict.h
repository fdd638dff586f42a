/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_PREDICT_H
#define SYNSENT_CLI_PREDICT_H

#include "core/schedule.h"

struct buf;

/* What `synsent predict` was asked, and the schedules that follow. */
struct predict {
	struct policy policy;
	char kernel[48]; /* "6.18.44"; "" when not known */
	bool synack;	 /* the server's SYN-ACKs; policy.retries is then tcp_synack_retries */
	bool has_phase;
	uint64_t phase;
	int64_t app_ns;	   /* the application's own timer; 0: none given */
	int64_t within_ns; /* wanted: to give up by then; 0: not asked */

	struct schedule nominal;
	struct schedule exact; /* only with has_phase */
	struct schedule_range range;
};

/* Fills in the schedules from the rest. */
void predict_make(struct predict *p);

int64_t predict_first_rto_ns(const struct predict *p);

/* The whole answer, for people and as one JSON object (with the newline). */
void predict_text(const struct predict *p, struct buf *to);
void predict_json(const struct predict *p, struct buf *to);

#endif
