/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_NAT_SENT_H
#define SYNSENT_SOURCES_NAT_SENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attempt.h"

/*
 * Where NAT of this host had sent what an RST refused, by conntrack's events (sources/conntrack_events.h): for kernels
 * that do not let the function be traced that tells it at once.
 *
 * It listens in the network namespaces whose NAT rules can matter: for what they send themselves, where such attempts
 * are wanted, or for what they pass on; in those too that hide the client's address (SNAT), since the next one knows
 * the attempt by the other.  In namespaces without NAT rules nothing is done, and where no rule gives a connection
 * another server, in none.  Which namespaces have rules is looked at at the begin, and later when an attempt is asked
 * about, at most every NAT_SENT_LOOK_NS and for a twentieth of the time, but of the attempt's own, if it is there
 * still, always; so rules that are new in another one may stay unknown for so long.  At most NAT_SENT_LISTENERS_MAX are
 * listened in.
 */
struct nat_sent;

#define NAT_SENT_LOOK_NS 1000000000LL
#define NAT_SENT_ASKS_PER_S 100
#define NAT_SENT_LISTENERS_MAX 64

/*
 * Begins to listen.  Attempts of those network namespaces (inode numbers) are wanted, or, n 0, of all.  NULL when there
 * is no memory.
 */
struct nat_sent *nat_sent_new(const uint32_t *netns, int n);
void nat_sent_free(struct nat_sent *n);

/*
 * To be polled, at most every NAT_SENT_READ_NS: when it is readable nat_sent_read() is to be called, so that there is
 * room for more.  False: nothing was there.
 */
#define NAT_SENT_READ_NS 100000000LL
int nat_sent_fd(const struct nat_sent *n);
bool nat_sent_read(struct nat_sent *n);

/*
 * Ends the listening in network namespaces that nothing else holds any more.  It is due then (CLOCK_MONOTONIC);
 * INT64_MAX: never, as only this one is listened in.
 */
int64_t nat_sent_tidy_due_ns(const struct nat_sent *n);
void nat_sent_tidy(struct nat_sent *n);

/* How often events were lost. */
uint64_t nat_sent_lost(const struct nat_sent *n);

struct nat_sent_answer {
	struct flow goes; /* where it was sent at last; as it began, where no NAT was seen */
	uint32_t by;	  /* the network namespace whose rule gave it another server; 0: none did */
	enum sent_on doubt;
	uint32_t doubt_of; /* of SENT_ON_PERHAPS_THERE: the network namespace */
};

/*
 * Of an attempt that began at that time (CLOCK_MONOTONIC) and was refused: what was told of it is here by now.
 * `answered`: something had come for it before, after which conntrack does not forget it; it may have been sent on then
 * wherever there are rules.
 */
void nat_sent_find(struct nat_sent *n, const struct flow *f, uint32_t netns, int64_t begun_ns, bool answered,
		   struct nat_sent_answer *ret);

#endif
