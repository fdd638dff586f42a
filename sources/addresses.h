/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_ADDRESSES_H
#define SYNSENT_SOURCES_ADDRESSES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"

/* The number of the device of this thread's network namespace that has that address (RTM_GETADDR), whichever table of
 * routes is that device's; 0: none has it. */
uint32_t addresses_device(const struct addr *a);

/* This thread's network namespace has no address of IPv6 to connect from.  False also when it cannot be asked. */
bool addresses_lack_ipv6(void);

#endif
