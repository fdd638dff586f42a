/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_PACKET_TCPDUMP_PRINT_H
#define SYNSENT_PACKET_TCPDUMP_PRINT_H

#include "packet/conversations.h"
#include "packet/rest.h"
#include "util/buf.h"

/*
 * The parts of a line.  Each returns false where the captured bytes ran out: the
 * line then ends in " [|PROTOCOL]", PROTOCOL being the one last set.
 */
struct printer {
	struct buf *to;
	const struct packet *p;
	const char *protocol;
	struct conversations *conversations; /* NULL: absolute numbers */
	/* NULL: p is the packet of the line.  Else p is a packet around it, and these are a tunnel's headers inside p;
	 * false is then also what tcpdump does not read as a tunnel. */
	const struct rest *tunnel;
};

/* "src > dst" */
void print_addresses(const struct printer *pr);

/* tcpdump.c: "IP " or "IP6 ", the header and what is in it. */
bool print_ip(struct printer *pr);

/* tcpdump_around.c: what is printed before the packet itself.  False: the line ends there. */
bool print_around(struct printer *pr);

/* tcpdump_tunnel.c: pr->tunnel, up to where the packet in it begins; ports_only as below. */
bool print_tunnel(struct printer *pr, bool ports_only);

/* tcpdump_tcp.c; ports_only: the addresses are printed already. */
bool print_tcp(struct printer *pr, bool ports_only);

/* tcpdump_options.c: ", options [...]".  header_len, flags: of the TCP header.  base: SACK blocks are counted from it.
 * *ret_bad: an option's length is impossible, and the line ends there. */
struct print_options {
	uint32_t header_len, payload_len, sack_base;
	uint16_t flags;
};
bool print_tcp_options(struct printer *pr, const struct print_options *o, bool *ret_bad);

/* tcpdump_mptcp.c: the option's bytes after kind and length (RFC 6824, 8684).  false: malformed, or cut as
 * *ret_truncated says. */
bool print_mptcp(struct printer *pr, struct bytes data, uint8_t len, uint16_t flags, bool *ret_truncated);

/* tcpdump_icmp.c */
bool print_icmp(struct printer *pr);
bool print_icmpv6(struct printer *pr);

/* tcpdump_ip6.c: extension headers; *ret_stop: the line ends there. */
bool print_extensions(struct printer *pr, bool *ret_stop);

#endif
