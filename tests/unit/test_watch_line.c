/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line of `watch`, and its summary. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sinks/watch_line.h"
#include "sinks/watch_summary.h"
#include "tests/unit/random.h"

#define US ((int64_t)1000)
#define MS ((int64_t)1000000)
#define S ((int64_t)1000000000)
#define START (1773507733 * S + 401 * MS) /* 2026-03-14 17:02:13.401 UTC */

static struct attempt a;
static struct verdict v;
static const struct watch_line_look plain;

/* An attempt of curl with n SYNs, that the kernel's tracepoints told of. */
static void begin(int n)
{
	static const int64_t at_ms[] = { 0, 1009, 3025, 7089, 15281, 31409 };
	int i;

	memset(&a, 0, sizeof(a));
	memset(&v, 0, sizeof(v));
	endpoint_parse("10.0.0.1:40000", &a.flow.client);
	endpoint_parse("10.0.0.2:443", &a.flow.server);
	a.traced = a.socket_seen = true;
	a.pid = 812;
	a.netns = 1;
	strcpy(a.comm, "curl");
	a.n_syns = n;
	a.connect_ns = a.first_state_ns = START;
	for (i = 0; i < n; i++)
		a.syn_ns[i] = START + at_ms[i] * MS;
}

static void judged(enum outcome o, int64_t elapsed_ns, int error)
{
	v.outcome = o;
	v.confidence = CONFIDENCE_CERTAIN;
	v.elapsed_ns = elapsed_ns;
	v.error = error;
}

static struct reply *replied(enum reply_kind kind, enum ignored ignored)
{
	struct reply *r = &a.replies[a.n_replies++];

	*r = (struct reply){ .kind = kind, .t_ns = START + 200 * US, .ignored = ignored };
	return r;
}

static struct drop *dropped(enum drop_place place, uint64_t packets)
{
	struct drop *d = &a.drops[a.n_drops++];

	*d = (struct drop){ .place = place, .packets = packets, .netns = 1, .reason = "NETFILTER_DROP" };
	strcpy(d->function, "nf_hook_slow");
	return d;
}

static void assert_line(const struct watch_line_look *look, const char *should)
{
	struct buf b = { 0 };

	watch_line(&a, &v, look, &b);
	assert_string_equal(buf_text(&b), should);
	buf_fini(&b);
}

static void assert_why(const char *should)
{
	struct buf b = { 0 };

	watch_line_why(&a, &v, &b);
	assert_string_equal(buf_text(&b), should);
	buf_fini(&b);
}

static void lines(void **test)
{
	struct buf b = { 0 };

	watch_line_head(&b);
	assert_string_equal(
		buf_text(&b),
		"TIME      PROCESS             SERVER                  OUTCOME          AFTER  SYNS  WHY\n");
	buf_fini(&b);
	begin(1);
	judged(OUTCOME_ESTABLISHED, 310 * US, 0);
	assert_line(&plain, "17:02:13  curl[812]           10.0.0.2:443            established    0.31 ms     1\n");
	begin(4);
	judged(OUTCOME_ABANDONED, 10 * S, 0);
	assert_line(
		&plain,
		"17:02:23  curl[812]           10.0.0.2:443            abandoned       10.0 s     4  the application, a limit of its own; no answer\n");
	begin(0);
	judged(OUTCOME_FAILED, 0, EADDRNOTAVAIL);
	snprintf(v.headline, sizeof(v.headline), "no free source port or address on this host");
	assert_line(
		&plain,
		"17:02:13  curl[812]           10.0.0.2:443            failed         at once     0  EADDRNOTAVAIL: no free source port or address on this host\n");
	/* what is longer than its column pushes the rest on */
	begin(1);
	endpoint_parse("[2001:db8:85a3:8d3:1319:8a2e:370:7348]:443", &a.flow.server);
	strcpy(a.comm, "fifteen-letters");
	a.pid = 4194304;
	judged(OUTCOME_REFUSED, 200 * US, ECONNREFUSED);
	assert_line(
		&plain,
		"17:02:13  fifteen-letters[4194304]  [2001:db8:85a3:8d3:1319:8a2e:370:7348]:443  refused        0.20 ms     1  RST\n");
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
	assert_line(
		&container,
		"17:02:13  curl[812]@0123456789ab  10.0.0.2:443            pending        0.31 ms     1  no answer\n");
	a.pid = 0;
	a.comm[0] = 0;
	assert_line(&plain,
		    "17:02:13  -                   10.0.0.2:443            pending        0.31 ms     1  no answer\n");
}

