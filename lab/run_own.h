/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_RUN_OWN_H
#define SYNSENT_LAB_RUN_OWN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event.h"

/*
 * The program's own connections among those of a whole host, the last RUN_OWN_MAX
 * of them: which packets are about one of them.  A flow whose 4-tuple somebody
 * uses again, with another ISN, is the program's no more.  Pure.
 */
#define RUN_OWN_MAX 8192
#define RUN_OWN_BUCKETS 1024

struct run_own_flow {
	struct flow flow;
	uint32_t isn;
	int next; /* in its bucket, younger ones first; -1: none */
	bool used;
};

/* run_own_init() makes it empty. */
struct run_own {
	struct run_own_flow flows[RUN_OWN_MAX];
	int heads[RUN_OWN_BUCKETS];
	unsigned int n; /* ever added */
};

void run_own_init(struct run_own *o);
void run_own_add(struct run_own *o, const struct flow *f, uint32_t isn);

/* A segment, or an ICMP error, of one of them. */
bool run_own_has(struct run_own *o, const struct event *ev);

#endif
