/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_GUARDED_H
#define SYNSENT_TESTS_UNIT_GUARDED_H

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* The end of `len` bytes of memory, right behind which any access ends the test; NULL when there is no memory. */
static inline uint8_t *guarded_end(size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = (len + page - 1) / page * page;
	uint8_t *p = mmap(NULL, pages + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mprotect(p + pages, page, PROT_NONE))
		return NULL;
	return p + pages;
}

#endif
