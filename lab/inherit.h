/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_INHERIT_H
#define SYNSENT_LAB_INHERIT_H

/*
 * The host's settings for TCP, which a new network namespace does not have: it
 * begins with the kernel's defaults.  What bears on handshakes, on ports, and on
 * what a SYN looks like is taken along.
 */
#define INHERIT_MAX 24

struct inherit {
	char values[INHERIT_MAX][64]; /* "": this kernel has no such setting */
};

/* Reads them from this thread's network namespace. */
void inherit_read(struct inherit *ret);

/* Writes them to this thread's.  What cannot be written keeps its default. */
void inherit_write(const struct inherit *i);

#endif
