/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stories are made from attempts written by hand, and drawn; the drawings are
 * compared with tests/golden/diagram.  Run with SYNSENT_BLESS=1 to write them anew.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/story.h"
#include "sinks/diagram.h"
#include "util/buf.h"

#define MS ((int64_t)1000000)
#define S ((int64_t)1000000000)
#define START (1700000000 * S)

static struct attempt a;
static struct verdict v;
static struct story story;

/* An attempt of a client on this host, with the classic policy and `n` SYNs as measured at HZ 250. */
static void begin(int n)
{
	static const int syns_ms[] = { 0, 1009, 3025, 7089, 15281, 31409 };
	int i;

	memset(&a, 0, sizeof(a));
	memset(&v, 0, sizeof(v));
	assert_int_equal(endpoint_parse("127.0.0.1:60632", &a.flow.client), 0);
	assert_int_equal(endpoint_parse("127.0.0.1:12345", &a.flow.server), 0);
	policy_default(0, &a.policy);
	a.policy.retries = 5;
	a.policy.linear = 0;
	a.has_policy = true;
	a.n_syns = n;
	for (i = 0; i < n; i++)
		a.syn_ns[i] = START + syns_ms[i] * MS;
	a.syns_seen = n > 0;
	a.connect_ns = START - 50000;
}

static void ended(int64_t elapsed_ns, enum outcome o, enum gave_up_by g, int error, const char *headline)
{
	a.ended_ns = attempt_start_ns(&a) + elapsed_ns;
	v.elapsed_ns = elapsed_ns;
	v.outcome = o;
	v.gave_up_by = g;
	v.error = error;
	snprintf(v.headline, sizeof(v.headline), "%s", headline);
}

static struct drop *dropped(enum drop_place place, uint64_t packets, const char *rule)
{
	struct drop *d = &a.drops[a.n_drops++];

	d->place = place;
	d->packets = packets;
	snprintf(d->rule, sizeof(d->rule), "%s", rule);
	return d;
}

static struct reply *replied(int64_t t_ns, enum reply_kind kind)
{
	struct reply *r = &a.replies[a.n_replies++];

	r->t_ns = START + t_ns;
	r->kind = kind;
	r->from = a.flow.server.addr;
	return r;
}

static void icmp(int64_t t_ns, int type, int code, const char *from)
{
	struct reply *r = replied(t_ns, REPLY_ICMP);

	r->icmp_family = 4;
	r->icmp_type = (uint8_t)type;
	r->icmp_code = (uint8_t)code;
	assert_int_equal(addr_parse(from, &r->from), 0);
}

static void case_drop(void)
{
	begin(6);
	dropped(DROP_LOCAL_INPUT, 6, "ip daddr 127.0.0.1 tcp dport 12345 counter packets 6 bytes 360 drop");
	ended(65202 * MS, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, ETIMEDOUT,
	      "the kernel gave up, its 5 retransmissions unanswered (tcp_syn_retries)");
}

static void case_drop_output(void)
{
	begin(3);
	a.policy.retries = 2;
	dropped(DROP_LOCAL_OUTPUT, 3, "tcp dport 12345 drop");
	ended(7089 * MS, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, ETIMEDOUT,
	      "the kernel gave up, its 2 retransmissions unanswered (tcp_syn_retries)");
}

/* The kernel's default policy: the client's timer is shorter than most of it. */
static void case_abandon(void)
{
	begin(2);
	policy_default(0, &a.policy);
	a.has_phase = true;
	a.phase = 5;
	a.phase_edge_ns = 1 * MS;
	a.syn_ns[1] = START + 1019 * MS;
	assert_int_equal(addr_parse("198.18.0.7", &a.flow.server.addr), 0);
	ended(1700 * MS, OUTCOME_ABANDONED, GAVE_UP_APPLICATION, 0,
	      "the application gave up, by its own timer of 1.700 s");
}

/* The same with the classic policy and no known phase. */
static void case_abandon_nominal(void)
{
	begin(2);
	ended(2503 * MS, OUTCOME_ABANDONED, GAVE_UP_APPLICATION, 0,
	      "the application gave up, by its own timer of 2.500 s");
}

