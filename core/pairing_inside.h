/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_PAIRING_INSIDE_H
#define SYNSENT_CORE_PAIRING_INSIDE_H

#include "core/pairing.h"
#include "core/pairing_scope.h"

/* The inside of core/pairing.h and core/pairing_side.h.  Private to core/pairing*.c.  Indexes are from 1; 0: none. */

#define PAIRING_PACKETS_MAX 250 /* of one attempt */

enum side_packet_flag {
	PACKET_LATE = 1 << 0,  /* after the handshake was complete */
	PACKET_UNFIT = 1 << 1, /* an answer that does not acknowledge the SYN */
};

struct side_packet {
	int64_t t_ns;
	uint32_t next;	 /* of the same attempt */
	uint32_t number; /* in the file */
	uint32_t mark;
	uint32_t seq; /* ICMP: index of the addresses, its sender being both */
	uint8_t kind; /* enum pairing_kind */
	uint8_t flags;
	uint8_t ttl, icmp_type, icmp_code, icmp_family;
};

enum side_attempt_flag {
	ATTEMPT_V6 = 1 << 0,
	ATTEMPT_CHOSEN = 1 << 1,
	ATTEMPT_ACKED = 1 << 2, /* its handshake is complete */
};

struct side_attempt {
	uint32_t src, dst; /* IPv4, as in the header; IPv6: src is an index of the addresses */
	uint16_t sport, dport;
	uint32_t isn;
	uint32_t flow_hash, earlier; /* the one before with the same place in the table of flows */
	uint32_t first, last;	     /* packets */
	uint32_t partner;	     /* on the other side */
	uint32_t number;	     /* in the capture; 0: begun by an answer */
	uint8_t flags;
	uint8_t n;	 /* packets */
	uint8_t outcome; /* enum outcome */
	uint8_t how;	 /* enum pairing_how; as the client's side has it */
};

/* An array that grows; item 0 is none. */
struct side_pool {
	uint8_t *items;
	size_t size;
	uint32_t n, cap;
};

struct pairing_side {
	uint16_t number; /* of the two that are compared */
	size_t limit;
	struct pairing_side_counts counts;
	struct side_pool attempts, packets, addresses; /* addresses: two of 16 bytes */
	struct side_pool by_number;		       /* uint32_t: the attempt of that number of the capture */
	uint32_t *flows, n_flows;		       /* the latest attempt of a place; a power of two */
	struct pairing_span span;
	bool full; /* nothing more is looked at */
};

static inline struct side_attempt *side_attempt(const struct pairing_side *s, uint32_t i)
{
	return (struct side_attempt *)(void *)s->attempts.items + i;
}

static inline struct side_packet *side_packet(const struct pairing_side *s, uint32_t i)
{
	return (struct side_packet *)(void *)s->packets.items + i;
}

/* core/pairing_attempts.c */
const uint8_t *side_addresses(const struct pairing_side *s, uint32_t i);
void side_flow(const struct pairing_side *s, const struct side_attempt *a, struct flow *ret);

/* When its first packet was captured. */
static inline int64_t side_start_ns(const struct pairing_side *s, const struct side_attempt *a)
{
	return side_packet(s, a->first)->t_ns;
}

/* An empty item, two addresses; 0 when there is no memory. */
uint32_t side_take(struct pairing_side *s, struct side_pool *p);
uint32_t side_take_addresses(struct pairing_side *s, const uint8_t one[16], const uint8_t other[16]);

