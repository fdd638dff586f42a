/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who sent these SYNs, and when the next is due. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/sender.h"
#include "tests/unit/some_syns.h"

#define BIT(kind) SENDER_BIT(SENDER_##kind)

static void recognise(const int64_t *syn_ns, int n, uint8_t ttl, struct sender *ret)
{
	const struct sender_sight sight = { .syn_ns = syn_ns, .n = n, .ttl = ttl, .silence_ns = 500 * S };

	sender_recognise(&sight, ret);
}

/* SYNs with these gaps, in ms; 0 ends them. */
static int syns_of(const int *gaps_ms, int64_t *syn_ns)
{
	int n = 1;

	for (syn_ns[0] = START; gaps_ms[n - 1]; n++)
		syn_ns[n] = syn_ns[n - 1] + gaps_ms[n - 1] * MS;
	return n;
}

static void overdue(void **state)
{
	int64_t gap;

	assert_int_equal(sender_overdue_ns(0), 1250 * MS);
	assert_int_equal(sender_overdue_ns(4 * S), 8 * S + 4 * S / 128 + 250 * MS);
	assert_int_equal(sender_overdue_ns(500 * MS), sender_overdue_ns(S));
	/* a capture may end 1.04 s after the next SYN was due */
	for (gap = S; gap <= 32100 * MS; gap += 10 * MS)
		assert_true(sender_overdue_ns(gap) < 2 * gap + 900 * MS);
}

/* Every schedule of a real kernel is known by its clockwork. */
static void wheel(void **state)
{
	int64_t syn_ns[SCHEDULE_SYNS_MAX];
	int i, k, n, linear;

	for (i = 0; i < 20000; i++) {
		k = i % LEN(hzs);
		linear = (int)rnd(6);
		n = kernel_syns(hzs[k], 3 + (int)rnd(5), linear, syn_ns, NULL);
		assert_true(sender_wheel(syn_ns, n, 1000, linear) & 1u << k);
		if (n < 5)
			continue;
		assert_true(sender_wheel(syn_ns, 5, 1000, linear) & 1u << k);
		syn_ns[1 + rnd(4)] += 4 * MS; /* nearly is not enough */
		assert_false(sender_wheel(syn_ns, 5, 1000, linear) & 1u << k);
	}
}

/* On a busy host a tick comes late: whichever SYN that is, the kernel is known; but not when two are. */
static void one_late(void **state)
{
	int64_t syn_ns[SCHEDULE_SYNS_MAX];
	int i, k, late;

	for (i = 0; i < 20000; i++) {
		k = i % LEN(hzs);
		assert_int_equal(kernel_syns(hzs[k], 5, 4, syn_ns, NULL) >= 7, true);
		late = 1 + (int)rnd(5);					      /* SYN 6 comes in steps of a bucket */
		syn_ns[late] += (int64_t)rnd((hzs[k] == 300 ? 12 : 38) * MS); /* 13: half a bucket */
		assert_true(sender_wheel(syn_ns, 7, 1000, 4) & 1u << k);
		syn_ns[late] += 45 * MS;
		assert_false(sender_wheel(syn_ns, 7, 1000, 4) & 1u << k);
		syn_ns[late] -= 40 * MS;
		syn_ns[late % 6 + 1] += 4 * MS;
		assert_false(sender_wheel(syn_ns, 7, 1000, 4) & 1u << k);
	}
}

/* A timer is never early, though the instant were one of the wheel's; and none is later than its bucket. */
static void never_early(void **state)
{
	int64_t syn_ns[4] = { START, START + 1010 * MS, START + (1010 + 2016) * MS };

	syn_ns[3] = syn_ns[2] + 1000 * 4 * MS - 32 * MS;
	assert_false(sender_wheel(syn_ns, 4, 1000, 0) & SENDER_HZ_250);
	syn_ns[3] = syn_ns[2] + 1000 * 4 * MS + 256 * MS + 32 * MS;
	assert_false(sender_wheel(syn_ns, 4, 1000, 0) & SENDER_HZ_250);
	syn_ns[3] = syn_ns[2] + 1000 * 4 * MS + 32 * MS;
	assert_true(sender_wheel(syn_ns, 4, 1000, 0) & SENDER_HZ_250);
	assert_int_equal(sender_wheel(syn_ns, 2, 1000, 0), 0); /* one gap shows nothing */
}

