/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_PREDICT_TIMELINE_H
#define SYNSENT_CLI_PREDICT_TIMELINE_H

struct buf;
struct predict;

/*
 * The nominal schedule on one line of time, that doubles at even steps:
 *
 *   0     1     2   3  4  5  7    11      19      35       67        131 s
 *   |-----|-----|---|--|--|--|----|-------|-------|--------|---------X
 */
void predict_timeline(const struct predict *p, struct buf *to);

#endif
