/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_SUMMARY_H
#define SYNSENT_CORE_SUMMARY_H

#include "core/summary_steps.h"
#include "core/top.h"

/*
 * What is said of any number of attempts at once.
 *
 * Memory: 2.8 MiB at most, and no more is touched than the attempts need:
 *   servers, clients   SUMMARY_SERVERS and SUMMARY_CLIENTS, 112 bytes each at most
 *   waits              SUMMARY_WAITS pairs of server and duration, 112 bytes each
 *   minutes            SUMMARY_MINUTES, 44 bytes each; more, and a step is two minutes, then four, ...
 *   failures           SUMMARY_STEPS, 44 bytes each
 *   connect times      29 KiB
 *
 * Everything is the same whatever the order of the digests and the seed, as
 * long as no more servers and clients came than the tables hold.  Beyond that
 * the order matters, the seed never: core/top.h says what still holds.
 */
struct summary;

#define SUMMARY_SERVERS 12288
#define SUMMARY_CLIENTS 8192
#define SUMMARY_WAITS 1024
#define SUMMARY_STEPS 512
#define SUMMARY_MINUTES 8192

#define SUMMARY_SYNS_N 17 /* classes of SYNs sent: 0 to 15, and more */
#define SUMMARY_BANDS_N 7 /* of connect times */

struct summary_counts {
	uint64_t attempts, failures;
	uint64_t outcomes[OUTCOME_N];
	uint64_t half_open;			   /* of the unanswered */
	uint64_t syns_established[SUMMARY_SYNS_N]; /* established attempts that took so many SYNs */
	uint64_t syns_failed[SUMMARY_SYNS_N];	   /* failed attempts that sent so many */
	uint64_t bands[SUMMARY_BANDS_N];	   /* established, by connect time: summary_band_ns() */

	/* Starts of attempts; 0 where there was none. */
	int64_t first_ns, last_ns;
	int64_t first_failure_ns, last_failure_ns;
	int64_t outcome_first_ns[OUTCOME_N], outcome_last_ns[OUTCOME_N];
};

/* The seed of the hashes.  NULL when there is no memory. */
struct summary *summary_new(uint64_t seed);
void summary_free(struct summary *s);

void summary_feed(struct summary *s, const struct digest *d);

/* As if all that was fed to `from` had been fed to `into`, after it.  `from` stays what it is. */
void summary_merge(struct summary *into, const struct summary *from);

void summary_counts(const struct summary *s, struct summary_counts *ret);

/* Connect times below this, and not below that of the band before, are in band i; INT64_MAX for the last. */
int64_t summary_band_ns(int i);

/*
 * Connect times of established attempts: that of the attempt with `permille` of
 * all at or below it, within 0.8 %; exact for 0 (the shortest) and 1000 (the
 * longest).  0 when there is none.
 */
int64_t summary_connect_ns(const struct summary *s, int permille);

/* Keys are address and port, and address alone.  Borrowed until the summary is fed, merged into, or freed; so are
 * steps.
 */
const struct top *summary_servers(const struct summary *s);
const struct top *summary_clients(const struct summary *s);

/* Failed attempts alone, in steps of 1/8 s or more; all attempts, in minutes or more.  By their start. */
const struct steps *summary_failures(const struct summary *s);
const struct steps *summary_minutes(const struct summary *s);

/* After how long the attempts to a server were abandoned, most often. */
struct summary_wait {
	int64_t elapsed_ns; /* rounded: to 0.01 s below 1 s, to 0.1 s below 10 s, to 1 s */
	uint64_t attempts;  /* abandoned then; at least so many when the table was too small */
};

/* Of several that are as frequent, the shortest.  False when nothing is known. */
bool summary_wait(const struct summary *s, const struct endpoint *server, struct summary_wait *ret);

#endif
