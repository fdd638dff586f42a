/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_PAIRING_SCOPE_H
#define SYNSENT_CORE_PAIRING_SCOPE_H

#include "core/event.h"

/* A set of endpoints, and of their addresses.  But for the seed of its hash it is zero-initialised: empty. */
struct scope {
	uint64_t seed;
	uint64_t *keys; /* 0: free */
	size_t n, size; /* a power of two, or 0 */
};

/* False when there is no memory. */
bool scope_add(struct scope *s, const struct endpoint *e);
bool scope_has(const struct scope *s, const struct endpoint *e);
bool scope_has_addr(const struct scope *s, const struct addr *a);
void scope_fini(struct scope *s);

#endif
