/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_RUN_SETUP_H
#define SYNSENT_CLI_RUN_SETUP_H

#include "cli/run_show.h"

#define FAULTS_MAX 64

/* `synsent run`: what was asked. */
struct run_opts {
	struct option_list faults, policies, resolves, expects, reports;
	const char *to, *only, *serve, *json, *log, *capture, *svg, *events, *color, *seed;
	bool list, here, fast, wait, quiet, verbose, user_namespace, ipv4;
	int64_t time_limit_ns;
};

/* All that a run is made of. */
struct run_setup {
	struct run_opts o;
	struct fault faults[FAULTS_MAX];
	struct fault_scope only;
	char asked[FAULTS_MAX + 1][256]; /* names of scopes whose addresses are known, with --here */
	int n_asked;
	struct inherit inherit;
	struct run_config c;
	struct expect expect;
	struct run_show_opts so;
};

/* What was asked becomes the rest; argv: what follows the options.  0 or -errno. */
int run_setup_make(struct run_setup *s, char **argv, struct err *e);
void run_setup_free(struct run_setup *s);

#endif
