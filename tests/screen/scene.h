/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_SCREEN_SCENE_H
#define SYNSENT_TESTS_SCREEN_SCENE_H

#include "sinks/screen.h"

#define SCENE_SINCE ((int64_t)1773507600 * 1000000000) /* 2026-03-14 17:00:00 UTC */
#define SCENE_NOW (SCENE_SINCE + (int64_t)133 * 1000000000)

/* A host's last two minutes: many that connect, some that fail in every way there is, and some that wait. */
void scene_play(struct screen *s);

/* An attempt of that process that began so long before now and waits: n SYNs of this kernel's schedule have left. */
void scene_waits(struct attempt *a, const char *process, int pid, const char *server, int64_t since_ms);

/* The same, but that it has ended so long before now, after so long. */
void scene_ended(struct attempt *a, struct verdict *v, enum outcome o, int64_t ago_ms, int64_t after_ms);

#endif
