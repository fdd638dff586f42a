/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_STORY_MAKING_H
#define SYNSENT_CORE_STORY_MAKING_H

#include "core/story.h"

/* A story while it is being made: what core/story*.c share. */
struct story_making {
	const struct attempt *a;
	const struct verdict *v;
	struct story *s;
	int64_t start_ns;
	int n_syns, n_replies;
	const struct drop *syn_drop, *reply_drop;
	uint64_t made_up; /* SYN-ACKs that only their drop tells of, so far */
	struct schedule nominal;
};

/* Nothing but packets tells of it, so that what became of it was inferred. */
bool story_by_packets(const struct attempt *a);

/* Adds a row; when there is no room the last one is used again. */
struct story_row *story_add(struct story_making *m, enum story_kind kind, int64_t t_ns);
void story_set_state(char to[16], const char *state);

/* The nominal RTO between SYN i - 1 and SYN i, or 0 when the gap is not a timer's. */
int64_t story_backoff(const struct story_making *m, int i, int64_t gap_ns);

/* This host's own ICMP: it found no neighbour to send to. */
bool story_is_own(const struct story_making *m, const struct reply *p);

/* A router on the way took the SYN and said so. */
bool story_is_midway(const struct story_making *m, const struct reply *p);

/* Adds what came back. */
void story_replies(struct story_making *m);

/*
 * Puts the end where the client saw it: after every SYN and what it accepted,
 * though the clocks of packets and of the client may differ by some microseconds.
 * Returns its index.
 */
int story_end(struct story_making *m);

/* Adds what the kernel would have gone on to do. */
void story_predicted(struct story_making *m);

/* Adds the FINs, with the states that they lead to: FINs that cross lead both sides through CLOSING. */
void story_fins(struct story_making *m);

#endif
