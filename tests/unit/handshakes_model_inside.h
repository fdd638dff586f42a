/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_HANDSHAKES_MODEL_INSIDE_H
#define SYNSENT_TESTS_UNIT_HANDSHAKES_MODEL_INSIDE_H

#include <stdlib.h>

#include "handshakes_model.h"

/*
 * The inside of tests/unit/handshakes_model.h: handshakes_model.c takes sightings, and SYNs itself,
 * handshakes_model_answers.c what is answered, and handshakes_model_attempt.c has what both do to an attempt.
 */
#define MODEL_DUPLICATE_NS INT64_C(10000000) /* the same packet twice comes sooner than this */

/* Sequence numbers: `n` is one of the len + 1 that follow `isn`. */
static inline bool model_follows(uint32_t n, uint32_t isn, uint32_t len)
{
	return n - isn - 1 <= len;
}

static inline bool model_within(int64_t a_ns, int64_t b_ns, int64_t limit)
{
	return llabs(a_ns - b_ns) < limit;
}

/* The packet comes from the attempt's client, or from its server. */
bool model_is_from(const struct model_attempt *a, const struct sighting *s);
bool model_is_to(const struct model_attempt *a, const struct sighting *s);

void model_note_end(struct model_attempt *a, int64_t t_ns);
void model_change_syn_acks(struct model_attempt *a, enum ignored from, enum ignored to);
void model_belongs(struct sighting *s, const struct model_attempt *a);
void model_duplicate(struct model *m, struct sighting *s);

/* Its handshake, by this packet. */
void model_complete(struct model_attempt *a, const struct sighting *s);

void model_feed_syn_ack(struct model *m, struct sighting *s);
void model_feed_reset(struct model *m, struct sighting *s);
void model_feed_icmp(struct model *m, struct sighting *s);

#endif
