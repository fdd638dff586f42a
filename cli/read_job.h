/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_READ_JOB_H
#define SYNSENT_CLI_READ_JOB_H

#include "core/handshakes.h"
#include "packet/paths.h"
#include "sources/filter.h"
#include "sources/timeline.h"

/* Captures become attempts: timeline, decoder and table, and what was done with each packet. */

/*
 * Every packet that was seen is in one of these:
 * seen = counted + duplicates + filtered + truncated + malformed + other.
 */
struct ledger {
	uint64_t seen;
	uint64_t counted;    /* TCP, or an ICMP error about TCP */
	uint64_t duplicates; /* of the capture: the same packet twice */
	uint64_t filtered;   /* SYNs that were not asked for */
	uint64_t truncated;  /* cut so that it cannot be told */
	uint64_t malformed;  /* contradict themselves */
	uint64_t other;	     /* not TCP, or of a link type that is not read */
};

bool ledger_adds_up(const struct ledger *l);

/* What was odd, but no reason to leave anything out. */
struct read_notes {
	uint64_t odd_times, odd_lens, no_times;
	uint64_t n_refused; /* packets of link types that are not read ... */
	struct {
		int type;
		uint32_t file; /* the first that has it */
	} refused[8];
	int n_refused_types;
	uint64_t not_filtered; /* SYNs of link types for which the filter has no meaning ... */
	int not_filtered_type;
};

struct read_job;

struct read_packet {
	const struct captured *captured;
	const struct sighting *sighting; /* as handshakes_feed() left it */
};

struct read_job_opts {
	struct timeline *timeline;
	const struct filter *filter; /* NULL: all */
	int64_t since_ns, until_ns;  /* attempts that begin in [since, until) */
	uint64_t seed;
	size_t memory;
	bool at_once;
	uint64_t max_packets; /* 0: no limit; the captures must then be opened with look_at_all */
	void (*on_digest)(const struct digest *d, void *user);
	/* Every packet with SYN or RST and every ICMP error, once it is known what attempt it belongs to; may be NULL.
	 */
	void (*on_packet)(const struct read_packet *p, void *user);
	void *user;
};

int read_job_new(const struct read_job_opts *o, struct read_job **ret, struct err *e);
void read_job_free(struct read_job *j);

enum read_step {
	READ_ON,
	READ_IDLE, /* nothing came for a moment */
	READ_END,
};

/* Takes some packets. */
enum read_step read_job_step(struct read_job *j);

/* The observation goes on, and nothing came for so long. */
void read_job_idle(struct read_job *j, int64_t idle_ns);

/* Gives all attempts that are left. */
void read_job_finish(struct read_job *j);

/* In on_digest: the attempt in full. */
const struct attempt *read_job_attempt(struct read_job *j);

void read_job_ledger(const struct read_job *j, struct ledger *ret);
void read_job_notes(const struct read_job *j, struct read_notes *ret);
void read_job_counts(const struct read_job *j, struct handshakes_counts *ret);

/* "147 (USER0)"; where it has no name the number alone. */
#define READ_LINKTYPE_LEN 48
const char *read_linktype(int linktype, char to[READ_LINKTYPE_LEN]);

/* Times of the first and the last packet that was looked at; 0: none was. */
int64_t read_job_first_ns(const struct read_job *j);
int64_t read_job_last_ns(const struct read_job *j);

#endif
