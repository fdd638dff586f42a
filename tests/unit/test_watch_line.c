/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line of `watch`, at any width. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/random.h"
#include "tests/unit/watch_told.h"

static void assert_head(int columns, const char *should)
{
	struct buf b = { 0 };

	watch_line_head(columns, &b);
	assert_string_equal(buf_text(&b), should);
	buf_fini(&b);
}

static void assert_same_words(const char *x, const char *y)
{
	static const char blank[] = " \n";
	size_t n;

	for (; *x; x += n, y += n) {
		x += strspn(x, blank);
		y += strspn(y, blank);
		n = strcspn(x, blank);
		assert_int_equal(strcspn(y, blank), n);
		assert_memory_equal(x, y, n);
	}
}

static void lines(void **test)
{
	assert_head(0, "TIME      PROCESS             SERVER                  OUTCOME          AFTER  SYNS  WHY\n");
	begin(1);
	judged(OUTCOME_ESTABLISHED, 310 * US, 0);
	assert_line(&plain, "17:02:13  curl[812]           10.0.0.2:443            established    0.31 ms     1\n");
	begin(4);
	judged(OUTCOME_ABANDONED, 10 * S, 0);
	assert_line(
		&plain,
		"17:02:23  curl[812]           10.0.0.2:443            abandoned       10.0 s     4  closed by the program; no answer\n");
	addr_parse("fd00::2", &a.silent_hop);
	assert_line(
		&plain,
		"17:02:23  curl[812]           10.0.0.2:443            abandoned       10.0 s     4  closed by the program; no answer of neighbour fd00::2 (ND)\n");
	a.silent_hop = (struct addr){ 0 };
	begin(0);
	judged(OUTCOME_FAILED, 0, EADDRNOTAVAIL);
	snprintf(v.headline, sizeof(v.headline), "no free source port or address on this host");
	assert_line(
		&plain,
		"17:02:13  curl[812]           10.0.0.2:443            failed         at once     0  EADDRNOTAVAIL: no free source port or address on this host\n");
	/* what is longer than its column takes the room of the next, or pushes the rest on */
	begin(1);
	endpoint_parse("[2001:db8:85a3:8d3:1319:8a2e:370:7348]:443", &a.flow.server);
	strcpy(a.comm, "fifteen-letters");
	a.pid = 4194304;
	judged(OUTCOME_REFUSED, 200 * US, ECONNREFUSED);
	assert_line(
		&plain,
		"17:02:13  fifteen-letters[4194304]  [2001:db8:85a3:8d3:1319:8a2e:370:7348]:443  refused  0.20 ms  1  RST\n");
}

/* A terminal of 80 columns and fewer, where not even the columns have room. */
static void narrow(void **test)
{
	const struct watch_line_look at80 = { .columns = 80 }, at90 = { .columns = 90 }, at40 = { .columns = 40 },
				     evidence = { .columns = 80, .evidence = true };

	assert_head(80, "TIME      PROCESS          SERVER                 OUTCOME          AFTER  SYNS\n"
			"          WHY\n");
	assert_head(83, "TIME      PROCESS          SERVER                 OUTCOME          AFTER  SYNS  WHY\n");
	begin(2);
	endpoint_parse("10.77.0.2:99", &a.flow.server);
	strcpy(a.comm, "python3");
	a.pid = 20856;
	judged(OUTCOME_ABANDONED, 1300 * MS, 0);
	dropped(DROP_PATH_OR_PEER, 2)->netns = 2;
	assert_line(&at80, "17:02:14  python3[20856]   10.77.0.2:99           abandoned       1.30 s     2\n"
			   "          closed by the program; SYN dropped in another network namespace of\n"
			   "          this host: NETFILTER_DROP in nf_hook_slow\n");
	v.n_evidence = 1;
	strcpy(v.evidence[0], "the kernel would have gone on until 131.072 s, by this host's sysctls as they are");
	assert_line(&evidence, "17:02:14  python3[20856]   10.77.0.2:99           abandoned       1.30 s     2\n"
			       "          closed by the program; SYN dropped in another network namespace of\n"
			       "          this host: NETFILTER_DROP in nf_hook_slow\n"
			       "            the kernel would have gone on until 131.072 s, by this host's\n"
			       "              sysctls as they are\n");
	/* a figure keeps its unit */
	strcpy(v.evidence[0], "the kernel, by this host's sysctls, would have gone on until 134.520 s");
	assert_line(&evidence, "17:02:14  python3[20856]   10.77.0.2:99           abandoned       1.30 s     2\n"
			       "          closed by the program; SYN dropped in another network namespace of\n"
			       "          this host: NETFILTER_DROP in nf_hook_slow\n"
			       "            the kernel, by this host's sysctls, would have gone on until\n"
			       "              134.520 s\n");
	/* nothing to say has no line; what has room stands on the row */
	begin(1);
	judged(OUTCOME_ESTABLISHED, 310 * US, 0);
	assert_line(&at80, "17:02:13  curl[812]        10.0.0.2:443           established    0.31 ms     1\n");
	judged(OUTCOME_REFUSED, 310 * US, ECONNREFUSED);
	assert_line(&at90, "17:02:13  curl[812]        10.0.0.2:443           refused        0.31 ms     1  RST\n");
	/* what is longer than its column takes the room of the next one, or pushes the rest below */
	assert_line(&(struct watch_line_look){ .columns = 80, .container = "0123456789ab" },
		    "17:02:13  curl[812]@0123456789ab  10.0.0.2:443    refused        0.31 ms     1\n"
		    "          RST\n");
	endpoint_parse("[2001:db8:85a3:8d3:1319:8a2e:370:7348]:443", &a.flow.server);
	strcpy(a.comm, "fifteen-letters");
	a.pid = 4194304;
	assert_line(&at80, "17:02:13  fifteen-letters[4194304]  [2001:db8:85a3:8d3:1319:8a2e:370:7348]:443\n"
			   "                                                  refused        0.31 ms     1\n"
			   "          RST\n");
	assert_line(&at40, "17:02:13  fifteen-letters[4194304]\n"
			   "          [2001:db8:85a3:8d3:1319:8a2e:370:7348]:443\n"
			   "          refused  0.31 ms  1\n"
			   "          RST\n");
	/* what is left of the columns stays together */
	endpoint_parse("[fd00:77::dead:beef:1234:5678]:80", &a.flow.server);
	strcpy(a.comm, "python3");
	a.pid = 22647;
	judged(OUTCOME_ABANDONED, 1200 * MS, 0);
	assert_line(&at80, "17:02:14  python3[22647]   [fd00:77::dead:beef:1234:5678]:80\n"
			   "                                                  abandoned       1.20 s     1\n"
			   "          closed by the program; no answer\n");
	endpoint_parse("[fd00:77::dead:beef:1]:443", &a.flow.server);
	assert_line(&at80, "17:02:14  python3[22647]   [fd00:77::dead:beef:1]:443  abandoned  1.20 s     1\n"
			   "          closed by the program; no answer\n");
}

