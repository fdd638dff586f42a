/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_PCAPNG_READING_H
#define SYNSENT_TESTS_UNIT_PCAPNG_READING_H

#include "sources/pcapngfile.h"
#include "tests/unit/made.h"

#define NO_OPTIONS bytes_of("", 0)
#define UNKNOWN 0x0bad0bad
#define FRAME bytes_of("0123456789abcde", 15)

/* A file in memory, and a reader in it. */
struct reading {
	struct buf b;
	size_t at;
	struct pcapngfile *file;
	struct pcapngfile_block block; /* the last */
};

struct reading reading(void);
void reading_end(struct reading *r);

/* It has a section with one interface, both taken. */
struct reading in_section(bool swapped);

/* The next block, and what it must be. */
enum pcapngfile_result take(struct reading *r);
void take_kind(struct reading *r, enum pcapngfile_kind kind);

/* Damaged, and why; then it ends. */
void take_damaged(struct reading *r, const char *why);
void take_packet(struct reading *r, struct bytes frame, uint32_t len, uint32_t interface, uint64_t time);
struct bytes option_u8(struct buf *b, bool swapped, uint16_t code, uint8_t v);

#endif
