/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_HANDSHAKES_RULES_H
#define SYNSENT_CORE_HANDSHAKES_RULES_H

#include "core/handshakes_table.h"
#include "util/duration.h"

/* What the rules for SYNs and those for what answers them share.  Private to core/handshakes_rules.c and _answers.c. */

/*
 * The same packet a second time comes this soon.  A retransmission can come
 * sooner, where an answer that was ignored made the kernel hurry (tcp_ack()),
 * but it has another IP ID or flow label.
 */
#define DUPLICATE_NS (10 * NS_PER_MS)

static inline int64_t since_start(const struct entry *e, const struct sighting *s)
{
	return s->t_ns - e->start_ns;
}

static inline bool is_within(int64_t distance_ns, int64_t limit_ns)
{
	return distance_ns < limit_ns && distance_ns > -limit_ns;
}

static inline void belongs(struct sighting *s, const struct entry *e)
{
	s->unasked = (e->flags & ENTRY_UNASKED) != 0;
	s->attempt = s->unasked ? 0 : e->number;
}

static inline void duplicate(struct handshakes *h, struct sighting *s)
{
	s->duplicate = true;
	h->counts.duplicates++;
}

static inline void add(struct handshakes *h, struct entry *e, const struct sighting *s, enum note_kind kind,
		       uint32_t value)
{
	struct note n = { .kind = kind, .t_ns = since_start(e, s), .mark = (uint8_t)s->mark, .value = value };

	notes_add(h, e, &n);
}

/* core/handshakes_answers.c: anything but a SYN. */
void answers_feed(struct handshakes *h, struct sighting *s);

/* core/handshakes_refused.c */

/* It is a SYN-ACK that the client refuses for the timestamp that it echoes. */
bool refused_echo(const struct handshakes *h, const struct entry *e, const struct sighting *s);

/* Such a one came, or its client did not take another. */
bool refused_any(const struct handshakes *h, const struct entry *e);

/* A SYN has followed the RST with which it answered a SYN-ACK that seemed too late: it waits still, and did not take
 * it. */
void refused_late(struct handshakes *h, struct entry *e);

#endif
