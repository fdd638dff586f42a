/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_TIMELINE_FILES_H
#define SYNSENT_TESTS_UNIT_TIMELINE_FILES_H

#include "sources/timeline.h"
#include "tests/unit/made.h"

/* Files made for a timeline, its merge by definition, and what it gives. */

#define FILES_MAX 6
#define PACKETS_MAX 4000
#define NS INT64_C(1000000000)

/* A packet: which it is, when, and whether it is an entry of its stretch. */
struct item {
	size_t file;
	uint64_t number; /* 0: not known, for it is not to be looked at */
	int64_t t_ns;
	bool is_entry;
};

/* Files as they are meant, by a letter each. */
struct file {
	char path[64];
	size_t n;
	struct item items[PACKETS_MAX];
};

extern struct file files[FILES_MAX];
extern struct item merged[FILES_MAX * PACKETS_MAX], got[FILES_MAX * PACKETS_MAX];
extern size_t n_merged, n_got, n_errors;
extern uint64_t counted[FILES_MAX];

extern char directory[];
extern const struct made_pcap pcap;

enum kind { SYN, ACK, UDP, N_KINDS };

/* How its times go. */
enum pattern { RISING, EQUAL, BACK_AND_FORTH, LATER, N_PATTERNS };

/* For cmocka: the directory, and its end. */
int set_up(void **state);
int tear_down(void **state);

void add_packet(struct buf *to, int64_t t_ns, enum kind kind);
void write_bytes(const char *path, struct bytes b);
struct file *begin_file(size_t i, struct buf *b);
void add(struct file *f, struct buf *b, int64_t t_ns, enum kind kind);
void make_file(size_t i, enum pattern pattern, size_t n, bool mixed, uint64_t *random);
int64_t first_ns(const struct file *f);

/* The merge by its definition; names[]: the files in the order in which they are named. */
void merge(const size_t *names, size_t n, bool look_at_all);
struct timeline *opened(const char *const *paths, size_t n, struct capture_opts o);

/* Takes what a run has, up to `most` packets. */
void take_run(struct timeline_run *run, size_t file, size_t most);
void assert_merged(void);

/* Reads them named in that order; the caller may stop in the middle of a run, as one that has enough for now. */
void check(const size_t *names, size_t n, struct capture_opts o, uint64_t *random);
void shuffle(size_t *names, size_t n, uint64_t *random);

#endif