/* A SYN that was hurried stands for a timeout all the same. */
static void hurried(void **state)
{
	const int64_t syn_ns[] = { 0, 1010 * MS, 1022 * MS, 5050 * MS };
	struct sender_sight sight = { .syn_ns = syn_ns, .n = 3, .hurried = 2, .ttl = 64, .silence_ns = 4 * S };
	struct sender s;

	sender_recognise(&sight, &s);
	assert_true(s.fits & BIT(LINUX_6));
	assert_false(s.fits & BIT(BSD_1S));
	assert_int_equal(s.due_max_ns, 4 * S);
	assert_false(s.settled);
	sight.n = 4;
	sender_recognise(&sight, &s);
	assert_int_equal(s.fits, BIT(LINUX_6) | BIT(LINUX_5));
	assert_int_equal(s.due_min_ns, 8 * S);
	sight.hurried = 0;
	sender_recognise(&sight, &s);
	assert_int_equal(s.fits, 0);
}

static void chance(void **state)
{
	int64_t syn_ns[7];
	int i, hits = 0;

	for (i = 0; i < 300000; i++) {
		late_syns(7, true, syn_ns);
		hits += sender_wheel(syn_ns, 7, 1000, 4) != 0;
	}
	assert_in_range(hits, 0, 15);
}

struct expected {
	int gaps_ms[12];
	uint8_t ttl;
	uint32_t fits, spent, over;
	int due_min_ms, due_max_ms;
	const char *text; /* of spent, or, where it is empty, of those that fit */
};

static const struct expected expected[] = {
	{ { 0 }, 64, SENDER_BIT(SENDER_N) - 1 - SENDERS_WINDOWS - BIT(LINUX_OTHER), 0, 0, 1000, 1000, NULL },
	{ { 0 }, 120, SENDERS_WINDOWS, 0, 0, 1000, 1000, "Windows" },
	{ { 0 }, 250, 0, 0, 0, 1000, 1000, "" },
	{ { 1010 },
	  64,
	  BIT(LINUX_LINEAR) | BIT(MACOS) | BIT(LINUX_6) | BIT(LINUX_5) | BIT(BSD_1S),
	  0,
	  0,
	  1000,
	  2000,
	  "Linux, macOS, or a recent FreeBSD or NetBSD" },
	{ { 1010, 1024 },
	  57,
	  BIT(LINUX_LINEAR) | BIT(MACOS),
	  0,
	  0,
	  1000,
	  1000,
	  "Linux 6.5 or later (linear timeouts 4), or macOS" },
	{ { 1010, 2016 },
	  57,
	  BIT(LINUX_6) | BIT(LINUX_5) | BIT(BSD_1S),
	  0,
	  0,
	  4000,
	  4000,
	  "Linux before 6.5, or a recent FreeBSD or NetBSD" },
	{ { 1010, 2016, 4096, 8192, 16128 },
	  64,
	  BIT(LINUX_6) | BIT(LINUX_5) | BIT(BSD_1S),
	  BIT(LINUX_5),
	  0,
	  32000,
	  32000,
	  "Linux before 6.5, tcp_syn_retries 5" },
	{ { 1010, 2016, 4096, 8192, 16128, 33280 },
	  64,
	  BIT(LINUX_6) | BIT(LINUX_5) | BIT(BSD_1S),
	  BIT(LINUX_6) | BIT(BSD_1S),
	  BIT(LINUX_5),
	  64000,
	  64000,
	  "Linux 3.7 to 6.4 (tcp_syn_retries 6), or a recent FreeBSD or NetBSD" },
	{ { 1010, 2016, 4096, 8192, 16128, 33280, 66000 },
	  64,
	  BIT(LINUX_6) | BIT(LINUX_5) | BIT(BSD_1S),
	  0,
	  BIT(LINUX_6) | BIT(LINUX_5) | BIT(BSD_1S),
	  120000,
	  120000,
	  "Linux before 6.5, or a recent FreeBSD or NetBSD" },
	{ { 1010, 1024, 1024, 1024, 1024, 2016, 4096, 8192, 16128, 33280 },
	  64,
	  BIT(LINUX_LINEAR) | BIT(MACOS),
	  BIT(LINUX_LINEAR) | BIT(MACOS),
	  0,
	  64000,
	  64000,
	  "Linux 6.5 or later (linear timeouts 4), or macOS" },
	{ { 1010, 1005, 1030, 1011, 1021, 2020 },
	  64,
	  BIT(LINUX_LINEAR) | BIT(MACOS),
	  BIT(LINUX_LINEAR),
	  0,
	  4000,
	  4000,
	  "Linux 6.5 or later (tcp_syn_retries 6 as a plain count)" },
	{ { 1010, 1024, 1024, 1024, 1024, 2016 },
	  64,
	  BIT(LINUX_LINEAR) | BIT(MACOS),
	  0,
	  0,
	  4000,
	  4000,
	  "Linux 6.5 or later (linear timeouts 4), or macOS" },
	{ { 1010, 1024, 2016 }, 64, BIT(LINUX_OTHER), 0, 0, 4000, 4000, "Linux with tcp_syn_linear_timeouts 1" },
	{ { 1010, 1024, 1024, 2016, 4096, 8192, 16128, 33280 },
	  64,
	  BIT(LINUX_OTHER),
	  BIT(LINUX_OTHER),
	  0,
	  64000,
	  64000,
	  "Linux with tcp_syn_linear_timeouts 2" },
	{ { 1010, 1024, 1024, 1024, 1024, 1024, 1024 },
	  64,
	  BIT(LINUX_OTHER),
	  0,
	  0,
	  1000,
	  2000,
	  "Linux with tcp_syn_linear_timeouts above 4" },
	{ { 3000, 6010, 12030, 24050, 48100 },
	  60,
	  BIT(LINUX_3S) | BIT(OPENBSD_3S),
	  BIT(LINUX_3S),
	  BIT(OPENBSD_3S),
	  96000,
	  96000,
	  "Linux before 3.1" },
	{ { 3000, 6010, 12030, 24050 },
	  60,
	  BIT(LINUX_3S) | BIT(OPENBSD_3S),
	  BIT(OPENBSD_3S),
	  0,
	  48000,
	  48000,
	  "OpenBSD" },
	{ { 3000, 3200, 3200, 3200, 3200, 6200, 12200, 24200 },
	  64,
	  BIT(FREEBSD_3S),
	  BIT(FREEBSD_3S),
	  0,
	  48000,
	  48000,
	  "an older FreeBSD" },
	{ { 6000, 12000, 24000 }, 250 - 190, BIT(BSD_6S), BIT(BSD_6S), 0, 48000, 48000, "an older OpenBSD or NetBSD" },
	{ { 3000, 6010 },
	  128,
	  BIT(WINDOWS_3S),
	  BIT(WINDOWS_3S),
	  0,
	  12000,
	  12000,
	  "Windows (first timeout 3 s, 2 retransmissions)" },
	{ { 1010, 2020 },
	  128,
	  BIT(WINDOWS_1S),
	  BIT(WINDOWS_1S),
	  0,
	  4000,
	  4000,
	  "Windows (first timeout 1 s, 2 retransmissions)" },
	{ { 1010, 2020, 4010 }, 110, BIT(WINDOWS_1S), 0, 0, 8000, 8000, "Windows" },
	{ { 1010, 2020, 4010, 8010 },
	  65,
	  BIT(WINDOWS_1S),
	  BIT(WINDOWS_1S),
	  0,
	  16000,
	  16000,
	  "Windows (first timeout 1 s, 4 retransmissions)" },
	{ { 400, 500, 600 }, 64, 0, 0, 0, 0, 0, "" },
	{ { 1010, 2016, 8000 }, 64, 0, 0, 0, 0, 0, "" }, /* one was not captured */
	{ { 960, 2050, 3960, 8080 },
	  64,
	  BIT(LINUX_6) | BIT(LINUX_5) | BIT(BSD_1S),
	  0,
	  0,
	  16000,
	  16000,
	  "Linux before 6.5, or a recent FreeBSD or NetBSD" },
};

