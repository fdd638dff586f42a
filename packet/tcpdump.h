/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_PACKET_TCPDUMP_H
#define SYNSENT_PACKET_TCPDUMP_H

#include "packet/decode.h"

struct buf;
struct tcpdump;

struct tcpdump_opts {
	bool absolute; /* as -S: absolute sequence numbers */
	bool utc;      /* times in UTC; otherwise in the local zone, as tcpdump */
	uint64_t seed; /* of the hash that finds a connection */
	/* The name of a local interface, or NULL: printed for LINK_LINUX_SLL2.  May be NULL. */
	const char *(*if_name)(uint32_t if_index);
};

/*
 * Prints packets as `tcpdump -nn` (4.99) does, byte for byte, for TCP over
 * IPv4 and IPv6 and for ICMP errors, with what it prints of the layers around
 * them: MPLS, PPPoE, IP in IP, GRE, VXLAN, Geneve.  Where tcpdump does not know a
 * layer (ERSPAN, GTP-U, WCCP, pseudowires, PBB, Cisco MetaData) or has much to
 * say of it (radiotap), the line is that of the packet inside alone.  Keeps, as
 * tcpdump, the first sequence numbers of each connection to print relative ones.
 * NULL when out of memory.
 */
struct tcpdump *tcpdump_new(const struct tcpdump_opts *o);
void tcpdump_free(struct tcpdump *t);

/*
 * Adds the packet's line without a newline: "17:02:11.204511 IP 127.0.0.1.60630 > ...: Flags [S], seq ..., length 0".
 * After the headers of VXLAN there is a newline, as there.
 * p may be the result of any decoding: a cut packet ends in "[|tcp]", as there.
 * What tcpdump tells of a payload after "length N" (": HTTP: GET / ...") and of
 * protocols that are not ours is left out.
 */
void tcpdump_line(struct tcpdump *t, int64_t t_ns, const struct packet *p, struct buf *to);

#endif
