/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_SUMMARY_H
#define SYNSENT_SINKS_SUMMARY_H

#include "core/summary.h"
#include "util/buf.h"

/* Where each packet went: seen is the sum of the others. */
struct summary_ledger {
	uint64_t seen;
	uint64_t counted; /* TCP, and ICMP errors about TCP, that were looked at */
	uint64_t duplicates, filtered, truncated, malformed, not_tcp;
};

/* What the reader knows of what it read.  Texts are as they came; they are escaped here. */
struct summary_facts {
	const char *const *files;
	size_t n_files;
	uint64_t bytes, packets;
	int64_t start_ns, end_ns; /* of the packets, ns since 1970; both 0: there is none */
	int64_t took_ns;	  /* the reading; below 0: not told */
	const char *const *comments;
	size_t n_comments, more_comments; /* how many there are beside these */
	const char *refused;		  /* a link type that cannot be read, as "147 (USER0)"; NULL: none */
	const char *filter;		  /* attempts were chosen by it; NULL: by none */
	bool has_since, has_until;	  /* and by when they begin */
	int64_t since_ns, until_ns;
	bool interrupted; /* what was read is not all */
	uint64_t size;	  /* of all that was to be read; 0: not known */
	struct summary_ledger ledger;
	uint64_t unmatched; /* answers that belong to no attempt */
	uint64_t evicted;   /* attempts that were given up for want of memory */
};

struct summary_look {
	bool color;	 /* repeats what the words say */
	bool utf8;	 /* else ASCII, but for what comes from the capture */
	bool no_clients; /* attempts are counted without their client, so that none can be compared */
};

/*
 * For people: at most 24 lines of 80 columns.  Times are local (TZ); the first
 * rows tell date and zone.
 */
void summary_text(const struct summary *s, const struct summary_facts *f, const struct summary_look *o, struct buf *to);

/* "seen 1,969,642 = 1,960,000 TCP and ICMP + 12 duplicates + ..." */
void summary_ledger_text(const struct summary_ledger *l, struct buf *to);

/*
 * All of it as one line of JSON, newline included.  Names are those of
 * docs/attempt.schema.json where it has them; under `synsent`: capture (files,
 * bytes, packets, took_ns, comments, ledger, unmatched, evicted), attempts,
 * failures, outcomes, half_open, first_failure, last_failure, syns, connect,
 * failures_over_time, servers and clients (the 20 worst, as rows below).
 */
void summary_json(const struct summary *s, const struct summary_facts *f, struct buf *to);

enum summary_by { BY_SERVER, BY_CLIENT, BY_OUTCOME, BY_MINUTE, BY_N };

/* "server", "client", "outcome", "minute", NULL: for option rows; their order is that of enum summary_by. */
const char *const *summary_by_words(void);

/*
 * A table with the outcomes that occur as columns: by failures, then by
 * attempts; minutes by time, without those in which nothing began.  At most
 * `max` rows, and then how many there are more; 0: all.  Wider than 80 columns
 * where there are many outcomes.
 */
void summary_table(const struct summary *s, enum summary_by by, size_t max, const struct summary_look *o,
		   struct buf *to);

/*
 * The same as NDJSON, a line for each key; max as above, and nothing told of more:
 * {"v":1,"server":{"address":...,"port":...},"synsent":{"attempts":...,"failures":...,"outcomes":{...},
 * "half_open":...,"first_failure":"...","last_failure":"..."}}
 * `client`, `event` (start, duration: a minute) or synsent.outcome (with first and last) in place of `server`.
 * synsent.at_least is there, and true, where attempts may be missing from the counts.
 */
void summary_table_json(const struct summary *s, enum summary_by by, size_t max, struct buf *to);

#endif
