/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/bigmem.h"

#include <stdint.h>
#include <sys/mman.h>

#define PAGE ((size_t)4096)
#define HUGE ((size_t)2 << 20)

static size_t round_up(size_t len, size_t to)
{
	return (len + to - 1) / to * to;
}

void *bigmem_new(size_t len, size_t plain)
{
	size_t want = round_up(len, PAGE), before;
	uint8_t *p;

	if (!len || want < len || want > SIZE_MAX - HUGE)
		return NULL;
	if (want < HUGE) {
		p = mmap(NULL, want, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		return p == MAP_FAILED ? NULL : p;
	}
	p = mmap(NULL, want + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	before = -(uintptr_t)p % HUGE;
	if (before)
		munmap(p, before);
	munmap(p + before + want, HUGE - before);
	p += before;
	if (want > plain)
		(void)madvise(p + plain, want - plain, MADV_HUGEPAGE);
	return p;
}

void bigmem_free(void *p, size_t len)
{
	if (p)
		munmap(p, round_up(len, PAGE));
}
