/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_HANDSHAKES_MODEL_H
#define SYNSENT_TESTS_UNIT_HANDSHAKES_MODEL_H

#include "core/attempt.h"
#include "core/handshakes.h"

/*
 * The attempts of a capture by the plainest means: a list that is gone through
 * from its begin for every packet, and from which nothing is ever taken.  What
 * core/handshakes*.c does with hashes, queues and packed notes must come to the
 * same.
 */
struct model_attempt {
	struct sighting syn; /* the first */
	uint32_t number;     /* 0: it is unasked */
	uint64_t index;	     /* so many sightings came up to it */
	int64_t *syn_ns;
	int n_syns;
	uint32_t mark; /* of the last SYN */
	bool has_ts;
	uint32_t first_tsval, tsval;
	struct model_reply {
		struct reply reply;
		uint8_t mark;
	} * replies;
	int n_replies;
	bool syn_ack, acked, refused, gone, replaced, crossed, client_rst, reset_seen;
	int64_t ack_ns, client_rst_ns, reset_ns, ended_ns;
	uint8_t reset_ttl;
	bool ended, answered_by_reset;
};

struct model {
	struct model_attempt *attempts; /* in the order in which they began */
	uint32_t n;
	struct handshakes_counts counts; /* sightings, attempts, duplicates, unmatched, odd, syns */
};

/* Takes a sighting, and fills its `attempt`, `unasked` and `duplicate`.  SYNs that are unasked come before others. */
void model_feed(struct model *m, struct sighting *s);

/* By its number. */
static inline const struct model_attempt *model_attempt(const struct model *m, uint32_t number)
{
	return &m->attempts[m->n - m->counts.attempts + number - 1];
}

/* Nothing that comes can change what the outcome is. */
bool model_is_settled(const struct model_attempt *a);
void model_fini(struct model *m);

#endif
