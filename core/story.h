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
	STORY_PREDICTED,  /* SYN n that was due but never left: lighter stroke, no head */
	STORY_END,	  /* errno and verdict at the foot of the client's line */
};

struct story_row {
	enum story_kind kind;
	int64_t t_ns;	       /* elapsed since SYN 0, on the lab's axis; predicted rows: when it was due */
	int64_t real_ns;       /* the same on the real clock; differs from t_ns only in a fast lab */
	bool from_server;      /* the arrow runs from the server's line to the client's */
	enum drop_place lost;  /* DROP_NONE: it arrived; else where along the way it was lost */
	int n;		       /* SYN number */
	int64_t gap_ns;	       /* since the SYN before; 0 for the first */
	int64_t backoff_ns;    /* the nominal RTO that this gap stands for; 0 when not known */
	char label[64];	       /* "SYN 0", "SYN-ACK", "RST", "icmp 3/10" */
	char note[96];	       /* beside the arrow: "ignored: wrong ack", ... */
	char client_state[16]; /* state on the client's line from here on; "" when unchanged */
	char server_state[16];
};

/*
 * An attempt as something to be drawn or told: rows in order of time.  It is
 * about 150 KiB: allocate it.
 */
struct story {
	struct flow flow;
	int n;
	struct story_row rows[STORY_ROWS_MAX];
	char drop_rule[160]; /* the rule or cause behind `lost` rows; "" when unknown */
	char end_error[24];  /* "ETIMEDOUT"; "" when there is none */
	char end_text[160];  /* "the kernel gave up" */
	bool scaled;	     /* times are of a fast lab */
};

void story_make(const struct attempt *a, const struct verdict *v, struct story *ret);

#endif