static void case_killed(void)
{
	begin(1);
	a.end_signal = SIGKILL;
	ended(400 * MS, OUTCOME_KILLED, GAVE_UP_SIGNAL, 0, "SIGKILL ended the client while it waited");
}

static void case_pending(void)
{
	begin(4);
	ended(9 * S, OUTCOME_PENDING, GAVE_UP_NOBODY, 0, "still waiting when the observation ended, after 4 SYNs");
}

static void case_refused(void)
{
	begin(1);
	replied(31000, REPLY_RST);
	ended(112000, OUTCOME_REFUSED, GAVE_UP_PEER, ECONNREFUSED, "an RST answered SYN 0: the peer refused");
}

static void case_established(void)
{
	begin(1);
	replied(19000, REPLY_SYN_ACK);
	a.ack_ns = START + 43000;
	a.fin_ns[0] = START + 2000 * MS;
	a.fin_ns[1] = START + 2000 * MS + 5000;
	ended(62000, OUTCOME_ESTABLISHED, GAVE_UP_NOBODY, 0, "connected in 0.06 ms");
}

static void case_late_answer(void)
{
	begin(4);
	dropped(DROP_LOCAL_INPUT, 3, "tcp dport 12345 drop");
	replied(7089 * MS + 21000, REPLY_SYN_ACK);
	a.ack_ns = START + 7089 * MS + 47000;
	a.fin_ns[0] = START + 8000 * MS;
	a.fin_ns[1] = START + 8000 * MS + 61000;
	ended(7089 * MS + 60000, OUTCOME_ESTABLISHED, GAVE_UP_NOBODY, 0,
	      "connected on SYN 3 after 7.089 s; SYNs 0 to 2 got no usable answer");
}

/* Dropped where the server sends it: only the drop tells of the SYN-ACKs. */
static void case_drop_synack(void)
{
	begin(3);
	a.policy.retries = 2;
	dropped(DROP_LOCAL_OUTPUT, 0, "tcp sport 12345 tcp flags syn,ack / syn,ack drop")->reply = true;
	ended(7089 * MS, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, ETIMEDOUT,
	      "the kernel gave up, its 2 retransmissions unanswered (tcp_syn_retries)");
}

/* Dropped where the client would receive it: a capture sees them, and the server's own retransmissions. */
static void case_drop_synack_input(void)
{
	static const int64_t at_us[] = { 30, 1009030, 1024000, 3025030, 3072000, 7072000 };
	size_t i;

	begin(3);
	a.policy.retries = 2;
	for (i = 0; i < sizeof(at_us) / sizeof(at_us[0]); i++)
		replied(at_us[i] * 1000, REPLY_SYN_ACK)->ignored = IGNORED_DROPPED;
	dropped(DROP_LOCAL_INPUT, 6, "tcp sport 12345 drop")->reply = true;
	ended(7089 * MS, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, ETIMEDOUT,
	      "the kernel gave up, its 2 retransmissions unanswered (tcp_syn_retries)");
}

static void case_wrong_ack(void)
{
	begin(3);
	replied(20 * MS, REPLY_SYN_ACK)->ignored = IGNORED_WRONG_ACK;
	a.client_rst_ns = START + 20 * MS + 9000;
	a.syn_ns[1] = START + 32 * MS;
	a.syn_ns[2] = START + 2048 * MS;
	a.policy.retries = 2;
	ended(6144 * MS, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, ETIMEDOUT,
	      "the kernel gave up, its 2 retransmissions unanswered (tcp_syn_retries)");
}

static void case_soft_error(void)
{
	begin(2);
	dropped(DROP_LOCAL_INPUT, 2, "tcp dport 12345 reject with icmp type host-prohibited");
	icmp(24000, 3, 10, "127.0.0.1");
	icmp(1009 * MS + 22000, 3, 10, "127.0.0.1");
	v.limit = LIMIT_SOFT_ERROR;
	ended(1009 * MS + 90000, OUTCOME_UNREACHABLE, GAVE_UP_NETWORK, EHOSTUNREACH,
	      "icmp 3/10 from 127.0.0.1 said that the server cannot be reached");
}

