/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sinks/events.h"
#include "util/confine_child.h"
#include "util/outfile.h"

static char dir[] = "/tmp/synsent-outfile-XXXXXX";

static int go_there(void **state)
{
	return !mkdtemp(dir) || chdir(dir);
}

static int leave(void **state)
{
	return chdir("/") || rmdir(dir); /* fails when a test left something behind */
}

static int count_files(void)
{
	DIR *d = opendir(".");
	int n = -2; /* . and .. */

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void expect_content(const char *name, const char *content)
{
	char text[4096];
	FILE *f = fopen(name, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = 0;
	assert_string_equal(text, content);
}

static void write_whole(const char *name, const char *content)
{
	struct outfile *o = NULL;
	struct err e = { "" };

	assert_int_equal(outfile_create(name, &o, &e), 0);
	assert_int_equal(outfile_write(o, content, strlen(content), &e), 0);
	assert_int_equal(outfile_close(o, &e), 0);
}

static void complete_or_absent(void **state)
{
	struct outfile *o = NULL, *second = NULL;
	struct err e = { "" };
	struct stat st;
	mode_t mask = umask(027);

	assert_int_equal(outfile_create("a", &o, &e), 0);
	assert_false(outfile_is_direct(o));
	assert_int_equal(outfile_write(o, "new", 3, &e), 0);
	assert_int_equal(outfile_flush(o, &e), 0);
	assert_int_equal(access("a", F_OK), -1);
	assert_int_equal(outfile_create("a", &second, &e), 0); /* two at once do not meet */
	assert_int_equal(count_files(), 2);
	outfile_abort(second);
	assert_int_equal(count_files(), 1);
	assert_int_equal(outfile_close(o, &e), 0);
	umask(mask);
	expect_content("a", "new");
	assert_int_equal(stat("a", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);

	assert_int_equal(outfile_create("a", &o, &e), 0);
	assert_int_equal(outfile_write(o, "newer", 5, &e), 0);
	outfile_abort(o);
	expect_content("a", "new");
	assert_int_equal(count_files(), 1);
	outfile_abort(NULL);
	unlink("a");
}

static void links_and_devices(void **state)
{
	struct stat st;

	write_whole("a", "old");
	assert_int_equal(symlink("a", "b"), 0);
	write_whole("b", "through the link");
	assert_int_equal(lstat("b", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	expect_content("a", "through the link");
	unlink("a");
	unlink("b");
	write_whole("/dev/null", "nothing");
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(count_files(), 0);
}

static void large(void **state)
{
	static char block[200000];
	struct outfile *o = NULL;
	struct err e = { "" };
	struct stat st;
	int i;

	memset(block, 'x', sizeof(block));
	assert_int_equal(outfile_create("a", &o, &e), 0);
	for (i = 0; i < 100; i++)
		assert_int_equal(outfile_write(o, block, (size_t)i * 1999, &e), 0);
	assert_int_equal(outfile_close(o, &e), 0);
	assert_int_equal(stat("a", &st), 0);
	assert_int_equal(st.st_size, 99 * 100 / 2 * 1999);
	unlink("a");
}

static void expect_failure(const char *name, int code, const char *what)
{
	struct outfile *o = NULL;
	struct err e = { "" };

	assert_int_equal(outfile_create(name, &o, &e), -code);
	assert_null(o);
	assert_string_equal(e.what, what);
	assert_true(strlen(e.remedy) > 0);
}

static void cannot_create(void **state)
{
	expect_failure("no/such", ENOENT, "cannot create no/such: No such file or directory");
	expect_failure("", ENOENT, "cannot create : No such file or directory");
	expect_failure(".", EISDIR, "cannot create .: Is a directory");
	write_whole("a", "");
	expect_failure("a/b", ENOTDIR, "cannot create a/b: Not a directory");
	unlink("a");
	assert_int_equal(count_files(), 0);
}

/* A file system that is full at the third block, by the limit on file sizes. */
static void no_space(void **state)
{
	static char block[40000];
	struct rlimit old, small;
	struct outfile *o = NULL;
	struct err e = { "" };
	int i, r = 0;

	write_whole("a", "old");
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 100000;
	assert_int_equal(outfile_create("a", &o, &e), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (i = 0; i < 10 && r == 0; i++)
		r = outfile_write(o, block, sizeof(block), &e);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(r, -EFBIG);
	assert_string_equal(e.what, "cannot write a: File too large");
	assert_int_equal(outfile_write(o, "x", 1, &e), -EFBIG); /* kept, though there is room again */
	assert_int_equal(outfile_close(o, &e), -EFBIG);
	expect_content("a", "old");
	assert_int_equal(count_files(), 1);
	unlink("a");
}

static void recorder(void **state)
{
	struct event ev = { .kind = EVENT_EXIT, .t_ns = 1, .exit = { .pid = 42, .signal = 9 } };
	struct event none = { .kind = EVENT_NONE };
	struct events *w = NULL;
	struct err e = { "" };

	assert_int_equal(events_create("a", &w, &e), 0);
	assert_int_equal(events_write(w, &ev, &e), 0);
	assert_int_equal(events_write(w, &none, &e), 0);
	assert_int_equal(access("a", F_OK), -1);
	assert_int_equal(events_close(w, &e), 0);
	expect_content("a", "synsent-events 1\n0.000000001 exit pid=42 signal=9\n");
	unlink("a");

	assert_int_equal(events_create("a", &w, &e), 0);
	events_abort(w);
	events_abort(NULL);
	assert_int_equal(count_files(), 0);

	/* a device gets each line at once, so it is full at the first */
	w = NULL;
	assert_int_equal(events_create("/dev/full", &w, &e), -ENOSPC);
	assert_null(w);
	assert_string_equal(e.what, "cannot write /dev/full: No space left on device");
}

static void to_stdout(void **state)
{
	struct event ev = { .kind = EVENT_LOST, .lost = { .source = "x", .n = 1 } };
	struct events *w = NULL;
	struct err e = { "" };
	char text[256];
	int fds[2], saved = dup(1);
	ssize_t n;

	fflush(stdout);
	assert_int_equal(pipe(fds), 0);
	dup2(fds[1], 1);
	close(fds[1]);
	assert_int_equal(events_create("-", &w, &e), 0);
	assert_int_equal(events_write(w, &ev, &e), 0);
	n = read(fds[0], text, sizeof(text) - 1); /* there before the close */
	assert_int_equal(events_close(w, &e), 0);
	assert_int_equal(fcntl(1, F_GETFD), 0); /* stdout itself stays open */
	dup2(saved, 1);
	close(saved);
	close(fds[0]);
	assert_true(n > 0);
	text[n] = 0;
	assert_string_equal(text, "synsent-events 1\n0.000000000 lost source=x n=1\n");
}

/* What a child does with the file that its parent has created and begun. */
enum ending { CLOSES, FORGETS, ABORTS, FAILS, CRASHES, KILLED };

struct writing {
	struct outfile *o;
	enum ending ending;
};

static int write_in_child(void *user, const struct confined *c)
{
	static char big[200000];
	struct writing *w = user;
	struct err e = { "" };

	if (outfile_write(w->o, "child", 5, &e))
		return 1;
	switch (w->ending) {
	case CLOSES:
		return outfile_close(w->o, &e) ? 1 : 0;
	case FAILS: /* by the limit that the test has set, which a confined process may not */
		signal(SIGXFSZ, SIG_IGN);
		outfile_write(w->o, big, sizeof(big), &e);
		return outfile_close(w->o, &e) == -EFBIG ? 4 : 1;
	case ABORTS:
		outfile_abort(w->o);
		return 0;
	case CRASHES:
		outfile_flush(w->o, &e);
		signal(SIGABRT, SIG_DFL);
		abort();
	case KILLED:
		outfile_flush(w->o, &e);
		raise(SIGKILL);
		break;
	case FORGETS:
		break;
	}
	return 0;
}

static void expect_commit(enum ending ending, enum confine_mode mode, int status, int code)
{
	struct writing w = { NULL, ending };
	struct err e = { "" };

	assert_int_equal(outfile_create("a", &w.o, &e), 0);
	assert_int_equal(outfile_write(w.o, "parent ", 7, &e), 0);
	assert_int_equal(confined_run(write_in_child, &w, mode, &e), status);
	assert_int_equal(access("a", F_OK), -1);
	assert_int_equal(count_files(), 1);
	e = (struct err){ "" };
	assert_int_equal(outfile_commit(w.o, &e), code);
	if (code) {
		assert_string_equal(e.what, "cannot create a: what wrote it did not come to its end");
	} else {
		expect_content("a", "parent child");
		unlink("a");
	}
	assert_int_equal(count_files(), 0);
}

static void by_child(void **state)
{
	static const enum confine_mode modes[] = { CONFINE_TRY, CONFINE_OFF };
	struct rlimit old, small;
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		expect_commit(CLOSES, modes[i], 0, 0);
		expect_commit(FORGETS, modes[i], 0, -ECANCELED);
		expect_commit(ABORTS, modes[i], 0, -ECANCELED);
		expect_commit(CRASHES, modes[i], 128 + SIGABRT, -ECANCELED);
		expect_commit(KILLED, modes[i], 128 + SIGKILL, -ECANCELED);
		assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
		small = (struct rlimit){ 100000, old.rlim_max };
		setrlimit(RLIMIT_FSIZE, &small);
		expect_commit(FAILS, modes[i], 4, -ECANCELED);
		setrlimit(RLIMIT_FSIZE, &old);
	}
}

/* An earlier file stays when the child fails, and the parent may give up whatever the child did. */
static void by_child_replacing(void **state)
{
	struct writing w = { NULL, CRASHES };
	struct err e = { "" };

	write_whole("a", "old");
	assert_int_equal(outfile_create("a", &w.o, &e), 0);
	assert_int_equal(confined_run(write_in_child, &w, CONFINE_TRY, &e), 128 + SIGABRT);
	assert_int_equal(outfile_commit(w.o, NULL), -ECANCELED);
	expect_content("a", "old");
	w.ending = CLOSES;
	assert_int_equal(outfile_create("a", &w.o, &e), 0);
	assert_int_equal(confined_run(write_in_child, &w, CONFINE_TRY, &e), 0);
	outfile_abort(w.o);
	expect_content("a", "old");
	assert_int_equal(outfile_create("a", &w.o, &e), 0);
	assert_int_equal(confined_run(write_in_child, &w, CONFINE_TRY, &e), 0);
	assert_int_equal(outfile_commit(w.o, &e), 0);
	expect_content("a", "child");
	unlink("a");
	assert_int_equal(outfile_create("/dev/null", &w.o, &e), 0);
	assert_int_equal(confined_run(write_in_child, &w, CONFINE_TRY, &e), 0);
	assert_int_equal(outfile_commit(w.o, &e), 0);
	assert_int_equal(count_files(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(complete_or_absent),
		cmocka_unit_test(links_and_devices),
		cmocka_unit_test(large),
		cmocka_unit_test(cannot_create),
		cmocka_unit_test(no_space),
		cmocka_unit_test(recorder),
		cmocka_unit_test(to_stdout),
		cmocka_unit_test(by_child),
		cmocka_unit_test(by_child_replacing),
	};

	return cmocka_run_group_tests(tests, go_there, leave);
}
