/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_READ_TELL_H
#define SYNSENT_CLI_READ_TELL_H

#include "cli/read_job.h"
#include "util/confine.h"

/* What the commands that read captures say of it on stderr; `command` is the name of the one that does. */

void read_say(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * What a user must know though no packet was lost: link types that are not read, or
 * that the filter is not for.  paths: of the timeline's files.  False: all packets
 * are of such link types, so that nothing was read.
 */
bool read_tell_notes(const char *command, const struct read_job *j, const struct filter *filter,
		     const char *const *paths);

/* What was lost for want of memory, of which there were so many bytes; false: nothing. */
bool read_tell_lost(const char *command, const struct read_job *j, uint64_t memory);

/* What became of every packet. */
void read_tell_ledger(const char *command, const struct read_job *j, const struct ledger *l);

void read_tell_sandbox(const char *command, const struct confined *c);

#endif
