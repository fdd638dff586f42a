/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_PACKET_TRANSPORT_H
#define SYNSENT_PACKET_TRANSPORT_H

#include "packet/decode.h"

/* What an event is made of: p->l4, once the IP header is read.  Each fills p->event, and leaves its kind alone unless
 * it returns DECODE_OK. */

/* The TCP header at p->l4 (RFC 9293 section 3.1). */
enum decode_result tcp_decode(struct packet *p);

/* The ICMP (RFC 792, 1122) or ICMPv6 (RFC 4443) message at p->l4.  Only errors that quote a TCP segment are ours. */
enum decode_result icmp_decode(struct packet *p);
enum decode_result icmpv6_decode(struct packet *p);

#endif
