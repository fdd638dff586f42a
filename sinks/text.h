/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_TEXT_H
#define SYNSENT_SINKS_TEXT_H

#include <stdbool.h>

#include "core/timescale.h"
#include "core/verdict.h"
#include "util/buf.h"

struct text_opts {
	bool color;  /* repeats what the words say */
	int columns; /* to wrap the evidence at; 0: 80 */
	bool plain;  /* where packets were dropped stands there in plain words, not in those of the JSON */
};

/* "timed-out: the kernel gave up, ..." and under it the evidence, the drop and what to change; each line with its
 * newline. */
void text_verdict(const struct attempt *a, const struct verdict *v, const struct text_opts *o, struct buf *to);

/* What stands before its advice: something to change, somewhere to look, or what it means. */
const char *text_advice_label(const struct verdict *v);

/* The row for a fast lab: what the times in the verdict, if there are any, stand for. */
void text_scaled_note(const struct attempt *a, const struct verdict *v, const struct attempt *scaled, struct buf *to);

/* A rule's text says that it answers, rather than drops in silence. */
bool text_rejects(const char *rule);

/*
 * Predicted against observed, SYN by SYN, and the end; nothing when the policy
 * is not known.  `scaled` is the attempt on the lab's axis, or NULL: then a
 * column tells the real time beside the lab's.
 */
void text_table(const struct attempt *a, const struct verdict *v, const struct attempt *scaled, struct buf *to);

/* The line that `netstat -anp` would show for a socket; pid 0 gives "-". */
void text_netstat(const struct event_state *s, struct buf *to);

/*
 * "SYN-SENT  retrans 2 of 5 timer 2.6 s   SYN 3 in 2.8 s   end in 58.1 s": the
 * count and the timer as the kernel said at kernel_ns (its timers are nominal;
 * `kernel` NULL: it said nothing), and what is predicted, slack included.
 */
void text_waiting(const struct attempt *a, const struct event_state *kernel, int64_t kernel_ns, int64_t now_ns,
		  struct buf *to);

/* "0.274 s"; 3 decimals */
void text_seconds(int64_t ns, struct buf *to);

#endif
