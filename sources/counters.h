/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_COUNTERS_H
#define SYNSENT_SOURCES_COUNTERS_H

#include <stdint.h>

/*
 * The network namespace's own counters, /proc/net/netstat and /proc/net/snmp,
 * that bear on an attempt.  -1: this kernel has no such counter.
 */
struct counters {
	int64_t abort_on_timeout; /* TcpExt TCPAbortOnTimeout: the kernel gave up */
	int64_t timeouts;	  /* TcpExt TCPTimeouts */
	int64_t syn_retrans;	  /* TcpExt TCPSynRetrans */
	int64_t listen_overflows; /* TcpExt ListenOverflows */
	int64_t listen_drops;	  /* TcpExt ListenDrops */
	int64_t locked_icmps;	  /* TcpExt LockDroppedIcmps */
	int64_t attempt_fails;	  /* Tcp AttemptFails */
	int64_t active_opens;	  /* Tcp ActiveOpens */
};

/* 0 or -errno. */
int counters_read(struct counters *ret);

/* The same from text, for tests: the whole of both files, one after the other. */
void counters_parse(const char *text, struct counters *ret);

#endif
