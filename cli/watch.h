/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_H
#define SYNSENT_CLI_WATCH_H

#include "cli/terminal.h"
#include "cli/watch_source.h"
#include "cli/watch_want.h"

/* What `synsent watch` was asked. */
struct watch_setup {
	struct watch_want want;
	struct cgroups *cgroups;
	struct terminal terminal;
	char **argv;	/* CMD; NULL: none */
	int64_t for_ns; /* 0: until it is ended */
	int count;	/* of attempts that are shown; 0: no limit */
	int max_attempts;
	const char *metrics, *metrics_file; /* NULL: none */
	bool json, quiet, verbose, pending, no_bpf, packets, inbound, top, rules;
	const char *what; /* the filters, as the user gave them; for the screen's head */
};

/* Watches, prints, and sums up.  The exit status. */
int watch_run(const struct watch_setup *o, struct err *e);

#endif
