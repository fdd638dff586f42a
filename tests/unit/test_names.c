/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lab/names.h"

/* The addresses of a name as text, "10.0.0.1 ::1", or the errno value of the refusal. */
static const char *look_up(struct names *n, const char *name, int family)
{
	static char text[NAMES_ADDRS_MAX * (ADDR_TEXT_LEN + 1)];
	struct addr addrs[NAMES_ADDRS_MAX];
	int i, r = names_addrs(n, name, family, addrs, NAMES_ADDRS_MAX);
	char one[ADDR_TEXT_LEN];

	snprintf(text, sizeof(text), "%s",
		 r == -ENOENT	? "ENOENT"
		 : r == -EINVAL ? "EINVAL"
		 : r == -ENOSPC ? "ENOSPC"
				: "");
	for (i = 0; i < r; i++) {
		if (i)
			strcat(text, " ");
		strcat(text, addr_format(&addrs[i], one));
	}
	return text;
}

static const char *name_of(const struct names *n, const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return names_of(n, &a);
}

static struct names *with_rules(const char *const *rules)
{
	struct names *n = names_new(true);
	struct err e = { 0 };

	assert_non_null(n);
	for (; *rules; rules++)
		if (names_resolve(n, *rules, &e))
			fail_msg("%s", e.what);
	return n;
}

static void every_name(void **state)
{
	struct names *n = names_new(true);
	struct addr one;

	assert_string_equal(look_up(n, "db.internal", 0), "198.18.0.1 2001:db8::1");
	assert_string_equal(look_up(n, "b.example", 6), "2001:db8::2");
	assert_string_equal(look_up(n, "b.example", 4), "198.18.0.2");
	assert_string_equal(look_up(n, "DB.Internal.", 4), "198.18.0.1");
	assert_int_equal(names_addrs(n, "db.internal", 0, &one, 1), 1);
	assert_int_equal(one.family, 4);
	assert_string_equal(name_of(n, "198.18.0.1"), "db.internal");
	assert_string_equal(name_of(n, "2001:db8::2"), "b.example");
	assert_null(name_of(n, "198.18.0.3"));
	assert_null(name_of(n, "198.19.0.1"));
	assert_null(name_of(n, "2001:db8:1::1"));
	assert_null(names_of(n, &(struct addr){ 0 }));
	names_free(n);
	n = names_new(false);
	assert_string_equal(look_up(n, "db", 0), "198.18.0.1");
	assert_string_equal(look_up(n, "db", 6), "");
	assert_null(name_of(n, "2001:db8::1"));
	names_free(n);
	names_free(NULL);
}

static void own_names(void **state)
{
	struct names *n = names_new(true);

	assert_string_equal(look_up(n, "localhost", 0), "127.0.0.1 ::1");
	assert_string_equal(look_up(n, "a.LocalHost.", 4), "127.0.0.1");
	assert_string_equal(look_up(n, "notlocalhost", 4), "198.18.0.1");
	assert_string_equal(look_up(n, "10.1.2.3", 0), "10.1.2.3");
	assert_string_equal(look_up(n, "10.1.2.3", 6), "");
	assert_string_equal(look_up(n, "::7", 0), "::7");
	assert_string_equal(name_of(n, "::1"), "localhost");
	assert_null(name_of(n, "10.1.2.3"));
	names_free(n);
}

static void not_names(void **state)
{
	struct names *n = names_new(true);
	char text[300];
	size_t i;

	assert_string_equal(look_up(n, "", 0), "EINVAL");
	assert_string_equal(look_up(n, ".", 0), "EINVAL");
	assert_string_equal(look_up(n, "a..b", 0), "EINVAL");
	assert_string_equal(look_up(n, ".a", 0), "EINVAL");
	assert_string_equal(look_up(n, "a..", 0), "EINVAL");
	memset(text, 'a', sizeof(text));
	text[63] = 0;
	assert_string_equal(look_up(n, text, 4), "198.18.0.1");
	text[63] = 'a';
	text[64] = 0;
	assert_string_equal(look_up(n, text, 4), "EINVAL");
	for (i = 63; i < sizeof(text); i += 64)
		text[i] = '.';
	text[64] = 'a';
	text[253] = 0;
	assert_string_equal(look_up(n, text, 4), "198.18.0.2");
	text[253] = '.';
	text[254] = 0;
	assert_string_equal(look_up(n, text, 4), "198.18.0.2");
	text[253] = 'a';
	assert_string_equal(look_up(n, text, 4), "EINVAL");
	names_free(n);
}

static void full(void **state)
{
	struct names *n = names_new(true);
	char name[16];
	int i;

	for (i = 1; i <= NAMES_MAX; i++) {
		struct addr a;

		snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(names_addrs(n, name, 4, &a, 1), 1);
		assert_int_equal(a.b[2] << 8 | a.b[3], i);
		assert_string_equal(names_of(n, &a), name);
	}
	assert_string_equal(look_up(n, "one.more", 4), "ENOSPC");
	assert_string_equal(look_up(n, "n65000", 0), "198.18.253.232 2001:db8::fde8");
	names_free(n);
}

