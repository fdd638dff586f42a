/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_COUNTERS_H
#define SYNSENT_SOURCES_COUNTERS_H

#include <stdint.h>

/*
 * The network namespace's own counters, of netstat, snmp and snmp6 in /proc/net,
 * that bear on an attempt.  -1: this kernel has no such counter.
 */
struct counters {
	int64_t abort_on_timeout; /* TcpExt TCPAbortOnTimeout: the kernel gave up */
	int64_t abort_on_data;	  /* TcpExt TCPAbortOnData: closed with SO_LINGER 0, or data came after the close */
	int64_t timeouts;	  /* TcpExt TCPTimeouts */
	int64_t syn_retrans;	  /* TcpExt TCPSynRetrans */
	int64_t listen_overflows; /* TcpExt ListenOverflows */
	int64_t listen_drops;	  /* TcpExt ListenDrops */
	int64_t locked_icmps;	  /* TcpExt LockDroppedIcmps */
	int64_t attempt_fails;	  /* Tcp AttemptFails */
	int64_t active_opens;	  /* Tcp ActiveOpens */
	int64_t estab_resets;	  /* Tcp EstabResets */
	int64_t icmp_errors[6];	  /* Icmp InDestUnreachs, InTimeExcds, InParmProbs, and those of Icmp6 */
};

/* All ICMP errors that came and may concern a TCP socket; -1: this kernel does not count them. */
int64_t counters_icmp(const struct counters *c);

/* 0 or -errno. */
int counters_read(struct counters *ret);

/* The same from text, for tests: the whole of these files, one after the other. */
void counters_parse(const char *text, struct counters *ret);

#endif
