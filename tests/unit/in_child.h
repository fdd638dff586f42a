/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_IN_CHILD_H
#define SYNSENT_TESTS_IN_CHILD_H

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/confine.h"

/* For tests of what a process does to itself: each runs in a child, whose end tells.  Include it after cmocka. */

/* In a child: says where it failed, and ends it. */
#define CHECK(x)                                                                                  \
	do {                                                                                      \
		if (!(x)) {                                                                       \
			fprintf(stderr, "%s:%d: %s (errno %d)\n", __func__, __LINE__, #x, errno); \
			fflush(stderr);                                                           \
			_exit(99);                                                                \
		}                                                                                 \
	} while (0)
#define CHECK_FAILS(x, code) CHECK((errno = 0, (x) == -1) && errno == (code))

/* A path that this user may read and write, were it not for the confinement. */
static char scratch[] = "/tmp/synsent-confine-XXXXXX";

static struct confined here; /* what this machine and this build allow */

/* Runs f in a child and returns its wait status. */
static inline int in_child(void (*f)(void))
{
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		alarm(20);
		signal(SIGSEGV, SIG_DFL); /* cmocka's handlers would go on with the tests */
		signal(SIGBUS, SIG_DFL);
		f();
		fflush(NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static inline void expect_exit(void (*f)(void), int code)
{
	int status = in_child(f);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), code);
}

static inline void need(bool there)
{
	if (!there) {
		print_message("%s\n", here.missing);
		skip();
	}
}

static inline int run_with_scratch(const struct CMUnitTest *tests, size_t n)
{
	int fd = mkstemp(scratch), r;

	if (fd < 0)
		return 1;
	fchmod(fd, 0666);
	close(fd);
	confine_probe(&here);
	r = _cmocka_run_group_tests("tests", tests, n, NULL, NULL);
	unlink(scratch);
	return r;
}

#endif
