/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text about what comes from outside, of any bytes and of any size: it steers no terminal, fits its lines and is told
 * in full. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "sinks/text.h"

#define MS ((int64_t)1000000)
#define S ((int64_t)1000000000)
#define START (1700000000 * S)

static struct attempt a, lab;
static struct verdict v;
static const struct text_opts plain = { 0 }, color = { .color = true };

/* An attempt that the kernel ended after `n` SYNs, a second apart. */
static void begin(int n)
{
	int i;

	memset(&a, 0, sizeof(a));
	memset(&v, 0, sizeof(v));
	assert_int_equal(endpoint_parse("127.0.0.1:60632", &a.flow.client), 0);
	assert_int_equal(endpoint_parse("127.0.0.1:12345", &a.flow.server), 0);
	a.n_syns = n;
	for (i = 0; i < n && i < ATTEMPT_SYNS_MAX; i++)
		a.syn_ns[i] = START + i * S;
	a.end = ATTEMPT_END_RESULT;
	a.ended_ns = START + n * S;
	v.outcome = OUTCOME_TIMED_OUT;
	v.confidence = CONFIDENCE_CERTAIN;
	snprintf(v.headline, sizeof(v.headline), "the kernel gave up");
}

/* Nothing but printable ASCII and line ends. */
static void assert_tame(const char *s)
{
	for (; *s; s++)
		if (*s != '\n' && (*s < ' ' || *s > '~'))
			fail_msg("byte %02x in the text", (unsigned char)*s);
}

static int lines_of(const char *s, const char *what)
{
	int n = 0;

	for (; (s = strstr(s, what)); s += strlen(what))
		n++;
	return n;
}

static void hostile_bytes(void **state)
{
	static const char nasty[] = "\x1b]0;owned\x07\x1b[2J\r\n\t\x9b"
				    "31m\xe2\x80\xae\x7f\\ drop";
	struct buf b = { 0 };

	begin(3);
	snprintf(v.headline, sizeof(v.headline), "%s", nasty);
	v.n_evidence = 1;
	snprintf(v.evidence[0], sizeof(v.evidence[0]), "%s", nasty);
	snprintf(v.advice, sizeof(v.advice), "%s", nasty);
	a.n_drops = 2;
	a.drops[0] = (struct drop){ .place = DROP_LOCAL_INPUT, .packets = 3 };
	snprintf(a.drops[0].rule, sizeof(a.drops[0].rule), "%s", nasty);
	a.drops[1] = (struct drop){ .place = DROP_LOCAL_OUTPUT };
	snprintf(a.drops[1].reason, sizeof(a.drops[1].reason), "%.20s", nasty);
	text_verdict(&a, &v, &plain, &b);
	assert_tame(buf_text(&b));
	/* each of them is there, and says what it held */
	assert_int_equal(lines_of(buf_text(&b), "\\x1b]0;owned\\x07"), 5);
	assert_int_equal(lines_of(buf_text(&b), "\\r"), 0);
	assert_int_equal(lines_of(buf_text(&b), "\\x0d\\n\\t\\x9b31m\\xe2\\x80\\xae\\x7f\\\\ drop"), 4);
	buf_fini(&b);
}

/* Colour adds escapes of our own around a word, and nothing else. */
static void colour_repeats_words(void **state)
{
	struct buf b = { 0 }, c = { 0 }, bare = { 0 };
	const char *s;

	begin(3);
	text_verdict(&a, &v, &plain, &b);
	text_verdict(&a, &v, &color, &c);
	assert_true(c.len > b.len);
	for (s = buf_text(&c); *s; s++) {
		if (*s == '\033')
			s += strcspn(s, "m");
		else
			buf_char(&bare, *s);
	}
	assert_string_equal(buf_text(&bare), buf_text(&b));
	buf_fini(&b);
	buf_fini(&c);
	buf_fini(&bare);
}