static void wider(void **test)
{
	const struct watch_line_look at120 = { .columns = 120 };

	assert_head(120, "TIME      PROCESS             SERVER                  OUTCOME          AFTER  SYNS  WHY\n");
	begin(2);
	judged(OUTCOME_ABANDONED, 1300 * MS, 0);
	assert_line(
		&at120,
		"17:02:14  curl[812]           10.0.0.2:443            abandoned       1.30 s     2  closed by the program; no answer\n");
	a.winner_ns = 1;
	addr_parse("10.0.0.3", &a.winner.addr);
	assert_line(&at120, "17:02:14  curl[812]           10.0.0.2:443            abandoned       1.30 s     2\n"
			    "          likely cancelled, since 10.0.0.3 won; no answer\n");
	a.winner_ns = 0;
	dropped(DROP_LOCAL_INPUT, 2);
	assert_line(
		&at120,
		"17:02:14  curl[812]           10.0.0.2:443            abandoned       1.30 s     2\n"
		"          closed by the program; SYN dropped here, on its way in: NETFILTER_DROP in nf_hook_slow\n");
}

/* At any width that has room for the longest number: no line is wider, but where it is a single word; and no word is
 * lost. */
static void any_width(void **test)
{
	struct watch_line_look look = { .evidence = true };
	struct buf one = { 0 }, b = { 0 };

	begin(6);
	judged(OUTCOME_TIMED_OUT, 65 * S, ETIMEDOUT);
	strcpy(dropped(DROP_LOCAL_INPUT, 6)->rule, "nft inet fw input handle 8: tcp dport @bad counter drop");
	v.n_evidence = 1;
	strcpy(v.evidence[0], "the kernel would have gone on until 131.072 s");
	watch_line(&a, &v, &look, &one);
	for (look.columns = 20; look.columns < 240; look.columns++) {
		const char *line, *end;

		buf_reset(&b);
		watch_line(&a, &v, &look, &b);
		for (line = buf_text(&b); *line; line = end + 1) {
			const char *word = line + strspn(line, " ");

			end = strchr(line, '\n');
			if (end - line > look.columns && memchr(word, ' ', (size_t)(end - word)))
				fail_msg("at %d: %.*s", look.columns, (int)(end - line), line);
		}
		assert_same_words(buf_text(&one), buf_text(&b));
	}
	buf_fini(&one);
	buf_fini(&b);
}

