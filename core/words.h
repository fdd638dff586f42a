/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_WORDS_H
#define SYNSENT_CORE_WORDS_H

#include <stdbool.h>

/*
 * The words in which a verdict is said.  Each enum has one text per value, the
 * same in every output; 0 is always "nothing known".
 */
enum outcome {
	OUTCOME_NONE,
	OUTCOME_ESTABLISHED,
	OUTCOME_REFUSED,     /* RST, or ICMP port unreachable */
	OUTCOME_UNREACHABLE, /* ICMP, route or neighbour failure */
	OUTCOME_TIMED_OUT,   /* the kernel ended the wait */
	OUTCOME_ABANDONED,   /* the application ended it: close, cancel or shutdown in SYN_SENT */
	OUTCOME_KILLED,	     /* the process died in SYN_SENT */
	OUTCOME_FAILED,	     /* no SYN left the host: EADDRNOTAVAIL, EPERM, EINVAL, EACCES */
	OUTCOME_UNANSWERED,  /* captures only: silence, and no evidence of who gave up */
	OUTCOME_PENDING,     /* still waiting when the observation ended */
	OUTCOME_N,
};

enum gave_up_by {
	GAVE_UP_NONE,
	GAVE_UP_KERNEL,
	GAVE_UP_APPLICATION,
	GAVE_UP_SIGNAL,
	GAVE_UP_PEER,
	GAVE_UP_NETWORK,
	GAVE_UP_NOBODY,
	GAVE_UP_UNKNOWN,
	GAVE_UP_N,
};

enum limit {
	LIMIT_NONE,
	LIMIT_SYN_RETRIES,
	LIMIT_USER_TIMEOUT,
	LIMIT_APP_TIMER,
	LIMIT_SOFT_ERROR,
	LIMIT_N,
};

enum confidence {
	CONFIDENCE_UNKNOWN,
	CONFIDENCE_LIKELY,  /* inferred, and the inference is among the evidence */
	CONFIDENCE_CERTAIN, /* the kernel said so */
	CONFIDENCE_N,
};

enum drop_place {
	DROP_NONE,
	DROP_LOCAL_OUTPUT,
	DROP_LOCAL_INPUT,
	DROP_PATH_OR_PEER,
	DROP_PEER_BACKLOG,
	DROP_PLACE_N,
};

/* How a rule that is named is known. */
enum rule_by {
	RULE_BY_NOTHING, /* none is named, or it is one that this program made itself */
	RULE_BY_TRACE,	 /* the kernel told what became of the packet */
	RULE_BY_COUNTER, /* its counter moved, and no other rule can have done it */
	RULE_BY_GUESS,	 /* its counter moved, and another rule may have done it */
	RULE_BY_N,
};

enum reply_kind {
	REPLY_NONE,
	REPLY_SYN_ACK,
	REPLY_RST,
	REPLY_ICMP,
	REPLY_KIND_N,
};

/* Why a reply was ignored. */
enum ignored {
	IGNORED_NOT, /* it was accepted */
	IGNORED_WRONG_ACK,
	IGNORED_CHECKSUM,
	IGNORED_OTHER_ISN,
	IGNORED_DROPPED,   /* it came to the host, and a rule dropped it */
	IGNORED_LATE,	   /* the attempt had ended */
	IGNORED_NO_ACK,	   /* an RST without ACK */
	IGNORED_BY_TYPE,   /* an ICMP type that does not end an attempt, as frag-needed */
	IGNORED_NOT_TAKEN, /* the client's TCP, which waited still, answered it with an RST */
	IGNORED_N,
};

/* "timed-out", "kernel", "syn-retries", ...; "" for NONE values.  Out-of-range values are "?". */
const char *outcome_word(enum outcome o);
const char *gave_up_by_word(enum gave_up_by g);
const char *limit_word(enum limit l);
const char *confidence_word(enum confidence c);
const char *rule_by_word(enum rule_by b);
const char *drop_place_word(enum drop_place p);
const char *reply_kind_word(enum reply_kind k);
const char *ignored_word(enum ignored i);

/*
 * Whether a verdict can say both, as core/verdict*.c and cli/watch_inbound_verdict.c say them: who gave up follows from
 * the outcome, but for refused, unreachable and abandoned, which can be of two.  False for NONE values.
 */
bool outcome_goes_with(enum outcome o, enum gave_up_by g);

/* The reverse; -1 for a word that is none. */
int drop_place_of(const char *word);

/* "ETIMEDOUT" and "Connection timed out".  Never NULL: a number that has no name gives "E?" and "unknown error". */
const char *errno_name(int code);
const char *errno_text(int code);

/* The number of an errno name, or 0 when there is none. */
int errno_of(const char *name);

#endif
