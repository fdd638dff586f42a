/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_RUN_EXPECT_H
#define SYNSENT_CLI_RUN_EXPECT_H

#include "core/expect.h"
#include "util/buf.h"

/* The clauses that do not hold, as people read them; nothing when all hold.  Terminal-safe. */
void run_expect_text(const struct expect_row *rows, int n, struct buf *to);

/* The same on stderr, after what is waiting on stdout. */
void run_expect_show(const struct expect_row *rows, int n);

#endif
