/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_HANDSHAKES_TABLE_H
#define SYNSENT_CORE_HANDSHAKES_TABLE_H

#include "core/handshakes.h"

/* The inside of core/handshakes.h.  Private to core/handshakes*.c. */

enum entry_flag {
	ENTRY_V6 = 1 << 0,
	ENTRY_SYN_ACK = 1 << 1,	 /* a SYN-ACK that fits came */
	ENTRY_ACKED = 1 << 2,	 /* the handshake is complete */
	ENTRY_REFUSED = 1 << 3,	 /* an RST that fits came */
	ENTRY_GONE = 1 << 4,	 /* the client answered a SYN-ACK with an RST */
	ENTRY_REPLACED = 1 << 5, /* another attempt of the same flow began */
	ENTRY_CROSSED = 1 << 6,	 /* simultaneous open */
	ENTRY_ICMP = 1 << 7,	 /* an ICMP error that ends the wait, as far as is known */
	ENTRY_BAD_CHECKSUM = 1 << 8,
	ENTRY_RESET = 1 << 9,		 /* an RST after the handshake was noted */
	ENTRY_AWAITS = 1 << 10,		 /* counted in the filter of what is waited for */
	ENTRY_DATA = 1 << 11,		 /* SYN 0 carried data, and a note says how much */
	ENTRY_CLIENT_RST = 1 << 12,	 /* an RST of the client was noted */
	ENTRY_UNASKED = 1 << 13,	 /* it began before what was asked for */
	ENTRY_ANSWERED_BY_RST = 1 << 14, /* ... that came when it was over: the first answer that the capture has */
	ENTRY_HIDDEN = 1 << 15,		 /* its flow has too many that are younger: it is not found any more */
};

/* Nothing that comes can change what the outcome is. */
#define ENTRY_SETTLED (ENTRY_ACKED | ENTRY_REFUSED | ENTRY_GONE | ENTRY_REPLACED)

/*
 * One attempt: a line of the cache.  Of its SYN most stands as in struct
 * sighting, which is copied.  Indexes are of the pools below, 0 being none.
 */
