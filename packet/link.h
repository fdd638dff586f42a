/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_PACKET_LINK_H
#define SYNSENT_PACKET_LINK_H

#include "packet/rest.h"

/*
 * Takes off what the link type puts before the first header that does not
 * depend on it, and sets r->next.  DECODE_NOT_OURS for a link type, frame kind
 * or address family that is not known.  Fills p->direction and p->if_index.
 */
enum decode_result link_strip(int linktype, struct rest *r, struct packet *p);

#endif
