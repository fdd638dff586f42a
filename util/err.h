/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_UTIL_ERR_H
#define SYNSENT_UTIL_ERR_H

/*
 * An error as a person reads it: what is wrong, and what to do about it.  It
 * belongs to the caller and is filled once, where the fact is known; callers
 * on the way up may put context in front of it.
 */
struct err {
	char what[512];
	char remedy[512];
	int exit_code; /* 0: the caller chooses; else 2, 3, 4 or 77 (docs: EXIT STATUS) */
};

/* Sets what is wrong; an earlier text is replaced.  Returns -code for `return err_set(e, EINVAL, ...)`.  e may be NULL.
 */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set, with ": " and the text of errno value `code` after it. */
int err_sys(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Says what to do about it.  May hold several lines. */
void err_remedy(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Puts "context: " in front of what is wrong. */
void err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
