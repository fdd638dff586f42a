/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_WIRE_HELD_H
#define SYNSENT_LAB_WIRE_HELD_H

#include <stdint.h>

#include "lab/wire.h"

struct wire_handshake;

/* A frame that waits until it is due. */
struct held {
	int64_t due_ns;
	uint64_t order; /* among those due at the same time */
	size_t at;	/* its place in the heap */
	enum wire_side to;
	int copies;
	struct wire_handshake *reordered; /* it waits for the next packet of this one, and is known to it; NULL: just
					for the time */
	int64_t earliest_ns;		  /* ... but not for less than this */
	struct virtio_net_hdr vh;
	size_t len;
	uint8_t bytes[];
};

/* They leave in order of their time, then of their coming. */
struct held_queue {
	struct held **heap;
	size_t n, cap;
	uint64_t next_order;
	size_t bytes;
};

void held_fini(struct held_queue *q);

/* Copies the frame; the rest of *like is taken as it is.  NULL: no room, or no memory. */
struct held *held_put(struct held_queue *q, const struct held *like, struct bytes frame);

/* The one that leaves next, or NULL. */
struct held *held_first(const struct held_queue *q);

/* It leaves at another time, after all that are due then. */
void held_move(struct held_queue *q, struct held *h, int64_t due_ns);

/* Takes it out; it is the caller's to free(). */
void held_take(struct held_queue *q, struct held *h);

#endif
