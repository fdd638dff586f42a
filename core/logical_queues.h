/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_LOGICAL_QUEUES_H
#define SYNSENT_CORE_LOGICAL_QUEUES_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Groups of attempts, waiting in queues in order of their begin, and the
 * addresses that each has tried; groups and addresses are numbers of the caller's.
 * To find the first group that lacks an address takes constant time on the
 * average, however many have it: each queue remembers for each address
 * how far all groups have it, and those that are gone are unlinked as they are met.
 */
struct queues;

/* A queue's name; whatever its members mean to the caller. */
struct queue_key {
	uint32_t kind, place, who;
};

#define QUEUES_NONE UINT32_MAX

/* NULL when there is no memory. */
struct queues *queues_new(void);
void queues_free(struct queues *q);

/* The group waits there too, behind those that do.  False when there is no memory, as of what follows. */
bool queues_add(struct queues *q, const struct queue_key *k, uint32_t group);

/* The group has tried that address. */
bool queues_try(struct queues *q, uint32_t group, uint32_t address);

/* A group that does not wait in this queue any more, and never will again. */
typedef bool queues_gone(const struct queue_key *k, uint32_t group, const void *user);

/* The first group of a queue that is not gone and has not tried the address into *ret, or QUEUES_NONE. */
bool queues_first(struct queues *q, const struct queue_key *k, uint32_t address, queues_gone *gone, const void *user,
		  uint32_t *ret);

#endif
