/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_PACKET_LINK_H
#define SYNSENT_PACKET_LINK_H

#include "packet/decode.h"

enum ethertype {
	ETHERTYPE_ANY_IP = 0, /* the link does not say which: the version nibble decides */
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_QINQ = 0x88a8,
	ETHERTYPE_QINQ_9100 = 0x9100,
	ETHERTYPE_QINQ_9200 = 0x9200,
};

/*
 * Takes the link header and every VLAN tag off *b.  The result is DECODE_OK
 * when an ethertype was reached, whichever it is; DECODE_NOT_OURS for a link
 * type or address family that is not known.  Fills ret->direction, ->vlans and ->if_index.
 */
enum decode_result link_strip(int linktype, struct bytes *b, struct packet *ret, uint16_t *ret_ethertype);

#endif
