/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sinks/attempt_line.h"
#include "sinks/figures.h"

#define US ((int64_t)1000)
#define MS ((int64_t)1000000)
#define S ((int64_t)1000000000)
#define START (1773507733 * S + 401 * MS) /* 2026-03-14 17:02:13.401 UTC */

static struct attempt a;
static struct verdict v;

/* n SYNs of the classic schedule. */
static void begin(const char *client, const char *server, int n)
{
	static const int64_t at_ms[] = { 0, 1009, 3025, 7089, 15281, 31409 };
	int i;

	memset(&a, 0, sizeof(a));
	memset(&v, 0, sizeof(v));
	assert_int_equal(endpoint_parse(client, &a.flow.client), 0);
	assert_int_equal(endpoint_parse(server, &a.flow.server), 0);
	a.number = 17;
	a.syns_seen = true;
	a.n_syns = n;
	for (i = 0; i < n; i++)
		a.syn_ns[i] = START + at_ms[i] * MS;
}

static struct reply *replied(enum reply_kind kind, int64_t after_ns, enum ignored ignored)
{
	struct reply *r = &a.replies[a.n_replies++];

	*r = (struct reply){ .kind = kind, .t_ns = START + after_ns, .ignored = ignored };
	r->from = a.flow.server.addr;
	return r;
}

static void judged(enum outcome o, enum confidence c, int64_t elapsed_ns, const char *headline)
{
	v.outcome = o;
	v.confidence = c;
	v.elapsed_ns = elapsed_ns;
	snprintf(v.headline, sizeof(v.headline), "%s", headline);
}

static void assert_line(const char *should, const struct attempt_line_look *look)
{
	static const struct attempt_line_look plain;
	struct buf b = { 0 };

	attempt_line(&a, &v, look ? look : &plain, &b);
	assert_string_equal(buf_text(&b), should);
	buf_fini(&b);
}

static void outcomes(void **test)
{
	struct reply *r;

	begin("10.0.12.83:33878", "198.18.227.36:443", 6);
	judged(OUTCOME_TIMED_OUT, CONFIDENCE_LIKELY, 31409 * MS, "6 SYNs over 31.4 s, then silence: Linux, 5 retries");
	assert_line("   17  17:02:13.401  10.0.12.83:33878 > 198.18.227.36:443    timed-out    "
		    "6 SYNs over 31.4 s, then silence: Linux, 5 retries  (likely)\n",
		    NULL);
	/* once is enough */
	judged(OUTCOME_ABANDONED, CONFIDENCE_LIKELY, 1009 * MS, "the application gave up, likely, before SYN 2");
	assert_line("   17  17:02:13.401  10.0.12.83:33878 > 198.18.227.36:443    abandoned    "
		    "the application gave up, likely, before SYN 2\n",
		    NULL);
	begin("10.0.12.83:33880", "198.18.1.2:80", 1);
	replied(REPLY_SYN_ACK, 1200 * US, IGNORED_NOT);
	judged(OUTCOME_ESTABLISHED, CONFIDENCE_LIKELY, 1200 * US, "connected in 1.20 ms");
	assert_line("   17  17:02:13.401  10.0.12.83:33880 > 198.18.1.2:80        established  1.2 ms\n", NULL);
	begin("10.0.12.83:33880", "198.18.1.2:80", 3);
	judged(OUTCOME_ESTABLISHED, CONFIDENCE_LIKELY, 3026 * MS, "");
	a.crossed = true;
	assert_line("   17  17:02:13.401  10.0.12.83:33880 > 198.18.1.2:80        established  "
		    "3.03 s, 3 SYNs, simultaneous open\n",
		    NULL);
	begin("10.0.12.83:33880", "198.18.1.2:80", 2);
	replied(REPLY_RST, 1009 * MS + 310 * US, IGNORED_NOT);
	judged(OUTCOME_REFUSED, CONFIDENCE_LIKELY, 1009 * MS + 310 * US, "refused");
	assert_line("   17  17:02:13.401  10.0.12.83:33880 > 198.18.1.2:80        refused      "
		    "1.01 s, RST on SYN 1\n",
		    NULL);
	begin("[2001:db8::1]:5", "[2001:db8::2]:80", 1);
	r = replied(REPLY_ICMP, 2100 * US, IGNORED_NOT);
	r->icmp_family = 6;
	r->icmp_type = r->icmp_code = 1;
	judged(OUTCOME_UNREACHABLE, CONFIDENCE_LIKELY, 2100 * US, "unreachable");
	assert_line("   17  17:02:13.401  [2001:db8::1]:5 > [2001:db8::2]:80      unreachable  "
		    "icmp6 1/1 (admin prohibited) from 2001:db8::2 after 2.1 ms\n",
		    NULL);
}