/* All words of a long text are there, in their order, on lines that fit; a word that fits on no line is cut. */
static void wrapping(void **state)
{
	static const char words[] = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron "
				    "pi rho sigma tau upsilon phi chi psi omega one two three four five six seven";
	struct buf b = { 0 }, joined = { 0 };
	const char *s, *eol;
	int lines = 0;

	begin(3);
	v.n_evidence = 1;
	snprintf(v.evidence[0], sizeof(v.evidence[0]), "%s", words);
	text_verdict(&a, &v, &plain, &b);
	for (s = buf_text(&b); (eol = strchr(s, '\n')); s = eol + 1) {
		assert_in_range(eol - s, 1, 80);
		assert_int_not_equal(eol[-1], ' ');
		if (lines++ == 0)
			continue; /* the headline */
		while (*s == ' ')
			s++;
		if (lines == 2) {
			assert_memory_equal(s, "certain ", 8);
			s += 8 + strspn(s + 8, " ");
		}
		buf_add(&joined, s, (size_t)(eol - s));
		buf_char(&joined, ' ');
	}
	assert_in_range(lines, 3, 5);
	assert_memory_equal(buf_text(&joined), words, sizeof(words) - 1);

	buf_reset(&b);
	memset(v.evidence[0], 'x', 200);
	v.evidence[0][200] = 0;
	text_verdict(&a, &v, &plain, &b);
	for (lines = 0, s = buf_text(&b); *s; s++)
		lines += *s == 'x';
	assert_int_equal(lines, 200);
	for (s = buf_text(&b); (eol = strchr(s, '\n')); s = eol + 1)
		assert_in_range(eol - s, 1, 80);
	buf_fini(&b);
	buf_fini(&joined);
}

/* A place of loss is told with what is known of it, and with nothing that is not. */
static void drops(void **state)
{
	struct buf b = { 0 };

	begin(3);
	a.n_drops = 3;
	a.drops[0] = (struct drop){ .place = DROP_PATH_OR_PEER, .packets = 3, .reason = "SOCKET_FILTER" };
	a.drops[1] =
		(struct drop){ .place = DROP_LOCAL_INPUT, .packets = 1, .reply = true, .rule = "tcp sport 7 drop" };
	a.drops[2] =
		(struct drop){ .place = DROP_LOCAL_OUTPUT, .reason = "QDISC_DROP", .function = "__dev_queue_xmit" };
	text_verdict(&a, &v, &plain, &b);
	assert_string_equal(buf_text(&b), "timed-out: the kernel gave up\n"
					  "  dropped at   path-or-peer, 3 SYNs, SOCKET_FILTER\n"
					  "  dropped at   local-input, 1 SYN-ACK, by \"tcp sport 7 drop\"\n"
					  "  dropped at   local-output, QDISC_DROP in __dev_queue_xmit\n");
	buf_fini(&b);
}

/* Every SYN that the kernel can send has its row. */
static void tables_of_all_sizes(void **state)
{
	static const int sizes[] = { 1, 2, 6, 253, 254, 255 };
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int n = sizes[i];
		char last[80];

		begin(n);
		text_table(&a, &v, NULL, &b);
		assert_string_equal(buf_text(&b), ""); /* there is no policy */
		a.has_policy = true;
		policy_default(0, &a.policy);
		a.policy.retries = a.policy.linear = 127;
		a.policy.user_timeout_ms = POLICY_USER_TIMEOUT_MS_MAX;
		a.ended_ns = START + 999 * S;
		text_table(&a, &v, NULL, &b);
		assert_tame(buf_text(&b));
		snprintf(last, sizeof(last), "\n%9d", n - 1);
		assert_non_null(strstr(buf_text(&b), last));
		/* heading, SYNs, the one that was not sent, how many more, the end */
		assert_int_equal(lines_of(buf_text(&b), "\n"), n + 2 + (n < 255) + (n < 254));
		assert_int_equal(lines_of(buf_text(&b), "  never sent\n"), n < 255);
		assert_non_null(strstr(buf_text(&b), "\n      end"));
		assert_non_null(strstr(buf_text(&b), "     999.000\n"));
		buf_reset(&b);
	}
	buf_fini(&b);
}

