/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_LAB_FILES_H
#define SYNSENT_CLI_LAB_FILES_H

#include "cli/kept_packets.h"
#include "core/story.h"
#include "lab/lab.h"
#include "util/err.h"

/* The files that a lab leaves when asked: its capture and its drawing. */
/* Writes the capture, the verdict on `a` (may be NULL) as its comment, and a comment on each packet of the attempt. */
int lab_files_capture(const struct kept_packets *k, const char *path, const struct attempt *a, struct err *e);

/* Whether `path` can be written, so that it is known before the lab and not after it.  0 or -errno. */
int lab_files_try(const char *path, struct err *e);

int lab_files_svg(const char *path, const struct attempt *a, const struct lab_config *c, struct err *e);

/* In a fast lab: the kernel's timers were at work in this attempt, so that its times are not the clock's. */
bool lab_is_scaled(const struct attempt *a, const struct verdict *v, const struct lab_config *c);

/* The story of an attempt in this lab: that its server listens is known, and a fast lab has two clocks. */
void lab_story(const struct attempt *a, const struct verdict *v, const struct lab_config *c, struct story *ret);

#endif