static void what_is_not_known(void **test)
{
	begin("10.0.0.1:1", "10.0.0.2:2", 2);
	replied(REPLY_SYN_ACK, 2 * MS, IGNORED_WRONG_ACK);
	judged(OUTCOME_UNANSWERED, CONFIDENCE_UNKNOWN, 1009 * MS, "2 SYNs, then silence");
	assert_line("   17  17:02:13.401  10.0.0.1:1 > 10.0.0.2:2                 unanswered   "
		    "2 SYNs, then silence; syn-ack ignored: wrong ack\n",
		    NULL);
	begin("10.0.0.1:1", "10.0.0.2:2", 1);
	judged(OUTCOME_PENDING, CONFIDENCE_LIKELY, 1009 * MS, "");
	a.evicted = true;
	assert_line("   17  17:02:13.401  10.0.0.1:1 > 10.0.0.2:2                 pending      "
		    "1 SYN over 1.01 s, judged too early for want of memory\n",
		    NULL);
	/* refused, but the kernel alone told so */
	begin("10.0.0.1:1", "10.0.0.2:2", 1);
	judged(OUTCOME_REFUSED, CONFIDENCE_CERTAIN, MS, "the peer refused the connection");
	assert_line("   17  17:02:13.401  10.0.0.1:1 > 10.0.0.2:2                 refused      "
		    "the peer refused the connection  (certain)\n",
		    NULL);
}

/* A path, a long pair, a date, colour; and text that must not steer a terminal. */
static void shapes(void **test)
{
	const struct attempt_line_look look = { .color = true, .date = true };

	begin("[2001:db8:85a3:8d3:1319:8a2e:370:7348]:33884", "198.18.1.2:80", 1);
	a.number = 4000000000u;
	snprintf(a.path, sizeof(a.path), "vlan 10\033[2J");
	judged(OUTCOME_ABANDONED, CONFIDENCE_LIKELY, MS, "gave\tup");
	assert_line("4000000000  2026-03-14 17:02:13.401  [2001:db8:85a3:8d3:1319:8a2e:370:7348]:33884 > 198.18.1.2:80 "
		    "[vlan 10\\x1b[2J]  \033[31mabandoned\033[0m    gave\\tup  (likely)\n",
		    &look);
	judged(OUTCOME_ESTABLISHED, CONFIDENCE_LIKELY, 131 * S, "");
	a.path[0] = 0;
	assert_line(
		"4000000000  2026-03-14 17:02:13.401  [2001:db8:85a3:8d3:1319:8a2e:370:7348]:33884 > 198.18.1.2:80  "
		"\033[32mestablished\033[0m  131 s\n",
		&look);
}

/* A verdict made by verdict_make() rather than by hand; the words are its own. */
static void a_real_verdict(void **test)
{
	struct buf b = { 0 };
	const struct attempt_line_look look = { 0 };

	begin("10.0.0.1:1", "10.0.0.2:2", 6);
	a.observed_until_ns = START + 600 * S;
	verdict_make(&a, &v);
	attempt_line(&a, &v, &look, &b);
	assert_non_null(strstr(buf_text(&b), outcome_word(v.outcome)));
	assert_non_null(strstr(buf_text(&b), v.headline));
	assert_int_equal(buf_text(&b)[b.len - 1], '\n');
	assert_ptr_equal(strchr(buf_text(&b), '\n'), buf_text(&b) + b.len - 1);
	buf_fini(&b);
}

static void assert_figure(struct buf *b, const char *should)
{
	assert_string_equal(buf_text(b), should);
	buf_reset(b);
}

