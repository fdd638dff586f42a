/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_KALLSYMS_H
#define SYNSENT_SOURCES_KALLSYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The kernel's functions by their addresses, as /proc/kallsyms has them: to root alone, to others every address is 0.
 *
 * Making the kernel list them takes 0.1 s, and 1 s in some guests.  So they are read once, when the first is asked for
 * or before, and held: 12 bytes and its name for each, 2.2 MB with the 64,000 of a Debian kernel without modules, and
 * 32 MiB at the most, above which none is known.  They are read again for an address that belongs to none of them, as
 * far as can be told: modules have come or gone since (/proc/modules), or it is more than KALLSYMS_FAR above the
 * function before.
 */
struct kallsyms;

#define KALLSYMS_NAME_LEN 48 /* with the NUL; longer names are cut off */
#define KALLSYMS_FAR 0x10000 /* bytes: longer than functions are */

/* The two files, which are read later: "/proc/kallsyms" and "/proc/modules"; borrowed.  NULL: there is no memory. */
struct kallsyms *kallsyms_new(const char *symbols, const char *modules);
void kallsyms_free(struct kallsyms *k);

/* Reads them now, which takes 0.1 s, if they were not read yet: else the first question does. */
void kallsyms_prepare(struct kallsyms *k);

/* The function with the highest address that is not above that one; "" when none is known.  Valid until the next call.
 */
const char *kallsyms_function(struct kallsyms *k, uint64_t address);

/*
 * The next function of that name from the *at-th on, which is moved: 0 at first.  One name may have several pieces,
 * each with a suffix of the compiler's (".isra.0", ".cold").  False: there is no more of it.
 */
bool kallsyms_find(struct kallsyms *k, const char *name, size_t *at, uint64_t *ret_from, uint64_t *ret_len);

/* How often they were read. */
int kallsyms_readings(const struct kallsyms *k);

#endif
