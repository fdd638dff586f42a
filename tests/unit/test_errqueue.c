// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <netinet/in.h>

#include <cmocka.h>

#include "sources/errqueue.h"

/* struct sock_extended_err {errno, origin, type, code, pad, info, data}, then the offender's sockaddr. */
static const uint8_t host_prohibited[] = {
	113, 0, 0, 0, 2,  3,  10, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* */
	2,   0, 0, 0, 10, 88, 0,  2, 0, 0, 0, 0, 0, 0, 0, 0,
};
static const uint8_t v6_prohibited[] = {
	13, 0, 0, 0, 3, 1, 1, 0, 0,    0, 0, 0, 0, 0, 0, 0, /* */
	10, 0, 0, 0, 0, 0, 0, 0, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0,
};

static void assert_from(const struct errqueue_error *q, const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	assert_true(addr_equal(&q->offender, &a));
}

static void test_icmp(void **state)
{
	struct errqueue_error q = { 0 };
	uint8_t mapped[sizeof(v6_prohibited)];

	assert_int_equal(errqueue_parse(bytes_of(host_prohibited, sizeof(host_prohibited)), &q), 0);
	assert_int_equal(q.error, EHOSTUNREACH);
	assert_int_equal(q.family, 4);
	assert_int_equal(q.type, 3);
	assert_int_equal(q.code, 10);
	assert_from(&q, "10.88.0.2");

	assert_int_equal(errqueue_parse(bytes_of(v6_prohibited, sizeof(v6_prohibited)), &q), 0);
	assert_int_equal(q.error, EACCES);
	assert_int_equal(q.family, 6);
	assert_from(&q, "fd00::9");

	memcpy(mapped, v6_prohibited, sizeof(mapped));
	memcpy(mapped + 24, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\x58\0\2", 16);
	mapped[4] = 2;
	assert_int_equal(errqueue_parse(bytes_of(mapped, sizeof(mapped)), &q), 0);
	assert_int_equal(q.family, 4);
	assert_from(&q, "10.88.0.2");
}

static void test_cut(void **state)
{
	for (size_t len = 0; len <= sizeof(host_prohibited); len++) {
		uint8_t *cut = malloc(len ? len : 1);
		struct errqueue_error q = { 0 };
		int r;

		assert_non_null(cut);
		memcpy(cut, host_prohibited, len);
		r = errqueue_parse(bytes_of(cut, len), &q);
		assert_int_equal(r, len < 16 ? -EBADMSG : 0);
		assert_int_equal(q.offender.family, len < 24 ? 0 : 4);
		free(cut);
	}
}

/* A fresh socket's queue is empty, and looking at it does not block. */
static void test_empty(void **state)
{
	struct errqueue_error q[2];
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(errqueue_enable(fd, AF_INET), 0);
	assert_int_equal(errqueue_read(fd, q, 2), 0);
	close(fd);
	assert_int_equal(errqueue_read(fd, q, 2), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