static void known(void **state)
{
	char text[SENDER_TEXT_LEN];
	int64_t syn_ns[12];
	struct sender s;
	int i, n;

	for (i = 0; i < LEN(expected); i++) {
		const struct expected *e = &expected[i];

		n = syns_of(e->gaps_ms, syn_ns);
		recognise(syn_ns, n, e->ttl, &s);
		assert_int_equal(s.fits, e->fits);
		assert_int_equal(s.spent, e->spent);
		assert_int_equal(s.over, e->over);
		assert_int_equal(s.due_min_ns, e->due_min_ms * MS);
		assert_int_equal(s.due_max_ns, e->due_max_ms * MS);
		assert_true(s.settled);
		if (e->text)
			assert_string_equal(sender_text(&s, s.spent ? s.spent : s.fits, n, text), e->text);
	}
}

/* What was said wrongly in passing would be seen here: any set fits its room. */
static void texts(void **state)
{
	char text[SENDER_TEXT_LEN], hz[SENDER_HZ_LEN];
	struct sender s = { .first_rto_ms = 3000, .linear = 127 };
	int i;

	for (i = 0; i < 1 << SENDER_N; i++) {
		s.fits = (uint32_t)i;
		s.spent = i % 3 ? (uint32_t)i : 0;
		assert_true(strlen(sender_text(&s, s.fits, 11, text)) < sizeof(text));
	}
	assert_string_equal(sender_text(&s, 0, 1, text), "");
	assert_string_equal(sender_hz_text(SENDER_HZ_250 | SENDER_HZ_1000, hz), "250 or 1000");
	assert_string_equal(sender_hz_text(SENDER_HZ_100, hz), "100");
	assert_string_equal(sender_hz_text(0, hz), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overdue), cmocka_unit_test(wheel),	  cmocka_unit_test(one_late),
		cmocka_unit_test(chance),  cmocka_unit_test(never_early), cmocka_unit_test(hurried),
		cmocka_unit_test(known),   cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
