/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_STORY_H
#define SYNSENT_CORE_STORY_H

#include "core/verdict.h"

#define STORY_ROWS_MAX 640

/* What a row of the sequence diagram shows. */
enum story_kind {
	STORY_STATE,	  /* a socket state on the client's (or server's) line, no arrow */
	STORY_SYN,	  /* SYN n from the client */
	STORY_REPLY,	  /* SYN-ACK, RST or ICMP from the server's side */
	STORY_ACK,	  /* the ACK that completes the handshake */
	STORY_CLIENT_RST, /* RST from the client, answering a late SYN-ACK */
	STORY_FIN,	  /* either side's FIN; `from_server` tells which */
	STORY_PREDICTED,  /* SYN n that was due but never left: lighter stroke, no head; n = -1: the kernel's give-up */
	STORY_END,	  /* the attempt ended on the client's line: errno, who gave up */
};

struct story_row {
	enum story_kind kind;
	int64_t t_ns;	       /* elapsed since SYN 0, on the lab's axis; predicted rows: when it was due */
	int64_t real_ns;       /* the same on the real clock; differs from t_ns only in a fast lab */
	bool nominal;	       /* predicted rows, and an end that silence alone tells of, by the SYN that did not
				* come: t_ns is without the timer wheel's slack */
	bool from_server;      /* the arrow runs from the server's line to the client's */
	enum drop_place lost;  /* DROP_NONE: not known to be lost; else where along the way it was lost */
	enum drop_place born;  /* replies: DROP_NONE: from the server; else made there, by a rule or a router */
	bool unseen;	       /* whether it arrived was not seen */
	bool unanswered;       /* SYNs: not known to be lost, and nothing came back before the next */
	int n;		       /* SYN number */
	int64_t gap_ns;	       /* since the SYN before; 0 for the first */
	int64_t backoff_ns;    /* the nominal RTO that this gap stands for; 0 when not known */
	char label[64];	       /* "SYN 0", "SYN-ACK", "RST", "icmp 3/10", "ETIMEDOUT" */
	char note[96];	       /* beside the arrow: "ignored: wrong ack", ... */
	char client_state[16]; /* state on the client's line from here on; "" when unchanged */
	char server_state[16];
};

/* What lost packets: one per drop of the attempt. */
struct story_cause {
	enum drop_place place;
	bool reply;	  /* it dropped replies, not SYNs */
	bool others;	  /* ... or not SYNs only, of the client */
	uint64_t packets; /* 0: not counted */
	bool is_rule;	  /* text is a rule's */
	char text[200];	  /* a rule, which listener's queue is full, or the kernel's reason and function; "" when
			   * unknown.  From outside: not escaped */
};

/*
 * An attempt as something to be drawn or told: rows in order of time, but that
 * the end comes before every row that shows what was still to come.  Row 0 holds
 * the states before SYN 0; a caller that knows the server's better than packets
 * tell ("-": unknown) may write it there.  It is about 170 KiB: allocate it.
 */
struct story {
	struct flow flow;
	enum outcome outcome;
	int n;
	struct story_row rows[STORY_ROWS_MAX];
	int n_causes;
	struct story_cause causes[ATTEMPT_DROPS_MAX];
	int more_replies;   /* came, but were not kept */
	char end_error[24]; /* "ETIMEDOUT"; "" when there is none */
	char end_text[160]; /* the verdict's headline */
	bool scaled;	    /* times are of a fast lab: t_ns is the lab's axis, real_ns the clock's */
};

void story_make(const struct attempt *a, const struct verdict *v, struct story *ret);

#endif
