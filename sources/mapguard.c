/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/mapguard.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

/* Read by a signal handler, hence static and atomic. */
static struct {
	atomic_uintptr_t base; /* 0: free */
	atomic_size_t len;
	atomic_bool hit;
} maps[MAPGUARD_MAX];

static atomic_uintptr_t page_len;

static void on_bus(int signal, siginfo_t *info, void *context)
{
	uintptr_t at = (uintptr_t)info->si_addr, base, page = atomic_load(&page_len);
	struct sigaction usual = { .sa_handler = SIG_DFL };
	int i, saved = errno;

	for (i = 0; i < MAPGUARD_MAX; i++) {
		base = atomic_load(&maps[i].base);
		if (!base || at < base || at - base >= atomic_load(&maps[i].len))
			continue;
		if (mmap((void *)(at & ~(page - 1)), page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
		    MAP_FAILED)
			break;
		atomic_store(&maps[i].hit, true);
		errno = saved;
		return;
	}
	sigaction(signal, &usual, NULL); /* it comes again when we return, and ends the process */
	errno = saved;
}

int mapguard_add(const void *base, size_t len)
{
	struct sigaction sa = { .sa_sigaction = on_bus, .sa_flags = SA_SIGINFO };
	int i;

	atomic_store(&page_len, (uintptr_t)sysconf(_SC_PAGESIZE));
	sigaction(SIGBUS, &sa, NULL);
	for (i = 0; i < MAPGUARD_MAX; i++) {
		if (atomic_load(&maps[i].base))
			continue;
		atomic_store(&maps[i].hit, false);
		atomic_store(&maps[i].len, len);
		atomic_store(&maps[i].base, (uintptr_t)base);
		return i;
	}
	return -ENOSPC;
}

void mapguard_remove(int handle)
{
	if (handle >= 0)
		atomic_store(&maps[handle].base, 0);
}

bool mapguard_hit(int handle)
{
	return handle >= 0 && atomic_load(&maps[handle].hit);
}