struct entry {
	int64_t start_ns;
	uint32_t hash;	   /* of the flow */
	uint32_t src, dst; /* IPv4, as in the header; IPv6: src is an index of the addresses */
	uint16_t sport, dport;
	uint32_t isn;
	uint32_t number; /* with ENTRY_UNASKED, of those, and NUMBER_UNASKED */
	uint32_t queue;	 /* in the queue or wheel slot that it is in; the free list */
	uint32_t notes;	 /* the first chunk */
	uint64_t packet;
	uint32_t mark; /* of the last SYN */
	uint16_t path, file;
	uint16_t flags;
	uint8_t ttl;
	uint8_t n_syns; /* stays at UINT8_MAX beyond */
	uint8_t n_replies;
	bool has_ts;	/* all of its SYNs have a timestamp */
	uint16_t ip_id; /* of the last SYN */
};
#define SAME_PLACE(in_entry, in_sighting)                                                                            \
	_Static_assert(offsetof(struct entry, in_entry) == offsetof(struct sighting, in_sighting) &&                 \
			       sizeof(((struct entry *)0)->in_entry) == sizeof(((struct sighting *)0)->in_sighting), \
		       #in_entry)
_Static_assert(sizeof(struct entry) == 64, "a line of the cache");
SAME_PLACE(start_ns, t_ns);
SAME_PLACE(hash, flow_hash);
SAME_PLACE(src, src4);
SAME_PLACE(dst, dst4);
SAME_PLACE(sport, sport);
SAME_PLACE(dport, dport);
SAME_PLACE(isn, seq);
SAME_PLACE(packet, packet);
SAME_PLACE(mark, mark);
SAME_PLACE(path, path);
SAME_PLACE(file, file);
SAME_PLACE(ttl, ttl);
SAME_PLACE(ip_id, ip_id);

#define NUMBER_UNASKED (UINT32_C(1) << 31)

/* The order in which they began, the unasked first. */
static inline uint32_t entry_order(const struct entry *e)
{
	return e->number ^ NUMBER_UNASKED;
}

/* What came after SYN 0, in order: words of 64 bits in chunks of 64 bytes. */
#define CHUNK_WORDS 7

struct chunk {
	uint32_t next_used; /* index << 3 | words used */
	uint32_t syns_more; /* first chunk: SYNs beyond those that n_syns can count */
	uint64_t words[CHUNK_WORDS];
};

struct addresses {
	uint8_t src[16], dst[16];
};

/* An array that is as long as memory allows, and whose free items are chained. */
struct pool {
	uint8_t *items;
	size_t size, link; /* of one; offset in it of a uint32_t that links free ones */
	uint32_t n, cap;   /* n: used at some time, item 0 being none */
	uint32_t free_first;
};

/*
 * A place in the hash table, 0 being free.  It is probed one after the other
 * from where the hash says, and at most half full, since each probe more is one
 * whose end the processor cannot foresee.  In it are the entry's index, how far
 * it is from there (PLACE_FAR: so far or further), and some bits of the hash, so
 * that an entry is looked at only when it is likely to be the right one.
 */
#define PLACE_INDEX_BITS 23
#define PLACE_INDEX ((1u << PLACE_INDEX_BITS) - 1)
#define PLACE_AWAY_SHIFT PLACE_INDEX_BITS
#define PLACE_FAR 15u
#define PLACE_TAG_SHIFT 27

/* Indexes of entries, first in, first out. */
struct ring {
	uint32_t *items, size;
	uint32_t first, n;
};

/* 67 ms a slot, so that a turn is 68 s; what is further away is put into the last slot and again from there. */
#define WHEEL_SLOTS 1024
#define WHEEL_SHIFT 26

/* An attempt stays until so many others have begun, or have been decided, in case that something late belongs to it. */
#define STAY_MAX 8176
#define DORMANT_RING 8192

struct handshakes {
	struct handshakes_config config;
	struct handshakes_counts counts;
	struct pool entries, chunks, addresses;
	bool roomy;		       /* there is room for all that is fed together */
	uint32_t *places, n_places;    /* a power of two */
	uint32_t n_entries, n_unasked; /* the second: in all */
	int64_t idle_ns;	       /* nothing came for so long since */
	size_t memory;		       /* bytes in use */
	int64_t clock_ns;	       /* the latest time so far */
	int64_t overdue_ns;	       /* silence after SYN 0 that is one */
	uint32_t young_enough;	       /* when there are so many, the first may leave */
	int64_t young_due_ns;	       /* ... when they have waited long enough */
	struct ring young;	       /* in order of their SYN 0 */
	struct ring dormant;	       /* in the order in which they were decided, later than the young */
	uint32_t wheel[WHEEL_SLOTS];
	int64_t wheel_tick; /* slots up to this one are done */
	uint32_t n_wheel;
	uint32_t held;	  /* linked: silent for long enough, if the source was not the silent one */
	bool told_apart;  /* no packet has come since the answered ones were looked for */
	uint8_t *awaited; /* by class, how many attempts; sticks at UINT8_MAX; another thread may look */
	/* while an attempt is given */
	struct entry *telling;
	struct attempt *attempt; /* of it, once it is made */
	bool attempt_made;
	struct digest bare[2]; /* of one SYN and silence, IPv4 and IPv6; number 0: not made yet */
	bool evicting;	       /* it is given undecided, for want of memory */
};

static inline struct entry *entry_at(const struct handshakes *h, uint32_t i)
{
	return (struct entry *)(void *)h->entries.items + i;
}

static inline uint32_t entry_index(const struct handshakes *h, const struct entry *e)
{
	return (uint32_t)(e - (const struct entry *)(const void *)h->entries.items);
}

static inline void *pool_at(const struct pool *p, uint32_t i)
{
	return p->items + i * p->size;
}

/* core/handshakes_table.c */

/* Another item, within config.memory; 0 when there is none. */
uint32_t pool_more(struct handshakes *h, struct pool *p);

static inline uint32_t *pool_link(const struct pool *p, uint32_t i)
{
	return (uint32_t *)(void *)(p->items + i * p->size + p->link);
}

/* An item, as it was left; its index, or 0 when there is no memory. */
static inline uint32_t pool_take(struct handshakes *h, struct pool *p)
{
	uint32_t i = p->free_first;

	if (!i)
		return pool_more(h, p);
	p->free_first = *pool_link(p, i);
	return i;
}

/* The one that was freed last is the first to be used again: it is in the processor's cache still. */
static inline void pool_give_back(struct pool *p, uint32_t i)
{
	*pool_link(p, i) = p->free_first;
	p->free_first = i;
}

/* False when there is no memory. */
bool entries_init(struct handshakes *h);
void entries_fini(struct handshakes *h);

/* Goes through the attempts of a hash: those of a flow in both directions, and rarely others.  In no order. */
struct probe {
	uint32_t tag, at;
};

static inline struct probe entries_probe(const struct handshakes *h, uint32_t hash)
{
	return (struct probe){ hash >> PLACE_TAG_SHIFT, hash & (h->n_places - 1) };
}

static inline struct entry *probe_next(const struct handshakes *h, struct probe *p)
{
	uint32_t place;

	while ((place = h->places[p->at])) {
		p->at = (p->at + 1) & (h->n_places - 1);
		if (place >> PLACE_TAG_SHIFT == p->tag)
			return entry_at(h, place & PLACE_INDEX);
	}
	return NULL;
}

bool entry_is_from6(const struct handshakes *h, const struct entry *e, const struct sighting *s);
bool entry_is_to6(const struct handshakes *h, const struct entry *e, const struct sighting *s);

/* The sighting's source is the attempt's client, and its destination the server; or the other way round. */
static inline bool entry_is_from(const struct handshakes *h, const struct entry *e, const struct sighting *s)
{
	if (e->sport != s->sport || e->dport != s->dport)
		return false;
	if (e->flags & ENTRY_V6)
		return entry_is_from6(h, e, s);
	return s->family == 4 && e->src == s->src4 && e->dst == s->dst4;
}

static inline bool entry_is_to(const struct handshakes *h, const struct entry *e, const struct sighting *s)
{
	if (e->sport != s->dport || e->dport != s->sport)
		return false;
	if (e->flags & ENTRY_V6)
		return entry_is_to6(h, e, s);
	return s->family == 4 && e->src == s->dst4 && e->dst == s->src4;
}

/* Gives attempts until there is room for what a sighting may bring, or it is no use. */
void entries_make_room(struct handshakes *h);

/* True: there is room for what n sightings may bring, and entries_make_room() has nothing to do for any of them. */
bool entries_have_room(const struct handshakes *h, size_t n);

/* A new attempt of that SYN; p: a probe that found no more.  NULL when there is no memory. */
struct entry *entries_start(struct handshakes *h, const struct sighting *s, const struct probe *p);

/* It is not found any more, and waits on. */
void entries_hide(struct handshakes *h, struct entry *e);

/* Forgets it. */
void entries_drop(struct handshakes *h, struct entry *e);

uint32_t entry_class6(const struct handshakes *h, const struct entry *e);

/* flow_class() */
static inline uint32_t entry_class(const struct handshakes *h, const struct entry *e)
{
	uint16_t ports = e->sport ^ e->dport;

	if (e->flags & ENTRY_V6)
		return entry_class6(h, e);
	if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
		ports = __builtin_bswap16(ports);
	return flow_class(e->src ^ e->dst, ports);
}

/* A counter that has come to its end stays there: what it lets through is looked up all the same. */
static inline void entries_await(struct handshakes *h, struct entry *e)
{
	uint8_t *count = &h->awaited[entry_class(h, e)];

	e->flags |= ENTRY_AWAITS;
	__atomic_store_n(count, (uint8_t)(*count + (*count < UINT8_MAX)), __ATOMIC_RELAXED);
}

static inline void entries_await_no_more(struct handshakes *h, struct entry *e)
{
	uint8_t *count = &h->awaited[entry_class(h, e)];

	if (e->flags & ENTRY_AWAITS)
		__atomic_store_n(count, (uint8_t)(*count - (*count < UINT8_MAX)), __ATOMIC_RELAXED);
	e->flags &= (uint16_t)~ENTRY_AWAITS;
}

/* core/handshakes_deadline.c: that of an attempt of which something was noted. */
int64_t entry_noted_deadline_ns(const struct handshakes *h, const struct entry *e);

static inline int64_t entry_deadline_ns(const struct handshakes *h, const struct entry *e)
{
	if (e->flags & ENTRY_SETTLED)
		return e->start_ns;
	return e->notes ? entry_noted_deadline_ns(h, e) : e->start_ns + h->overdue_ns;
}

/* core/handshakes_queues.c: when an attempt is decided, and given. */
bool queues_init(struct handshakes *h);
void queues_fini(struct handshakes *h);
void queues_put_young(struct handshakes *h, struct entry *e);
void queues_advance(struct handshakes *h);

static inline bool queues_are_due(const struct handshakes *h)
{
	int64_t now = h->clock_ns + h->idle_ns;

	return h->young_due_ns <= now || now >> WHEEL_SHIFT > h->wheel_tick || h->held;
}

/* core/handshakes_give.c */

/* Gives one for its memory: of the decided ones the first, else the oldest.  False when there is none. */
bool queues_give_one(struct handshakes *h);

/* Gives all that are left, in order of their numbers. */
void queues_finish(struct handshakes *h);

/* core/handshakes_notes.c */
enum note_kind {
	NOTE_SYN,
	NOTE_SYN_ACK,	    /* seq, ttl, packet */
	NOTE_SYN_ACK_AGAIN, /* as the one before */
	NOTE_REPLY,	    /* any other answer, in full */
	NOTE_ACK,
	NOTE_CLIENT_RST,
	NOTE_RESET, /* ttl */
	NOTE_SYN_LEN,
	NOTE_REPLACED,
	NOTE_FIRST_TSVAL, /* of SYN 0, where there are more */
	NOTE_ECHO,	  /* the SYN-ACK that is noted next echoes this, and is refused for it: core/echo.h */
};

struct note {
	enum note_kind kind;
	enum ignored ignored;
	uint8_t mark;	    /* 8 bits of the sighting's */
	int64_t t_ns;	    /* since SYN 0 */
	uint32_t value;	    /* NOTE_RESET: the TTL; NOTE_SYN_LEN: bytes; NOTE_FIRST_TSVAL, NOTE_ECHO: the timestamp */
	struct reply reply; /* NOTE_SYN_ACK, NOTE_SYN_ACK_AGAIN (t_ns and kind only), NOTE_REPLY */
};

/* False when there is no memory. */
bool notes_add(struct handshakes *h, struct entry *e, const struct note *n);
void notes_free(struct handshakes *h, struct entry *e);

struct notes_iter {
	const struct handshakes *h;
	const struct entry *e;
	uint32_t chunk;
	unsigned int word;
	struct reply last_syn_ack;
	bool has_echo;
	uint32_t echo; /* of the next SYN-ACK */
};

void notes_first(struct notes_iter *it, const struct handshakes *h, const struct entry *e);
bool notes_next(struct notes_iter *it, struct note *ret);

/* Those SYN-ACKs so far that are `from` are `to` from now on. */
void notes_change_syn_acks(struct handshakes *h, struct entry *e, enum ignored from, enum ignored to);

/* core/handshakes_rules.c */
void rules_feed(struct handshakes *h, struct sighting *s);

/* core/handshakes_tell.c */
/* overdue: it waited until its deadline. */
void entry_tell(struct handshakes *h, struct entry *e, bool overdue);

#endif
