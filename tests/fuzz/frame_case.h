/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_FUZZ_FRAME_CASE_H
#define SYNSENT_TESTS_FUZZ_FRAME_CASE_H

#include "packet/decode.h"

/* A file of corpus/frame: link type, bytes that the capture cut off (16 bits each, big-endian), the frame. */
struct frame_case {
	uint16_t linktype;
	uint16_t cut;
	struct bytes frame;
};

static inline bool frame_case_read(struct bytes file, struct frame_case *ret)
{
	if (!bytes_u16be(&file, &ret->linktype) || !bytes_u16be(&file, &ret->cut))
		return false;
	ret->frame = file;
	return true;
}

static inline enum decode_result frame_case_decode(const struct frame_case *c, struct packet *ret)
{
	return decode_cut_frame(c->linktype, c->frame, (uint32_t)c->frame.len + c->cut, ret);
}

#endif
