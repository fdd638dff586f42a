/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sinks/report.h"
#include "sinks/xml.h"

static char dir[] = "/tmp/synsent-report.XXXXXX";

static char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static int files_in_dir(void)
{
	DIR *d = opendir(dir);
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2; /* . and .. */
}

static void other_endings(void **state)
{
	static const char *const names[] = { "-",	    "",	      "report", "report.html", "report.json.gz", "json",
					     "report.JSON", "a.xml/b" };
	struct report_file *f = NULL;
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		memset(&e, 0, sizeof(e));
		assert_int_equal(report_create(names[i], &f, &e), -EINVAL);
		assert_int_equal(e.exit_code, 2);
		assert_non_null(strstr(e.what, "--report"));
		assert_non_null(strstr(e.remedy, ".json"));
		assert_non_null(strstr(e.remedy, ".xml"));
		assert_non_null(strstr(e.remedy, ".tap"));
		assert_int_equal(report_create(names[i], &f, NULL), -EINVAL);
	}
	assert_null(f);
}

/* Nothing is there by that name before it is whole, and an earlier one stays until then. */
static void complete_or_absent(void **state)
{
	struct report r = { .exit_status = 0 };
	struct report_file *f;
	struct err e = { 0 };
	struct stat st;

	assert_int_equal(report_create(path_of("a.json"), &f, &e), 0);
	assert_int_equal(access(path_of("a.json"), F_OK), -1);
	report_abort(f);
	assert_int_equal(files_in_dir(), 0);
	assert_int_equal(report_create(path_of("a.json"), &f, &e), 0);
	assert_int_equal(report_finish(f, &r, &e), 0);
	assert_int_equal(files_in_dir(), 1);
	assert_int_equal(stat(path_of("a.json"), &st), 0);
	assert_true(st.st_size > 50);
	assert_int_equal(unlink(path_of("a.json")), 0);
	report_abort(NULL);
}

static void not_to_be_written(void **state)
{
	struct report r = { .exit_status = 0 };
	struct report_file *f = NULL;
	struct err e = { 0 };

	assert_int_equal(report_create(path_of("no/such/directory/a.tap"), &f, &e), -ENOENT);
	assert_non_null(strstr(e.what, "no/such/directory/a.tap"));
	assert_true(e.remedy[0]);
	/* a device that is full: found out at the end */
	assert_int_equal(symlink("/dev/full", path_of("full.xml")), 0);
	assert_int_equal(report_create(path_of("full.xml"), &f, &e), 0);
	assert_int_equal(report_finish(f, &r, &e), -ENOSPC);
	assert_int_equal(unlink(path_of("full.xml")), 0);
	assert_int_equal(files_in_dir(), 0);
}

static void xml_of_any_bytes(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "plain", "plain" },
		{ "<a b=\"c\" d='e'>&amp;]]>", "&#60;a b=&#34;c&#34; d=&#39;e&#39;&#62;&#38;amp;]]&#62;" },
		{ "a\tb\nc\rd", "a&#9;b&#10;c&#13;d" },
		{ "caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80" },
		/* C1, bidi, DEL: allowed, and hidden */
		{ "\xc2\x9b\xe2\x80\xae\x7f", "&#155;&#8238;&#127;" },
		/* no place in XML */
		{ "\x01\x1b[m", "\xef\xbf\xbd\xef\xbf\xbd[m" },
		{ "\xef\xbf\xbe\xef\xbf\xbf", "\xef\xbf\xbd\xef\xbf\xbd" },
		/* no UTF-8 */
		{ "\xff\xc3", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		/* beyond 255 nothing is taken for markup */
		{ "\xc4\xbc", "\xc4\xbc" },
	};
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_reset(&b);
		xml_text(&b, rows[i].in);
		assert_string_equal(buf_text(&b), rows[i].out);
	}
	buf_reset(&b);
	xml_attribute(&b, "name", "\"<");
	assert_string_equal(buf_text(&b), " name=\"&#34;&#60;\"");
	buf_fini(&b);
}

static int set_up(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_endings),
		cmocka_unit_test(complete_or_absent),
		cmocka_unit_test(not_to_be_written),
		cmocka_unit_test(xml_of_any_bytes),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
