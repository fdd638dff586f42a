/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_FAULT_H
#define SYNSENT_LAB_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"
#include "core/event.h"
#include "util/err.h"

/*
 * What can be done to a handshake.  Those up to FAULT_WIRE_LAST are done by the
 * wire (lab/wire.h), packet by packet; the rest is done with the kernel's own
 * means: a server that does not accept, policy rules, neighbours, nft.
 */
enum fault_kind {
	FAULT_NONE,
	FAULT_SYN_DROP,	       /* the first n SYNs of each handshake; n == 0: all */
	FAULT_SYN_ACK_DROP,    /* likewise of its SYN-ACKs */
	FAULT_ACK_DROP,	       /* likewise of what the client sends after its SYN, the final ACK first */
	FAULT_RST,	       /* each SYN is answered by an RST in the server's place */
	FAULT_RST_BAD_ACK,     /* ... by an RST that acknowledges something else */
	FAULT_SYN_ACK_BAD,     /* ... by a SYN-ACK that acknowledges something else */
	FAULT_ICMP,	       /* ... by an ICMP error */
	FAULT_DELAY,	       /* handshake packets, each way, by delay_ns +- jitter_ns */
	FAULT_DELAY_ALL,       /* every TCP packet */
	FAULT_LOSS,	       /* of SYNs, each with probability loss_ppm / 1,000,000 */
	FAULT_LOSS_ALL,	       /* of every TCP packet */
	FAULT_DUPLICATE,       /* handshake packets arrive twice */
	FAULT_REORDER,	       /* a handshake packet arrives after the one that follows it, or 20 ms late */
	FAULT_CONNTRACK_STALE, /* the first client port to each server is black-holed; others pass */
	FAULT_STRIP,	       /* `option` is removed from SYNs and SYN-ACKs */
	FAULT_DROP_OPTION,     /* SYNs that carry `option` are dropped */
	FAULT_WIRE_LAST = FAULT_DROP_OPTION,
	FAULT_BACKLOG_FULL,    /* a listener whose accept queue is full */
	FAULT_NO_ACCEPT,       /* a listener that accepts nothing */
	FAULT_NO_ROUTE,	       /* ENETUNREACH */
	FAULT_NO_NEIGHBOUR,    /* nobody answers ARP, or neighbour discovery */
	FAULT_BLACKHOLE_ROUTE, /* EINVAL */
	FAULT_PROHIBIT_ROUTE,  /* EACCES */
	FAULT_FIREWALL,	       /* an nft rule in the client's namespace */
	FAULT_KIND_N,
};

/* What a middlebox removes, or takes offence at. */
enum fault_option { OPTION_SACK, OPTION_TIMESTAMPS, OPTION_MPTCP, OPTION_TFO, OPTION_ECN, FAULT_OPTION_N };

#define FAULT_ADDRS_MAX 16
#define FAULT_TEXT_LEN 320

/* Which connections it is for, as the client asks for them. */
struct fault_scope {
	char host[256]; /* as written; "": any.  A name is resolved into addrs by whoever knows names */
	int n_addrs;	/* with host "" there is none */
	struct addr addrs[FAULT_ADDRS_MAX];
	uint16_t port; /* 0: any */
	int family;    /* 4, 6, or 0: both */
};

struct fault {
	enum fault_kind kind;
	int n;
	int64_t delay_ns, jitter_ns;
	uint32_t loss_ppm;
	enum fault_option option;
	bool has_icmp4, has_icmp6; /* FAULT_ICMP: in which families it exists; in the other one it does nothing */
	uint8_t icmp4_type, icmp4_code, icmp6_type, icmp6_code;
	bool reject; /* FAULT_FIREWALL: reject, not drop */
	bool input;  /* ... in the input chain (the reply), not in the output chain (the SYN) */
	struct fault_scope scope;
	char text[FAULT_TEXT_LEN]; /* as written, for people */
};

/*
 * "NAME[:ARG][@WHERE]...", where WHERE is HOST, HOST:PORT, :PORT, [IPV6]:PORT, v4
 * or v6: "syn-drop:2", "loss:30%@v6", "delay:100ms+-20ms" (also with the sign for
 * plus-minus in UTF-8), "icmp:host@db.internal:5432".  Loss takes decimals.  -EINVAL with e
 * filled: what is wrong in it, and what would be right (the nearest name; e->exit_code 2).
 */
int fault_parse(const char *text, struct fault *ret, struct err *e);

/* HOST, HOST:PORT, :PORT, [IPV6], [IPV6]:PORT, or a bare IPv6 address.  0 or -EINVAL. */
int fault_scope_parse(const char *text, struct fault_scope *ret, struct err *e);

/* The server of a connection is in scope.  False while a host's name has no address. */
bool fault_concerns(const struct fault_scope *s, const struct endpoint *server);

/* The client's own firewall answers its SYNs. */
bool fault_resets_syns(const struct fault *f);

/* When a plain blocking connect() gets its result. */
enum fault_when {
	WHEN_AT_ONCE,
	WHEN_SCHEDULE_ENDS,   /* the kernel's own give-up, as predicted */
	WHEN_SCHEDULE_EARLY,  /* ... about 1 s before: a bad answer makes the kernel hurry once */
	WHEN_NEIGHBOUR_FAILS, /* about 3 s */
	WHEN_RETRANSMITTED,   /* at SYN n of the schedule (n of the fault, else of the table) */
	WHEN_DELAYED,	      /* twice the delay */
	WHEN_CHANCE,	      /* as luck has it */
};

#define FAULT_SYNS_ALL (-2)

/* A row of `synsent run --list`; the test checks each against the kernel. */
struct fault_effect {
	const char *text;   /* "syn-drop:1": an example that fault_parse() takes */
	const char *form;   /* "syn-drop[:N]": how it is written in general */
	const char *what;   /* what is done, one line */
	int error4, error6; /* errno of connect(); 0: it connects; -1: does not exist in this family */
	enum fault_when when;
	int syns; /* SYNs that leave; FAULT_SYNS_ALL: those of the schedule; -1: as luck has it */
	enum outcome outcome4, outcome6;
};

/* Ended by text == NULL.  Every kind has at least one row, every ICMP kind its own. */
extern const struct fault_effect fault_effects[];

/* For completion and for the nearest name: the first words, NULL-terminated. */
const char *const *fault_names(void);

#endif
