/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_SCHEDULE_H
#define SYNSENT_CORE_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/words.h"

#define KERNEL_VERSION_OF(a, b) ((uint32_t)(a) << 16 | (uint32_t)(b) << 8)

#define POLICY_RETRIES_MIN 1
#define POLICY_RETRIES_MAX 127 /* MAX_TCP_SYNCNT */
#define POLICY_LINEAR_MAX 127
#define POLICY_RTO_MAX_MS_MIN 1000
#define POLICY_RTO_MAX_MS_MAX 120000
#define POLICY_USER_TIMEOUT_MS_MAX 2147483647LL /* setsockopt() takes an int */
#define POLICY_HZ_MIN 100
#define POLICY_HZ_MAX 1200

/* SYN 0 and at most 127 + 127 retransmissions. */
#define SCHEDULE_SYNS_MAX 255

/*
 * What decides when SYNs leave and when the kernel gives up.  Zero means "not
 * set" where a default exists; policy_default() fills in Linux's own.
 *
 * `retries`, `linear` and `rto_max_ms` are what is in force, whatever the
 * version: distributions carry newer sysctls back to older kernels.  `kernel`
 * decides how they are applied:
 *   before 6.5   policy_default() gives no linear timeouts (and 5 retries before 3.7)
 *   before 5.4   the count of retransmissions alone ends the wait; TCP_USER_TIMEOUT does not,
 *                but from 4.19 on it fires the remaining SYNs one jiffy apart once it has passed
 *   before 4.8   timers are not put into buckets; they are late by at most 1/256 (apply_slack())
 *   before 3.1   the first RTO is 3 s
 */
struct policy {
	int retries;		 /* net.ipv4.tcp_syn_retries, 1..127 */
	int linear;		 /* net.ipv4.tcp_syn_linear_timeouts, 0..127; 0 before Linux 6.5 */
	int syncnt;		 /* TCP_SYNCNT, 1..127; 0: not set, the sysctl counts */
	int64_t user_timeout_ms; /* TCP_USER_TIMEOUT; 0: not set */
	int rto_max_ms;		 /* net.ipv4.tcp_rto_max_ms or TCP_RTO_MAX_MS (6.15), 1000..120000 */
	int rto_first_j;	 /* first RTO in jiffies; 0: TCP_TIMEOUT_INIT, 1 s (3 s before Linux 3.1).  The
				  * limit that `retries` stands for scales with it, as with BPF's TIMEOUT_INIT */
	int hz;			 /* 100, 250, 300, 1000, ... */
	uint32_t kernel;	 /* KERNEL_VERSION_OF(6, 18); 0: current */
};

/* The defaults of that kernel version (0: current) at HZ 250: retries, linear timeouts, RTO max. */
void policy_default(uint32_t kernel, struct policy *ret);

/* NULL when every field is in range, else a static text that names the field and the range. */
const char *policy_invalid(const struct policy *p);

/* Instants in jiffies, relative to the connect (so syn[0] is 0). */
struct schedule {
	int n;				/* SYNs, SYN 0 included */
	int64_t syn[SCHEDULE_SYNS_MAX]; /* when SYN i leaves */
	int64_t end;			/* when the kernel gives up */
	enum limit limit;		/* what it then gives up by; LIMIT_NONE for a SYN-ACK schedule */
};

/* The same in nanoseconds, with bounds: what the timer wheel allows over all phases of jiffies. */
struct schedule_range {
	int n_min, n; /* SYNs in the poorest and the richest phase; equal but for rare user timeouts */
	struct {
		int64_t min_ns, max_ns;
	} syn[SCHEDULE_SYNS_MAX], end;
};

/*
 * What the kernel does, to the jiffy, when connect() is called at jiffy
 * `phase`: net/ipv4/tcp_timer.c tcp_retransmit_timer(), tcp_write_timeout(),
 * retransmits_timed_out(); kernel/time/timer.c calc_wheel_index(), since 4.8.
 * Only phase modulo 2^18 matters.
 */
void schedule_exact(const struct policy *p, uint64_t phase, struct schedule *ret);

/* The schedule of the documentation: the same without the timer wheel. */
void schedule_nominal(const struct policy *p, struct schedule *ret);

/* The bounds over every phase, counted from the jiffy of SYN 0: on the wire a SYN may come up to one jiffy sooner. */
void schedule_range(const struct policy *p, struct schedule_range *ret);

/*
 * The server's side: when SYN-ACK i leaves and when the half-open connection
 * is forgotten (net/ipv4/inet_connection_sock.c reqsk_timer_handler()), with
 * `retries` = net.ipv4.tcp_synack_retries.  Nominal when phase < 0.
 */
void schedule_synack(int retries, int rto_max_ms, int hz, int64_t phase, struct schedule *ret);
void schedule_synack_range(int retries, int rto_max_ms, int hz, struct schedule_range *ret);

/* Jiffies to nanoseconds at that HZ, rounded to the nearest. */
int64_t schedule_jiffies_ns(int64_t jiffies, int hz);

#endif
