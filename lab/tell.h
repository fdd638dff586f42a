/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_TELL_H
#define SYNSENT_LAB_TELL_H

struct lab;

/* Step n to the view, and the classic command that it stands for ("" for none). */
void tell_step(struct lab *l, int n, const char *classic, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Step 4: the policy in force, and what it makes one expect, nominal and with the timers' slack. */
void tell_policy(struct lab *l);

#endif
