/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_CAPS_H
#define SYNSENT_LAB_CAPS_H

#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>

/* Capabilities of the calling thread, as bit masks (1ULL << CAP_NET_ADMIN); capabilities(7). */

/* linux/capability.h of Linux 5.8 */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF 39
#endif

/* All that are in effect. */
uint64_t caps_effective(void);

/* Has every one of them in effect. */
bool caps_have(uint64_t mask);

/* Makes all that are permitted survive the next exec: inheritable and ambient sets.  0 or -errno. */
int caps_keep_over_exec(void);

/* Empties the ambient, inheritable, permitted and effective sets.  0 or -errno. */
int caps_drop_all(void);

#endif
