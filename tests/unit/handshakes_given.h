/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_HANDSHAKES_GIVEN_H
#define SYNSENT_TESTS_UNIT_HANDSHAKES_GIVEN_H

#include "core/handshakes.h"

/* A table of handshakes under load: packets made, and what it gave of them. */

#define MS INT64_C(1000000)
#define SECOND (1000 * MS)
#define BEGIN (1700000000 * SECOND)
#define ATTEMPTS_MAX 500000

/* What was given. */
struct given {
	struct handshakes *h;
	uint8_t times[ATTEMPTS_MAX + 1];   /* of each attempt, by number */
	uint64_t digest[ATTEMPTS_MAX + 1]; /* of what was said of it */
	uint64_t order;			   /* a digest of the numbers in their order */
	uint32_t n, outcomes[OUTCOME_N], by_answer[REPLY_KIND_N];
	uint64_t syns;
	bool in_full; /* each is asked for in full, too */
};

/* The table under test, and another to compare it with. */
extern struct given given, other;

/* A table that gives to g. */
struct handshakes *begin(struct given *g, size_t memory, uint64_t seed, bool at_once);
struct handshakes_counts counts(const struct handshakes *h);

/* Ends it; each attempt was given once. */
struct handshakes_counts finish(struct given *g, int64_t now_ns);
struct sighting segment(int family, uint32_t host, uint16_t port, uint16_t flags, int64_t t_ns);

/* Of the other end. */
struct sighting answer(const struct sighting *to, uint16_t flags, int64_t t_ns);

/* As it came back. */
struct sighting feed_one(struct handshakes *h, uint64_t seed, struct sighting s);

#endif
