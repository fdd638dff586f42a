/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/words.h"

#include <string.h>

#define WORD_OF(table, i) ((unsigned int)(i) < sizeof(table) / sizeof((table)[0]) ? (table)[i] : "?")

const char *outcome_word(enum outcome o)
{
	static const char *const words[OUTCOME_N] = {
		[OUTCOME_NONE] = "",
		[OUTCOME_ESTABLISHED] = "established",
		[OUTCOME_REFUSED] = "refused",
		[OUTCOME_UNREACHABLE] = "unreachable",
		[OUTCOME_TIMED_OUT] = "timed-out",
		[OUTCOME_ABANDONED] = "abandoned",
		[OUTCOME_KILLED] = "killed",
		[OUTCOME_FAILED] = "failed",
		[OUTCOME_UNANSWERED] = "unanswered",
		[OUTCOME_PENDING] = "pending",
	};

	return WORD_OF(words, o);
}

const char *gave_up_by_word(enum gave_up_by g)
{
	static const char *const words[GAVE_UP_N] = {
		[GAVE_UP_NONE] = "",	     [GAVE_UP_KERNEL] = "kernel",   [GAVE_UP_APPLICATION] = "application",
		[GAVE_UP_SIGNAL] = "signal", [GAVE_UP_PEER] = "peer",	    [GAVE_UP_NETWORK] = "network",
		[GAVE_UP_NOBODY] = "nobody", [GAVE_UP_UNKNOWN] = "unknown",
	};

	return WORD_OF(words, g);
}

bool outcome_goes_with(enum outcome o, enum gave_up_by g)
{
	static const enum gave_up_by by[OUTCOME_N][2] = {
		[OUTCOME_ESTABLISHED] = { GAVE_UP_NOBODY },
		[OUTCOME_REFUSED] = { GAVE_UP_PEER, GAVE_UP_NETWORK },
		[OUTCOME_UNREACHABLE] = { GAVE_UP_NETWORK, GAVE_UP_KERNEL },
		[OUTCOME_TIMED_OUT] = { GAVE_UP_KERNEL },
		[OUTCOME_ABANDONED] = { GAVE_UP_APPLICATION, GAVE_UP_UNKNOWN },
		[OUTCOME_KILLED] = { GAVE_UP_SIGNAL },
		[OUTCOME_FAILED] = { GAVE_UP_KERNEL },
		[OUTCOME_UNANSWERED] = { GAVE_UP_UNKNOWN },
		[OUTCOME_PENDING] = { GAVE_UP_NOBODY },
	};

	return (unsigned int)o < OUTCOME_N && g != GAVE_UP_NONE && (by[o][0] == g || by[o][1] == g);
}

const char *limit_word(enum limit l)
{
	static const char *const words[LIMIT_N] = {
		[LIMIT_NONE] = "",
		[LIMIT_SYN_RETRIES] = "syn-retries",
		[LIMIT_USER_TIMEOUT] = "user-timeout",
		[LIMIT_APP_TIMER] = "app-timer",
		[LIMIT_SOFT_ERROR] = "soft-error",
	};

	return WORD_OF(words, l);
}

const char *confidence_word(enum confidence c)
{
	static const char *const words[CONFIDENCE_N] = {
		[CONFIDENCE_UNKNOWN] = "unknown",
		[CONFIDENCE_LIKELY] = "likely",
		[CONFIDENCE_CERTAIN] = "certain",
	};

	return WORD_OF(words, c);
}

static const char *const drop_places[DROP_PLACE_N] = {
	[DROP_NONE] = "",
	[DROP_LOCAL_OUTPUT] = "local-output",
	[DROP_LOCAL_INPUT] = "local-input",
	[DROP_PATH_OR_PEER] = "path-or-peer",
	[DROP_PEER_BACKLOG] = "peer-backlog",
};

const char *drop_place_word(enum drop_place p)
{
	return WORD_OF(drop_places, p);
}

const char *rule_by_word(enum rule_by b)
{
	static const char *const words[RULE_BY_N] = {
		[RULE_BY_NOTHING] = "",
		[RULE_BY_TRACE] = "trace",
		[RULE_BY_COUNTER] = "counter",
		[RULE_BY_GUESS] = "guess",
	};

	return WORD_OF(words, b);
}

int drop_place_of(const char *word)
{
	int i;

	for (i = 1; i < DROP_PLACE_N; i++)
		if (!strcmp(word, drop_places[i]))
			return i;
	return -1;
}

const char *reply_kind_word(enum reply_kind k)
{
	static const char *const words[REPLY_KIND_N] = {
		[REPLY_NONE] = "",
		[REPLY_SYN_ACK] = "syn-ack",
		[REPLY_RST] = "rst",
		[REPLY_ICMP] = "icmp",
	};

	return WORD_OF(words, k);
}

const char *ignored_word(enum ignored i)
{
	static const char *const words[IGNORED_N] = {
		[IGNORED_NOT] = "",
		[IGNORED_WRONG_ACK] = "wrong ack",
		[IGNORED_CHECKSUM] = "checksum",
		[IGNORED_OTHER_ISN] = "other ISN",
		[IGNORED_DROPPED] = "dropped",
		[IGNORED_LATE] = "too late",
		[IGNORED_NO_ACK] = "no ack",
		[IGNORED_BY_TYPE] = "its type",
		[IGNORED_NOT_TAKEN] = "not taken",
	};

	return WORD_OF(words, i);
}

const char *errno_name(int code)
{
	const char *name = strerrorname_np(code);

	return name ? name : "E?";
}

const char *errno_text(int code)
{
	const char *text = strerrordesc_np(code);

	return text ? text : "unknown error";
}

int errno_of(const char *name)
{
	int i;

	for (i = 1; i < 256; i++) {
		const char *n = strerrorname_np(i);

		if (n && !strcmp(n, name))
			return i;
	}
	return 0;
}
