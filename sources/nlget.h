/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_NLGET_H
#define SYNSENT_SOURCES_NLGET_H

#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/bytes.h"

/* Netlink messages taken apart.  Integers of the headers are in the host's order (RFC 3549). */

struct nlget {
	uint16_t type, flags;
	uint32_t seq;
	struct bytes payload;
};

/* The next message of a datagram; false at its end, or where the rest is none: then it is left in b. */
static inline bool nlget_message(struct bytes *b, struct nlget *ret)
{
	struct bytes at = *b;
	struct nlget m;
	uint32_t len;

	if (!bytes_u32(&at, false, &len) || !bytes_u16(&at, false, &m.type) || !bytes_u16(&at, false, &m.flags) ||
	    !bytes_u32(&at, false, &m.seq) || !bytes_skip(&at, sizeof(uint32_t)) || len < NLMSG_HDRLEN ||
	    !bytes_take(&at, len - NLMSG_HDRLEN, &m.payload))
		return false;
	if (!bytes_skip(&at, -len & 3U))
		at.len = 0;
	*b = at;
	*ret = m;
	return true;
}

/* The next attribute, without the flags of its type; false at the end, or where the rest is none: then it is left in b.
 */
static inline bool nlget_attr(struct bytes *b, uint16_t *ret_type, struct bytes *ret_value)
{
	struct bytes at = *b;
	uint16_t len, type;

	if (!bytes_u16(&at, false, &len) || !bytes_u16(&at, false, &type) || len < NLA_HDRLEN ||
	    !bytes_take(&at, (size_t)len - NLA_HDRLEN, ret_value))
		return false;
	if (!bytes_skip(&at, -len & 3U))
		at.len = 0;
	*b = at;
	*ret_type = type & NLA_TYPE_MASK;
	return true;
}

/* The errno of an NLMSG_ERROR or NLMSG_DONE as the kernel has it, so 0 or negative; -EBADMSG where there is none. */
static inline int nlget_error(struct bytes payload)
{
	int32_t code;

	return bytes_copy(&payload, &code, sizeof(code)) && code <= 0 ? code : -EBADMSG;
}

/* A text that should end with a NUL, cut at len - 1 bytes. */
static inline void nlget_text(struct bytes value, char *to, size_t len)
{
	size_t n = 0;

	while (n + 1 < len && n < value.len && value.p[n]) {
		to[n] = (char)value.p[n];
		n++;
	}
	to[n] = 0;
}

#endif
