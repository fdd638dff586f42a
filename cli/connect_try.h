/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_CONNECT_TRY_H
#define SYNSENT_CLI_CONNECT_TRY_H

#include "cli/terminal.h"
#include "core/verdict.h"
#include "util/err.h"

/* One attempt to connect to one address, watched while it lasts. */
struct try_opts {
	struct endpoint server, source; /* source: none when not asked for */
	uint32_t scope;			/* the interface that a link-local address was given with; 0: none */
	struct policy policy;		/* this host's, with the socket's options in it */
	int64_t timeout_ns;		/* our own timer; 0: none, the kernel's limit counts */
	struct terminal terminal;
	bool packets;  /* print the packets (text output) */
	bool progress; /* show the line that changes */
	int signals;   /* signalfd: readable means the user wants an end */
};

struct try_result {
	bool interrupted;
	bool blind; /* packets could not be seen: why is in blind_why */
	char blind_why[256];
	uint64_t lost;
	struct attempt attempt;
};

/* 0, or -errno when it could not even be tried; then e is filled. */
int connect_try(const struct try_opts *o, struct try_result *ret, struct err *e);

#endif
