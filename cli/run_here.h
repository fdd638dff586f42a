/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_RUN_HERE_H
#define SYNSENT_CLI_RUN_HERE_H

#include "lab/names.h"

/* Gives `host` in *n the addresses that this host's own resolver has for it now.  0, or -errno (e->exit_code 2). */
int run_here_names(struct names *n, const char *host, struct err *e);

#endif
