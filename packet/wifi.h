/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_PACKET_WIFI_H
#define SYNSENT_PACKET_WIFI_H

#include "packet/rest.h"

/*
 * The IEEE 802.11 header of a data frame that carries data, with LLC after it:
 * four addresses, QoS, HT control, the first part of an A-MSDU.  DECODE_NOT_OURS
 * for every other frame, for an encrypted one and for a later fragment.
 */
enum decode_result wifi_strip(struct rest *r, struct packet *p);

/*
 * What a capture puts before that header, all of a length that it states:
 * radiotap (https://www.radiotap.org), Prism's (or AVS's under its number),
 * AVS's, and Per-Packet Information, which also names the link type that follows.
 */
enum decode_result radiotap_strip(struct rest *r, struct packet *p);
enum decode_result prism_strip(struct rest *r, struct packet *p);
enum decode_result avs_strip(struct rest *r, struct packet *p);
enum decode_result ppi_strip(struct rest *r, int *ret_linktype);

#endif
