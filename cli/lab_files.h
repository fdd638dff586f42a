/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_LAB_FILES_H
#define SYNSENT_CLI_LAB_FILES_H

#include "core/story.h"
#include "lab/lab.h"
#include "packet/decode.h"
#include "sources/live.h"
#include "util/err.h"

/* The files that a lab leaves when asked: its capture and its drawing. */
struct lab_packet {
	int64_t t_ns;
	uint8_t *data;
	size_t caplen, len;
	bool studied;
};

struct lab_files {
	bool keep_packets;
	struct lab_packet *packets;
	size_t n, cap;
	uint64_t missed; /* for want of memory */
	int linktype;
};

/* Keeps a copy, when packets are to be kept. */
void lab_files_packet(struct lab_files *f, const struct live_packet *p, const struct packet *decoded, bool studied);

/* Writes the capture, the verdict on `a` (may be NULL) as its comment, and a comment on each packet of the attempt. */
int lab_files_capture(const struct lab_files *f, const char *path, const struct attempt *a, struct err *e);

/* Whether `path` can be written, so that it is known before the lab and not after it.  0 or -errno. */
int lab_files_try(const char *path, struct err *e);

int lab_files_svg(const char *path, const struct attempt *a, const struct lab_config *c, struct err *e);
void lab_files_fini(struct lab_files *f);

/* In a fast lab: the kernel's timers were at work in this attempt, so that its times are not the clock's. */
bool lab_is_scaled(const struct attempt *a, const struct verdict *v, const struct lab_config *c);

/* The story of an attempt in this lab: that its server listens is known, and a fast lab has two clocks. */
void lab_story(const struct attempt *a, const struct verdict *v, const struct lab_config *c, struct story *ret);

#endif