static void case_router(void)
{
	begin(1);
	assert_int_equal(endpoint_parse("198.18.4.20:443", &a.flow.server), 0);
	icmp(20 * MS, 3, 13, "198.18.0.1");
	ended(20 * MS + 100000, OUTCOME_UNREACHABLE, GAVE_UP_NETWORK, EHOSTUNREACH,
	      "icmp 3/13 from 198.18.0.1 said that the server cannot be reached");
}

static void case_no_route(void)
{
	begin(0);
	a.flow.client = (struct endpoint){ 0 };
	assert_int_equal(endpoint_parse("203.0.113.9:80", &a.flow.server), 0);
	ended(18000, OUTCOME_UNREACHABLE, GAVE_UP_KERNEL, ENETUNREACH, "this host has no route to the server");
}

static void case_backlog(void)
{
	begin(3);
	a.policy.retries = 2;
	dropped(DROP_PEER_BACKLOG, 3, "");
	snprintf(a.drops[0].reason, sizeof(a.drops[0].reason), "ListenOverflows");
	ended(7089 * MS, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, ETIMEDOUT,
	      "the kernel gave up, its 2 retransmissions unanswered (tcp_syn_retries)");
}

/* Every SYN that the kernel can send, long addresses, and no policy known. */
static void case_syns_255(void)
{
	int64_t t = 0;
	int i;

	begin(0);
	a.has_policy = false;
	assert_int_equal(endpoint_parse("[2001:db8:1234:5678:9abc:def0:1234:5678]:60632", &a.flow.client), 0);
	assert_int_equal(endpoint_parse("[2001:db8:ffff:ffff:ffff:ffff:ffff:fffe]:12345", &a.flow.server), 0);
	for (i = 0; i < ATTEMPT_SYNS_MAX; i++) {
		a.syn_ns[i] = START + t;
		t += i < 128 ? 1024 * MS : i < 135 ? (1024 * MS) << (i - 127) : 122880 * MS;
	}
	a.n_syns = ATTEMPT_SYNS_MAX;
	a.syns_seen = true;
	ended(t, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, ETIMEDOUT,
	      "the kernel gave up, its 254 retransmissions unanswered (TCP_SYNCNT)");
}

/* What comes from outside must steer neither a terminal nor a browser. */
static void case_hostile(void)
{
	begin(1);
	dropped(DROP_PATH_OR_PEER, 1, "comment \"\033]0;x\007<script>&\xff\xe2\x80\xae \xe6\x97\xa5\xe6\x9c\xac\"");
	ended(400 * MS, OUTCOME_ABANDONED, GAVE_UP_APPLICATION, 0, "</text>\033[2J\n<b>");
}

static const struct {
	const char *name;
	void (*make)(void);
	bool svg;
} cases[] = {
	{ "drop", case_drop, true },
	{ "drop-output", case_drop_output, false },
	{ "abandon", case_abandon, true },
	{ "abandon-nominal", case_abandon_nominal, false },
	{ "killed", case_killed, false },
	{ "pending", case_pending, false },
	{ "refused", case_refused, false },
	{ "established", case_established, false },
	{ "late-answer", case_late_answer, true },
	{ "drop-synack", case_drop_synack, false },
	{ "drop-synack-input", case_drop_synack_input, false },
	{ "wrong-ack", case_wrong_ack, false },
	{ "soft-error", case_soft_error, true },
	{ "router", case_router, false },
	{ "no-route", case_no_route, false },
	{ "backlog", case_backlog, false },
	{ "syns-255", case_syns_255, false },
	{ "hostile", case_hostile, true },
};

#define N_CASES (sizeof(cases) / sizeof(cases[0]))

static void draw(size_t i, struct buf *utf8, struct buf *ascii, struct buf *svg)
{
	struct diagram *d;

	cases[i].make();
	story_make(&a, &v, &story);
	d = diagram_new(&story);
	assert_non_null(d);
	diagram_term(d, &(struct diagram_term_opts){ .columns = 80, .utf8 = true }, utf8);
	diagram_term(d, &(struct diagram_term_opts){ .columns = 80 }, ascii);
	diagram_svg(d, svg);
	assert_false(utf8->failed || ascii->failed || svg->failed);
	diagram_free(d);
}

