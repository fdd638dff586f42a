/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/duration.h"
#include "util/spawn.h"

static int shell(const char *command, const char *input, int64_t timeout_ns, struct spawn_result *ret)
{
	const char *const argv[] = { "sh", "-c", command, NULL };
	const struct spawn s = { argv, input, timeout_ns, NULL };

	return spawn_run(&s, ret, NULL);
}

static void streams(void **state)
{
	struct spawn_result r;

	assert_int_equal(shell("cat; echo no >&2; exit 3", "one\ntwo\n", 5 * NS_PER_S, &r), 0);
	assert_int_equal(r.status, 3);
	assert_false(r.timed_out);
	assert_string_equal(buf_text(&r.out), "one\ntwo\n");
	assert_string_equal(buf_text(&r.err), "no\n");
	spawn_result_fini(&r);
	/* By name, as nft -f - opens it. */
	assert_int_equal(shell("cat /dev/stdin", "again", 5 * NS_PER_S, &r), 0);
	assert_string_equal(buf_text(&r.out), "again");
	spawn_result_fini(&r);
	assert_int_equal(shell("cat", NULL, 5 * NS_PER_S, &r), 0);
	assert_string_equal(buf_text(&r.out), "");
	spawn_result_fini(&r);
}

/* More than a pipe holds, both ways and on both streams, and a child that does not read. */
static void much(void **state)
{
	char *big = malloc(1000001);
	struct spawn_result r;

	assert_non_null(big);
	memset(big, 'x', 1000000);
	big[1000000] = 0;
	assert_int_equal(shell("cat; cat /dev/stdin >&2", big, 10 * NS_PER_S, &r), 0);
	assert_int_equal(r.out.len, 1000000);
	assert_int_equal(r.err.len, 1000000);
	spawn_result_fini(&r);
	assert_int_equal(shell("exit 0", big, 5 * NS_PER_S, &r), 0);
	assert_int_equal(r.status, 0);
	spawn_result_fini(&r);
	assert_int_equal(shell("head -c 6000000 /dev/zero", NULL, 10 * NS_PER_S, &r), 0);
	assert_in_range(r.out.len, SPAWN_OUTPUT_MAX, SPAWN_OUTPUT_MAX);
	spawn_result_fini(&r);
	free(big);
}

static void ends(void **state)
{
	int child;
	struct spawn_result r;

	assert_int_equal(shell("exec sleep 30", NULL, 50 * NS_PER_MS, &r), 0);
	assert_true(r.timed_out);
	assert_int_equal(r.status, 128 + SIGKILL);
	spawn_result_fini(&r);
	assert_int_equal(shell("kill -TERM $$", NULL, 5 * NS_PER_S, &r), 0);
	assert_int_equal(r.status, 128 + SIGTERM);
	assert_false(r.timed_out);
	spawn_result_fini(&r);
	/* Its own child holds the pipes: that one is not waited for. */
	assert_int_equal(shell("sleep 30 & echo x $!", NULL, 10 * NS_PER_S, &r), 0);
	assert_false(r.timed_out);
	assert_int_equal(sscanf(buf_text(&r.out), "x %d\n", &child), 1);
	assert_int_equal(kill(child, SIGKILL), 0);
	spawn_result_fini(&r);
}

static void not_there(void **state)
{
	const char *const none[] = { "no-such-program-here", NULL }, *const bad[] = { "/etc/passwd", NULL };
	const struct spawn a = { none, NULL, NS_PER_S, NULL }, b = { bad, NULL, NS_PER_S, NULL };
	struct spawn_result r;
	struct err e;

	assert_int_equal(spawn_run(&a, &r, &e), -ENOENT);
	assert_string_equal(e.what, "no-such-program-here is not installed");
	spawn_result_fini(&r);
	assert_int_equal(spawn_run(&b, &r, &e), -ENOENT);
	spawn_result_fini(&r);
}

/* Found with an ordinary user's PATH, and without any. */
static void finding(void **state)
{
	char path[PATH_MAX], *old = getenv("PATH");

	old = old ? strdup(old) : NULL;
	setenv("PATH", "/nowhere::relative", 1);
	assert_true(spawn_find("sh", path, sizeof(path)));
	assert_int_equal(path[0], '/');
	unsetenv("PATH");
	assert_true(spawn_find("sh", path, sizeof(path)));
	assert_false(spawn_find("sh", path, 4));
	assert_true(spawn_find("/bin/sh", path, sizeof(path)));
	if (old)
		setenv("PATH", old, 1);
	free(old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams),   cmocka_unit_test(much),	cmocka_unit_test(ends),
		cmocka_unit_test(not_there), cmocka_unit_test(finding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
