/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_PAIRING_H
#define SYNSENT_CORE_PAIRING_H

#include "core/pairing_clock.h"
#include "core/pairing_side.h"
#include "core/words.h"

/*
 * Two captures of one incident, the client's side and the server's: which
 * attempts are one, and which of their packets died on the way.  Addresses and
 * ports may be rewritten in between, and the clocks may differ by any amount.
 */
struct pairing;

enum pairing_kind {
	PAIRING_SYN,
	PAIRING_SYN_ACK,
	PAIRING_ACK, /* the first segment of the client after its SYNs */
	PAIRING_RST, /* of the server */
	PAIRING_CLIENT_RST,
	PAIRING_ICMP, /* to the client */
	PAIRING_KIND_N,
};

/* What became of a packet. */
enum pair_fate {
	FATE_ARRIVED,	/* both captures have it */
	FATE_DIED,	/* only its sender's side has it */
	FATE_BETWEEN,	/* only its receiver's side has it: something in between made it */
	FATE_UNSEEN,	/* one side lacks it though it must have passed there */
	FATE_UNCOVERED, /* the other capture did not run then, as far as its packets tell, or does not have that host */
	FATE_COPY,	/* of a packet that arrived: it came twice */
	FATE_N,
};

/* By what two attempts are one. */
enum pairing_how {
	PAIRED_NOT,
	PAIRED_EXACT, /* addresses, ports and ISN */
	PAIRED_ISN,   /* the ISN, and maybe some of the rest */
	PAIRED_TUPLE, /* addresses and ports, and the time: the ISN was rewritten */
	PAIRED_MARK,  /* IP ID and timestamp of a SYN, and the time */
	PAIRED_HOW_N,
};

enum pair_sort {
	PAIR_BOTH,
	PAIR_LOST,	/* the client's side alone has it, and the server's should */
	PAIR_UNCOVERED, /* one side has it, while the other capture did not run */
	PAIR_ELSEWHERE, /* the client's side alone has it: of that server the other capture has nothing at all */
	PAIR_UNSENT,	/* the server's side alone has it, and the client's should */
	PAIR_OTHERS,	/* the server's side alone has it: of a client that the other capture does not have */
	PAIR_UNSEEN,	/* one side has it, and what followed shows that it passed the other, which lacks it */
	PAIR_AGAIN,	/* one side has it as well as one that is paired: as it was before or after a NAT */
	PAIR_SORT_N,
};

struct pair_counts {
	uint32_t sent; /* its sender's side has it */
	uint32_t fate[FATE_N];
};

struct pair_packet {
	enum pairing_kind kind;
	int n; /* of its kind, from 0, in the order of its sender's side */
	enum pair_fate fate;
	bool late;    /* after the handshake was complete */
	bool unfit;   /* an answer that does not acknowledge the SYN, where the client took it */
	int64_t t_ns; /* when its sender's side has it, else when it arrived; by the client's clock since the start */
	int64_t delay_ns;		       /* of what arrived: by the clocks as they were aligned */
	bool at_client, at_server;	       /* the captures that have it */
	uint32_t client_packet, server_packet; /* ordinals in the files; 0: not known, as of an ACK */
	uint8_t client_ttl, server_ttl;	       /* 0: not there */
	uint8_t icmp_family, icmp_type, icmp_code;
	struct addr from; /* ICMP */
};

#define PAIR_PACKETS_MAX 64

/* An attempt, as the two captures have it. */
struct pair_report {
	uint32_t number; /* by the time of the first packet, from 1 */
	enum pair_sort sort;
	enum pairing_how how;
	enum confidence confidence; /* that what is missing did not get there */
	int64_t start_ns;	    /* of its first packet, by the client's clock */
	bool chosen;
	bool at_client, at_server;	      /* the captures that have it */
	struct flow client_flow, server_flow; /* as seen there; where it is not, as on the other side */
	uint32_t client_isn, server_isn;
	uint32_t client_number, server_number; /* in the captures; 0: not there, or begun by an answer */
	enum outcome client_outcome,
		server_outcome; /* by that capture alone; OUTCOME_NONE: not there, or begun by an answer */
	bool by_address;	/* PAIR_LOST: the server's capture has that server, but no attempt to that port */
	bool ack_unsure;	/* the ACK seems to have died, and the server behaves as if it had not */
	bool ack_later;		/* the ACK died, and a later segment of the client did as well */
	bool client_taken, server_taken; /* that this capture ran when something was to pass, which does not show */
	bool by_order;			 /* which packets died is not known, only how many */
	bool one_way;			 /* delays are what is more than the quickest took */
	bool client_holes, server_holes; /* this capture lacks some of it, and others that it must have had */
	bool answer_unsure;		 /* what seems to come from between may be an answer of the server */
	int64_t watched_ns;		 /* the server's capture went on for so long after the first SYN arrived */
	struct pair_counts counts[PAIRING_KIND_N];
	int n_packets, more_packets;
	struct pair_packet packets[PAIR_PACKETS_MAX]; /* in order of t_ns */
};

/* How much the captures themselves lost: packets that passed there for certain. */
struct pairing_holes {
	uint64_t client_had, client_missed, server_had, server_missed;
};

#define PAIRING_NAT_MAPS 8

struct pairing_nat_map {
	struct endpoint from, to; /* as the client's side and as the server's side has it; clients: port 0 */
	uint64_t attempts;
};

struct pairing_nat {
	uint64_t paired; /* attempts, of which so many were rewritten: */
	uint64_t client_addr, client_port, server_addr, server_port, isn;
	struct pairing_nat_map clients[PAIRING_NAT_MAPS], servers[PAIRING_NAT_MAPS]; /* by attempts */
	int n_clients, n_servers;
	bool more_clients, more_servers; /* that are not kept */
	int hops_min, hops_max;		 /* by the SYNs' TTL, between the two captures; -1: not known */
};

/*
 * first, second: the client's and the server's side, or the other way round,
 * which is found out.  They are borrowed until pairing_free().  seed: of
 * hashes, on which nothing depends.  NULL when there is no memory.
 */
struct pairing *pairing_new(struct pairing_side *first, struct pairing_side *second, uint64_t seed);
void pairing_free(struct pairing *p);

/* The first is the server's side. */
bool pairing_swapped(const struct pairing *p);

const struct pairing_clock *pairing_clock(const struct pairing *p);
const struct pairing_nat *pairing_nat(const struct pairing *p);
const struct pairing_holes *pairing_holes(const struct pairing *p);

/* Attempts of either side, those of both once; by time. */
size_t pairing_n(const struct pairing *p);
void pairing_get(const struct pairing *p, size_t i, struct pair_report *ret);

/* When nothing is paired: how many attempts of the client's side go to servers that the server's side has. */
uint64_t pairing_same_servers(const struct pairing *p);

/* Something of it was lost, made in between, not established, or sent more than once. */
bool pair_is_notable(const struct pair_report *r);

/* How many of its packets, of all kinds. */
uint32_t pair_fates(const struct pair_report *r, enum pair_fate fate);

/* The first of that kind; NULL: there is none. */
const struct pair_packet *pair_first(const struct pair_report *r, enum pairing_kind kind);

/* SYN-ACKs that the server sent after the client's ACK had left, or had come. */
int pair_answers_again(const struct pair_report *r);

/*
 * Packets of that kind that seem to have died did, as far as can be told; else
 * the other capture does not have them, and may have lost them itself.
 */
bool pair_is_sure(const struct pair_report *r, enum pairing_kind kind);

/* Some of its packets died, or were made in between. */
bool pair_differs(const struct pair_report *r);

#endif
