/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_WALK_STREAM_H
#define SYNSENT_TESTS_UNIT_WALK_STREAM_H

#include "sources/walk.h"
#include "tests/unit/made.h"

/* Records to be walked, made by chance. */

#define N_INTERFACES 3

/* A form of records, and a stream of them. */
struct stream {
	struct walk how; /* its form */
	struct made_pcap pcap;
	struct buf b;
	uint32_t s; /* time of the next record */
};

struct stream pcap_stream(uint32_t magic, bool swapped, enum link_layout layout);
struct stream pcapng_stream(bool swapped, enum link_layout layout);

/* The forms, one after the other; the layout by chance. */
struct stream any_stream(int i, uint64_t *random);

/* A record of that frame, which was `cut` bytes longer. */
void add_record(struct stream *st, struct bytes frame, uint32_t cut, uint64_t *random);
void add_frame(struct stream *st, uint64_t *random);
void add_some(struct stream *st, int n, uint64_t *random);

#endif
