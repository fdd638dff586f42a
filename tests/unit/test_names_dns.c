/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/nameser.h>
#include <stdio.h>
#include <string.h>

#include "guarded.h"
#include "lab/names.h"
#include "util/buf.h"

/* The C library's reader of DNS messages says what is in an answer; it was written apart from the writer. */

#define ROOM 4096

struct message {
	uint8_t b[2048];
	size_t len;
};

static void put(struct message *m, const void *data, size_t len)
{
	assert_true(m->len + len <= sizeof(m->b));
	memcpy(m->b + m->len, data, len);
	m->len += len;
}

static void put_u16(struct message *m, unsigned v)
{
	put(m, (uint8_t[]){ (uint8_t)(v >> 8), (uint8_t)v }, 2);
}

static void put_name(struct message *m, const char *name)
{
	while (*name) {
		uint8_t len = (uint8_t)strcspn(name, ".");

		put(m, &len, 1);
		put(m, name, len);
		name += len + (name[len] == '.');
	}
	put(m, "", 1);
}

/* payload 0: no OPT */
static struct message ask(const char *name, unsigned type, unsigned payload)
{
	struct message m = { .len = 0 };

	put_u16(&m, 0xbeef);
	put_u16(&m, 0x0110);
	put_u16(&m, 1);
	put_u16(&m, 0);
	put_u16(&m, 0);
	put_u16(&m, payload ? 1 : 0);
	put_name(&m, name);
	put_u16(&m, type);
	put_u16(&m, 1);
	if (payload) {
		put(&m, "\0\0\x29", 3);
		put_u16(&m, payload);
		put(&m, "\0\0\0\0\0\4\0\xa\0\0", 10);
	}
	return m;
}

static const char *record_text(const ns_rr *rr, ns_msg *msg, char to[1200])
{
	struct addr a = { ns_rr_type(*rr) == ns_t_a ? 4 : 6, { 0 } };
	char text[ADDR_TEXT_LEN], name[1025];

	assert_int_equal(ns_rr_class(*rr), 1);
	assert_int_equal(ns_rr_ttl(*rr), 0);
	switch (ns_rr_type(*rr)) {
	case ns_t_a:
	case ns_t_aaaa:
		assert_int_equal(ns_rr_rdlen(*rr), a.family == 4 ? 4 : 16);
		memcpy(a.b, ns_rr_rdata(*rr), ns_rr_rdlen(*rr));
		snprintf(to, 1200, " %s", addr_format(&a, text));
		break;
	case ns_t_ptr:
		assert_true(ns_name_uncompress(ns_msg_base(*msg), ns_msg_end(*msg), ns_rr_rdata(*rr), name,
					       sizeof(name)) == ns_rr_rdlen(*rr));
		snprintf(to, 1200, " %s", name);
		break;
	default:
		fail_msg("type %d", ns_rr_type(*rr));
	}
	return to;
}

/* "rcode [tc] [edns]: answers"; checks what must always hold. */
static const char *told(const uint8_t *answer, size_t len, const struct names_question *q)
{
	static struct buf b;
	char record[1200];
	ns_msg msg;
	ns_rr rr;
	int i;

	buf_reset(&b);
	assert_int_equal(ns_initparse(answer, (int)len, &msg), 0);
	assert_int_equal(ns_msg_id(msg), 0xbeef);
	assert_int_equal(ns_msg_getflag(msg, ns_f_qr), 1);
	assert_int_equal(ns_msg_getflag(msg, ns_f_rd), 1);
	assert_int_equal(ns_msg_getflag(msg, ns_f_ra), 1);
	assert_int_equal(ns_msg_getflag(msg, ns_f_cd), 1);
	assert_int_equal(ns_msg_count(msg, ns_s_an), q->n_answers);
	assert_int_equal(ns_msg_getflag(msg, ns_f_rcode), q->rcode & 15);
	buf_fmt(&b, "%d%s%s:", q->rcode, ns_msg_getflag(msg, ns_f_tc) ? " tc" : "",
		ns_msg_count(msg, ns_s_ar) ? " edns" : "");
	for (i = 0; i < ns_msg_count(msg, ns_s_an); i++) {
		assert_int_equal(ns_parserr(&msg, ns_s_an, i, &rr), 0);
		assert_string_equal(ns_rr_name(rr), q->name);
		buf_str(&b, record_text(&rr, &msg, record));
	}
	if (ns_msg_count(msg, ns_s_ar)) {
		assert_int_equal(ns_parserr(&msg, ns_s_ar, 0, &rr), 0);
		assert_int_equal(ns_rr_type(rr), ns_t_opt);
		assert_int_equal(ns_rr_rdlen(rr), 0);
		assert_int_equal(ns_rr_ttl(rr), (unsigned)(q->rcode >> 4) << 24);
	}
	return buf_text(&b);
}

