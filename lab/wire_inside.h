/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_WIRE_INSIDE_H
#define SYNSENT_LAB_WIRE_INSIDE_H

#include <stdbool.h>

#include "lab/wire.h"
#include "lab/wire_held.h"
#include "lab/wire_table.h"
#include "packet/decode.h"

/* What the wire's files share. */

/* A server that a SYN was sent to. */
struct wire_server {
	struct wire_item item; /* flow.client: none */
	struct endpoint first_client;
	uint32_t n_handshakes;
};

struct wire_handshake {
	struct wire_item item;
	uint32_t isn;
	uint32_t number; /* among those to its server, from 0 */
	bool first_port; /* its client's endpoint is the first that its server heard of */
	bool over;	 /* nothing is lost when it is forgotten */
	uint8_t fins;	 /* a bit for each side whose FIN went through */
	int32_t n_syns, n_syn_acks;
	int32_t n_later;	   /* of the client, without SYN and RST */
	int32_t n_replies;	   /* of the far end, SYN-ACKs apart */
	struct held *reordered[2]; /* by the side that it came from: waits for the next one */
};

struct wire {
	struct wire_opts o;
	bool idle;     /* no fault is the wire's */
	bool looks[2]; /* by side: a fault concerns what it sends without SYN and RST */
	struct wire_table handshakes, servers;
	struct held_queue held;
	int32_t *acted; /* for a packet under way: the faults that had a part in it, n_faults of them at most */
	uint64_t unheld, forgotten;
};

enum passing_kind {
	PASSING_SYN,
	PASSING_SYN_ACK,
	PASSING_LATER, /* from the client, after its SYN */
	PASSING_REPLY, /* from the far end, no SYN-ACK */
};

/* A packet of a handshake on its way, and what the faults have made of it so far. */
struct passing {
	enum wire_side from;
	const struct virtio_net_hdr *vh;
	uint8_t *frame;
	int64_t now_ns;
	struct packet p;
	struct wire_handshake *h;
	enum passing_kind kind;
	int32_t nth;
	bool of_handshake; /* it is one of the handshake packets */
	int n_acted;
	int64_t delay_ns;
	int64_t reorder_ns; /* to wait at most for the next one; 0: not reordered */
	int copies;
};

static inline enum wire_side wire_other(enum wire_side s)
{
	return s == WIRE_CLIENT ? WIRE_FAR : WIRE_CLIENT;
}

/* lab/wire_handshakes.c */

/* Fills in h, kind, nth and of_handshake from p, and counts the packet.  False: it belongs to no handshake. */
bool wire_know(struct wire *w, struct passing *s);

/* It went on its way: was it the end of its connection? */
void wire_passed(const struct wire *w, const struct passing *s);

/* lab/wire_act.c */

/* A fault of that kind concerns what that side sends without SYN and RST. */
bool wire_act_looks_at(enum fault_kind kind, enum wire_side from);

/* Does what the faults say.  False: the packet was dropped or answered, which is told. */
bool wire_act(struct wire *w, struct passing *s);

/* Tells what else was done; held: it is held back as it was to be. */
void wire_act_tell(const struct wire *w, const struct passing *s, bool held);

/* lab/wire_answer.c */

/* Sends a forged answer to a SYN back.  False: the fault has none in this family. */
bool wire_answer(const struct wire *w, const struct passing *s, const struct fault *f);

/* Chance: the same number for the same seed and packet; salt tells the uses apart. */
uint64_t wire_chance(const struct wire *w, const struct passing *s, int salt);

#endif
