/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_CONFINE_TASK_H
#define SYNSENT_TESTS_UNIT_CONFINE_TASK_H

#include <sys/types.h>

#include "util/confine_child.h"

/* What a confined child does in a test, and how the test hears of it. */

#define N_MODES 2
extern const enum confine_mode every_mode[N_MODES];

/* Tells its pid through the pipe and ends as the test asks. */
struct task {
	int told[2];
	enum confine_mode mode;
	int (*work)(void *, const struct confined *);
};

void tell_pid(const struct task *t);
pid_t hear_pid(const struct task *t);
void open_task(struct task *t, enum confine_mode mode, int (*work)(void *, const struct confined *));
void close_task(struct task *t);

/* For a task: tells its pid, and stays. */
int forever(void *user, const struct confined *c);

/* Its status, or the signal that ended it, below 0. */
int end_of(pid_t pid);

/* Under nohup, and in what a script runs in the background, some are ignored. */
void reset_signals(void);

#endif
