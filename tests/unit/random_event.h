/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_RANDOM_EVENT_H
#define SYNSENT_TESTS_UNIT_RANDOM_EVENT_H

#include "core/event.h"

/* Events of any kind, at random. */

/* What chance there is from now on. */
void random_from(uint64_t seed);
uint64_t rnd(void);
void random_event(enum event_kind kind, struct event *ev);

#endif