static void whys(void **test)
{
	struct reply *r;

	begin(6);
	a.has_policy = true;
	judged(OUTCOME_TIMED_OUT, 65 * S, ETIMEDOUT);
	v.limit = LIMIT_SYN_RETRIES;
	assert_why("kernel, tcp_syn_retries; no answer");
	a.policy.syncnt = 5;
	assert_why("kernel, TCP_SYNCNT; no answer");
	v.limit = LIMIT_USER_TIMEOUT;
	dropped(DROP_LOCAL_OUTPUT, 6);
	assert_why("kernel, TCP_USER_TIMEOUT; SYN dropped here, on its way out: NETFILTER_DROP in nf_hook_slow");
	a.drops[0].packets = 2;
	strcpy(a.drops[0].function, "");
	assert_why("kernel, TCP_USER_TIMEOUT; SYN dropped here, on its way out (2 of 6): NETFILTER_DROP");
	a.drops[0].place = DROP_LOCAL_INPUT;
	a.drops[0].reply = true;
	strcpy(a.drops[0].rule, "ip filter INPUT handle 4: tcp dport 443 drop comment \"a\033[2J\"");
	assert_why(
		"kernel, TCP_USER_TIMEOUT; answer dropped here, on its way in: ip filter INPUT handle 4: tcp dport 443 drop comment \"a\\x1b[2J\"");
	a.drops[0] = (struct drop){ .place = DROP_PATH_OR_PEER, .netns = 2, .packets = 6 };
	assert_why("kernel, TCP_USER_TIMEOUT; SYN dropped in another network namespace of this host");
	a.drops[0] = (struct drop){ .place = DROP_PEER_BACKLOG, .packets = 6 };
	assert_why("kernel, TCP_USER_TIMEOUT; accept queue full");
	a.n_drops = 0;
	replied(REPLY_SYN_ACK, IGNORED_WRONG_ACK);
	assert_why("kernel, TCP_USER_TIMEOUT; syn-ack ignored: wrong ack");
	begin(2);
	judged(OUTCOME_ABANDONED, 2 * S, 0);
	v.confidence = CONFIDENCE_LIKELY;
	assert_why("the application, a limit of its own; no answer  (likely)");
	judged(OUTCOME_ABANDONED, 2 * S, ECONNABORTED);
	assert_why("destroyed from outside, as ss -K does it; no answer");
	judged(OUTCOME_KILLED, 2 * S, 0);
	a.end_signal = SIGKILL;
	assert_why("SIGKILL; no answer");
	a.end_signal = 99;
	assert_why("SIG?; no answer");
	judged(OUTCOME_ESTABLISHED, 1010 * MS, 0);
	assert_why("SYN 0 got no usable answer");
	a.n_syns = 3;
	dropped(DROP_LOCAL_INPUT, 2);
	assert_why(
		"SYNs 0 to 1 got no usable answer; SYN dropped here, on its way in (2 of 3): NETFILTER_DROP in nf_hook_slow");
	begin(1);
	r = replied(REPLY_ICMP, IGNORED_NOT);
	r->icmp_family = 4;
	r->icmp_type = 3;
	r->icmp_code = 13;
	addr_parse("10.0.0.254", &r->from);
	judged(OUTCOME_UNREACHABLE, MS, EHOSTUNREACH);
	assert_why("icmp 3/13 from 10.0.0.254 (admin prohibited)");
	r->icmp_code = 3;
	r->from = (struct addr){ 0 };
	judged(OUTCOME_REFUSED, MS, ECONNREFUSED);
	assert_why("icmp 3/3 (port unreachable)");
	replied(REPLY_RST, IGNORED_NOT);
	assert_why("RST");
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
	assert_line(
		&plain,
		"17:02:13  \\x1b]0;x\\x07\\n\\\\\\xff\\x9b2J[812]  10.0.0.2:443            established    0.31 ms     1\n");
	/* as long as its room, without a NUL */
	memset(a.comm, 'x', sizeof(a.comm));
	assert_line(&plain, "17:02:13  xxxxxxxxxxxxxxxx[812]  10.0.0.2:443            established    0.31 ms     1\n");
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
		cmocka_unit_test(lines),   cmocka_unit_test(looks),	    cmocka_unit_test(whys),
		cmocka_unit_test(inbound), cmocka_unit_test(hostile_names),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
