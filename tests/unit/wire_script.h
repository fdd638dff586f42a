/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_WIRE_SCRIPT_H
#define SYNSENT_TESTS_UNIT_WIRE_SCRIPT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "lab/wire.h"
#include "util/buf.h"

/*
 * A wire under test: packets are given by a few numbers, and all that comes
 * out of it, and is told, is written down as text, one line each.
 *
 *   "100 far S 1000"       at 100 ms a SYN with that number came out to the far end
 *   "100 client SA 5000/1001", "R ...", "A ...", "A ... +5" (payload)
 *   "100 client icmp 3/1 from 10.0.0.2 1000", "... icmp 3/4 (1280) ...": with the header's second word
 *   "100 told 0 dropped syn 0", "... answered ...", "reply-syn 0", "later 0", "reply 0"
 */
struct script {
	struct wire *w;
	struct fault faults[8];
	int n_faults;
	int64_t now_ns;
	int version;		 /* 4 or 6; 4 when 0 */
	uint16_t client, server; /* ports: 40000 and 80 when 0 */
	uint8_t host;		 /* the server's last byte: 2 when 0 */
	struct virtio_net_hdr vh;
	bool quiet;	      /* tells are not written */
	struct bytes through; /* when there are any: what comes out must be these bytes, and is not written */
	struct buf out;
	size_t n_out, n_told;
};

#define FAULTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const int versions[] = { 4, 6 };

struct segment {
	enum wire_side from;
	uint16_t flags;
	uint32_t seq, ack, payload;
	struct bytes options;
};

/* faults: one text each, ended by NULL; by FAULTS(). */
void script_start(struct script *s, const char *const *faults, uint64_t seed);
void script_end(struct script *s);

/* Feeds it at that time, in ms. */
void script_feed(struct script *s, int at_ms, const struct segment *g);

/* The usual ones. */
void script_syn(struct script *s, int at_ms, uint32_t isn);
void script_syn_ack(struct script *s, int at_ms, uint32_t isn);
void script_ack(struct script *s, int at_ms, uint32_t isn);
void script_data(struct script *s, int at_ms, enum wire_side from, uint32_t isn);

void script_advance(struct script *s, int at_ms);

/* What was written so far; then there is nothing. */
void script_expect(struct script *s, const char *text);

#endif