static void compare(const char *name, const char *suffix, const struct buf *got)
{
	struct buf want = { 0 };
	char path[512], chunk[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.%s", GOLDEN_DIR, name, suffix);
	if (getenv("SYNSENT_BLESS")) {
		f = fopen(path, "w");
		assert_non_null(f);
		assert_int_equal(fwrite(buf_text(got), 1, got->len, f), got->len);
		assert_int_equal(fclose(f), 0);
		return;
	}
	f = fopen(path, "r");
	if (!f)
		fail_msg("%s: %s", path, strerror(errno));
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&want, chunk, n);
	fclose(f);
	if (strcmp(buf_text(&want), buf_text(got)) != 0)
		fail_msg("%s differs; got\n%s", path, buf_text(got));
	buf_fini(&want);
}

static void goldens(void **state)
{
	size_t i;

	for (i = 0; i < N_CASES; i++) {
		struct buf utf8 = { 0 }, ascii = { 0 }, svg = { 0 };

		draw(i, &utf8, &ascii, &svg);
		compare(cases[i].name, "utf8.txt", &utf8);
		compare(cases[i].name, "ascii.txt", &ascii);
		if (cases[i].svg)
			compare(cases[i].name, "svg", &svg);
		buf_fini(&utf8);
		buf_fini(&ascii);
		buf_fini(&svg);
	}
}

/* Columns of one line: code points, and wide ones twice (only the hostile case has any). */
static int columns_of(const char *s, size_t len)
{
	int n = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		n += ((unsigned char)s[i] & 0xc0) != 0x80;
		n += (unsigned char)s[i] >= 0xe6 && (unsigned char)s[i] <= 0xe9;
	}
	return n;
}

static void lines_fit(void **state)
{
	static const int widths[] = { 20, 60, 80, 100, 160, 500, 0 };
	size_t i, w;

	for (i = 0; i < N_CASES; i++) {
		struct diagram *d;

		cases[i].make();
		story_make(&a, &v, &story);
		d = diagram_new(&story);
		assert_non_null(d);
		for (w = 0; w < sizeof(widths) / sizeof(widths[0]); w++) {
			struct buf b = { 0 };
			const char *s, *end;

			diagram_term(d, &(struct diagram_term_opts){ .columns = widths[w], .utf8 = true }, &b);
			for (s = buf_text(&b); (end = strchr(s, '\n')); s = end + 1)
				assert_in_range(columns_of(s, (size_t)(end - s)), 0, widths[w] ? widths[w] : 80);
			assert_int_equal(*s, 0);
			buf_fini(&b);
		}
		diagram_free(d);
	}
}

/* Colour only repeats words: without its escapes the text is the same. */
static void colour_adds_nothing(void **state)
{
	size_t i;

	for (i = 0; i < N_CASES; i++) {
		struct buf plain = { 0 }, ascii = { 0 }, svg = { 0 }, color = { 0 }, bare = { 0 };
		struct diagram *d;
		const char *s;

		draw(i, &plain, &ascii, &svg);
		d = diagram_new(&story);
		assert_non_null(d);
		diagram_term(d, &(struct diagram_term_opts){ .columns = 80, .utf8 = true, .color = true }, &color);
		assert_true(color.len > plain.len);
		for (s = buf_text(&color); *s; s++) {
			if (*s == '\033')
				s += strcspn(s, "m");
			else
				buf_char(&bare, *s);
		}
		assert_string_equal(buf_text(&bare), buf_text(&plain));
		assert_null(strchr(buf_text(&plain), '\033'));
		assert_null(strchr(buf_text(&svg), '\033'));
		for (s = buf_text(&ascii); *s; s++)
			assert_true(*s == '\n' || (*s >= ' ' && *s < 0x7f));
		diagram_free(d);
		buf_fini(&plain);
		buf_fini(&ascii);
		buf_fini(&svg);
		buf_fini(&color);
		buf_fini(&bare);
	}
}

static const struct story_row *row_of(enum story_kind kind, int n)
{
	int i;

	for (i = 0; i < story.n; i++)
		if (story.rows[i].kind == kind && story.rows[i].n == n)
			return &story.rows[i];
	return NULL;
}

