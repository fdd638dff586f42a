/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sources/droppers.h"

static char symbols[] = "/tmp/synsent-droppers-XXXXXX";

static int find(const char *text, struct dropper *to, int max)
{
	struct kallsyms *k = kallsyms_new(symbols, "/nonexistent");
	FILE *f = fopen(symbols, "w");
	int n;

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	n = droppers_find(k, to, max);
	kallsyms_free(k);
	return n;
}

/* All pieces of a function, and none of one that is named alike. */
static void places(void **state)
{
	static const char text[] = "ffffffff81000100 T nf_hook_slow\n"
				   "ffffffff81000180 T nf_hook_slow_list\n"
				   "ffffffff81000200 t arp_error_report\n"
				   "ffffffff81000240 t ip_rcv_finish_core.isra.0\n"
				   "ffffffff81000300 T tcp_v4_rcv\n"
				   "ffffffff81000900 t nf_hook_slow.cold\n"
				   "ffffffff81000910 t another\n"
				   "ffffffff81000a00 T ip_error\n"; /* the last one: where it ends is not known */
	struct dropper d[8];

	assert_int_equal(find(text, d, 8), 4);
	assert_int_equal(d[0].from, 0xffffffff81000100);
	assert_int_equal(d[0].len, 0x80);
	assert_string_equal(d[0].reason, "NETFILTER_DROP");
	assert_int_equal(d[1].from, 0xffffffff81000900);
	assert_int_equal(d[1].len, 0x10);
	assert_string_equal(d[1].reason, "NETFILTER_DROP");
	assert_int_equal(d[2].from, 0xffffffff81000200);
	assert_string_equal(d[2].reason, "NEIGH_FAILED");
	assert_int_equal(d[3].from, 0xffffffff81000240);
	assert_int_equal(d[3].len, 0xc0);
	assert_string_equal(d[3].reason, "NOT_SPECIFIED");
	assert_int_equal(find(text, d, 1), 1);
	/* as they are shown to others than root */
	assert_int_equal(find("0000000000000000 T nf_hook_slow\n0000000000000000 T nf_hook_slow_list\n", d, 8), 0);
}

static int begin(void **state)
{
	int fd = mkstemp(symbols);

	return fd < 0 || close(fd);
}

static int end(void **state)
{
	return unlink(symbols);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