static const char *answer_to(struct names *n, const struct message *m, size_t max)
{
	/* a write behind max, or a read behind the query, ends the test */
	uint8_t *answer = guarded_end(max) - max, *query = guarded_end(m->len) - m->len;
	struct names_question q;
	size_t len;

	memcpy(query, m->b, m->len);
	len = names_answer(n, bytes_of(query, m->len), answer, max, &q);
	assert_true(len <= max);
	return len ? told(answer, len, &q) : "nothing";
}

static const char *answer(struct names *n, const char *name, unsigned type)
{
	struct message m = ask(name, type, 0);

	return answer_to(n, &m, 512);
}

static struct names *names(void)
{
	struct names *n = names_new(true);
	struct err e;

	assert_non_null(n);
	assert_int_equal(names_resolve(n, "gone=", &e), 0);
	assert_int_equal(names_resolve(n, "four=10.0.0.1,10.0.0.2", &e), 0);
	return n;
}

static void questions(void **state)
{
	struct names *n = names();

	assert_string_equal(answer(n, "Db.Internal", 1), "0: 198.18.0.1");
	assert_string_equal(answer(n, "dB.internal", 28), "0: 2001:db8::1");
	assert_string_equal(answer(n, "db.internal", 65), "0:");
	assert_string_equal(answer(n, "db.internal", 255), "0:");
	assert_string_equal(answer(n, "four", 1), "0: 10.0.0.1 10.0.0.2");
	assert_string_equal(answer(n, "four", 28), "0:");
	assert_string_equal(answer(n, "gone", 1), "3:");
	assert_string_equal(answer(n, "gone", 28), "3:");
	assert_string_equal(answer(n, "gone", 16), "3:");
	assert_string_equal(answer(n, "localhost", 28), "0: ::1");
	assert_string_equal(answer(n, "", 2), "0:");
	/* a question for something else gives no address away */
	assert_string_equal(answer(n, "new", 16), "0:");
	assert_string_equal(answer(n, "next", 1), "0: 198.18.0.2");
	names_free(n);
}

static void reverse(void **state)
{
	static const char six[] = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa";
	struct names *n = names();

	assert_string_equal(answer(n, "1.0.18.198.in-addr.arpa", 12), "3:");
	assert_string_equal(answer(n, "db.internal", 1), "0: 198.18.0.1");
	assert_string_equal(answer(n, "1.0.18.198.in-addr.arpa", 12), "0: db.internal");
	assert_string_equal(answer(n, "1.0.18.198.IN-ADDR.ARPA", 1), "0:");
	assert_string_equal(answer(n, six, 12), "0: db.internal");
	assert_string_equal(answer(n, "1.0.0.127.in-addr.arpa", 12), "0: localhost");
	/* none of these is an address */
	assert_string_equal(answer(n, "18.198.in-addr.arpa", 12), "0:");
	assert_string_equal(answer(n, "1.1.0.18.198.in-addr.arpa", 12), "0:");
	assert_string_equal(answer(n, "256.0.18.198.in-addr.arpa", 12), "0:");
	assert_string_equal(answer(n, six + 2, 12), "0:");
	assert_string_equal(answer(n, "db.internal", 12), "0:");
	names_free(n);
}