static inline bool side_is_syn(const struct sighting *p)
{
	return p->kind == SIGHTING_SEGMENT && (p->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
}

static inline bool side_is_syn_ack(const struct sighting *p)
{
	return p->kind == SIGHTING_SEGMENT && (p->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == (TCP_SYN | TCP_ACK);
}

bool side_is_from_client(const struct pairing_side *s, const struct side_attempt *a, const struct sighting *p);
bool side_is_from_server(const struct pairing_side *s, const struct side_attempt *a, const struct sighting *p);

/* It acknowledges the SYN, and maybe its data. */
bool side_fits(const struct side_attempt *a, uint32_t ack);

/* The attempt of that number; 0: none has it. */
uint32_t side_numbered(const struct pairing_side *s, uint32_t number);

/* Of a packet, which may begin it.  0 with *ret_full: there is no memory for it; else 0: it is of none. */
uint32_t side_attempt_of(struct pairing_side *s, const struct sighting *p, bool *ret_full);

/* core/pairing_side.c: of a kind, in their order; how many. */
int side_list(const struct pairing_side *s, const struct side_attempt *a, enum pairing_kind kind,
	      const struct side_packet *ret[PAIRING_PACKETS_MAX]);

struct pair {
	uint32_t client, server; /* attempts; one of them may be none */
	int64_t start_ns;	 /* by the client's clock */
};

struct pairing {
	uint64_t seed;
	struct pairing_side *client, *server;
	struct pair *pairs;
	size_t n;
	struct pairing_clock clock;
	bool swapped;
	/* Marks of packets in that direction are the same on both sides, so that packets with others are others. */
	bool marks_hold[2];   /* to the server, from it */
	struct scope servers; /* what the server's capture has, as the client and as the server see it */
	struct scope clients; /* what the client's capture has */
	struct scope answers; /* servers as the client sees them; port: the TTL of their own SYN-ACKs */
	struct scope again;   /* ISN and mark of attempts that a side has paired, and once more without a partner */
	struct pairing_holes holes;
	int64_t most_ns;	   /* hardly a SYN was on its way for longer */
	uint64_t sent[2], died[2]; /* packets to the server, and from it */
	struct pairing_nat nat;
};

static inline bool pairing_clock_known(const struct pairing *p)
{
	return p->clock.forward || p->clock.backward;
}

/* core/pairing_match.c: which attempts are one.  False when there is no memory. */
bool pairing_match(struct pairing *p);

/* core/pairing_guess.c: which capture is whose, and a first idea of the clocks. */
bool pairing_guess(struct pairing *p);

/* Groups of attempts that have these fields in common, by time. */
enum pairing_field {
	FIELD_ISN = 1 << 0,
	FIELD_CLIENT_ADDR = 1 << 1,
	FIELD_CLIENT_PORT = 1 << 2,
	FIELD_SERVER_ADDR = 1 << 3,
	FIELD_SERVER_PORT = 1 << 4,
	FIELD_MARK = 1 << 5, /* of any of its SYNs */
};
#define FIELDS_CLIENT (FIELD_CLIENT_ADDR | FIELD_CLIENT_PORT)
#define FIELDS_SERVER (FIELD_SERVER_ADDR | FIELD_SERVER_PORT)
#define FIELDS_ALL (FIELD_ISN | FIELDS_CLIENT | FIELDS_SERVER)

struct group_item {
	uint64_t key;
	int64_t t_ns;
	uint32_t i; /* attempt */
};

typedef void group_fn(struct pairing *p, const struct group_item *c, size_t n, const struct group_item *s, size_t m,
		      void *user);

/* Of those that have no partner yet.  False when there is no memory. */
bool pairing_groups(struct pairing *p, unsigned int fields, group_fn *fn, void *user);

/* What two attempts have in common of FIELDS_ALL. */
unsigned int pairing_common(const struct pairing *p, uint32_t c, uint32_t s);

/* core/pairing_packets.c: which packets are one. */

/* Of one kind, sent by `from` and taken by `to`: lists of packets, and indexes of their partners in the other. */
struct packet_match {
	enum pairing_kind kind;
	bool from_server;
	bool same_isn; /* both sides have the client's */
	const struct side_packet *from[PAIRING_PACKETS_MAX], *to[PAIRING_PACKETS_MAX];
	int n_from, n_to;
	int16_t partner[PAIRING_PACKETS_MAX]; /* of `from`, in `to`; -1: none */
	int16_t sender[PAIRING_PACKETS_MAX];  /* of `to`, in `from` */
	bool by_mark;			      /* some marks are the same */
	bool guessed;			      /* which are one, though not how many */
};

bool pairing_kind_from_server(enum pairing_kind kind);

/* clock NULL: not known yet; then only what is certain without it. */
void pairing_packets(const struct pairing *p, uint32_t c, uint32_t s, enum pairing_kind kind,
		     const struct pairing_clock *clock, struct packet_match *ret);

/* core/pairing_learn.c: what is known only when all attempts are paired.  False when there is no memory. */
bool pairing_learn_clock(struct pairing *p); /* marks_hold, clock and most_ns */
bool pairing_learn_scopes(struct pairing *p);

/* core/pairing_between.c: holes, nat, and how often packets died.  False when there is no memory. */
bool pairing_learn_rest(struct pairing *p);

/* What an attempt that was rewritten keeps; false: it has no mark that tells it from others. */
bool pairing_print(const struct pairing_side *s, const struct side_attempt *a, struct endpoint *ret);

/* core/pairing_report.c */
void pairing_report(const struct pairing *p, const struct pair *pair, struct pair_report *ret);

#endif
