/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_DIGEST_H
#define SYNSENT_CORE_DIGEST_H

#include "core/verdict.h"

/*
 * An attempt and its verdict in short: what statistics over millions of them
 * need.  It holds no text and owns nothing.
 */
struct digest {
	uint32_t number;    /* attempt.number */
	int64_t start_ns;   /* SYN 0, ns since 1970 */
	int64_t elapsed_ns; /* verdict.elapsed_ns; below 0 where the capture's clock went back */
	struct flow flow;
	int n_syns; /* SYN 0 included; duplicates of the capture not */
	enum outcome outcome;
	enum gave_up_by gave_up_by;
	enum limit limit;
	enum confidence confidence;
	enum reply_kind answer; /* what answered first: a SYN-ACK, RST or ICMP that fits; REPLY_NONE: nothing */
	bool half_open;		/* a SYN-ACK that fits came, and nothing of the client after it */
	bool cancelled;		/* abandoned, likely because another address won (struct attempt.winner) */
	int n_synacks;		/* that fit; duplicates of the capture not */
};

/* Outcomes that a summary counts as failures: all but established and pending. */
static inline bool digest_failed(const struct digest *d)
{
	return d->outcome != OUTCOME_ESTABLISHED && d->outcome != OUTCOME_PENDING;
}

/* The first reply that fits, whether or not it helped: late ones, and ICMP of a type that ends nothing, are answers.
 * NULL: there is none. */
const struct reply *digest_answer(const struct attempt *a);

/* What became of a reply that answers the SYN. */
bool digest_is_answer(enum ignored i);

/* The digest of an attempt that was judged. */
void digest_make(const struct attempt *a, const struct verdict *v, struct digest *ret);

#endif
