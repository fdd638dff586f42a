/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_PACKET_SHIM_H
#define SYNSENT_PACKET_SHIM_H

#include "packet/rest.h"

/*
 * What lies between the link and IP, or inside a tunnel before the next IP.
 * Each takes one header off, sets r->next and adds its step to p->path.
 */

/* IEEE 802.3: an Ethernet type, or a length and LLC. */
enum decode_result ethernet_strip(struct rest *r, struct packet *p);

/* IEEE 802.1Q, 802.1ad and their forerunners; also counted in p->vlans outside tunnels. */
enum decode_result vlan_strip(struct rest *r, struct packet *p);

/* IEEE 802.2 with SNAP (RFC 1042), or with IP's own access point. */
enum decode_result llc_strip(struct rest *r, struct packet *p);

/*
 * A stack of MPLS labels (RFC 3032).  Nothing says what is below: IP by its
 * first nibble (RFC 4928), else an Ethernet pseudowire, with or without a
 * control word (RFC 4448), where its Ethernet type is one that leads to IP.
 */
enum decode_result mpls_strip(struct rest *r, struct packet *p);

/* IEEE 802.1ah: the customer's Ethernet frame is after the I-TAG. */
enum decode_result pbb_strip(struct rest *r, struct packet *p);

/* Cisco MetaData, version 1. */
enum decode_result cisco_strip(struct rest *r, struct packet *p);

#endif