static void figures(void **test)
{
	static const struct {
		int64_t ns;
		const char *elapsed, *length;
	} times[] = {
		{ 0, "0.000 ms", "0.000 ms" },	     { 1499, "0.001 ms", "0.001 ms" },
		{ 312 * US, "0.31 ms", "0.31 ms" },  { 994999, "0.99 ms", "0.99 ms" },
		{ 995 * US, "1.0 ms", "1.0 ms" },    { 99949 * US, "99.9 ms", "99.9 ms" },
		{ 99950 * US, "100 ms", "100 ms" },  { 999499 * US, "999 ms", "999 ms" },
		{ 999500 * US, "1.00 s", "1.00 s" }, { 9994 * MS, "9.99 s", "10.0 s" },
		{ 9995 * MS, "10.0 s", "10.0 s" },   { 99949 * MS, "99.9 s", "100 s" },
		{ 131 * S, "131 s", "2 min" },	     { 7199 * S, "7199 s", "2 h 0 min" },
		{ 7200 * S, "7200 s", "2 h 0 min" }, { 48 * 3600 * S, "172800 s", "2 days 0 h" },
	};
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		figures_elapsed(times[i].ns, &b);
		assert_figure(&b, times[i].elapsed);
		figures_length(times[i].ns, &b);
		assert_figure(&b, times[i].length);
	}
	figures_elapsed(-1500 * US, &b);
	assert_figure(&b, "-1.5 ms");
	figures_count(0, &b);
	buf_char(&b, ' ');
	figures_count(999, &b);
	buf_char(&b, ' ');
	figures_count(1000, &b);
	buf_char(&b, ' ');
	figures_count(UINT64_MAX, &b);
	assert_figure(&b, "0 999 1,000 18,446,744,073,709,551,615");
	figures_bytes(999, &b);
	buf_char(&b, ' ');
	figures_bytes(1000, &b);
	buf_char(&b, ' ');
	figures_bytes(1999999744, &b);
	buf_char(&b, ' ');
	figures_bytes(999600, &b);
	buf_char(&b, ' ');
	figures_bytes(UINT64_MAX, &b);
	assert_figure(&b, "999 B 1.0 kB 2.0 GB 1.0 MB 18 EB");
	figures_percent(0, 7, &b);
	buf_char(&b, ' ');
	figures_percent(1, 1001, &b);
	buf_char(&b, ' ');
	figures_percent(61, 1000, &b);
	buf_char(&b, ' ');
	figures_percent(994, 1000, &b);
	buf_char(&b, ' ');
	figures_percent(997, 1000, &b);
	buf_char(&b, ' ');
	figures_percent(99999, 100000, &b);
	buf_char(&b, ' ');
	figures_percent(7, 7, &b);
	assert_figure(&b, "0 % <0.1 % 6.1 % 99 % 99.7 % >99.9 % 100 %");
	buf_fini(&b);
}

static void clocks(void **test)
{
	struct buf b = { 0 };

	figures_clock(START, CLOCK_DATE | CLOCK_MS, &b);
	assert_figure(&b, "2026-03-14 17:02:13.401");
	figures_clock(START, CLOCK_DAY, &b);
	assert_figure(&b, "03-14 17:02:13");
	figures_clock(START, CLOCK_MINUTE, &b);
	assert_figure(&b, "17:02");
	figures_clock(-1, CLOCK_DATE | CLOCK_MS, &b);
	assert_figure(&b, "1969-12-31 23:59:59.999");
	figures_clock(INT64_MAX, CLOCK_DATE, &b);
	assert_figure(&b, "2262-04-11 23:47:16");
	figures_clock(INT64_MIN, CLOCK_DATE, &b);
	assert_figure(&b, "1677-09-21 00:12:43");
	figures_zone(START, &b);
	assert_figure(&b, "UTC");
	assert_true(figures_same_day(START, START + 6 * 3600 * S));
	assert_false(figures_same_day(START, START + 7 * 3600 * S));
	assert_false(figures_same_day(START, START + 365 * 86400 * S));
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outcomes),	  cmocka_unit_test(what_is_not_known), cmocka_unit_test(shapes),
		cmocka_unit_test(a_real_verdict), cmocka_unit_test(figures),	       cmocka_unit_test(clocks),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
