/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_PCAPNGFILE_H
#define SYNSENT_SOURCES_PCAPNGFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/bytes.h"

/*
 * Blocks of a pcapng file (draft-ietf-opsawg-pcapng), one after the other:
 * sections of either byte order, interfaces, and all kinds that carry packets.
 * Others are skipped.
 */
struct pcapngfile;

enum pcapngfile_kind {
	PCAPNGFILE_SECTION,
	PCAPNGFILE_INTERFACE,
	PCAPNGFILE_PACKET,
	PCAPNGFILE_OTHER,
};

enum pcapngfile_result {
	PCAPNGFILE_OK,
	PCAPNGFILE_MORE,    /* the block goes on beyond the bytes that are there */
	PCAPNGFILE_DAMAGED, /* ret->why says how */
};

struct pcapngfile_interface {
	int linktype;
	uint32_t snaplen; /* 0: no limit */
	uint8_t tsresol;  /* if_tsresol */
	int64_t tsoffset; /* if_tsoffset, s */
};

struct pcapngfile_packet {
	struct bytes frame;
	uint32_t len; /* as it was sent */
	uint32_t interface;
	bool has_time;
	uint64_t time; /* in the interface's units */
	struct bytes options;
};

struct pcapngfile_block {
	enum pcapngfile_kind kind;
	uint32_t len;			 /* of the whole block */
	struct pcapngfile_packet packet; /* PCAPNGFILE_PACKET */
	struct bytes options;		 /* PCAPNGFILE_SECTION, PCAPNGFILE_INTERFACE */
	const char *why;
};

#define PCAPNGFILE_HEAD_LEN 12 /* so many bytes tell a block's length */
#ifndef PCAPNGFILE_BLOCK_MAX
#define PCAPNGFILE_BLOCK_MAX (1u << 20) /* of one that is looked into; less for a fuzz target */
#endif
#define PCAPNGFILE_INTERFACES_MAX (1u << 20)
#define PCAPNGFILE_EPB 6

/* Are these 12 bytes (or more) the begin of such a file? */
bool pcapngfile_is(struct bytes head);

/* NULL when out of memory. */
struct pcapngfile *pcapngfile_new(void);
void pcapngfile_free(struct pcapngfile *p);

/*
 * Takes the block at the begin of b.  A section or an interface becomes the
 * state by which later blocks are read.  Blocks of other kinds may be longer
 * than PCAPNGFILE_BLOCK_MAX: then they are PCAPNGFILE_OTHER when their first
 * PCAPNGFILE_HEAD_LEN bytes are there.
 */
enum pcapngfile_result pcapngfile_take(struct pcapngfile *p, struct bytes b, struct pcapngfile_block *ret);

/* The section at hand: its byte order, and the interfaces so far. */
bool pcapngfile_swapped(const struct pcapngfile *p);
uint32_t pcapngfile_interfaces(const struct pcapngfile *p);

/* All of them have this link type (-1: no interface, or several types). */
int pcapngfile_linktype(const struct pcapngfile *p);

/*
 * A place in the file's list of interfaces: those of a section begin at its
 * base.  Interfaces never move, and their number only grows, so another thread
 * may look at those that it was told of.
 */
uint32_t pcapngfile_base(const struct pcapngfile *p);
const struct pcapngfile_interface *pcapngfile_interface(const struct pcapngfile *p, uint32_t base, uint32_t id);

/*
 * Nanoseconds since 1970, within [0, 2^62); *ret_odd is set when the file's time
 * lies outside.  The resolution is rounded down to nanoseconds.
 */
int64_t pcapngfile_time_ns(const struct pcapngfile_interface *i, uint64_t time, bool *ret_odd);

/* It has interfaces, and all of them count time in the same way. */
bool pcapngfile_one_time(const struct pcapngfile *p);

/* The packet of a block that pcapngfile_take() took before; swapped: of its section.  False: it is none. */
bool pcapngfile_packet(struct bytes block, bool swapped, uint32_t snaplen, struct pcapngfile_packet *ret);

/* The next comment among options; false: there is none.  Takes the options before it off *options. */
bool pcapngfile_comment(struct bytes *options, bool swapped, struct bytes *ret);

#endif
