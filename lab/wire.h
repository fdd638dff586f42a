/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_WIRE_H
#define SYNSENT_LAB_WIRE_H

#include <linux/virtio_net.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event.h"
#include "lab/fault.h"
#include "util/bytes.h"

/*
 * Theory of operation.  The wire joins a client's and a far end's Ethernet
 * link, and does to the frames what the faults say.  It is pure: frames and the
 * time go in, frames and words come out; lab/wire_run.h moves them.  Each frame
 * carries the virtio_net_hdr with which AF_PACKET gave it: checksums may not be
 * made yet and segments may be large, and they go out the same way.
 *
 * Faults are tried in the order in which they were given.  The first that drops or
 * answers a packet decides; delays add up; strips, duplicates and the like all act.
 * A SYN that is answered in the server's place does not go on to the server.
 * What is neither TCP nor concerned passes untouched, and so does a packet of a
 * connection of which no SYN was seen.
 *
 * Everything is deterministic for the same frames, times and seed: chance is a
 * hash of seed, server, which handshake to that server it is, the fault, and the
 * packet's ordinal in its handshake.  It knows neither port nor ISN of the client,
 * which differ from run to run: the same program with the same seed loses the same SYNs.
 *
 * Handshake packets are the SYN, its answer (a SYN-ACK, or an RST before any) and the
 * first ACK that the client sends after its SYN.
 */
enum wire_side { WIRE_CLIENT, WIRE_FAR };

enum wire_deed {
	WIRE_DROPPED,
	WIRE_ANSWERED, /* an answer was forged; the packet is gone */
	WIRE_DELAYED,
	WIRE_DUPLICATED,
	WIRE_REORDERED,
	WIRE_STRIPPED,
	WIRE_DEED_N,
};

/* What was done to a packet of a handshake.  Of plain data packets only drops are told. */
struct wire_told {
	int64_t t_ns;
	struct flow flow; /* the client's view */
	uint32_t isn;	  /* of the client's SYN */
	int32_t fault;	  /* index into the faults */
	enum wire_deed deed;
	bool reply;  /* it was on its way to the client */
	bool syn;    /* a SYN (or SYN-ACK, when reply) */
	int32_t nth; /* SYN 0, 1, ...; of replies and ACKs the ordinal, from 0 */
};

/* Handshakes remembered at once; beyond that the oldest is forgotten. */
#ifndef WIRE_HANDSHAKES_MAX
#define WIRE_HANDSHAKES_MAX 16384
#endif
/* Bytes of frames held back (delay, reorder); beyond that they go at once, and are counted. */
#ifndef WIRE_HELD_MAX
#define WIRE_HELD_MAX (32 << 20)
#endif

struct wire_opts {
	const struct fault *faults; /* borrowed for the wire's life; those that are not the wire's are passed over */
	int n_faults;
	uint64_t seed;
	/* Both borrow their arguments for the call. */
	void (*send)(enum wire_side to, const struct virtio_net_hdr *vh, struct bytes frame, void *user);
	void (*tell)(const struct wire_told *t, void *user);
	void *user;
};

struct wire;

/* NULL when there is no memory. */
struct wire *wire_new(const struct wire_opts *o);
void wire_free(struct wire *w);

/* A frame came from that side at now_ns (any clock that does not step).  It may be changed in place. */
void wire_feed(struct wire *w, enum wire_side from, const struct virtio_net_hdr *vh, uint8_t *frame, size_t len,
	       int64_t now_ns);

/* When the next held frame is due; INT64_MAX: none is held. */
int64_t wire_due_ns(const struct wire *w);

/* Sends what is due. */
void wire_advance(struct wire *w, int64_t now_ns);

/* Frames that were to be held and went at once, for want of room; handshakes forgotten while they may have gone on (no
 * FIN or RST of theirs was seen). */
uint64_t wire_unheld(const struct wire *w);
uint64_t wire_forgotten(const struct wire *w);

#endif
