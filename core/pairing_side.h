/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_PAIRING_SIDE_H
#define SYNSENT_CORE_PAIRING_SIDE_H

#include "core/handshakes.h"

/*
 * One of two captures of an incident, as core/pairing.h compares them: its
 * attempts, and each packet of their handshakes.  An attempt is 44 bytes and a
 * packet 32.
 */
struct pairing_side;

struct pairing_side_counts {
	uint64_t attempts;
	uint64_t packets; /* of them that were kept */
	uint64_t answers; /* of the attempts: begun by an answer, their SYN not being in the capture */
	uint64_t lost;	  /* packets that were not looked at, for want of memory ... */
	int64_t lost_ns;  /* ... the first of them then; what follows it is as if it had not been captured */
	uint64_t dropped; /* packets beyond the 250 that are kept of one attempt */
};

/* memory: bytes at most.  NULL when there is none. */
struct pairing_side *pairing_side_new(size_t memory);
void pairing_side_free(struct pairing_side *s);

/*
 * A packet of the capture, as handshakes_feed() left it, in the capture's order.
 * chosen: a filter chose it; an attempt is chosen if one of its SYNs is.
 */
void pairing_side_feed(struct pairing_side *s, const struct sighting *p, bool chosen);

/* What became of an attempt, by this capture alone. */
void pairing_side_judge(struct pairing_side *s, const struct digest *d);

/* What is known of the capture as a whole. */
struct pairing_span {
	int64_t first_ns, last_ns; /* of its packets, whatever they are */
	uint64_t packets;	   /* how many; 0: none */
	bool cut;		   /* it was longer, and the rest could not be read */
};

void pairing_side_span(struct pairing_side *s, const struct pairing_span *span);

void pairing_side_counts(const struct pairing_side *s, struct pairing_side_counts *ret);

/* Bytes that pairing_side_feed() took, and that comparing will take for each attempt. */
size_t pairing_side_memory(const struct pairing_side *s);

#endif
