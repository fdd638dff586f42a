/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sinks/text.h"

#define S ((int64_t)1000000000)
#define MS ((int64_t)1000000)
#define START (1700000000 * S)

/* Three SYNs of the classic policy, dropped by a rule. */
static void sample(struct attempt *a)
{
	static const int64_t at[] = { 0, S, 3 * S };
	int i;

	memset(a, 0, sizeof(*a));
	a->flow.client = (struct endpoint){ { 4, { 127, 0, 0, 1 } }, 60632 };
	a->flow.server = (struct endpoint){ { 4, { 127, 0, 0, 1 } }, 12345 };
	a->has_policy = true;
	policy_default(0, &a->policy);
	a->policy.retries = 5;
	a->policy.linear = 0;
	a->n_syns = 3;
	for (i = 0; i < 3; i++)
		a->syn_ns[i] = START + at[i];
	a->syns_seen = a->socket_seen = true;
	a->connect_ns = START;
	a->end = ATTEMPT_END_TIMER;
	a->own_timer = true;
	a->own_timer_ns = 4 * S;
	a->ended_ns = START + 4 * S;
	a->n_drops = 1;
	a->drops[0].place = DROP_LOCAL_INPUT;
	a->drops[0].packets = 3;
	snprintf(a->drops[0].rule, sizeof(a->drops[0].rule), "ip daddr 127.0.0.1 tcp dport 12345 counter drop");
}

static void verdict_fits(void **state)
{
	struct text_opts o = { 0 };
	struct buf b = { 0 };
	struct attempt a;
	struct verdict v;
	const char *line, *end;

	sample(&a);
	verdict_make(&a, &v);
	text_verdict(&a, &v, &o, &b);
	for (line = buf_text(&b); *line; line = end + 1) {
		end = strchr(line, '\n');
		assert_non_null(end);
		assert_in_range(end - line, 1, 80);
	}
	assert_non_null(strstr(buf_text(&b), "\n  dropped at   local-input, 3 SYNs, by \"ip daddr "));
	/* a row that goes on is told from the next row */
	assert_non_null(strstr(buf_text(&b), "\n                 "));
	buf_fini(&b);
}

static void a_rule_that_answers_rejects(void **state)
{
	struct text_opts o = { 0 };
	struct buf b = { 0 };
	struct attempt a;
	struct verdict v;

	assert_true(text_rejects("tcp dport 12345 counter reject with tcp reset"));
	assert_false(text_rejects("tcp dport 12345 counter drop"));
	sample(&a);
	snprintf(a.drops[0].rule, sizeof(a.drops[0].rule), "tcp dport 12345 counter reject");
	verdict_make(&a, &v);
	text_verdict(&a, &v, &o, &b);
	assert_non_null(strstr(buf_text(&b), "\n  rejected at  local-input"));
	buf_fini(&b);
}

/* What is not known for certain is not told as if it were. */
static void a_guessed_rule_is_one(void **state)
{
	struct text_opts o = { .plain = true };
	struct buf b = { 0 };
	struct attempt a;
	struct verdict v;

	sample(&a);
	verdict_make(&a, &v);
	snprintf(a.drops[0].rule, sizeof(a.drops[0].rule), "tcp dport 1 drop");
	text_verdict(&a, &v, &o, &b);
	assert_non_null(strstr(buf_text(&b), "3 SYNs: tcp dport 1 drop\n"));
	a.drops[0].rule_by = RULE_BY_GUESS;
	buf_reset(&b);
	text_verdict(&a, &v, &o, &b);
	assert_non_null(strstr(buf_text(&b), "3 SYNs: perhaps tcp dport 1 drop (by\n"));
	assert_non_null(strstr(buf_text(&b), "counters)\n"));
	buf_fini(&b);
}

static void waiting(void **state)
{
	struct event_state kernel = { .state = 2, .retransmits = 2, .timer = 1, .expires_ms = 3900 };
	struct buf b = { 0 };
	struct attempt a;

	sample(&a);
	a.own_timer = false;
	text_waiting(&a, &kernel, START + 3 * S + 100 * MS, START + 4 * S, &b);
	assert_string_equal(buf_text(&b), "SYN-SENT  retrans 2 of 5 timer 3.0 s   SYN 3 in 3.0 s   end in 59.0 s");
	buf_reset(&b);
	/* the client's own timer comes first: no SYN is promised that will not leave */
	a.own_timer = true;
	text_waiting(&a, NULL, 0, START + 3500 * MS, &b);
	assert_string_equal(buf_text(&b), "SYN-SENT  retrans 2 of 5   own timer in 0.5 s");
	buf_reset(&b);
	/* what the kernel said before its last SYN is no news of its timer */
	a.own_timer = false;
	kernel.retransmits = 1;
	text_waiting(&a, &kernel, START + S, START + 4 * S, &b);
	assert_string_equal(buf_text(&b), "SYN-SENT  retrans 2 of 5   SYN 3 in 3.0 s   end in 59.0 s");
	buf_fini(&b);
}

static void scaled_note(void **state)
{
	struct attempt fast, lab;
	struct buf b = { 0 };
	struct verdict v;

	sample(&fast);
	sample(&lab);
	fast.ended_ns = START + 40 * MS;
	memset(&v, 0, sizeof(v));
	snprintf(v.headline, sizeof(v.headline), "SIGKILL ended the client while it waited for 12 systems");
	text_scaled_note(&fast, &v, &lab, &b);
	assert_string_equal(buf_text(&b), "");
	v.n_evidence = 1;
	snprintf(v.evidence[0], sizeof(v.evidence[0]), "it came 0.1 ms before");
	text_scaled_note(&fast, &v, &lab, &b);
	assert_string_equal(buf_text(&b), "  fast         times above are real: 0.040 s stand for 4.000 s\n");
	buf_fini(&b);
}

/* Of the SYNs that never left the table shows the first, and counts the rest. */
static void table(void **state)
{
	struct buf b = { 0 };
	struct attempt a;
	struct verdict v;

	sample(&a);
	verdict_make(&a, &v);
	text_table(&a, &v, NULL, &b);
	assert_string_equal(buf_text(&b), "      SYN     nominal    observed         gap\n"
					  "        0       0.000       0.000\n"
					  "        1       1.000       1.000       1.000\n"
					  "        2       3.000       3.000       2.000\n"
					  "        3       7.000  never sent\n"
					  "      ...  2 more that were never sent\n"
					  "      end      63.000       4.000\n");
	buf_fini(&b);
}

static void netstat(void **state)
{
	struct event_state s = { .wqueue = 1, .pid = 4242, .comm = "telnet\033[2J" };
	struct buf b = { 0 };

	s.flow.client = (struct endpoint){ { 4, { 127, 0, 0, 1 } }, 60632 };
	s.flow.server = (struct endpoint){ { 4, { 127, 0, 0, 1 } }, 12345 };
	text_netstat(&s, &b);
	assert_string_equal(buf_text(&b), "tcp        0      1 127.0.0.1:60632         127.0.0.1:12345         "
					  "SYN_SENT    4242/telnet\\x1b[2J");
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdict_fits),
		cmocka_unit_test(a_rule_that_answers_rejects),
		cmocka_unit_test(a_guessed_rule_is_one),
		cmocka_unit_test(waiting),
		cmocka_unit_test(scaled_note),
		cmocka_unit_test(table),
		cmocka_unit_test(netstat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
