/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_HANDSHAKES_H
#define SYNSENT_CORE_HANDSHAKES_H

#include <stddef.h>
#include <stdint.h>

#include "core/digest.h"
#include "core/flow_hash.h"

/*
 * The attempts of a capture, by packets alone.  core/tracker.h joins all that
 * is known of a few attempts; this follows millions, in 60 bytes each while
 * they wait.
 */
struct handshakes;

enum sighting_kind {
	SIGHTING_NONE,
	SIGHTING_SEGMENT,
	SIGHTING_ICMP, /* an ICMP error; addresses, ports and seq are those of the quoted segment */
};

/*
 * A packet that may matter to a handshake.  It should begin where a line of the
 * cache does: of IPv4 the first line is all that is looked at, and what a new
 * attempt keeps of its SYN stands there as it does in the table.
 */
struct sighting {
	int64_t t_ns;
	uint32_t flow_hash;  /* core/flow_hash.h, with the seed of the config */
	uint32_t src4, dst4; /* IPv4, as in the header */
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint32_t attempt; /* filled by handshakes_feed(): number of the attempt that it belongs to; 0: none */
	uint32_t len;	  /* payload, bytes */
	uint64_t packet;  /* ordinal in its file, from 1 */
	/* What is the same in two captures of one packet, and differs between a packet and its retransmission: IP ID or
	 * flow label, TSval, sequence numbers. */
	uint32_t mark;
	uint16_t path; /* an id that the caller chose; 0: no encapsulation */
	uint16_t file;
	uint16_t flags; /* enum tcp_flag */
	uint8_t ttl;
	uint8_t kind;	/* enum sighting_kind */
	uint8_t family; /* 4 or 6 */
	uint8_t bad_checksum : 1;
	uint8_t has_seq : 1;	/* ICMP: the quotation reached as far */
	uint8_t joins_only : 1; /* a SYN that begins no attempt, but may belong to one */
	/* a SYN that begins an attempt which is followed, but neither counted nor given; filled by handshakes_feed():
	 * it belongs to one */
	uint8_t unasked : 1;
	uint8_t duplicate : 1; /* filled by handshakes_feed(): the same packet came before: a mirror port, two
				  interfaces */
	uint8_t has_ts : 1;    /* segment: it has a timestamp (RFC 7323), and `mark` is sighting_mark()'s */
	union {
		struct {
			uint8_t icmp_type, icmp_code;
		};
		uint16_t ip_id; /* segment: as `mark` has it */
	};
	/* the second line */
	uint8_t src[16], dst[16]; /* IPv6 */
	struct addr from;	  /* ICMP: its sender */
	uint32_t tsecr;		  /* of a SYN-ACK with has_ts, of others it is not filled */
	uint8_t unused[8];
};
_Static_assert(sizeof(struct sighting) == 128, "two lines of the cache");

/* Of IP ID, or flow label, and TSval; of these the second can be told again. */
static inline uint32_t sighting_mark(uint16_t ip_id, bool has_ts, uint32_t tsval)
{
	return tsval + (uint32_t)(flow_hash_mix((uint64_t)ip_id << 33 | (uint64_t)has_ts << 32, FLOW_HASH_K1) >> 32);
}

static inline uint32_t sighting_tsval(uint16_t ip_id, uint32_t mark)
{
	return mark - sighting_mark(ip_id, true, 0);
}

struct handshakes_config {
	size_t memory;	  /* bytes at most */
	uint64_t seed;	  /* of the hash */
	uint8_t *awaited; /* what handshakes_awaited() will give: FLOW_CLASSES times 0, which outlives it; NULL: its own
			   */
	bool at_once;	  /* give attempts soon after they are decided, not when their memory is needed */
	/* An attempt that is over, or that the observation ended.  handshakes_attempt() may be called in it. */
	void (*fn)(const struct digest *d, void *user);
	/* The text of a path's id, for attempt.path; may be NULL. */
	const char *(*path_text)(uint16_t path, const void *paths);
	const void *paths;
	void *user; /* of fn */
};

struct handshakes_counts {
	uint64_t sightings;
	uint64_t attempts;
	uint64_t duplicates;
	uint64_t unmatched;	/* answers that belong to no attempt */
	uint64_t odd;		/* SYN with FIN or RST: no attempt, no answer */
	uint64_t evicted;	/* attempts that were given undecided, for want of memory */
	uint64_t notes_lost;	/* what was not kept of an attempt, for the same reason */
	uint64_t attempts_lost; /* SYNs that no attempt could be made of, for the same reason */
	uint64_t syns;		/* SYNs of attempts; those that were duplicates not */
	uint64_t open_max;	/* attempts followed at once, at most */
	size_t memory;		/* bytes in use now */
};

/* NULL when there is no memory. */
struct handshakes *handshakes_new(const struct handshakes_config *c);
void handshakes_free(struct handshakes *h);

/* flow_class() of a segment. */
static inline uint32_t sighting_class(const struct sighting *s)
{
	uint16_t ports = s->sport ^ s->dport;

	if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
		ports = __builtin_bswap16(ports);
	return flow_class(s->family == 4 ? s->src4 ^ s->dst4 : flow_addresses6(s->src, s->dst), ports);
}

/* Fills flow_hash from the rest; of IPv4 src4 and dst4 too, from the first bytes of src and dst. */
void sighting_set_hash(struct sighting *s, uint64_t seed);

/* It will be fed soon: fetches what will be looked at then. */
void handshakes_expect(const struct handshakes *h, const struct sighting *s);

/*
 * Takes n sightings in the order of the timeline; some 32 that were expected are
 * taken quickest.  Time may go back; the latest so far is the clock by which
 * attempts are decided.  Returns how many were duplicates.
 */
size_t handshakes_feed(struct handshakes *h, struct sighting *const *s, size_t n);

/*
 * A filter for segments that are neither SYN nor RST: one whose flow_class() has
 * 0 there is nothing that any attempt waits for.  Valid until handshakes_free(),
 * always up to date; FLOW_CLASSES bytes, at a multiple of 8.
 */
const uint8_t *handshakes_awaited(const struct handshakes *h);

/*
 * Nothing came for idle_ns, and the observation goes on.  What has an answer is
 * then given, with at_once; silence is one of the source's for a minute, which
 * may hold packets back, before it is one of the network's.
 */
void handshakes_idle(struct handshakes *h, int64_t idle_ns);

/* Gives all that is left: the observation ended at now_ns. */
void handshakes_finish(struct handshakes *h, int64_t now_ns);

/* In `fn`: the attempt in full; borrowed until `fn` returns. */
const struct attempt *handshakes_attempt(struct handshakes *h);

void handshakes_counts(const struct handshakes *h, struct handshakes_counts *ret);

#endif
