/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_ERRQUEUE_H
#define SYNSENT_SOURCES_ERRQUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"
#include "util/bytes.h"

/*
 * A socket's error queue: ICMP errors that concern it, with their sender
 * (linux/errqueue.h; ip(7) IP_RECVERR).  IPv4 queues an error that comes in
 * SYN_SENT even without IP_RECVERR (net/ipv4/tcp_ipv4.c tcp_v4_err()).
 *
 * Reading an entry clears the socket's pending error, so SO_ERROR is to be read
 * first (net/core/skbuff.c sock_dequeue_err_skb()).
 */
struct errqueue_error {
	int error;	      /* errno that the kernel gave for it */
	uint8_t family;	      /* of the ICMP message, 4 or 6; 0: made on this host */
	uint8_t type, code;   /* of the ICMP message */
	uint32_t info;	      /* MTU of a frag-needed, ... */
	struct addr offender; /* who sent it; none: not known */
	int64_t t_ns;	      /* since 1970: when it came, or, where the kernel does not say, when it was read */
	bool has_quote;	      /* the quoted segment's start was there */
	uint16_t quoted_sport, quoted_dport;
	uint32_t quoted_seq;
};

/* Asks for all errors and for the time of each.  Family is AF_INET or AF_INET6.  0 or -errno. */
int errqueue_enable(int sock_fd, int family);

/* Reads what waits, at most `max`, without blocking.  How many, or -errno. */
int errqueue_read(int sock_fd, struct errqueue_error *ret, int max);

/* For tests: a value of IP_RECVERR or IPV6_RECVERR (struct sock_extended_err, then the offender).  0 or -EBADMSG. */
int errqueue_parse(struct bytes value, struct errqueue_error *ret);

#endif
