/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_PREDICT_TABLE_H
#define SYNSENT_CLI_PREDICT_TABLE_H

struct buf;
struct predict;

/* A row for each SYN and for the end: nominal time, the wait before it, the range, and what was asked besides. */
void predict_table(const struct predict *p, struct buf *to);

#endif
