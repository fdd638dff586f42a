/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_PREDICT_APP_H
#define SYNSENT_CLI_PREDICT_APP_H

#include "core/schedule.h"

/* What a timer in the application does to a SYN, or to the kernel's own end. */
enum cut {
	CUT_LEAVES, /* before the timer in every phase */
	CUT_EITHER, /* the timer falls within its slack: it depends on the phase */
	CUT_BARELY, /* after the timer, but nominally not: a timer that is a little late lets it leave */
	CUT_GONE,   /* after the timer */
};

struct app_cut {
	int sent;	   /* SYNs that leave in any case */
	int sent_max;	   /* ... that may leave */
	int near;	   /* the SYN whose slack the timer sits in, or -1 */
	enum cut near_how; /* CUT_EITHER or CUT_BARELY */
	enum cut end;	   /* CUT_LEAVES: the kernel gives up first */
};

/* `nominal` is SYN n's (or the end's) nominal time. */
enum cut app_cut_of(int64_t app_ns, int64_t nominal_ns, int64_t min_ns, int64_t max_ns, int hz);

void app_cut(const struct schedule *nominal, const struct schedule_range *r, int hz, int64_t app_ns,
	     struct app_cut *ret);

/* The word in the table and in JSON: "sent", "either", "cut". */
const char *cut_word(enum cut c);

#endif
