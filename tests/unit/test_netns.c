/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network namespace that one is in needs no privilege to be entered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sources/netns.h"

static int answer(void *arg)
{
	*(uint32_t *)arg = netns_own();
	return 42;
}

/* Its status: 0 when all was as it should be. */
static int without_privilege(void)
{
	uint32_t own = netns_own(), in = 0;
	struct err e = { 0 };
	int fd;

	if (!geteuid() && setresuid(65534, 65534, 65534))
		return 2;
	fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 3;
	return netns_call(fd, answer, &in, &e) != 42 || in != own;
}

static void its_own(void **state)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(without_privilege());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void here(void **state)
{
	uint32_t in = 0;
	struct err e = { 0 };

	assert_int_equal(netns_call(-1, answer, &in, &e), 42);
	assert_int_equal(in, netns_own());
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(its_own), cmocka_unit_test(here) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
