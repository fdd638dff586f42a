/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_UTIL_BIGMEM_H
#define SYNSENT_UTIL_BIGMEM_H

#include <stddef.h>

/*
 * Memory for tables that are large and looked at here and there, where the
 * processor's table of pages is what makes each look slow: beyond the first
 * `plain` bytes, 2 MiB or a multiple of it, it comes in huge pages, where the
 * kernel has any to give (Documentation/admin-guide/mm/transhuge.rst).  It begins at a line of the
 * cache, is all zero, and takes room only where it is touched, so a length may
 * be what is needed at most.
 */

/* NULL when there is none. */
#define BIGMEM_PLAIN ((size_t)2 << 20)
void *bigmem_new(size_t len, size_t plain);

/* len: as it was asked for; p may be NULL. */
void bigmem_free(void *p, size_t len);

#endif