static void limits(void **state)
{
	struct message m = ask("db", 1, 1232);
	char longest[254];
	struct names *n = names();
	struct err e;
	size_t i;

	assert_string_equal(answer_to(n, &m, 512), "0 edns: 198.18.0.1");
	memset(longest, 'a', sizeof(longest));
	for (i = 63; i < sizeof(longest); i += 64)
		longest[i] = '.';
	longest[253] = 0;
	m = ask(longest, 1, 0);
	assert_string_equal(answer_to(n, &m, 512), "0: 198.18.0.2");
	m = ask("2.0.18.198.in-addr.arpa", 12, 0);
	assert_true(strlen(answer_to(n, &m, 512)) == 2 + 1 + 253);
	for (i = 1; i <= 16; i++) {
		char rule[400];

		snprintf(rule, sizeof(rule), "%s=2001:db8:1::%zx", longest, i);
		assert_int_equal(names_resolve(n, rule, &e), 0);
		snprintf(rule, sizeof(rule), "db.internal=2001:db8:1::%zx", i);
		assert_int_equal(names_resolve(n, rule, &e), 0);
	}
	/* an ordinary name's sixteen fit; 253 characters of name leave room for 8, with OPT too */
	assert_null(strstr(answer(n, "db.internal", 28), "tc"));
	m = ask(longest, 28, 0);
	assert_string_equal(strrchr(answer_to(n, &m, ROOM), ' '), " 2001:db8:1::8");
	m = ask(longest, 28, 100);
	assert_string_equal(strrchr(answer_to(n, &m, ROOM), ' '), " 2001:db8:1::8");
	assert_memory_equal(answer_to(n, &m, ROOM), "0 tc edns: ", 11);
	m = ask(longest, 28, 4096);
	assert_memory_equal(answer_to(n, &m, 512), "0 tc edns: ", 11);
	assert_string_equal(strrchr(answer_to(n, &m, ROOM), ' '), " 2001:db8:1::10");
	/* a record's length lies between the first of these and the last */
	for (i = 512; i < 512 + 28; i++)
		assert_memory_equal(answer_to(n, &m, i), "0 tc edns: ", 11);
	m = ask("db", 1, 1232);
	put(&m, "\0\0\x29\4\xd0\0\0\0\0\0\0", 11);
	m.b[11] = 2;
	assert_string_equal(answer_to(n, &m, 512), "1 edns:");
	names_free(n);
}

/* Where each byte of a message may be wrong, and what is said then. */
static void wrong(void **state)
{
	static const struct {
		size_t at;
		uint8_t byte;
		const char *want;
	} t[] = {
		{ 2, 0x81, "nothing" }, /* a response */
		{ 2, 0x09, "4:" },	/* inverse query */
		{ 2, 0x29, "4:" },	/* update */
		{ 5, 0, "1:" },		/* no question */
		{ 5, 2, "1:" },		/* two */
		{ 7, 1, "1:" },		/* an answer, which is not there */
		{ 12, 0xc0, "1:" },	/* a pointer for a name */
		{ 12, 0x42, "1:" },	/* no kind of label */
		{ 12, 63, "1:" },	/* longer than the message */
		{ 13, 0, "1:" },	/* NUL in a name */
		{ 13, '.', "1:" },	/* a dot within a label */
		{ 13, '_', "0 edns: 198.18.0.1" },
		{ 19, 3, "5 edns:" }, /* class CHAOS */
		{ 19, 255, "0 edns: 198.18.0.1" },
		{ 20, 1, "1:" },	     /* OPT that is not the root's */
		{ 22, 42, "0: 198.18.0.1" }, /* some other record than OPT */
		{ 26, 1, "16 edns:" },	     /* EDNS version 1 */
		{ 30, 200, "1:" },	     /* longer than the message */
	};
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct message m = ask("ab", 1, 1232);
		struct names *n = names();

		m.b[t[i].at] = t[i].byte;
		if (strcmp(answer_to(n, &m, 512), t[i].want))
			fail_msg("byte %zu is %d: %s", t[i].at, t[i].byte, answer_to(n, &m, 512));
		names_free(n);
	}
}

static void cut_short(void **state)
{
	struct message whole = ask("db", 1, 1232);
	struct names *n = names();
	size_t i;

	for (i = 0; i < whole.len; i++) {
		struct message m = whole;

		m.len = i;
		assert_string_equal(answer_to(n, &m, 512), i < 12 ? "nothing" : "1:");
	}
	names_free(n);
}

static void full(void **state)
{
	struct names *n = names();
	struct addr a;
	char name[16];
	int i;

	for (i = 0; i < NAMES_MAX; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(names_addrs(n, name, 4, &a, 1), 1);
	}
	assert_string_equal(answer(n, "one.more", 1), "2:");
	assert_string_equal(answer(n, "n1", 1), "0: 198.18.0.2");
	names_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(questions), cmocka_unit_test(reverse),	  cmocka_unit_test(limits),
		cmocka_unit_test(wrong),     cmocka_unit_test(cut_short), cmocka_unit_test(full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
