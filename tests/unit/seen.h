/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_SEEN_H
#define SYNSENT_TESTS_UNIT_SEEN_H

#include <stdbool.h>
#include <stdint.h>

#include "sources/capture.h"
#include "util/buf.h"

/* What was seen of a capture, to be compared. */
struct seen_packet {
	uint64_t number;
	int64_t t_ns;
	int linktype;
	uint32_t on_wire, caplen;
	uint64_t digest; /* of its bytes */
	bool odd_time, no_time, odd_len;
};

struct seen {
	struct seen_packet *packets;
	size_t n, cap;
	uint64_t counted; /* by the stretches */
	uint64_t tcp, other, empty, looked;
	struct buf remarks;	   /* "section: text\n", "interface: text\n" */
	struct buf packet_remarks; /* "12: text\n" */
	struct err err;
	bool mapped;	 /* at its begin */
	bool may_change; /* meanwhile, by somebody else */
	uint64_t lost;	 /* their bytes were not there any more */
};

uint64_t seen_digest(struct bytes b);
void seen_add(struct seen *s, const struct captured *p);
void seen_remark(const struct capture_remark *r, void *user);

/* All packets of a stretch to be looked at, with their remarks; checks what the stretch says of itself. */
void seen_stretch(struct seen *s, struct capture *c, const struct stretch *t);

/* The whole of a capture. */
void seen_read(struct seen *s, const char *path, const struct capture_opts *o, bool threaded);

/* The first n of both are the same. */
void seen_assert_begin(const struct seen *a, const struct seen *b, size_t n);
void seen_assert_same(const struct seen *a, const struct seen *b);
void seen_fini(struct seen *s);

#endif