static void rules(void **state)
{
	static const char *const given[] = { "db=10.0.0.1,2001:db8::1",
					     "four=10.0.0.4",
					     "gone=",
					     "*.internal=10.0.1.1",
					     "*.a.internal=10.0.1.2,10.0.1.3",
					     "x.internal=",
					     "DB.=10.0.0.2,10.0.0.1",
					     NULL };
	struct names *n = with_rules(given);

	assert_string_equal(look_up(n, "Db", 0), "10.0.0.1 10.0.0.2 2001:db8::1");
	assert_string_equal(look_up(n, "four", 0), "10.0.0.4");
	assert_string_equal(look_up(n, "four", 6), "");
	assert_string_equal(look_up(n, "gone.", 4), "ENOENT");
	assert_string_equal(look_up(n, "any.internal", 0), "10.0.1.1");
	assert_string_equal(name_of(n, "10.0.1.1"), "any.internal");
	assert_string_equal(look_up(n, "other.internal", 0), "10.0.1.1");
	assert_string_equal(name_of(n, "10.0.1.1"), "other.internal");
	assert_string_equal(look_up(n, "b.c.a.internal", 0), "10.0.1.2 10.0.1.3");
	assert_string_equal(look_up(n, "x.internal", 0), "ENOENT");
	/* Not below it, and 2001:db8::1 is db's. */
	assert_string_equal(look_up(n, "internal", 0), "198.18.0.2 2001:db8::2");
	assert_string_equal(look_up(n, "xinternal", 4), "198.18.0.3");
	assert_string_equal(name_of(n, "2001:db8::1"), "db");
	assert_null(name_of(n, "198.18.0.1"));
	names_free(n);
	n = with_rules((const char *const[]){ "*=10.0.0.9", "*.x=", NULL });
	assert_null(name_of(n, "10.0.0.9"));
	assert_string_equal(look_up(n, "what.ever", 0), "10.0.0.9");
	assert_string_equal(look_up(n, "a.x", 0), "ENOENT");
	assert_string_equal(look_up(n, "localhost", 4), "127.0.0.1");
	names_free(n);
	n = with_rules((const char *const[]){ "localhost=10.0.0.9", "*.localhost=", NULL });
	assert_string_equal(look_up(n, "localhost", 0), "10.0.0.9");
	assert_string_equal(look_up(n, "a.localhost", 0), "ENOENT");
	names_free(n);
}

static void wrong_rules(void **state)
{
	static const struct {
		const char *text, *what;
	} t[] = {
		{ "db", "'='" },
		{ "=10.0.0.1", "name" },
		{ "a b=10.0.0.1", "'a b'" },
		{ "*.=10.0.0.1", "'*.'" },
		{ "*a=10.0.0.1", "'*a'" },
		{ "a.*=10.0.0.1", "'a.*'" },
		{ "b\xc3\xbc=10.0.0.1", "name" },
		{ "a..b=10.0.0.1", "'a..b'" },
		{ "10.0.0.1=10.0.0.2", "is an address" },
		{ "db=10.0.0", "'10.0.0'" },
		{ "db=10.0.0.1,", "last comma" },
		{ "db=,10.0.0.1", "''" },
		{ "db=10.0.0.1 ", "'10.0.0.1 '" },
		{ "db=[::1]", "'[::1]'" },
		{ "db=::1,::2,::3,::4,::5,::6,::7,::8,::9,::a,::b,::c,::d,::e,::f,::10,::11", "16" },
	};
	struct names *n = names_new(true);
	char text[400];
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		memset(&e, 0, sizeof(e));
		assert_int_equal(names_resolve(n, t[i].text, &e), -EINVAL);
		if (!strstr(e.what, t[i].what) || !e.remedy[0] || e.exit_code != 2)
			fail_msg("%s: %s", t[i].text, e.what);
	}
	memset(text, 'a', sizeof(text));
	strcpy(text + sizeof(text) - 8, "=::1");
	assert_int_equal(names_resolve(n, text, NULL), -EINVAL);
	assert_string_equal(look_up(n, "db", 4), "198.18.0.1");
	for (i = 0; i < 8; i++)
		assert_int_equal(names_resolve(n, "two=::1,::2,::1", &e), 0);
	assert_string_equal(look_up(n, "two", 0), "::1 ::2");
	names_free(n);
}

static void hosts(void **state)
{
	static const char host_file[] = "# of this host\n"
					"127.0.0.1\tlocalhost loop.localhost\n"
					"127.0.1.1   host.example host # me\n"
					"::1 ip6-localhost ip6-loopback\r\n"
					"\n"
					"10.9.9.9 db DB.Internal keep\n"
					"10.9.9.8 a.internal\n"
					"#10.0.0.1 nothing\n"
					"10.9.9.7\n"
					"fe80::1%lo scoped";
	static const char rest[] = "127.0.1.1 host.example host\n"
				   "::1 ip6-localhost ip6-loopback\n"
				   "10.9.9.9 db keep\n"
				   "fe80::1%lo scoped\n";
	struct names *n = with_rules((const char *const[]){ "*.internal=10.0.0.1", "gone=", NULL });
	struct buf b = { 0 };

	names_hosts(n, host_file, &b);
	assert_memory_equal(buf_text(&b), "127.0.0.1 localhost\n::1 localhost\n", 34);
	assert_string_equal(buf_text(&b) + 34, rest);
	names_free(n);
	buf_reset(&b);
	n = with_rules((const char *const[]){ "*=10.0.0.1", NULL });
	names_hosts(n, host_file, &b);
	assert_string_equal(buf_text(&b), "127.0.0.1 localhost\n::1 localhost\n");
	names_free(n);
	buf_reset(&b);
	n = with_rules((const char *const[]){ "localhost=10.0.0.1", NULL });
	names_hosts(n, "127.0.0.1 localhost\n", &b);
	assert_string_equal(buf_text(&b), "");
	names_free(n);
	n = names_new(false);
	names_hosts(n, NULL, &b);
	assert_string_equal(buf_text(&b), "127.0.0.1 localhost\n");
	names_free(n);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name), cmocka_unit_test(own_names), cmocka_unit_test(not_names),
		cmocka_unit_test(full),	      cmocka_unit_test(rules),	   cmocka_unit_test(wrong_rules),
		cmocka_unit_test(hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
