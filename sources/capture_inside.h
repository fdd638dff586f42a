/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_CAPTURE_INSIDE_H
#define SYNSENT_SOURCES_CAPTURE_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "sources/capture.h"
#include "sources/pcapfile.h"
#include "sources/pcapngfile.h"
#include "sources/unpack.h"
#include "util/buf.h"

/* The inside of sources/capture.h.  Private to sources/capture*.c. */

/* What is read at once from a stream.  A target that begins at a page is what read(2) is quickest with; the record that
 * the last read cut is put before it. */
#ifndef CHUNK_LEN
#define CHUNK_LEN (1u << 20) /* less for a fuzz target */
#endif
#define HEADROOM (PCAPNGFILE_BLOCK_MAX + 4096)

/* Of a file that is mapped: enough for some thousand packets, so that a window's own cost does not count. */
#define WINDOW_MAX (10u << 20)
#define WINDOW_LEAST (256u << 10)
#define WINDOW_PACKETS 10240
#define WINDOW_PACKETS_SHORT 24000 /* of short ones of which few matter, by two threads */
#define WINDOW_PACKETS_MANY 2560   /* of short ones else: what is known of each that matters takes memory */

/* Where more than so many of a stretch matter, because a flood begins in it, the user looks at them itself. */
#define SIGHTINGS_MAX (WINDOW_PACKETS_MANY + WINDOW_PACKETS_MANY / 8)

/* A remark that waits in its slot. */
struct remark {
	bool of_section;
	size_t at, len; /* in the slot's text */
};

/* What segments are awaited: by what the user was given already, and by SYNs of the stretch that it has meanwhile. */
struct await {
	_Alignas(8) uint8_t awaited[FLOW_CLASSES]; /* the user's, who may be at it */
	bool is_known;				   /* ... what that stretch has */
	uint64_t syns[FLOW_CLASSES / 64];	   /* of the stretch before the one that is made */
	uint64_t wanted[FLOW_CLASSES / 64];
};

/* One stretch and the memory that it is in.  Of two, one is filled while the other is used. */
struct slot {
	struct stretch stretch;
	uint64_t *entries;    /* of all lists */
	int64_t *times;	      /* of list 0 */
	uint8_t *memory;      /* HEADROOM and a chunk; NULL for a map */
	const uint8_t *from;  /* the first byte that was not yet parsed ... */
	const uint8_t *end;   /* ... and the end of those that are there */
	const uint8_t *begun; /* a map: the window's begin, to be let go */
	struct buf text;      /* of remarks */
	struct remark *remarks;
	size_t n_remarks;
	struct sighting *sightings;
	size_t cap_sightings;
	enum capture_result result;
	struct err err;
	bool full; /* under the lock: it is the user's */
};

enum format {
	FORMAT_NONE,
	FORMAT_PCAP,
	FORMAT_PCAPNG,
	FORMAT_EVENTS,
};

struct capture {
	struct capture_opts opts;
	char *path;
	int fd;
	bool is_regular;
	uint64_t size;
	enum packing packing;
	struct unpack *unpack;

	/* where it is read: a map, or a stream */
	bool mapped; /* by the map, still */
	const uint8_t *map;
	size_t map_len;
	int guard; /* of the map; -1: none */
	size_t window, chunk;
	bool short_packets;    /* of the last stretch */
	bool many_looked;      /* of the last stretch's packets */
	struct helper *helper; /* walks half of a map's window; NULL: none */
	bool helper_tried;
	uint8_t head[PCAPFILE_HEADER_LEN]; /* read to know what it is, not given yet */
	size_t head_len, head_given;
	bool ended;	       /* the stream is at its end */
	struct err stream_err; /* ... which is not a good one */
	uint64_t offset;       /* of slot.from in what was unpacked */
	uint64_t skip;	       /* bytes of a block that nobody looks into */
	atomic_uint_least64_t taken;

	/* what is in it */
	enum format format;
	struct pcapfile pcap;
	struct pcapngfile *pcapng;
	unsigned int epbs; /* in a row, so that it is worth a walk */
	uint64_t packets;
	int64_t time_max_ns;
	bool has_first;
	int64_t first_ns;

	_Atomic(struct await *) await; /* NULL: all segments are to be told */

	struct slot slots[2];
	int next;  /* slot to be filled */
	int given; /* slot that the user has; -1: none */
	bool begun, at_end;

	bool thread_runs;
	atomic_bool stop;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;

	capture_remark_fn *on_remark;
	void *remark_user;
};

static inline bool is_stopped(const struct capture *c)
{
	return atomic_load(&c->stop) || (c->opts.stopped && *c->opts.stopped);
}

/* For messages. */
static inline const char *capture_name(const struct capture *c)
{
	return strcmp(c->path, "-") ? c->path : "standard input";
}

enum fill {
	FILL_MORE, /* there are bytes that were not there before */
	FILL_IDLE, /* following: none came for a moment */
	FILL_END,
};

/* capture_fill.c */
int fill_init(struct capture *c, bool threaded, struct err *e);
void fill_fini(struct capture *c);

/* Makes slot->from..end what `before` left (itself: it has that), or the rest of the map. */
void slot_take_over(struct capture *c, struct slot *s, const struct slot *before);

/* Makes it longer, from the stream. */
enum fill slot_fill(struct capture *c, struct slot *s);

/* The map's pages that the slot was in are not needed any more. */
void slot_let_go(struct slot *s);

/* From c->offset on it goes on as a stream: the map is at its end, or longer than the file by now. */
void fill_leave_map(struct capture *c, struct slot *s);

/* What was mapped is longer than the file is now.  Its last page may have shown zeros instead. */
bool fill_was_cut(const struct capture *c);

enum parse {
	PARSE_STRETCH, /* it has packets */
	PARSE_MORE,    /* bytes are wanted */
	PARSE_DAMAGED, /* c->slots' err says how */
};

/* capture_parse.c */

/* The file's header, at slot->from.  0; 1: bytes are wanted; or -EBADMSG with e filled. */
int parse_format(struct capture *c, struct slot *s, struct err *e);

/* What slot->from..end holds: a stretch, if there are packets. */
enum parse slot_parse(struct capture *c, struct slot *s, struct await *a);

/* The file's end is not a good one: slot->err says that it was cut, or a record. */
void parse_cut(struct capture *c, struct slot *s);

/* capture_produce.c: the slot's result, from what the slot before left; itself: from what it has. */
void slot_produce(struct capture *c, struct slot *s, const struct slot *before);

/* capture_thread.c */

/* There may be no thread: then the user makes the slots. */
void capture_thread_start(struct capture *c);

/* False when the thread is held up: then its memory must stay. */
bool capture_thread_stop(struct capture *c);

/* The slot that comes after the one that the user has, when it is made. */
struct slot *slot_next(struct capture *c);

/* capture_sight.c: a stretch's sightings, and what they may make to be awaited. */
void slot_sight(const struct capture *c, struct slot *s, struct await *a);

/* capture_packet.c: any record of the stretch; its number is not set. */
void slot_packet(const struct capture *c, const struct stretch *s, const uint8_t *record, struct captured *ret);

#endif
