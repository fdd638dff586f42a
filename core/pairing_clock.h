/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_PAIRING_CLOCK_H
#define SYNSENT_CORE_PAIRING_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the clock of the server's capture shows, against that of the client's.
 * A packet to the server takes its delay plus the offset between the clocks,
 * one from the server its delay less the offset.  So the least of each bound
 * the offset from both sides: it is in the middle, give or take half of the
 * least round trip (as in NTP, RFC 5905 section 8).
 */
struct pairing_clock {
	bool forward, backward; /* there are packets of that direction; with one only, the offset is a bound */
	int64_t base_ns;	/* by the client's clock: when the offset is as follows */
	int64_t offset_ns;	/* the server's clock is so much ahead */
	int64_t uncertainty_ns; /* give or take; 0 with one direction */
	bool has_drift;
	int64_t drift_ppb; /* the server's clock gains so much; 0: not known, or none */
	bool uneven;	   /* no such clock explains the packets: one of the clocks was set meanwhile */
	uint64_t n_forward, n_backward;
};

/* How much the server's is ahead; what it shows; what the client's shows.  Times are within [0, 2^62). */
int64_t pairing_clock_offset(const struct pairing_clock *c, int64_t client_ns);
int64_t pairing_clock_to_server(const struct pairing_clock *c, int64_t client_ns);
int64_t pairing_clock_to_client(const struct pairing_clock *c, int64_t server_ns);

/* Collects how long packets took, and keeps only those that can matter. */
struct pairing_aligner;

/* first_ns, last_ns: when they were sent, about, by the client's clock.  NULL when there is no memory. */
struct pairing_aligner *pairing_aligner_new(int64_t first_ns, int64_t last_ns);
void pairing_aligner_free(struct pairing_aligner *a);

/* A packet that passed both captures at these times, each by its own clock. */
void pairing_aligner_feed(struct pairing_aligner *a, bool from_server, int64_t client_ns, int64_t server_ns);

void pairing_aligner_solve(const struct pairing_aligner *a, struct pairing_clock *ret);

#endif
