/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_READ_PROGRESS_H
#define SYNSENT_CLI_READ_PROGRESS_H

#include <stdint.h>

#include "cli/terminal.h"

/* How far reading has come, on a terminal, when it takes long. */
struct read_progress {
	const struct terminal *terminal;
	bool endless; /* no end is known and no time is left, for more may always come */
	int64_t begun_ns, shown_ns;
};

/* Is it time to show it? */
bool read_progress_due(const struct read_progress *p);

/* "read 1.2 GB of 2.0 GB, 1.1 GB/s, 1 s left"; size below done: not known. */
void read_progress_show(struct read_progress *p, uint64_t done, uint64_t size);

#endif
