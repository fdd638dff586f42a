/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_METRICS_H
#define SYNSENT_CLI_WATCH_METRICS_H

#include <poll.h>

#include "cli/watch_source.h"
#include "core/digest.h"

/* Attempts as metrics, for those who scrape them and for a file that is written anew every WATCH_METRICS_EVERY_NS. */
struct watch_metrics;

#define WATCH_METRICS_EVERY_NS 10000000000LL

struct watch_metrics_opts {
	const char *at;	  /* ADDR:PORT; NULL: nobody scrapes */
	const char *path; /* NULL: no file */
	bool silent;	  /* what goes wrong meanwhile is not said: the screen is another's */
	/* What was only counted is fed before metrics are read. */
	void (*refresh)(void *user);
	void *user;
};

/* Listens at once, and sees whether the file can be made; 0 or -errno, e->exit_code 2 for what is no address. */
int watch_metrics_new(const struct watch_metrics_opts *o, struct watch_metrics **ret, struct err *e);
void watch_metrics_free(struct watch_metrics *m);

/* The observation begins; the source is asked for losses and for attempts that wait, and stays, borrowed. */
void watch_metrics_begin(struct watch_metrics *m, struct watch_source *source);

void watch_metrics_feed(struct watch_metrics *m, const struct digest *d, uint64_t n);

/* One descriptor or none. */
int watch_metrics_fds(const struct watch_metrics *m, struct pollfd *fds);
int watch_metrics_wait_ms(const struct watch_metrics *m);

/* Answers, and writes the file when it is time; one that cannot be written is tried again, which is said once. */
void watch_metrics_pump(struct watch_metrics *m);

/* The file, for the last time. */
int watch_metrics_end(struct watch_metrics *m, struct err *e);

#endif
