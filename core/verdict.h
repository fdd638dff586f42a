/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_VERDICT_H
#define SYNSENT_CORE_VERDICT_H

#include "core/attempt.h"

#define VERDICT_EVIDENCE_MAX 10

/*
 * What is concluded from an attempt, and from what.  `certain` only where the
 * kernel said so; anything inferred is `likely`, and the inference is among the
 * evidence.  Sentences end without a full stop.
 */
struct verdict {
	enum outcome outcome;
	enum gave_up_by gave_up_by;
	enum limit limit;
	enum confidence confidence;
	int error;	    /* errno that the client saw or must have seen; 0: none */
	int64_t elapsed_ns; /* SYN 0 (or connect) to the end; to the observation's end when pending */
	bool wordless;	    /* by verdict_conclude(): what follows stays empty */
	int n_evidence;
	char evidence[VERDICT_EVIDENCE_MAX][240];
	char headline[160];    /* "the kernel gave up, its 5 retransmissions unanswered (tcp_syn_retries)" */
	char advice[320];      /* what to change, or what it means; empty when there is nothing */
	bool advice_is_remedy; /* it names what is to be changed, though no limit ended it */
};

void verdict_make(const struct attempt *a, struct verdict *ret);

/*
 * The same judgement without a word: headline, advice and evidence are empty,
 * and all else is as verdict_make() has it.  For statistics over millions.
 */
void verdict_conclude(const struct attempt *a, struct verdict *ret);

/*
 * The schedule that this attempt's policy and phase predict, in ns since SYN 0:
 * at most `max` SYN times into syns_ns, the give-up into *ret_end_ns.  Returns
 * how many, 0 when the policy is not known, or changed meanwhile, or SYNs have
 * crossed.  *ret_exact says whether the phase was known; otherwise the times are
 * nominal.
 */
int verdict_predict(const struct attempt *a, int64_t *syns_ns, int max, int64_t *ret_end_ns, bool *ret_exact);

/* What helps a listener one of whose queues is full, where such a drop (DROP_PEER_BACKLOG) is. */
const char *verdict_queue_advice(const struct drop *d);

/* The give-up alone, even then, by the policy as it is now.  0 when that is not known. */
int64_t verdict_predict_end(const struct attempt *a, bool *ret_exact);

#endif
