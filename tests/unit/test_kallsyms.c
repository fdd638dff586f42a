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

#include "sources/kallsyms.h"

static char dir[] = "/tmp/synsent-kallsyms-XXXXXX";
static char symbols[64], modules[64];

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

#define KERNEL                                  \
	"ffffffff81000000 T _stext\n"           \
	"ffffffff81000000 T _text\n"            \
	"ffffffff81002000 t tcp_v4_rcv\n"       \
	"ffffffff81001ff0 t __pfx_tcp_v4_rcv\n" \
	"ffffffff81001000 T ip_rcv_core\n"      \
	"ffffffff81002100 D no_function\n"      \
	"ffffffff81003000 W weak\n"             \
	"ffffffff81004000 t a_name_that_is_longer_than_all_that_is_kept_of_it_here\n"
#define MODULES "nf_tables 4096 %s - Live 0xffffffffa0000000\n"

static void expect(struct kallsyms *k, uint64_t address, const char *name, int readings)
{
	assert_string_equal(kallsyms_function(k, address), name);
	assert_int_equal(kallsyms_readings(k), readings);
}

static void once(void **state)
{
	struct kallsyms *k = kallsyms_new(symbols, modules);

	put(symbols, KERNEL);
	put(modules, "");
	assert_int_equal(kallsyms_readings(k), 0); /* not before it is asked for */
	expect(k, 0xffffffff81002043, "tcp_v4_rcv", 1);
	put(symbols, "");
	expect(k, 0xffffffff81001000, "ip_rcv_core", 1);
	expect(k, 0xffffffff81000fff, "_stext", 1);
	expect(k, 0xffffffff81001fff, "ip_rcv_core", 1);
	expect(k, 0xffffffff81002fff, "tcp_v4_rcv", 1);
	expect(k, 0xffffffff81003001, "weak", 1);
	expect(k, 0xffffffff81004001, "a_name_that_is_longer_than_all_that_is_kept_of_", 1);
	kallsyms_free(k);
}

/* What is not found is looked for again, and where it is found then nothing is read any more. */
static void later(void **state)
{
	struct kallsyms *k = kallsyms_new(symbols, modules);

	put(symbols, KERNEL);
	put(modules, "");
	expect(k, 0xffffffff81001001, "ip_rcv_core", 1);
	put(symbols, KERNEL "ffffffffa0000000 t nft_do_chain\t[nf_tables]\n");
	expect(k, 0xffffffffa0000010, "nft_do_chain", 2);
	expect(k, 0xffffffffa0000020, "nft_do_chain", 2);
	put(symbols, "ffffffff80000000 T first\n" KERNEL);
	expect(k, 0xffffffff80000001, "first", 3); /* below all that were */
	kallsyms_free(k);
}

/* A module that lies just above another would else pass for its last function. */
static void another_module(void **state)
{
	struct kallsyms *k = kallsyms_new(symbols, modules);
	char text[256];

	put(symbols, KERNEL "ffffffffa0000000 t nft_do_chain\t[nf_tables]\n");
	snprintf(text, sizeof(text), MODULES, "0");
	put(modules, text);
	expect(k, 0xffffffffa0000010, "nft_do_chain", 1);
	snprintf(text, sizeof(text), MODULES, "3"); /* it is used more */
	put(modules, text);
	expect(k, 0xffffffffa0000020, "nft_do_chain", 1);
	put(symbols, KERNEL "ffffffffa0000000 t nft_do_chain\t[nf_tables]\nffffffffa0002000 t veth_xmit\t[veth]\n");
	strcat(text, "veth 8192 0 - Live 0xffffffffa0002000\n");
	put(modules, text);
	expect(k, 0xffffffffa0002010, "veth_xmit", 2);
	expect(k, 0xffffffffa0000030, "nft_do_chain", 2);
	kallsyms_free(k);
}

/* To others than root all are 0; and reading them again would not change that. */
static void hidden(void **state)
{
	struct kallsyms *k = kallsyms_new(symbols, modules);

	put(symbols, "0000000000000000 T _stext\n0000000000000000 t tcp_v4_rcv\n");
	put(modules, "");
	expect(k, 0xffffffff81002043, "", 1);
	expect(k, 0xffffffffa0002043, "", 1);
	kallsyms_free(k);
	k = kallsyms_new("/nonexistent", "/nonexistent");
	expect(k, 0xffffffff81002043, "", 1);
	kallsyms_free(k);
	kallsyms_free(NULL);
}

/* More than is held: then none, for those that are left would pass for those that are not. */
static void too_many(void **state)
{
	struct kallsyms *k = kallsyms_new(symbols, modules);
	FILE *f = fopen(symbols, "w");
	uint64_t i, n = 2000000;

	assert_non_null(f);
	for (i = 1; i <= n; i++)
		fprintf(f, "%016llx t function_%llu\n", (unsigned long long)i * 16, (unsigned long long)i);
	assert_int_equal(fclose(f), 0);
	put(modules, "");
	expect(k, 16, "", 1);
	kallsyms_free(k);
}

static int begin(void **state)
{
	assert_non_null(mkdtemp(dir));
	snprintf(symbols, sizeof(symbols), "%s/kallsyms", dir);
	snprintf(modules, sizeof(modules), "%s/modules", dir);
	return 0;
}

static int end(void **state)
{
	unlink(symbols);
	unlink(modules);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(once),	  cmocka_unit_test(later),    cmocka_unit_test(another_module),
		cmocka_unit_test(hidden), cmocka_unit_test(too_many),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
