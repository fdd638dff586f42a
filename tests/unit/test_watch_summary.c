/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The summary of `watch`: what it says, and that nothing that was lost stays unsaid. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sinks/diagram_layout.h"
#include "sinks/watch_summary.h"

#define MS ((int64_t)1000000)
#define S ((int64_t)1000000000)
#define START (1773507733 * S) /* 2026-03-14 17:02:13 UTC */

static struct summary *summary;
static const struct summary_look ascii;

static int set_up(void **test)
{
	summary = summary_new(0x5eed);
	return summary ? 0 : -1;
}

static int tear_down(void **test)
{
	summary_free(summary);
	return 0;
}

static void feed(int n, const char *server, enum outcome o, int n_syns, int64_t elapsed_ns)
{
	struct digest d = { .start_ns = START, .elapsed_ns = elapsed_ns, .n_syns = n_syns, .outcome = o };

	endpoint_parse("10.0.0.1:40000", &d.flow.client);
	endpoint_parse(server, &d.flow.server);
	while (n-- > 0) {
		d.start_ns += 100 * MS;
		summary_feed(summary, &d);
	}
}

static void assert_text(const struct watch_summary_facts *f, const char *should)
{
	struct buf b = { 0 };
	const char *line, *end;

	watch_summary_text(summary, f, &ascii, &b);
	assert_string_equal(buf_text(&b), should);
	for (line = buf_text(&b); *line; line = end + 1) {
		end = strchr(line, '\n');
		assert_non_null(end);
		assert_true(diagram_columns(line, (size_t)(end - line)) <= 80);
	}
	buf_fini(&b);
}

static void nothing(void **test)
{
	const struct watch_summary_facts f = { .took_ns = 3 * S };

	assert_text(&f, "0 attempts in 3.0 s; nothing lost\n");
}

static void losses(void **test)
{
	const struct watch_summary_loss lost[] = { { "tracepoint", 0 }, { "table", 1234 }, { "ring", 5 } };
	struct watch_summary_facts f = { .took_ns = 3 * S, .losses = lost, .n_losses = 1 };

	assert_text(&f, "0 attempts in 3.0 s; nothing lost\n");
	f.n_losses = 3;
	f.pending = 2;
	assert_text(&f, "0 attempts in 3.0 s; 2 still waiting; LOST: 1,234 (table), 5 (ring)\n");
}

static void all_of_it(void **test)
{
	const struct watch_summary_process processes[] = { { "wget", 30, 30 }, { "cu\033rl", 214, 0 } };
	struct watch_summary_facts f = { .took_ns = 40 * S,
					 .pending = 1,
					 .processes = processes,
					 .n_processes = 2,
					 .other_processes = 3,
					 .has_inbound = true,
					 .in_answered = 7,
					 .in_ignored = 2 };

	feed(200, "10.0.0.2:443", OUTCOME_ESTABLISHED, 1, 2 * MS);
	feed(14, "10.0.0.2:443", OUTCOME_ESTABLISHED, 2, 1012 * MS);
	feed(20, "10.0.0.3:5432", OUTCOME_TIMED_OUT, 6, 64 * S);
	feed(10, "[2001:db8::2]:80", OUTCOME_REFUSED, 1, MS);
	assert_text(&f, "244 attempts in 40 s; 1 still waiting; nothing lost\n"
			"attempts       244: 214 established, 20 timed-out, 10 refused\n"
			"failures       30 (12 %), began 17:02:13 to 17:02:15, peak 17:02:13 to 17:02:14\n"
			"               17:02:13 *#+=.____________________________________ 17:02:33\n"
			"worst servers  10.0.0.3:5432     all 20 timed-out, 17:02:13 to 17:02:15\n"
			"               [2001:db8::2]:80  all 10 refused, at 17:02:13\n"
			"SYNs needed    1: 200   2: 14\n"
			"SYNs in vain   1: 10   6: 20\n"
			"connect times  median 2.0 ms, p95 1.01 s, p99 1.01 s, longest 1.01 s\n"
			"               within 10 ms 93 %, 3 s 100 %\n"
			"servers        214 to 10.0.0.2:443, 20 to 10.0.0.3:5432, 10 to [2001:db8::2]:80\n"
			"processes      wget 30 (30 failed), cu\\x1brl 214, 3 others\n"
			"inbound        7 answered at once, 2 ignored\n");
}

