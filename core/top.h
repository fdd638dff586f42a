/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_TOP_H
#define SYNSENT_CORE_TOP_H

#include <stddef.h>

#include "core/summary_tally.h"

/*
 * Who has the most attempts and failures, of any number of servers or clients,
 * in bounded memory.
 *
 * A table of at most `max` keys.  Each key has a credit, the weight of what was
 * fed to it.  When a new key finds the table full, the lower half of the keys
 * is dropped, and the highest credit among those is taken off what the others
 * have (Misra and Gries 1982, many counters at a time), which costs a new key
 * a constant time on the average.  From then on a key is let in only when it
 * comes again.  A key of weight w is there at the end if w is
 * above twice the weight of all that was fed / max, and what is counted for a
 * key that came back is short by no more than that.
 *
 * While nothing was dropped everything is exact and independent of the order.
 * Nothing depends on the seed of the hash, ever: it only keeps those who choose
 * their addresses from making the table slow.
 */
struct top;

#define TOP_MAX 32768 /* `max` at most */

struct top_key {
	struct addr addr;
	uint16_t port; /* 0: by address alone */
	uint16_t tag;  /* the caller's own */
};

struct top_entry {
	struct top_key key;
	uint32_t missing; /* at most so many attempts came before the key did and are not counted; 0: exact */
	struct tally tally;
	int64_t first_failure_ns, last_failure_ns; /* starts; the first after the last when nothing failed */
};

/* NULL when there is no memory.  All memory is taken at once: top_memory() bytes, touched as keys come. */
struct top *top_new(size_t max, uint64_t seed);
void top_free(struct top *t);
size_t top_memory(size_t max);

/* What an attempt does to keep its key in the table: a failure as much as so many that did not fail. */
#define TOP_WEIGHT_FAILED 16

/* Counts an attempt for the key of these three, at top_settle() at the latest. */
void top_feed(struct top *t, const struct addr *addr, uint16_t port, uint16_t tag, const struct digest *d);

/* What was fed is counted: to be called before all that follows. */
void top_settle(struct top *t);

/* As if all that was fed to `from` had been fed to `into`. */
void top_merge(struct top *into, const struct top *from);

size_t top_n(const struct top *t);

/* i < top_n(), in no order that means anything.  Borrowed, as all entries are, until the table is fed. */
const struct top_entry *top_get(const struct top *t, size_t i);

/* Keys were dropped: the table is not of all, and an entry with `missing` says "at least". */
bool top_pruned(const struct top *t);

/* At most so many failures are missing from any count, and of any key that is not there. */
uint64_t top_missing_failures(const struct top *t);

/*
 * The `max` entries with the most failures, then the most attempts, then the
 * lowest key, into `ret`.  How many.
 */
size_t top_worst(const struct top *t, const struct top_entry **ret, size_t max);

/* An order of keys: <0, 0, >0. */
int top_key_compare(const struct top_key *a, const struct top_key *b);

#endif
