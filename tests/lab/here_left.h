/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_LAB_HERE_LEFT_H
#define SYNSENT_TESTS_LAB_HERE_LEFT_H

/* Tests of here_start() that need no network: what it leaves behind, and what it refuses. */

void left_after_sigkill(void **state);
void left_after_free(void **state);
void left_refused(void **state);
void left_for_nobody(void **state);

#endif
