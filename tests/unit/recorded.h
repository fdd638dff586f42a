/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_RECORDED_H
#define SYNSENT_TESTS_UNIT_RECORDED_H

#include <stdio.h>

#include "util/bytes.h"

#define RECORDED_MAX 8192

/* Netlink that Linux 6.18 sent, behind a byte for the fuzz target: tests/fuzz/corpus/nftrace.  It is in `data` then. */
static inline struct bytes recorded(const char *name, uint8_t data[RECORDED_MAX])
{
	char path[512];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", NFTRACE_DIR, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	n = fread(data, 1, RECORDED_MAX, f);
	fclose(f);
	assert_in_range(n, 2, RECORDED_MAX - 1);
	return bytes_of(data + 1, n - 1);
}

#endif
