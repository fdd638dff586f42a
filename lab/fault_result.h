/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_FAULT_RESULT_H
#define SYNSENT_LAB_FAULT_RESULT_H

#include "core/schedule.h"
#include "lab/fault.h"

/* What a plain blocking connect() gets under a fault and a policy, nominal. */
struct fault_result {
	int error4, error6; /* as struct fault_effect has them */
	enum outcome outcome4, outcome6;
	int64_t ns; /* when; -1: as luck has it */
	int syns;   /* that leave; -1: as luck has it */
};

/*
 * What the row says, with the numbers of that policy.  Where no neighbour answers, the budget may be spent before the
 * kernel says so; and in IPv4 its ICMP error takes the backoff back and fires the timer at once (net/ipv4/tcp_ipv4.c
 * tcp_ld_RTO_revert()), which after the last SYN is ETIMEDOUT.
 */
void fault_result(const struct fault_effect *f, const struct policy *p, struct fault_result *ret);

/* "at-once", "schedule-ends", ... */
const char *fault_when_word(enum fault_when w);

#endif
