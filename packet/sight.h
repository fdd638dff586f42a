/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_PACKET_SIGHT_H
#define SYNSENT_PACKET_SIGHT_H

#include "core/handshakes.h"
#include "packet/decode.h"
#include "packet/paths.h"

/*
 * A captured frame as core/handshakes.h takes it: decode_cut_frame() in short.
 * on_wire: the frame's length when it was sent.  seed: of the flow hash.  On
 * DECODE_OK *ret is filled but for t_ns, packet, file and what handshakes_feed()
 * fills; otherwise it is undefined.
 */
enum decode_result sight(int linktype, struct bytes frame, uint32_t on_wire, uint64_t seed, struct paths *paths,
			 struct sighting *ret);

/* The same, quickly, for a TCP segment without encapsulation and as plain as can be; false for all others. */
bool sight_plain(int linktype, struct bytes frame, uint64_t seed, struct sighting *ret);

/* flow_class() of a segment between these two. */
uint32_t sight_class(const struct endpoint *one, const struct endpoint *other);

#endif
