/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_ANY_CAPTURE_H
#define SYNSENT_TESTS_UNIT_ANY_CAPTURE_H

#include "made.h"
#include "seen.h"

/* A capture in memory, made at random, and what is in it: packets, and remarks in the file's order. */
struct any_capture {
	struct buf b;
	struct seen truth;
	int64_t latest_ns;
	size_t *ends; /* of each packet's record */
	size_t cap;
};

void any_pcap(struct any_capture *m, const struct made_pcap *p, int n, uint64_t *random);
void any_pcapng(struct any_capture *m, int n, uint64_t *random);

/* Of any kind, with some n packets. */
void any_capture(struct any_capture *m, int n, uint64_t *random);
void any_capture_fini(struct any_capture *m);

#endif
