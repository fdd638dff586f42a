/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_CAPTURE_H
#define SYNSENT_SOURCES_CAPTURE_H

#include <sys/types.h>

#include "core/handshakes.h"
#include "sources/walk.h"
#include "util/bytes.h"
#include "util/err.h"

/*
 * A capture file, or a stream of one: pcap and pcapng, compressed or not, by
 * content.  It is given in stretches, in which sources/walk.h has found what is
 * to be looked at.  A thread of its own may read and walk one stretch ahead.
 */
struct capture;

struct capture_opts {
	uint64_t seed;	   /* of flow hashes */
	bool follow;	   /* more may come after its end */
	bool look_at_all;  /* every packet is WALK_LOOK */
	size_t buffer_len; /* of what is read at once; 0: the best */
};

/* What a capture says of itself. */
struct capture_info {
	const char *path;
	const char *format;  /* "pcap", "pcapng" */
	const char *packing; /* "gzip", ...; NULL: none */
	uint64_t size;	     /* of the file, as it is stored; 0: not known */
	uint64_t taken;	     /* so much of it was read */
};

/* Text that somebody put into a capture. */
struct capture_remark {
	bool of_section; /* else of an interface, or (packet > 0) of that packet */
	uint64_t packet;
	struct bytes text; /* not escaped; borrowed, valid for the call */
};

typedef void capture_remark_fn(const struct capture_remark *r, void *user);

/* By its first bytes, that file is a capture or a compressed file. */
bool capture_is_one(const char *path);

/* Opens it, and reads nothing.  "-" is standard input.  0 or -errno. */
int capture_open(const char *path, const struct capture_opts *o, struct capture **ret, struct err *e);
void capture_free(struct capture *c);

/*
 * Reads its begin: the format, and the time of the first packet.  `threaded`:
 * from then on a thread reads ahead.  0, or -EBADMSG when it is no capture.
 */
int capture_begin(struct capture *c, bool threaded, struct err *e);

/* It is no capture, but a file of events (core/event_text.h), to be read by capture_read_text(). */
bool capture_is_events(const struct capture *c);

/* The bytes of such a file, unpacked, after capture_begin() without a thread.  Bytes, 0 at the end, or -errno. */
ssize_t capture_read_text(struct capture *c, void *to, size_t len, struct err *e);

/* Back to where capture_open() left it, for a file that can be; false: it is a stream, and as it was. */
bool capture_rewind(struct capture *c);

void capture_info(const struct capture *c, struct capture_info *ret);

/* The time of its first packet; INT64_MAX: it has none. */
int64_t capture_first_ns(const struct capture *c);

/* Remarks go there, from the thread that calls capture_next(). */
void capture_on_remark(struct capture *c, capture_remark_fn *fn, void *user);

/*
 * For the only capture of its user, who feeds all of a stretch before it asks for
 * the next: FLOW_CLASSES bytes, where it keeps what it awaits (handshakes_config).
 * From now on segments that nothing awaits are counted, but may be missing in the
 * lists.  The capture's own; NULL: there is no memory, and all are told.
 */
uint8_t *capture_await(struct capture *c);

/* A piece of the capture. */
struct stretch {
	struct walk walk;      /* its lists; offsets count from walk.base */
	uint64_t packets;      /* in it */
	uint64_t first_number; /* ordinal of its first packet in the file, from 1 */
	int64_t time_max_ns;   /* no packet in it is later */
	uint32_t section_base; /* pcapng: where the section's interfaces begin */
	bool section_swapped;
	int64_t *times; /* of the entries of list 0, where they do not stand in the records; else NULL */
	/* Of each packet to be looked at, in their order; SIGHTING_NONE: it is not plain, and the user's to be decoded.
	 */
	struct sighting *sightings;
};

enum capture_result {
	CAPTURE_STRETCH,
	CAPTURE_IDLE, /* following: nothing came for a moment */
	CAPTURE_END,  /* *e is filled when it is not a good end: what was read is not all, for the file is damaged */
};

/* The next stretch, which is valid until the next call. */
enum capture_result capture_next(struct capture *c, const struct stretch **ret, struct err *e);

/* A packet of a stretch. */
struct captured {
	struct bytes frame;
	uint32_t on_wire;
	int linktype;
	int64_t t_ns;
	uint64_t number;
	bool odd_time;	      /* what the file has as its time cannot be one */
	bool no_time;	      /* a Simple Packet Block has none: that of the packet before it */
	bool odd_len;	      /* more was captured than there was */
	struct bytes options; /* pcapng */
};

/* The packet of entry i of the list; number only for those to be looked at. */
void capture_packet(struct capture *c, const struct stretch *s, const struct walk_list *l, uint32_t i,
		    struct captured *ret);

/* After a packet's bytes were used: they were what the file holds; false: it was cut short meanwhile. */
bool capture_is_intact(struct capture *c, const struct captured *p);

/* Comments in a packet's options, to the remark function. */
void capture_packet_remarks(struct capture *c, const struct captured *p);

#endif
