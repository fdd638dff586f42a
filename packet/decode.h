/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_PACKET_DECODE_H
#define SYNSENT_PACKET_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event.h"
#include "packet/path.h"
#include "util/bytes.h"

/* Link types by their number in capture files (https://www.tcpdump.org/linktypes.html). */
enum linktype {
	LINK_NULL = 0,
	LINK_ETHERNET = 1,
	LINK_PPP = 9,
	LINK_RAW_LIVE = 12,    /* what libpcap calls LINK_RAW on a live interface (its DLT_RAW) */
	LINK_RAW_OPENBSD = 14, /* the same on OpenBSD, met in its old files */
	LINK_PPP_HDLC = 50,
	LINK_PPP_ETHER = 51,
	LINK_RAW = 101,
	LINK_C_HDLC = 104,
	LINK_WIFI = 105,
	LINK_LOOP = 108,
	LINK_LINUX_SLL = 113,
	LINK_WIFI_PRISM = 119,
	LINK_WIFI_RADIOTAP = 127,
	LINK_WIFI_AVS = 163,
	LINK_PPP_PPPD = 166,
	LINK_PPI = 192,
	LINK_PPP_WITH_DIR = 204,
	LINK_C_HDLC_WITH_DIR = 205,
	LINK_MPLS = 219,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_LINUX_SLL2 = 276,
};

enum decode_result {
	DECODE_OK,
	DECODE_TRUNCATED, /* the capture cut it short */
	DECODE_NOT_OURS,  /* neither TCP nor an ICMP error about TCP */
	DECODE_MALFORMED, /* it contradicts itself */
};

/*
 * One decoded packet: where its headers lie, and the event that it makes.
 * Pointers go into the packet.  In a tunnel everything from `ip` on is of the
 * innermost header that decoding reached, and `path` says what was around it.
 */
struct packet {
	int linktype;
	struct bytes frame; /* all that was captured */
	uint32_t on_wire;   /* length of the frame as it was sent */
	struct path path;
	uint8_t direction; /* cooked links: 0 to us, 1 broadcast, 2 multicast, 3 to another host, 4 from us */
	uint8_t vlans;	   /* VLAN tags outside any tunnel; stays at 255 beyond */
	uint32_t if_index; /* LINK_LINUX_SLL2; 0 otherwise */
	struct bytes ip; /* from the IP header to the packet's end: the lesser of the captured and the stated length */
	uint8_t ip_version;  /* 4 or 6; 0: decoding did not come as far as the addresses */
	uint32_t ip_total;   /* length that the IP header states */
	uint32_t ip_on_wire; /* bytes from the IP header to the frame's (tunnel's) end as it was sent */
	bool ip_fragment;    /* a fragment other than the first: no transport header */
	bool more_fragments; /* a fragment other than the last: the transport part is not whole */
	bool source_routed;  /* the header's destination is not (or may not be) the last one */
	uint8_t ttl, tos;
	uint32_t flow_label;
	struct addr src, dst;
	uint8_t protocol;   /* 6, 1, 58, ... after IPv6 extension headers */
	struct bytes l4;    /* from the transport header on */
	uint32_t l4_stated; /* length of the transport part as the IP header states it; where it states none, as sent */
	struct event event; /* EVENT_SEGMENT or EVENT_ICMP; t_ns and packet number not set */
};

/*
 * Decodes a frame of that link type: VLAN tags and MPLS labels to any depth,
 * LLC, PPPoE, tunnels to a depth of PATH_TUNNELS_MAX, IPv4 with options, IPv6 with
 * extension headers, TCP, ICMP and ICMPv6 errors with the quoted header.  Reads
 * nothing beyond `frame`.  *ret is filled as far as decoding came;
 * ret->event.kind is EVENT_NONE unless the result is DECODE_OK.
 *
 * A segment is DECODE_OK when its header is captured up to the window; a quoted
 * one when its ports are.  What carries a tunnel that cannot be read, or that is
 * too deep, is DECODE_NOT_OURS: an outer header is never taken for an inner one.
 */
enum decode_result decode_frame(int linktype, struct bytes frame, struct packet *ret);

/* The same for a frame that was longer when it was sent: on_wire bytes, of which `frame` was captured.  The difference
 * matters only to packets that state no length (segmentation offload) and to tcpdump_line(). */
enum decode_result decode_cut_frame(int linktype, struct bytes frame, uint32_t on_wire, struct packet *ret);

/* "Ethernet", "USER0", ...; NULL: a number that is not assigned. */
const char *linktype_name(int linktype);

/* Every frame of another is DECODE_NOT_OURS. */
bool linktype_is_decoded(int linktype);

/* TCP options, one at a time, safely (RFC 9293 section 3.1: kind, length, data). */
struct tcp_option {
	uint8_t kind;
	uint8_t len;	   /* as the option states it; 1 for EOL and NOP */
	struct bytes data; /* the rest, len - 2 bytes */
};

struct tcp_options {
	struct bytes left;  /* captured */
	uint8_t uncaptured; /* option bytes beyond `left` that the header has and the capture has not */
	bool malformed;	    /* a length that does not fit ended the walk */
	bool truncated;	    /* the end of the capture ended it */
};

/* l4: from the TCP header on. */
void tcp_options_init(struct tcp_options *it, struct bytes l4);

/* False at the end: an EOL option is given, and ends the walk. */
bool tcp_options_next(struct tcp_options *it, struct tcp_option *ret);

#endif
