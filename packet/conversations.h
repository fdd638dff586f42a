/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_PACKET_CONVERSATIONS_H
#define SYNSENT_PACKET_CONVERSATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"

#define CONVERSATIONS_MAX (1u << 20)

struct conversations;

/*
 * The first sequence numbers of each TCP conversation, so that later ones can be
 * printed relative to them.  It grows up to CONVERSATIONS_MAX; then it forgets
 * all and starts anew.  NULL when out of memory.
 */
struct conversations *conversations_new(uint64_t seed);
void conversations_free(struct conversations *c);

/* What a segment's numbers are counted from: the values of seq and ack that print as 0. */
struct conversation_base {
	uint32_t seq, ack;
	bool known; /* false: this segment is the first, its numbers print as they are */
};

/*
 * The base for a segment with ACK set.  A conversation not met before, or one
 * that begins again (`syn`), gets its base from this segment.  A base of 0 when
 * out of memory.
 */
struct conversation_base conversations_base(struct conversations *c, const struct endpoint *src,
					    const struct endpoint *dst, bool syn, uint32_t seq, uint32_t ack);

#endif
