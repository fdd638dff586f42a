/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_STAGE_H
#define SYNSENT_LAB_STAGE_H

#include <stdbool.h>

#include "util/err.h"

struct lab;

/* What a scenario does to the stage: before the attempt under study, while it waits, and what is read afterwards.
 * All return 0 or -errno. */
int stage_before(struct lab *l, struct err *e);
int stage_during(struct lab *l, struct err *e);
int stage_after(struct lab *l, struct err *e);

/* Both sides' FINs of the connection under way were seen. */
bool stage_close_seen(const struct lab *l);

#endif