/* A SYN that was answered at once needs no table; one that was not does. */
static void tables_that_say_nothing(void **state)
{
	struct buf b = { 0 };

	begin(1);
	a.has_policy = true;
	policy_default(0, &a.policy);
	v.outcome = OUTCOME_ESTABLISHED;
	text_table(&a, &v, NULL, &b);
	assert_string_equal(buf_text(&b), "");
	a.n_syns = 2;
	a.syn_ns[1] = START + 1009 * MS;
	text_table(&a, &v, NULL, &b);
	assert_string_equal(buf_text(&b), "      SYN     nominal    observed         gap\n"
					  "        0       0.000       0.000\n"
					  "        1       1.000       1.009       1.009\n");
	buf_fini(&b);
}

/* A fast lab's table has the lab's axis and the clock's. */
static void scaled_table(void **state)
{
	struct buf b = { 0 };

	begin(2);
	a.has_policy = true;
	policy_default(0, &a.policy);
	a.policy.retries = 1;
	a.policy.linear = 0;
	lab = a;
	a.policy.rto_first_j = 3;
	a.syn_ns[1] = START + 16 * MS;
	a.ended_ns = START + 44 * MS;
	lab.syn_ns[1] = START + 1009 * MS;
	lab.ended_ns = START + 3025 * MS;
	text_table(&a, &v, &lab, &b);
	assert_string_equal(buf_text(&b),
			    "      SYN     nominal   observed*         gap   real clock\n"
			    "        0       0.000       0.000                   0.000\n"
			    "        1       1.000       1.009       1.009       0.016\n"
			    "      end       3.000       3.025                   0.044\n"
			    "      * scaled: what the real clock's time stands for at a first RTO of 1 s\n");
	buf_fini(&b);
}

static void netstat(void **state)
{
	struct event_state s = { .wqueue = 1, .pid = 4242, .comm = "evil\x1b]\x07\n" };
	struct buf b = { 0 };

	assert_int_equal(endpoint_parse("127.0.0.1:60632", &s.flow.client), 0);
	assert_int_equal(endpoint_parse("127.0.0.1:12345", &s.flow.server), 0);
	text_netstat(&s, &b);
	assert_string_equal(buf_text(&b), "tcp        0      1 127.0.0.1:60632         127.0.0.1:12345         "
					  "SYN_SENT    4242/evil\\x1b]\\x07\\n");
	buf_reset(&b);
	assert_int_equal(endpoint_parse("[2001:db8::2]:60632", &s.flow.client), 0);
	assert_int_equal(endpoint_parse("[2001:db8:1:2:3:4:5:6]:443", &s.flow.server), 0);
	s.pid = 0;
	s.rqueue = 12345678;
	text_netstat(&s, &b);
	assert_string_equal(buf_text(&b), "tcp6  12345678      1 [2001:db8::2]:60632     [2001:db8:1:2:3:4:5:6]:443 "
					  "SYN_SENT    -");
	buf_reset(&b);
	memset(s.comm, 'x', sizeof(s.comm)); /* as long as the kernel's, without a NUL */
	s.pid = INT32_MAX;
	text_netstat(&s, &b);
	assert_non_null(strstr(buf_text(&b), "2147483647/xxxxxxxxxxxxxxxx"));
	assert_tame(buf_text(&b));
	buf_fini(&b);
}

static void seconds(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "0.000" },
		{ 1, "0.000" },
		{ 499999, "0.000" },
		{ 500000, "0.001" },
		{ 274 * MS, "0.274" },
		{ 999999999, "1.000" },
		{ -400000, "0.000" },
		{ -500000, "-0.001" },
		{ -65202 * MS, "-65.202" },
		{ 14759601 * MS, "14759.601" },
	};
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&b);
		text_seconds(cases[i].ns, &b);
		assert_string_equal(buf_text(&b), cases[i].text);
	}
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_bytes),
		cmocka_unit_test(colour_repeats_words),
		cmocka_unit_test(wrapping),
		cmocka_unit_test(drops),
		cmocka_unit_test(tables_of_all_sizes),
		cmocka_unit_test(tables_that_say_nothing),
		cmocka_unit_test(scaled_table),
		cmocka_unit_test(netstat),
		cmocka_unit_test(seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