static void notes(void **test)
{
	struct watch_summary_facts f = { .took_ns = S, .without = "it is not \033allowed here" };

	feed(1, "10.0.0.2:443", OUTCOME_REFUSED, 1, MS);
	assert_text(&f, "1 attempt in 1.0 s; nothing lost\n"
			"attempts       1, refused\n"
			"failures       1 (100 %), began at 17:02:13\n"
			"worst server   10.0.0.2:443  1 of 1 refused, at 17:02:13\n"
			"SYNs in vain   1: 1\n"
			"server         1 to 10.0.0.2:443\n"
			"without eBPF   it is not \\x1ballowed here\n");
	summary_free(summary);
	summary = summary_new(0x5eed);
	feed(1, "10.0.0.2:443", OUTCOME_REFUSED, 1, MS);
	f = (struct watch_summary_facts){ .took_ns = S, .drops_unseen = "this kernel tells of none" };
	assert_text(&f, "1 attempt in 1.0 s; nothing lost\n"
			"attempts       1, refused\n"
			"failures       1 (100 %), began at 17:02:13\n"
			"worst server   10.0.0.2:443  1 of 1 refused, at 17:02:13\n"
			"SYNs in vain   1: 1\n"
			"server         1 to 10.0.0.2:443\n"
			"drops          not all are seen: this kernel tells of none\n");
	f = (struct watch_summary_facts){ .took_ns = S, .cancelled = 2 };
	feed(1, "10.0.0.2:443", OUTCOME_REFUSED, 1, MS);
	assert_text(&f, "2 attempts in 1.0 s; nothing lost\n"
			"attempts       2, both refused\n"
			"failures       2 (100 %), began at 17:02:13\n"
			"worst server   10.0.0.2:443  both refused, at 17:02:13\n"
			"SYNs in vain   1: 2\n"
			"server         2 to 10.0.0.2:443\n"
			"cancelled      2 of those that were abandoned, likely: another address of their\n"
			"               server won\n");
	summary_free(summary);
	summary = summary_new(0x5eed);
	feed(1, "10.0.0.2:443", OUTCOME_REFUSED, 1, MS);
	f = (struct watch_summary_facts){ .took_ns = S, .has_inbound = true };
	assert_text(&f, "1 attempt in 1.0 s; nothing lost\n"
			"attempts       1, refused\n"
			"failures       1 (100 %), began at 17:02:13\n"
			"worst server   10.0.0.2:443  1 of 1 refused, at 17:02:13\n"
			"SYNs in vain   1: 1\n"
			"server         1 to 10.0.0.2:443\n"
			"inbound        none\n");
}

static void unseen(void **test)
{
	const struct watch_summary_loss lost[] = { { "between looks", 1203 } };
	struct watch_summary_facts f = {
		.took_ns = S, .losses = lost, .n_losses = 1, .unseen = 1203, .unseen_failed = 1003
	};

	assert_text(&f, "0 attempts in 1.0 s; LOST: 1,203 (between looks)\n"
			"between looks  1,203 attempts of this network namespace came and went between\n"
			"               two looks at its sockets; at most 1,003 failed, by the kernel's\n"
			"               count (TcpAttemptFails)\n");
	f.unseen = 1;
	f.unseen_failed = 0;
	assert_text(&f, "0 attempts in 1.0 s; LOST: 1,203 (between looks)\n"
			"between looks  1 attempt of this network namespace came and went between two\n"
			"               looks at its sockets; none failed, by the kernel's count\n"
			"               (TcpAttemptFails)\n");
}

/* Those with the most attempts, however many there are. */
static void servers(void **test)
{
	struct watch_summary_facts f = { .took_ns = S };
	char server[ENDPOINT_TEXT_LEN];
	struct buf b = { 0 };
	int i;

	for (i = 1; i <= 9; i++) {
		snprintf(server, sizeof(server), "10.0.1.%d:443", i);
		feed(i % 2 ? i : 100 - i, server, OUTCOME_ESTABLISHED, 1, MS);
	}
	watch_summary_text(summary, &f, &ascii, &b);
	assert_non_null(strstr(buf_text(&b), "98 to 10.0.1.2:443, 96 to 10.0.1.4:443, 94 to 10.0.1.6:443"));
	assert_non_null(strstr(buf_text(&b), "92 to 10.0.1.8:443, 9 to 10.0.1.9:443, 4 others"));
	buf_fini(&b);
}

/* Most attempts are counted without their client's address: of those with it nearly all have failed. */
static void no_client_is_blamed(void **test)
{
	const struct watch_summary_facts f = { .took_ns = 3 * S };
	struct digest d = { .start_ns = START, .elapsed_ns = MS, .n_syns = 1, .outcome = OUTCOME_ESTABLISHED };
	struct buf b = { 0 };
	int i;

	endpoint_parse("10.0.0.2:443", &d.flow.server);
	d.flow.client.addr.family = 4;
	for (i = 0; i < 100; i++)
		summary_feed(summary, &d);
	feed(10, "10.0.0.3:443", OUTCOME_TIMED_OUT, 6, 65 * S);
	watch_summary_text(summary, &f, &ascii, &b);
	assert_non_null(strstr(buf_text(&b), "worst server "));
	assert_null(strstr(buf_text(&b), "client"));
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(losses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(all_of_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(notes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(unseen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(servers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_client_is_blamed, set_up, tear_down),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
