/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sinks/pcapng.h"

#define APPL "synsent " SYNSENT_VERSION

static char dir[] = "/tmp/synsent-pcapng-XXXXXX";
static char path[64];

static int make_dir(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/t.pcapng", dir);
	return 0;
}

static int remove_dir(void **state)
{
	unlink(path);
	return rmdir(dir); /* fails when a test left something behind */
}

static size_t slurp(uint8_t *to, size_t size)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	assert_non_null(f);
	n = fread(to, 1, size, f);
	fclose(f);
	assert_true(n < size);
	return n;
}

static uint32_t u32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Checks a block's frame: type, both lengths; returns its length. */
static uint32_t block(const uint8_t *p, size_t left, uint32_t type)
{
	uint32_t len;

	assert_true(left >= 12);
	assert_int_equal(u32(p), type);
	len = u32(p + 4);
	assert_true(len >= 12 && len % 4 == 0 && len <= left);
	assert_int_equal(u32(p + len - 4), len);
	return len;
}

static const uint8_t *expect_option(const uint8_t *p, uint16_t code, const void *data, size_t len)
{
	size_t i;

	assert_int_equal(p[0] | p[1] << 8, code);
	assert_int_equal(p[2] | p[3] << 8, len);
	assert_memory_equal(p + 4, data, len);
	for (i = len; i % 4; i++)
		assert_int_equal(p[4 + i], 0);
	return p + 4 + i;
}

static struct pcapng_opts opts(void)
{
	return (struct pcapng_opts){
		.path = path, .comment = "the verdict", .interface = "lo", .linktype = 1, .snaplen = 262144
	};
}

