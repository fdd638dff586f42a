/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_WATCH_SUMMARY_H
#define SYNSENT_SINKS_WATCH_SUMMARY_H

#include "sinks/summary.h"

struct watch_summary_loss {
	const char *source;
	uint64_t n;
};

struct watch_summary_process {
	const char *name;
	uint64_t attempts, failures;
};

/* What is known of an observation of a live host. */
struct watch_summary_facts {
	int64_t took_ns;
	uint64_t pending;   /* that wait still */
	uint64_t cancelled; /* of the abandoned: another address of their server won, likely */
	const struct watch_summary_loss *losses;
	int n_losses;
	const struct watch_summary_process *processes; /* those with the most failures, then attempts, first */
	int n_processes;
	uint64_t other_processes; /* how many there are more */
	bool has_inbound;	  /* SYNs that came to this host were looked at: */
	uint64_t in_answered, in_late, in_refused, in_ignored;
	const char *without;	  /* why eBPF was not used; NULL: it was */
	const char *drops_unseen; /* why not all drops are; NULL: they are, or that is said by `without` */
	uint64_t unseen;	  /* attempts of which that they were is all that is known ... */
	uint64_t unseen_failed;	  /* ... and so many of them failed at most */
};

/*
 * For people, 80 columns.  The first line tells how much there was and what
 * was lost, by source: "214 attempts in 40 s; nothing lost".
 */
void watch_summary_text(const struct summary *s, const struct watch_summary_facts *f, const struct summary_look *o,
			struct buf *to);

#endif