static void looks(void **test)
{
	const struct watch_line_look color = { .color = true }, more = { .evidence = true },
				     container = { .container = "0123456789ab" };

	begin(1);
	judged(OUTCOME_ESTABLISHED, 310 * US, 0);
	assert_line(
		&color,
		"17:02:13  curl[812]           10.0.0.2:443            \033[32mestablished\033[0m    0.31 ms     1\n");
	judged(OUTCOME_REFUSED, 310 * US, ECONNREFUSED);
	assert_line(
		&color,
		"17:02:13  curl[812]           10.0.0.2:443            \033[31mrefused\033[0m        0.31 ms     1  RST\n");
	judged(OUTCOME_PENDING, 310 * US, 0);
	assert_line(&color,
		    "17:02:13  curl[812]           10.0.0.2:443            pending        0.31 ms     1  no answer\n");
	v.n_evidence = 2;
	strcpy(v.evidence[0], "one");
	strcpy(v.evidence[1], "an\nother\033[2J");
	assert_line(&more,
		    "17:02:13  curl[812]           10.0.0.2:443            pending        0.31 ms     1  no answer\n"
		    "            one\n"
		    "            an\\nother\\x1b[2J\n");
	strcpy(v.advice, "`ip route get ADDRESS`");
	assert_line(&more,
		    "17:02:13  curl[812]           10.0.0.2:443            pending        0.31 ms     1  no answer\n"
		    "            one\n"
		    "            an\\nother\\x1b[2J\n"
		    "            see: `ip route get ADDRESS`\n");
	v.n_evidence = 0;
	strcpy(v.advice, "that rule; no timeout is involved");
	v.advice_is_remedy = true;
	assert_line(&more,
		    "17:02:13  curl[812]           10.0.0.2:443            pending        0.31 ms     1  no answer\n"
		    "            to change it: that rule; no timeout is involved\n");
	assert_line(&container,
		    "17:02:13  curl[812]@0123456789ab  10.0.0.2:443        pending        0.31 ms     1  no answer\n");
	a.pid = 0;
	a.comm[0] = 0;
	assert_line(&plain,
		    "17:02:13  -                   10.0.0.2:443            pending        0.31 ms     1  no answer\n");
}

static void inbound(void **test)
{
	struct buf b = { 0 };

	begin(2);
	judged(OUTCOME_UNANSWERED, 1010 * MS, 0);
	strcpy(v.headline, "ignored");
	watch_line_inbound(&a, &v, NULL, &plain, &b);
	assert_string_equal(
		buf_text(&b),
		"17:02:14  (inbound)           10.0.0.2:443            unanswered      1.01 s     2  from 10.0.0.1:40000; ignored\n");
	buf_reset(&b);
	dropped(DROP_LOCAL_INPUT, 2);
	watch_line_inbound(&a, &v, &a.drops[0], &plain, &b);
	assert_string_equal(
		buf_text(&b),
		"17:02:14  (inbound)           10.0.0.2:443            unanswered      1.01 s     2  from 10.0.0.1:40000; ignored; SYN dropped here, on its way in: NETFILTER_DROP in nf_hook_slow\n");
	/* one SYN, and nothing after it: no time passed that was seen */
	begin(1);
	judged(OUTCOME_UNANSWERED, 0, 0);
	strcpy(v.headline, "ignored");
	buf_reset(&b);
	watch_line_inbound(&a, &v, NULL, &plain, &b);
	assert_string_equal(
		buf_text(&b),
		"17:02:13  (inbound)           10.0.0.2:443            unanswered           -     1  from 10.0.0.1:40000; ignored\n");
	buf_fini(&b);
}

/* Whatever a process calls itself: one line, and nothing that steers a terminal. */
static void hostile_names(void **test)
{
	const struct watch_line_look look = { .container = "0123456789ab" };
	uint64_t state = 0x5eed;
	size_t i;
	int n;

	begin(1);
	judged(OUTCOME_ESTABLISHED, 310 * US, 0);
	memcpy(a.comm,
	       "\033]0;x\a\n\\\xff\x9b"
	       "2J",
	       13);
	assert_line(&plain,
		    "17:02:13  \\x1b]0;x\\x07\\n\\\\\\xff\\x9b2J[812]  10.0.0.2:443  established  0.31 ms    1\n");
	/* as long as its room, without a NUL */
	memset(a.comm, 'x', sizeof(a.comm));
	assert_line(&plain, "17:02:13  xxxxxxxxxxxxxxxx[812]  10.0.0.2:443         established    0.31 ms     1\n");
	for (n = 0; n < 20000; n++) {
		struct buf b = { 0 };

		for (i = 0; i < sizeof(a.comm); i++)
			a.comm[i] = (char)random_u64(&state);
		watch_line(&a, &v, &look, &b);
		assert_int_equal(b.data[b.len - 1], '\n');
		for (i = 0; i + 1 < b.len; i++)
			if ((unsigned char)b.data[i] < ' ' || b.data[i] == 127)
				fail_msg("byte %02x in: %s", (unsigned char)b.data[i], b.data);
		assert_null(strstr(b.data, "\xc2\x9b")); /* CSI, as one character of C1 */
		buf_fini(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),	 cmocka_unit_test(narrow), cmocka_unit_test(wider),
		cmocka_unit_test(any_width),	 cmocka_unit_test(looks),  cmocka_unit_test(inbound),
		cmocka_unit_test(hostile_names),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
