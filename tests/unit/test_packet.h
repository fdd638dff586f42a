/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_TEST_PACKET_H
#define SYNSENT_TESTS_UNIT_TEST_PACKET_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "tests/fuzz/frame_case.h"

/* The frames are those of tests/fuzz/corpus/frame: make_frames.py says what is in each. */
static uint8_t file_bytes[1 << 12];

static struct frame_case frame_named(const char *name)
{
	char path[4096];
	struct frame_case c = { 0 };
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", CORPUS_DIR, name);
	f = fopen(path, "rb");
	if (!f)
		fail_msg("no %s", path);
	len = fread(file_bytes, 1, sizeof(file_bytes), f);
	assert_true(feof(f));
	fclose(f);
	assert_true(frame_case_read(bytes_of(file_bytes, len), &c));
	return c;
}

static enum decode_result decode_named(const char *name, struct packet *ret)
{
	struct frame_case c = frame_named(name);

	return frame_case_decode(&c, ret);
}

static void assert_endpoint(const struct endpoint *e, const char *text)
{
	char to[ENDPOINT_TEXT_LEN];

	assert_string_equal(endpoint_format(e, to), text);
}

#endif