static void blocks(void **state)
{
	static const uint8_t data[] = { 1, 2, 3, 4, 5, 6, 7 };
	struct pcapng_opts o = opts();
	struct pcapng *p = NULL;
	struct err e = { "" };
	uint8_t f[1024];
	const uint8_t *b = f, *q;
	size_t left;
	uint32_t len;

	assert_int_equal(pcapng_create(&o, &p, &e), 0);
	assert_int_equal(pcapng_packet(p, INT64_C(0x123456789abcdef), data, 7, 60, "SYN 0, dropped", &e), 0);
	assert_int_equal(pcapng_packet(p, 1, data, 4, 4, NULL, &e), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(pcapng_close(p, &e), 0);
	left = slurp(f, sizeof(f));

	len = block(b, left, 0x0a0d0d0a);
	assert_memory_equal(b + 8, "\x4d\x3c\x2b\x1a\x01\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff", 16);
	q = expect_option(b + 24, 1, "the verdict", 11);
	q = expect_option(q, 4, APPL, strlen(APPL));
	q = expect_option(q, 0, "", 0);
	assert_ptr_equal(q + 4, b + len);
	b += len, left -= len;

	len = block(b, left, 1);
	assert_memory_equal(b + 8, "\x01\x00\x00\x00\x00\x00\x04\x00", 8);
	q = expect_option(b + 16, 2, "lo", 2);
	q = expect_option(q, 9, "\x09", 1);
	q = expect_option(q, 0, "", 0);
	assert_ptr_equal(q + 4, b + len);
	b += len, left -= len;

	len = block(b, left, 6);
	assert_memory_equal(b + 8, "\x00\x00\x00\x00\x67\x45\x23\x01\xef\xcd\xab\x89\x07\x00\x00\x00\x3c\x00\x00\x00",
			    20);
	assert_memory_equal(b + 28, "\x01\x02\x03\x04\x05\x06\x07\x00", 8);
	q = expect_option(b + 36, 1, "SYN 0, dropped", 14);
	q = expect_option(q, 0, "", 0);
	assert_ptr_equal(q + 4, b + len);
	b += len, left -= len;

	len = block(b, left, 6);
	assert_int_equal(len, 36);
	assert_memory_equal(b + 28, "\x01\x02\x03\x04", 4);
	assert_int_equal(left, len);
}

static void lengths(void **state)
{
	static const uint8_t data[64];
	struct pcapng_opts o = opts();
	struct pcapng *p = NULL;
	struct err e = { "" };
	static uint8_t f[140000];
	char *long_comment = malloc(70001);
	size_t left, i;
	const uint8_t *b = f;
	uint32_t len;

	/* three-byte characters, of which 65535 bytes hold a whole number; with one byte in front they do not */
	assert_non_null(long_comment);
	long_comment[0] = 'x';
	for (i = 1; i < 70000; i++)
		long_comment[i] = "\xe6\x97\xa5"[(i - 1) % 3];
	long_comment[70000] = 0;
	o.comment = NULL;
	o.interface = NULL;
	o.snaplen = 54;
	assert_int_equal(pcapng_create(&o, &p, &e), 0);
	assert_int_equal(pcapng_packet(p, 0, data, 64, 10, "", &e), 0);
	assert_int_equal(pcapng_packet(p, 0, data, 0, 60, long_comment, &e), 0);
	assert_int_equal(pcapng_close(p, &e), 0);
	free(long_comment);
	left = slurp(f, sizeof(f));
	len = block(b, left, 0x0a0d0d0a);
	expect_option(b + 24, 4, APPL, strlen(APPL));
	b += len, left -= len;
	len = block(b, left, 1);
	assert_int_equal(u32(b + 12), 54);
	expect_option(b + 16, 9, "\x09", 1);
	b += len, left -= len;
	len = block(b, left, 6);
	assert_int_equal(u32(b + 20), 54); /* cut to the snap length */
	assert_int_equal(u32(b + 24), 54); /* never less than was captured */
	b += len, left -= len;
	len = block(b, left, 6);
	assert_int_equal(u32(b + 28), 1 | 65533U << 16); /* one character less than fits */
	assert_int_equal(left, len);
}

static void refused(void **state)
{
	static const uint8_t data[4];
	struct pcapng_opts o = opts();
	struct pcapng *p = NULL;
	struct err e = { "" };

	unlink(path);
	o.linktype = 65536;
	assert_int_equal(pcapng_create(&o, &p, &e), -EINVAL);
	assert_null(p);
	o = opts();
	assert_int_equal(pcapng_create(&o, &p, &e), 0);
	assert_int_equal(pcapng_packet(p, -1, data, 4, 4, NULL, &e), -EINVAL);
	assert_int_equal(pcapng_packet(p, 1, data, 4, 4, NULL, &e), 0);
	assert_int_equal(pcapng_close(p, &e), -EINVAL);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(pcapng_create(&o, &p, &e), 0);
	pcapng_abort(p);
	assert_int_equal(access(path, F_OK), -1);
	pcapng_abort(NULL);
}

static void disk_full(void **state)
{
	static const uint8_t data[64];
	struct pcapng_opts o = opts();
	struct pcapng *p = NULL;
	struct err e = { "" };
	int r = 0, i;

	o.path = "/dev/full";
	assert_int_equal(pcapng_create(&o, &p, &e), 0);
	assert_int_equal(pcapng_packet(p, 1, data, 64, 64, NULL, &e), 0); /* buffered */
	assert_int_equal(pcapng_close(p, &e), -ENOSPC);
	assert_string_equal(e.what, "cannot write /dev/full: No space left on device");
	assert_true(strlen(e.remedy) > 0);
	assert_int_equal(pcapng_create(&o, &p, &e), 0);
	for (i = 0; i < 10000 && r == 0; i++)
		r = pcapng_packet(p, 1, data, 64, 64, NULL, &e);
	assert_int_equal(r, -ENOSPC);
	assert_int_equal(pcapng_packet(p, 1, data, 64, 64, NULL, &e), -ENOSPC);
	assert_int_equal(pcapng_close(p, &e), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks),
		cmocka_unit_test(lengths),
		cmocka_unit_test(refused),
		cmocka_unit_test(disk_full),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
