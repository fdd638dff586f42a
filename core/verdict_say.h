/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_VERDICT_SAY_H
#define SYNSENT_CORE_VERDICT_SAY_H

#include "core/verdict.h"

/*
 * The sentences of a verdict.  Private to core/verdict*.c.  They are macros so
 * that a verdict without words does not even work out what would be said: their
 * arguments must have no effect that is needed elsewhere.
 */
#define say_evidence(v, ...) ((v)->wordless ? (void)0 : say_evidence_text((v), __VA_ARGS__))
#define say_headline(v, ...) ((v)->wordless ? (void)0 : say_headline_text((v), __VA_ARGS__))
#define say_advice(v, ...) ((v)->wordless ? (void)0 : say_advice_text((v), false, __VA_ARGS__))
/* The same, and it names what is to be changed. */
#define say_remedy(v, ...) ((v)->wordless ? (void)0 : say_advice_text((v), true, __VA_ARGS__))

void say_evidence_text(struct verdict *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void say_headline_text(struct verdict *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void say_advice_text(struct verdict *v, bool remedy, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void say_conclusion(struct verdict *v, enum outcome o, enum gave_up_by g, enum limit l, enum confidence c);

/* "`what` 1.2 ms after the instant predicted at SYN 0"; for a disappearance, between which two looks it was. */
void say_distance(const struct attempt *a, struct verdict *v, const char *what);

/* Which limits of the kernel were set anew while it waited; false: none is known to have been. */
bool say_change(const struct attempt *a, struct verdict *v);

#define SAY_SECONDS_LEN 32
char *say_seconds(int64_t ns, char to[SAY_SECONDS_LEN]);

/* "31.4 s" */
char *say_tenths(int64_t ns, char to[SAY_SECONDS_LEN]);

/* As say_seconds(), in ms below a second, and with more digits below one. */
char *say_span(int64_t ns, char to[SAY_SECONDS_LEN]);
const char *say_plural(int64_t n);

#endif
