/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_NLPUT_H
#define SYNSENT_SOURCES_NLPUT_H

#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

/*
 * Netlink messages put together one after the other, of any length.  `b` holds
 * what is to be sent; b.failed says that memory ran out.  Attributes belong to
 * the message that was begun last.  Zero-initialised it is empty; buf_fini(&b).
 */
struct nlput {
	struct buf b;
	size_t message; /* where the open one begins */
};

/* `header` is the family's own struct (nfgenmsg, ifinfomsg, ...), copied. */
void nlput_begin(struct nlput *m, uint16_t type, uint16_t flags, uint32_t seq, const void *header, size_t len);
void nlput_end(struct nlput *m);

void nlput_attr(struct nlput *m, uint16_t type, const void *data, size_t len);
void nlput_text(struct nlput *m, uint16_t type, const char *text);
void nlput_u32be(struct nlput *m, uint16_t type, uint32_t value); /* host order in, network order out */

/* An attribute that holds others, those that are added until nlput_end_nest() of what this returned. */
size_t nlput_nest(struct nlput *m, uint16_t type);
void nlput_end_nest(struct nlput *m, size_t begun);

#endif
