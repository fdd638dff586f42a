/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_PAIRING_WORDS_H
#define SYNSENT_CORE_PAIRING_WORDS_H

#include "core/pairing.h"

#define PAIR_EVIDENCE_MAX 8

/* What became of an attempt's packets, in words; sentences end without a full stop. */
struct pair_words {
	char headline[320];
	int n_evidence;
	char evidence[PAIR_EVIDENCE_MAX][240];
	char advice[240]; /* where to look; "" when there is nothing */
};

void pair_words(const struct pair_report *r, struct pair_words *ret);

/* "syn", "syn-ack", "ack", "rst", "client-rst", "icmp"; "arrived", "died", "between", "unseen", "uncovered", "copy" */
const char *pairing_kind_word(enum pairing_kind k);
const char *pair_fate_word(enum pair_fate f);

/* "both", "lost", "uncovered", "elsewhere", "unsent", "others", "unseen", "again" */
const char *pair_sort_word(enum pair_sort s);

/* "exact", "isn", "addresses", "mark"; "" for none */
const char *pairing_how_word(enum pairing_how h);

/* Of what the client's side sent: "SYN 0", "SYN 0 and 1", "SYN 0 to 5", "SYN 0, 2 and 3", "9 of 12 SYNs" */
#define PAIR_SYNS_LEN 80
char *pair_syns(const struct pair_report *r, enum pair_fate fate, char to[PAIR_SYNS_LEN]);

/* "0.42 ms", "3.1 s" */
#define PAIR_SPAN_LEN 24
char *pair_span(int64_t ns, char to[PAIR_SPAN_LEN]);

#endif
