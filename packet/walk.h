/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_PACKET_WALK_H
#define SYNSENT_PACKET_WALK_H

#include "packet/rest.h"

/*
 * Watches the layers of a frame while they are taken off: `layer` is what was
 * left when it began, of kind layer->next, and p is as it was decoded before it.
 * Not told of the link's own header, nor of IP and what is in the innermost.
 */
struct layer_watch {
	void (*taken)(void *user, const struct rest *layer, const struct packet *p);
	void *user;
};

/* As decode_cut_frame().  w may be NULL. */
enum decode_result frame_walk(int linktype, struct bytes frame, uint32_t on_wire, const struct layer_watch *w,
			      struct packet *ret);

#endif
