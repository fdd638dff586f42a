/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_PCAPFILE_H
#define SYNSENT_SOURCES_PCAPFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/bytes.h"
#include "util/duration.h"
#include "util/err.h"

/*
 * The classic capture file (draft-ietf-opsawg-pcap): microseconds or
 * nanoseconds, either byte order, and the variant with longer record headers
 * that patched libpcaps of the nineties wrote (magic a1b2cd34).
 */
#define PCAPFILE_HEADER_LEN 24

struct pcapfile {
	bool swapped;
	uint32_t record_len;   /* of a record's header: 16 or 24 */
	uint32_t second_parts; /* 1000000 or 1000000000 */
	uint32_t snaplen;
	int linktype;
};

/* Are these four bytes (or more) the magic of such a file? */
bool pcapfile_is(struct bytes head);

/* 0, or -EBADMSG with e filled: a header that is cut, or of an unknown version. */
int pcapfile_read(struct bytes head, struct pcapfile *ret, struct err *e);

/* One record's header. */
struct pcapfile_record {
	int64_t t_ns;
	uint32_t caplen, len;
	bool odd_time; /* the fraction is a second or more */
	bool odd_len;  /* more was captured than was there */
};

/*
 * A fraction beyond a second: a file that says microseconds holds nanoseconds,
 * as some writers have it, if it can be those; else it is the second's last part.
 */
static inline int64_t pcapfile_time_ns(const struct pcapfile *f, uint32_t s, uint32_t parts)
{
	bool in_ns = f->second_parts == NS_PER_S;

	if (parts >= f->second_parts) {
		in_ns |= parts < NS_PER_S;
		parts = in_ns && parts < NS_PER_S ? parts : f->second_parts - 1;
	}
	return (int64_t)s * NS_PER_S + (in_ns ? (int64_t)parts : parts * NS_PER_US);
}

/* Of packets that have no greater seconds and, with these seconds, no greater fraction none is later. */
static inline int64_t pcapfile_time_max_ns(const struct pcapfile *f, uint32_t s, uint32_t parts)
{
	return parts < f->second_parts ? pcapfile_time_ns(f, s, parts) : (int64_t)s * NS_PER_S + NS_PER_S - 1;
}

/* False when fewer than record_len bytes are there.  Inline, and with one comparison for all, since it is done for
 * every packet that matters. */
static inline bool pcapfile_record(const struct pcapfile *f, struct bytes b, struct pcapfile_record *ret)
{
	uint32_t v[4];
	int i;

	if (b.len < f->record_len)
		return false;
	memcpy(v, b.p, sizeof(v));
	for (i = 0; f->swapped && i < 4; i++)
		v[i] = __builtin_bswap32(v[i]);
	ret->t_ns = pcapfile_time_ns(f, v[0], v[1]);
	ret->caplen = v[2];
	ret->len = v[3];
	ret->odd_time = v[1] >= f->second_parts;
	ret->odd_len = v[2] > v[3];
	return true;
}

#endif
