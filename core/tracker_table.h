/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_TRACKER_TABLE_H
#define SYNSENT_CORE_TRACKER_TABLE_H

#include "core/tracker.h"

/* The tracker's inside: the table of attempts, and who feeds it.  Private to core/tracker*.c. */

#define NONE (-1)

struct slot {
	struct attempt a;
	int hash_next;
	int older, newer;
	int hash;
	bool last_syn_counted; /* the last SYN is known by the kernel's count alone */
	bool answers_differ;   /* its SYN-ACKs do not all echo the same SYN, and which was taken is not known */
};

struct tracker {
	struct tracker_config config;
	struct tracker_counts counts;
	struct slot *slots;
	int *buckets;
	size_t n_buckets; /* a power of 2 */
	int free;	  /* chained by hash_next; those of n_used and beyond were never used */
	int n_used;
	int oldest, newest;
	int64_t latest_ns; /* of the events so far */
	uint64_t last_packet;
};

/* Which of several sockets that had the same flow one after the other. */
struct socket_id {
	uint64_t cookie; /* 0: any */
	bool has_isn;
	uint32_t isn;
};

/* The youngest attempt of that flow, or NULL. */
struct slot *table_find(const struct tracker *t, const struct flow *f);

/* The youngest of that flow that had begun by then; when all are younger, the oldest; or NULL. */
struct slot *table_find_at(const struct tracker *t, const struct flow *f, int64_t t_ns);

/* The youngest of that flow which may be that socket: nothing known of both differs. */
struct slot *table_find_socket(const struct tracker *t, const struct flow *f, const struct socket_id *id);

/*
 * An open attempt whose connect() was told before its port was chosen (client
 * port 0), made the attempt of that flow; or NULL.
 */
struct slot *table_adopt(struct tracker *t, const struct flow *f);

/* A new attempt.  When the table is full, the oldest that is over gives way, or the oldest. */
struct slot *table_start(struct tracker *t, const struct flow *f);

/* That attempt, if it is open, else a new one. */
struct slot *table_open(struct tracker *t, struct slot *s, const struct flow *f);

void slot_end(struct slot *s, enum attempt_end how, int64_t t_ns);
void slot_add_syn(struct slot *s, int64_t t_ns, bool counted);
void slot_add_reply(struct slot *s, const struct reply *r);

/* connect() returned, but the socket goes on. */
bool slot_goes_on(const struct slot *s);
void slot_reopen(struct slot *s);

/* It is over, and no connection came of it. */
bool slot_failed(const struct slot *s);

/* core/tracker_answered.c: a SYN-ACK came that may be the one which is taken; which SYN does it answer? */
void slot_note_answer(struct slot *s, const struct event_segment *g);

/* core/tracker_ends.c: what ends an attempt, and what a socket's life says of the replies that were seen. */
void feed_result(struct tracker *t, const struct event *ev);
void feed_close(struct tracker *t, const struct event *ev);
void feed_left(struct tracker *t, const struct event *ev);
void feed_exit(struct tracker *t, const struct event *ev);

/* It was in SYN_SENT still at that time: replies that came well before never reached it. */
void slot_outlived(struct slot *s, int64_t seen_ns);

/* The kernel did not end it, so it took no RST. */
void slot_took_no_reset(struct slot *s);

/* The kernel counted it as failed, so it took no SYN-ACK: one that was seen was dropped on the way to it. */
void slot_took_no_answer(struct slot *s);

/* core/tracker_packets.c: what is seen on the wire. */
void feed_segment(struct tracker *t, const struct event *ev);
void feed_icmp(struct tracker *t, const struct event *ev);

#endif
