/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_READ_SHOW_H
#define SYNSENT_CLI_READ_SHOW_H

#include "cli/read.h"
#include "cli/read_job.h"
#include "cli/read_write.h"

/* What `synsent read` prints of the attempts, while they are read and at the end. */
struct read_show;

struct read_show_opts {
	const struct read_opts *o;
	const struct read_files *files;
	struct terminal terminal;
	struct read_write *write; /* -w; NULL: none */
	struct outfile *svg;	  /* --svg; NULL: none */
	uint64_t seed;
};

int read_show_new(const struct read_show_opts *o, struct read_show **ret, struct err *e);
void read_show_free(struct read_show *s);

/* The job whose digests and packets come from now on; the callbacks' user is the read_show. */
void read_show_of(struct read_show *s, struct read_job *j);
void read_show_digest(const struct digest *d, void *user);
/* The same for an attempt that comes from elsewhere. */
void read_show_attempt(struct read_show *s, const struct attempt *a);
void read_show_packet(const struct read_packet *p, void *user);
void read_show_remark(const struct capture_remark *r, void *user);

/* What is known when all is read. */
struct read_end {
	struct ledger ledger;
	int64_t first_ns, last_ns;
	uint64_t bytes;
	uint64_t size; /* of all files, where it is known */
	int64_t took_ns;
	int64_t since_ns, until_ns; /* of attempts; INT64_MIN, INT64_MAX: no limit */
	bool interrupted;
	bool nothing; /* not one file could be read */
};

/* 0, or an exit status with e filled. */
int read_show_end(struct read_show *s, const struct read_end *end, struct err *e);

/* --json=counts: the line of one file. */
void read_show_counts(struct read_show *s, const char *file);

#endif
