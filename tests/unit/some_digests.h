/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_SOME_DIGESTS_H
#define SYNSENT_TESTS_UNIT_SOME_DIGESTS_H

#include "core/summary.h"

/* Attempts at random, and what is made of them. */

#define MS ((int64_t)1000000)
#define S ((int64_t)1000000000)
#define START (1700000000 * S)

/* What chance each test has. */
void random_from(uint64_t seed);
uint64_t random64(void);
uint64_t below(uint64_t n);

/* Of n_clients and n_servers, numbered; low numbers are more frequent. */
struct digest some_digest(uint32_t n_clients, uint32_t n_servers);
struct digest *some_digests(size_t n, uint32_t n_clients, uint32_t n_servers);
struct summary *summary_of(const struct digest *d, size_t n, uint64_t seed);

/* One that was refused began then. */
void feed_at(struct steps *s, int64_t t_ns);
uint64_t attempts_in(const struct steps *s, int64_t k, int64_t end);
void assert_same_steps(const struct steps *a, const struct steps *b);

#endif
