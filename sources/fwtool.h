/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_FWTOOL_H
#define SYNSENT_SOURCES_FWTOOL_H

#include "util/err.h"
#include "util/spawn.h"

/* A tool of the firewall's: nft, iptables-legacy-save. */
struct fwtool {
	const char *const *argv;
	const char *package;	/* of Debian's, that has it */
	const char *input;	/* its stdin, or NULL */
	void (*in_child)(void); /* as in struct spawn */
};

#define FWTOOL_OUTPUT_MAX (64U << 20)

/*
 * Runs it in this thread's network namespace, for at most 10 s.  0 when it ended
 * well; -ENOENT when it is not installed (then e has exit code 77 and the remedy),
 * -EPERM, -ETIMEDOUT, -EFBIG when it printed more than FWTOOL_OUTPUT_MAX, -EIO for
 * what it complained of.  The result needs spawn_result_fini() in every case.
 */
int fwtool_run(const struct fwtool *t, struct spawn_result *ret, struct err *e);

#endif