static void stories(void **state)
{
	const struct story_row *r;
	int i;

	case_drop();
	story_make(&a, &v, &story);
	assert_int_equal(story.n, 8); /* CLOSED, 6 SYNs, the end */
	for (i = 0; i < 6; i++) {
		r = row_of(STORY_SYN, i);
		assert_non_null(r);
		assert_int_equal(r->lost, DROP_LOCAL_INPUT);
		assert_int_equal(r->backoff_ns, i ? S << (i - 1) : 0);
	}
	assert_string_equal(row_of(STORY_END, 0)->label, "ETIMEDOUT");
	assert_int_equal(row_of(STORY_END, 0)->backoff_ns, 32 * S);

	/* the backoff is read from the gaps when the policy is not known */
	a.has_policy = false;
	story_make(&a, &v, &story);
	for (i = 1; i < 6; i++)
		assert_int_equal(row_of(STORY_SYN, i)->backoff_ns, S << (i - 1));

	/* in a fast lab the attempt is on the lab's axis, and the verdict on the clock's */
	v.elapsed_ns = 788 * MS;
	story_make(&a, &v, &story);
	assert_int_equal(row_of(STORY_END, 0)->t_ns, 65202 * MS);
	assert_true(row_of(STORY_END, 0) == &story.rows[story.n - 1]);

	/* what was due is told up to the kernel's give-up, and only where the client left first */
	assert_null(row_of(STORY_PREDICTED, -1));
	case_abandon();
	story_make(&a, &v, &story);
	for (i = 2; i < 11; i++)
		assert_non_null(row_of(STORY_PREDICTED, i));
	assert_null(row_of(STORY_PREDICTED, 11));
	r = row_of(STORY_PREDICTED, -1);
	assert_true(r && r == &story.rows[story.n - 1]);
	assert_in_range(r->t_ns / MS, 133200, 135400);

	/* a SYN that left at once, not by its timer, has no backoff */
	case_wrong_ack();
	story_make(&a, &v, &story);
	assert_int_equal(row_of(STORY_SYN, 1)->backoff_ns, 0);
	assert_int_equal(row_of(STORY_SYN, 2)->backoff_ns, 2 * S);
}

/* Rows are in order of time on both sides of the end, and the bounds hold for whatever an attempt says. */
static void order_and_bounds(void **state)
{
	size_t i;
	int k;

	for (i = 0; i < N_CASES; i++) {
		cases[i].make();
		story_make(&a, &v, &story);
		for (k = 2; k < story.n; k++)
			if (story.rows[k].kind != STORY_END && story.rows[k - 1].kind != STORY_END)
				assert_true(story.rows[k].t_ns >= story.rows[k - 1].t_ns);
	}
	case_syns_255();
	a.n_syns = 100000;
	a.n_replies = 100000;
	for (k = 0; k < ATTEMPT_REPLIES_MAX; k++)
		a.replies[k] = (struct reply){ .t_ns = START - k * S, .kind = REPLY_RST, .ignored = IGNORED_NO_ACK };
	dropped(DROP_PATH_OR_PEER, 0, "x")->reply = true;
	a.n_drops = 100;
	story_make(&a, &v, &story);
	assert_in_range(story.n, 1, STORY_ROWS_MAX);
	assert_int_equal(story.more_replies, 100000 - ATTEMPT_REPLIES_MAX);
	assert_non_null(row_of(STORY_END, 0));
}

/* The figures of a short gap do not run into those of the time. */
static void short_gaps(void **state)
{
	struct buf b = { 0 };
	struct diagram *d;

	begin(2);
	a.syn_ns[1] = START + 8100 * MS / 1000;
	ended(1026 * MS, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, ETIMEDOUT, "");
	story_make(&a, &v, &story);
	d = diagram_new(&story);
	assert_non_null(d);
	diagram_term(d, &(struct diagram_term_opts){ .columns = 80 }, &b);
	assert_non_null(strstr(buf_text(&b), "0.008100 +0.00810"));
	diagram_free(d);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goldens), cmocka_unit_test(lines_fit),	       cmocka_unit_test(colour_adds_nothing),
		cmocka_unit_test(stories), cmocka_unit_test(order_and_bounds), cmocka_unit_test(short_gaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
