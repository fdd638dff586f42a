/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_PACKET_PPP_H
#define SYNSENT_PACKET_PPP_H

#include "packet/rest.h"

/*
 * PPP: address and control (RFC 1662) where they are there, then the protocol
 * (RFC 1661), in one byte where it is compressed.  An address of Cisco HDLC is
 * that instead (RFC 1547 section 4.3.1), as on NetBSD's serial lines.
 */
enum decode_result ppp_strip(struct rest *r, struct packet *p);

/* pppd's direction, which takes the place of the address. */
enum decode_result pppd_strip(struct rest *r, struct packet *p);

/* Cisco HDLC (RFC 1547 section 4.3.1): address, control, Ethernet type; PPP where the address is PPP's. */
enum decode_result hdlc_strip(struct rest *r, struct packet *p);

/* RFC 2516: a session's header, with PPP after it.  Adds PATH_PPPOE. */
enum decode_result pppoe_strip(struct rest *r, struct packet *p);

#endif
