/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_LOGICAL_NUMBERS_H
#define SYNSENT_CORE_LOGICAL_NUMBERS_H

#include "core/logical.h"

/* Numbers in the place of what attempts are compared by: equal ones for equal things, one for each attempt. */
struct logical_numbers {
	uint32_t *place;   /* the server's port and name */
	uint32_t *address; /* the server's */
	uint32_t *comm;	   /* the process's; 0: not known */
};

/* False when there is no memory; *ret is to be given up all the same. */
bool logical_numbers(const struct tried *t, size_t n, struct logical_numbers *ret);
void logical_numbers_fini(struct logical_numbers *l);

#endif
