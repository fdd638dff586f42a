/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sources/modules.h"

static char path[] = "/tmp/synsent-modules-XXXXXX";

static void write_list(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	fclose(f);
}

static void listed(void **state)
{
	(void)state;
	write_list(
		"nft_ct 24576 1 - Live 0x0\nnf_tables 380928 1 nft_ct, Live 0x0\nnfnetlink 20480 2 nf_tables, Live 0x0\n");
	assert_int_equal(module_is(path, "nf_tables"), MODULE_LOADED);
	assert_int_equal(module_is(path, "nft_ct"), MODULE_LOADED);
	assert_int_equal(module_is(path, "nf_conntrack"), MODULE_NOT_LOADED);
	assert_int_equal(module_is(path, "nf_table"), MODULE_NOT_LOADED);
}

/* What uses it is no module's own line, however long that is. */
static void used_by(void **state)
{
	char text[1000] = "nfnetlink 20480 2 ";

	(void)state;
	memset(text + strlen(text), 'x', 255 - strlen(text));
	strcat(text, "nf_tables 1 Live\n");
	write_list(text);
	assert_int_equal(module_is(path, "nf_tables"), MODULE_NOT_LOADED);
	assert_int_equal(module_is(path, "nfnetlink"), MODULE_LOADED);
}

static void no_list(void **state)
{
	(void)state;
	assert_int_equal(module_is("/proc/self/no such list", "nf_tables"), MODULE_NONE);
	assert_int_equal(module_is("/proc/self/comm/none", "nf_tables"), MODULE_NOT_LOADED);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(listed), cmocka_unit_test(used_by),
					    cmocka_unit_test(no_list) };
	int fd = mkstemp(path), wrong;

	if (fd < 0)
		return 1;
	close(fd);
	wrong = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return wrong;
}
