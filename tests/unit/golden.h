/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_GOLDEN_H
#define SYNSENT_TESTS_UNIT_GOLDEN_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/buf.h"

/* Compares with a file in GOLDEN_DIR; SYNSENT_BLESS=1 writes it anew.  Include it after cmocka. */
static inline void compare(const char *name, const char *suffix, const struct buf *got)
{
	struct buf want = { 0 };
	char path[512], chunk[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s%s", GOLDEN_DIR, name, suffix);
	if (getenv("SYNSENT_BLESS")) {
		f = fopen(path, "w");
		assert_non_null(f);
		assert_int_equal(fwrite(buf_text(got), 1, got->len, f), got->len);
		assert_int_equal(fclose(f), 0);
		return;
	}
	f = fopen(path, "r");
	if (!f)
		fail_msg("%s: %s", path, strerror(errno));
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&want, chunk, n);
	fclose(f);
	if (strcmp(buf_text(&want), buf_text(got)) != 0)
		fail_msg("%s differs; got\n%s", path, buf_text(got));
	buf_fini(&want);
}

#endif
