/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_PACKED_H
#define SYNSENT_TESTS_UNIT_PACKED_H

#include "sources/unpack.h"
#include "util/buf.h"

/* Compressed streams for tests, made by the libraries' own compressors. */
struct packer {
	const char *name;
	enum packing packing;
	bool checked; /* a changed byte cannot go unseen */
	/* Adds one member with this content; of small content also a small one. */
	void (*pack)(struct buf *to, const uint8_t *data, size_t len);
};

extern const struct packer packers[];
extern const size_t n_packers;

/* A skippable frame of n bytes. */
void packed_skippable(struct buf *to, uint32_t n);

/* Content that compresses about as captures do. */
void packed_content(struct buf *to, size_t len);

#endif
