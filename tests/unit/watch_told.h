/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_WATCH_TOLD_H
#define SYNSENT_TESTS_UNIT_WATCH_TOLD_H

#include "core/verdict.h"
#include "sinks/watch_line.h"

/* An attempt and its verdict, made, and what `watch` says of it. */

#define US ((int64_t)1000)
#define MS ((int64_t)1000000)
#define S ((int64_t)1000000000)
#define START (1773507733 * S + 401 * MS) /* 2026-03-14 17:02:13.401 UTC */

extern struct attempt a;
extern struct verdict v;
extern const struct watch_line_look plain;

/* An attempt of curl with n SYNs, that the kernel's tracepoints told of. */
void begin(int n);
void judged(enum outcome o, int64_t elapsed_ns, int error);
struct reply *replied(enum reply_kind kind, enum ignored ignored);
struct drop *dropped(enum drop_place place, uint64_t packets);
void assert_line(const struct watch_line_look *look, const char *should);
void assert_why(const char *should);

#endif
