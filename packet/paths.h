/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_PACKET_PATHS_H
#define SYNSENT_PACKET_PATHS_H

#include "packet/path.h"

/* The paths of a capture's packets, a small number for each. */
struct paths;

#define PATHS_MAX 16384
#define PATHS_MANY (PATHS_MAX + 1) /* the number of all that came later */

/* NULL when out of memory. */
struct paths *paths_new(uint64_t seed);
void paths_free(struct paths *p);

/* 0 for no encapsulation; PATHS_MANY when there are too many. */
uint16_t paths_number(struct paths *p, const struct path *path);

/* path_format() of it; "" for 0.  Valid until paths_free(). */
const char *paths_text(const struct paths *p, uint16_t number);

#endif
