/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_READ_PICK_H
#define SYNSENT_CLI_READ_PICK_H

#include "cli/terminal.h"
#include "core/digest.h"
#include "util/outfile.h"

/*
 * --diagram: the one attempt that is drawn.  It is named by its number, by an
 * endpoint ("10.0.0.2:40000"), or by two of them ("10.0.0.2:40000 >
 * 10.0.0.9:443", also with "-" or "," between).  Of several the first that
 * failed is taken, else the first.
 */
struct read_pick;

/* 0 or -EINVAL: the text names no attempt. */
int read_pick_check(const char *text, struct err *e);

/* text was checked.  NULL: no memory. */
struct read_pick *read_pick_new(const char *text);
void read_pick_free(struct read_pick *p);

/* It is one of those that the text names: by number and flow alone. */
bool read_pick_matches(const struct read_pick *p, const struct digest *d);

bool read_pick_wants(struct read_pick *p, const struct digest *d);
void read_pick_take(struct read_pick *p, const struct attempt *a, const struct verdict *v);

/* Draws it, into svg if that is not NULL, and then perhaps nowhere else.  0, or an exit status with e filled: there is
 * no such attempt. */
int read_pick_show(struct read_pick *p, const struct terminal *t, struct outfile *svg, bool svg_alone, struct err *e);

#endif
