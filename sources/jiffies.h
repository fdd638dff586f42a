/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_JIFFIES_H
#define SYNSENT_SOURCES_JIFFIES_H

#include <stdint.h>

#include "util/err.h"

/*
 * The kernel's jiffies as a clock.  A TCP socket that never sent anything says
 * in tcpi_last_data_sent how many ms its jiffies are from 0 (net/ipv4/tcp.c
 * tcp_get_info(): jiffies - lsndtime, and lsndtime is 0), so jiffies can be
 * read without privilege.  Watching the value change places a tick's edge on
 * CLOCK_MONOTONIC; ticks are a fixed length, so the jiffy of any instant follows.
 */
struct jiffies_clock {
	int hz;
	int64_t edge_mono_ns; /* a tick began here ... */
	uint64_t at_edge;     /* ... and jiffies (low bits) had this value */
};

/* The kernel's HZ: 1 / clock_getres(CLOCK_MONOTONIC_COARSE). */
int jiffies_hz(void);

/* The length of a jiffy as the kernel counts it (TICK_NSEC, include/linux/jiffies.h). */
int64_t jiffies_tick_ns(int hz);

/* Takes about 3 ticks, 12 where the host is busy.  0 or -errno. */
int jiffies_calibrate(struct jiffies_clock *ret, struct err *e);

/* The jiffy at an instant, and how long after that jiffy's begin the instant lies. */
uint64_t jiffies_at(const struct jiffies_clock *c, int64_t mono_ns, int64_t *ret_after_ns);

/*
 * Jiffies at this very moment, through a TCP socket that never had data: fresh,
 * or in SYN_SENT.  Where a read before and one after a non-blocking connect()
 * agree, they are the connect's jiffy, whatever a late tick did.  0 or -errno.
 */
int jiffies_read(const struct jiffies_clock *c, int sock_fd, uint64_t *ret);

/* What the kernel makes of the low 32 bits of jiffies in tcpi_last_data_sent: ms, rounded up, modulo 2^32
 * (kernel/time/time.c jiffies_to_msecs(), 64 bit). */
uint32_t jiffies_to_ms(uint32_t jiffies, int hz);

/* The reverse: of all jiffies that show as `ms`, the one nearest to `near`; of equals (HZ above 1000) the first. */
uint64_t jiffies_of_ms(uint32_t ms, int hz, uint64_t near);

#endif
