/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_FAULT_ICMP_H
#define SYNSENT_LAB_FAULT_ICMP_H

#include "lab/fault.h"

/* The KINDs of icmp:KIND, NULL-terminated. */
const char *const *fault_icmp_words(void);

/* Fills in types, codes and families.  False when there is no such kind. */
bool fault_icmp_set(const char *word, struct fault *ret);

#endif
