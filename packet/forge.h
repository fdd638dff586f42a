/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_PACKET_FORGE_H
#define SYNSENT_PACKET_FORGE_H

#include "packet/decode.h"

/*
 * Frames that answer a TCP segment in its destination's place: made in the
 * caller's buffer, the other way round (Ethernet addresses, IP addresses and ports
 * swapped), with full checksums.  `p` is the decoded segment, and must be one that
 * forge_is_plain().  Each returns the length of the frame.
 */
#define FORGE_LEN_MAX (14 + 1280) /* no IPv6 error is longer (RFC 4443 section 2.4 (c)), nor any other answer */

/* A TCP segment straight in an Ethernet frame: no tag, no tunnel, no fragment, no IPv6 extension header. */
bool forge_is_plain(const struct packet *p);

/* What a right answer to the segment acknowledges: all that it holds (RFC 9293 section 3.10.7.1). */
uint32_t forge_right_ack(const struct packet *p);

/* An RST with ACK, as a closed port answers a SYN (RFC 9293 section 3.10.7.1): its sequence number is 0. */
size_t forge_rst(const struct packet *p, uint32_t ack, uint8_t to[FORGE_LEN_MAX]);

/* A SYN-ACK whose only option is the MSS. */
size_t forge_syn_ack(const struct packet *p, uint32_t seq, uint32_t ack, uint8_t to[FORGE_LEN_MAX]);

/* An ICMP (RFC 792) or ICMPv6 (RFC 4443) error about the segment. */
struct forge_icmp {
	struct addr from; /* who sends it, in the segment's family; none: the segment's destination */
	uint8_t type, code;
	uint32_t rest; /* the header's second word: the next hop's MTU, a pointer */
};

/* Quotes as much of the segment as RFC 1812 section 4.3.2.3 (576 bytes in all) and RFC 4443 (1280) have room for. */
size_t forge_icmp(const struct packet *p, const struct forge_icmp *i, uint8_t to[FORGE_LEN_MAX]);

/* What a SYN can offer, and a middlebox can take away. */
enum forge_offer {
	OFFER_SACK,	  /* the SACK-permitted option */
	OFFER_TIMESTAMPS, /* RFC 7323 */
	OFFER_MPTCP,	  /* RFC 8684 */
	OFFER_TFO,	  /* Fast Open: RFC 7413, and its experimental option before that */
	OFFER_ECN,	  /* the flags ECE, CWR and AE (RFC 3168, RFC 9768) */
	OFFER_N,
};

bool forge_offers(const struct packet *p, enum forge_offer o);

/*
 * Takes an offer away in place: the option becomes NOPs, the flags 0.  `frame`
 * are the bytes of p->frame.  The TCP checksum is kept right, unless it is
 * `partial` (VIRTIO_NET_HDR_F_NEEDS_CSUM: made later).  False: nothing was there.
 */
bool forge_strip(uint8_t *frame, const struct packet *p, enum forge_offer o, bool partial);

#endif
