/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_LAB_INSIDE_H
#define SYNSENT_TESTS_LAB_INSIDE_H

#include <stdbool.h>
#include <sys/types.h>

#include "lab/sandbox.h"

/* Helpers of the tests that use the real kernel. */

/* Starts a process that enters a sandbox and exits with what fn returns; 77 when there can be no sandbox.  Returns the
 * outer process. */
pid_t inside_start(int (*fn)(const struct sandbox *sb));

/* Its raw status from waitpid(); fails the test when it does not end within 20 s. */
int inside_wait(pid_t outer);

/* Both; the exit status. */
int inside(int (*fn)(const struct sandbox *sb));

/* Becomes the user nobody for good.  Exits 77 unless run by root. */
void inside_become_nobody(void);

/* Whether a sandbox can be made here at all; where it cannot, it has said why. */
bool inside_possible(void);

/* In functions given to inside(): leaves with the line's number when `cond` does not hold. */
#define CHECK(cond)                                            \
	do {                                                   \
		if (!(cond)) {                                 \
			inside_say(__FILE__, __LINE__, #cond); \
			return 1;                              \
		}                                              \
	} while (0)

void inside_say(const char *file, int line, const char *cond);

#endif
