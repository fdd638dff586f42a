/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_WALK_H
#define SYNSENT_SOURCES_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/classify.h"
#include "util/helper.h"

#define WALK_CURSORS 8		      /* of a thread */
#define WALK_LISTS (2 * WALK_CURSORS) /* one for each cursor, of two threads */

/* Limits, which a fuzz target makes so small that its inputs reach them. */
#ifndef WALK_LIST_MAX
#define WALK_LIST_MAX 32768 /* entries a list can hold */
#endif
#ifndef WALK_CAPLEN_MAX
#define WALK_CAPLEN_MAX 262144u /* no packet of the link types that are read is longer; libpcap's MAXIMUM_SNAPLEN */
#endif

/* Records are of this form. */
enum walk_form {
	WALK_PCAP,
	WALK_PCAPNG, /* Enhanced Packet Blocks without options; any other block ends the walk */
};

/*
 * What was found, in the order of the records.  An entry holds the record's
 * offset from walk.base in its upper half.  In the lower, bit 31 set: a packet
 * to be looked at, and its ordinal among the list's packets; else the class of a
 * TCP segment without SYN and RST (flow_class()).
 */
#define WALK_LOOK UINT32_C(0x80000000)

struct walk_list {
	uint64_t *entries; /* room for WALK_LIST_MAX */
	uint32_t n;
	uint32_t packets;	    /* all: tcp + other + empty + those to be looked at */
	uint32_t tcp, other, empty; /* empty: of no byte at all; with LAYOUT_OTHER they are to be looked at too */
};

struct walk {
	enum walk_form form;
	bool swapped;	       /* the file's byte order is not this machine's */
	uint32_t header_len;   /* pcap: of a record, 16 or 24 */
	uint32_t second_parts; /* pcap: 1000000 or 1000000000 */
	enum link_layout layout;
	uint32_t n_interfaces; /* pcapng: ids below this one have that layout */
	int n_cursors;	       /* of a thread: 1 to WALK_CURSORS */
	/* With one cursor: FLOW_CLASSES bits; of a class that has none, segments without SYN and RST are counted, but
	 * make no entry.  Those that a SYN may begin to await are added.  NULL, and for what the helper walks: all
	 * make one. */
	uint64_t *wanted;
	const uint8_t *base; /* at most 4 GiB before `end` */
	const uint8_t *from, *to;
	const uint8_t *end; /* of the memory */

	struct walk_list lists[WALK_LISTS];
	int n_lists;	       /* those that count */
	const uint8_t *landed; /* the first record that was not walked */
	/* The greatest time: seconds << 32 | parts of a second (pcap), or as in the blocks (pcapng). */
	uint64_t time_max;
};

/*
 * Walks the records that begin in [from, to), the first of which begins at
 * `from`.  It ends early at a record that is not whole before `end` or not of
 * the form, when a list is full, and where a guess was wrong: what is there is
 * found by the next walk, which is to begin at `landed`.  helper, which may be
 * NULL, walks the second half.
 */
void walk(struct walk *w, struct helper *helper);

/* How many of its packets are to be looked at. */
size_t walk_looked(const struct walk *w);

#endif
