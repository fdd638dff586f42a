/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is said of the scenes in summary_scenes.c is compared with
 * tests/golden/summary; run with SYNSENT_BLESS=1 to write it anew.  The rest
 * holds for whatever may come: it fits the screen, and steers no terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/golden.h"
#include "tests/unit/summary_scenes.h"
#include "tests/unit/summary_shown.h"

static void assert_ascii(const char *text)
{
	for (; *text; text++)
		assert_true(*text == '\n' || (*text >= ' ' && *text <= '~'));
}

static void goldens(void **test)
{
	const struct summary_look utf8 = { .utf8 = true }, ascii = { 0 };
	const struct scene *sc;

	for (sc = scenes; sc->name; sc++) {
		struct buf b = { 0 };
		struct summary *s;
		struct summary_facts f;

		play(sc->name, &s, &f);
		summary_text(s, &f, &utf8, &b);
		compare(sc->name, ".txt", &b);
		assert_fits(buf_text(&b));
		buf_reset(&b);
		summary_text(s, &f, &ascii, &b);
		assert_fits(buf_text(&b));
		assert_ascii(buf_text(&b));
		if (!strcmp(sc->name, "web"))
			compare(sc->name, ".ascii.txt", &b);
		buf_fini(&b);
		summary_free(s);
	}
}

static void tables(void **test)
{
	const struct summary_look look = { 0 };
	struct summary_facts f;
	struct summary *s;
	int by;

	for (by = 0; by < BY_N; by++) {
		struct buf b = { 0 };
		char suffix[32];

		snprintf(suffix, sizeof(suffix), ".by-%s.txt", summary_by_words()[by]);
		play("web", &s, &f);
		summary_table(s, (enum summary_by)by, 6, &look, &b);
		compare("web", suffix, &b);
		summary_free(s);
		buf_reset(&b);
		play("all", &s, &f);
		summary_table(s, (enum summary_by)by, 4, &look, &b);
		compare("all", suffix, &b);
		summary_free(s);
		buf_fini(&b);
	}
	assert_null(summary_by_words()[BY_N]);
}

static void nothing_has_a_reason(void **test)
{
	static const char *const files[] = { "x.pcap" };
	static const struct {
		struct summary_ledger ledger;
		const char *refused, *words;
	} cases[] = {
		{ { 0 }, NULL, "there is no packet in it" },
		{ { 7, 0, 0, 0, 0, 0, 7 }, NULL, "not one of 7 packets is TCP" },
		{ { 1, 0, 0, 0, 0, 0, 1 }, NULL, "it is not TCP: 1 packet" },
		{ { 9, 0, 0, 2, 0, 0, 7 }, NULL, "no TCP in 9 packets" },
		{ { 9, 0, 0, 6, 1, 0, 2 }, NULL, "the filter left out 6 packets" },
		{ { 9, 0, 0, 0, 8, 1, 0 }, NULL, "9 packets cut short or damaged" },
		{ { 9, 1, 0, 0, 8, 0, 0 }, NULL, "1 packet of TCP or ICMP, and no SYN that opens" },
		{ { 9, 0, 0, 0, 0, 0, 9 }, "IEEE802_15_4\033[2J", "link type IEEE802_15_4\\x1b[2J is not one" },
	};
	const struct summary_look look = { 0 };
	struct summary *s = summary_new(1);
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct summary_facts f = { .files = files,
					   .n_files = 1,
					   .packets = cases[i].ledger.seen,
					   .start_ns = START,
					   .end_ns = START + S,
					   .took_ns = 0,
					   .ledger = cases[i].ledger,
					   .refused = cases[i].refused };

		buf_reset(&b);
		summary_text(s, &f, &look, &b);
		assert_fits(buf_text(&b));
		if (!strstr(buf_text(&b), "\nattempts       none: ") || !strstr(buf_text(&b), cases[i].words))
			fail_msg("%s is not in:\n%s", cases[i].words, buf_text(&b));
		buf_reset(&b);
		summary_json(s, &f, &b);
		json_decref(parse(buf_text(&b)));
		buf_reset(&b);
		summary_table(s, BY_SERVER, 20, &look, &b);
		assert_string_equal(buf_text(&b), "SERVER  ATTEMPTS\n");
	}
	buf_fini(&b);
	summary_free(s);
}

static void the_ledger_is_an_equation(void **test)
{
	const struct summary_ledger l = { 1969642, 1960000, 12, 0, 3, 0, 9627 }, wrong = { 5, 1, 1, 1, 1, 1, 1 };
	struct buf b = { 0 };

	summary_ledger_text(&l, &b);
	assert_string_equal(buf_text(&b), "seen 1,969,642 = 1,960,000 TCP and ICMP + 12 duplicates + 0 filtered + "
					  "3 truncated + 0 malformed + 9,627 not TCP\n");
	buf_reset(&b);
	summary_ledger_text(&wrong, &b);
	assert_non_null(strstr(buf_text(&b), ", which is not so: the sum is 6\n"));
	buf_fini(&b);
}

/* Failures in the middle third of a minute alone. */
static void the_sparkline_rises_and_falls(void **test)
{
	const struct summary_facts f = { .took_ns = -1, .start_ns = START, .end_ns = START + 60 * S };
	const struct summary_look look = { 0 };
	struct summary *s = summary_new(1);
	struct digest d = { .n_syns = 1, .flow = { scene_endpoint("192.0.2.1:1"), scene_endpoint("192.0.2.2:2") } };
	struct buf b = { 0 };
	const char *bars;
	int i;

	for (i = 0; i < 6000; i++) {
		d.start_ns = START + i * 10 * MS;
		d.outcome = i / 2000 == 1 ? OUTCOME_REFUSED : OUTCOME_ESTABLISHED;
		summary_feed(s, &d);
	}
	summary_text(s, &f, &look, &b);
	assert_non_null(strstr(buf_text(&b), "failures       2,000 (33 %), 22:13:40 to 22:13:59\n"));
	bars = strstr(buf_text(&b), "\n               22:13:20 ");
	assert_non_null(bars);
	bars += strlen("\n               22:13:20 ");
	assert_int_equal(strcspn(bars, " "), 44);
	for (i = 0; i < 44; i++)
		assert_int_equal(bars[i] == '_', i < 14 || i > 29);
	assert_in_range(strspn(bars + 16, "#*"), 12, 14);
	buf_fini(&b);
	summary_free(s);
}

static uint64_t state;

static uint64_t below(uint64_t n)
{
	return (scene_random(&state) >> 16) % n;
}

/* Bytes of every kind, and 0 at the end. */
static void some_text(char *to, size_t size)
{
	size_t n = below(size), i;

	for (i = 0; i < n; i++)
		to[i] = (char)(below(3) ? 'a' + below(26) : 1 + below(255));
	to[n] = 0;
}

static void feed_some(struct summary *s)
{
	size_t n = below(3) ? below(60) : below(20000), i;
	uint64_t spread = 1 + below(1 + below(1 + (uint64_t)5000 * S));
	uint32_t outcomes = 1 + (uint32_t)below(0x3ff), hosts = 1 + (uint32_t)below(60000);
	struct digest d = { 0 };

	for (i = 0; i < n; i++) {
		d.flow.client.addr.family = d.flow.server.addr.family = below(2) ? 4 : 6;
		d.flow.server.addr.b[0] = d.flow.server.addr.b[14] = (uint8_t)below(256);
		d.flow.client.addr.b[2] = (uint8_t)below(1 + hosts / 256);
		d.flow.client.addr.b[3] = d.flow.server.addr.b[3] = (uint8_t)below(256);
		d.flow.server.port = (uint16_t)below(65536);
		do
			d.outcome = (enum outcome)below(OUTCOME_N);
		while (!(outcomes >> d.outcome & 1));
		d.half_open = d.outcome == OUTCOME_UNANSWERED && below(2);
		d.n_syns = (int)below(30);
		d.elapsed_ns = (int64_t)(scene_random(&state) >> (1 + below(60))) - 1000;
		d.start_ns = START + (int64_t)(scene_random(&state) % (spread * (below(90) ? 1 : 100)));
		summary_feed(s, &d);
	}
}

static void whatever_comes_fits(void **test)
{
	int round;

	state = 8;
	for (round = 0; round < 80; round++) {
		const struct summary_look look = { 0 };
		char name[300], other[300], comment[300], link[100];
		const char *const files[] = { name, other }, *const comments[] = { comment, "", name };
		struct summary_facts f = { .files = files, .comments = comments, .refused = below(2) ? link : NULL };
		struct summary *s = summary_new(scene_random(&state));
		struct buf b = { 0 };

		some_text(name, sizeof(name));
		some_text(other, sizeof(other));
		some_text(comment, sizeof(comment));
		some_text(link, sizeof(link));
		f.n_files = below(3);
		f.n_comments = below(4);
		f.bytes = scene_random(&state) >> (1 + below(63));
		f.packets = scene_random(&state) >> (1 + below(63));
		f.took_ns = (int64_t)(scene_random(&state) >> (1 + below(60))) - 5;
		f.start_ns = below(2) ? START : 0;
		f.end_ns = f.start_ns ? START + (int64_t)(scene_random(&state) >> (2 + below(60))) : 0;
		f.unmatched = below(3);
		f.evicted = below(3);
		f.ledger.seen = below(3);
		f.ledger.duplicates = scene_random(&state) >> (1 + below(63));
		f.ledger.truncated = below(3);
		feed_some(s);
		summary_text(s, &f, &look, &b);
		assert_fits(buf_text(&b));
		assert_null(strchr(buf_text(&b), '\033'));
		buf_reset(&b);
		summary_json(s, &f, &b);
		json_decref(parse(buf_text(&b)));
		buf_fini(&b);
		summary_free(s);
	}
}

static size_t without_colour(char *text)
{
	size_t n = 0, kept = 0;

	while (text[n]) {
		if (text[n] == '\033')
			n += strcspn(text + n, "m") + 1;
		else
			text[kept++] = text[n++];
	}
	text[kept] = 0;
	return kept;
}

static void colour_only_repeats(void **test)
{
	const struct summary_look plain = { .utf8 = true }, colour = { .utf8 = true, .color = true };
	struct buf a = { 0 }, b = { 0 };
	struct summary_facts f;
	struct summary *s;

	play("web", &s, &f);
	summary_text(s, &f, &plain, &a);
	summary_text(s, &f, &colour, &b);
	assert_in_range(b.len, a.len + 20, 10 * a.len);
	without_colour(b.data);
	assert_string_equal(b.data, a.data);
	buf_fini(&a);
	buf_fini(&b);
	summary_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goldens),
		cmocka_unit_test(tables),
		cmocka_unit_test(nothing_has_a_reason),
		cmocka_unit_test(the_ledger_is_an_equation),
		cmocka_unit_test(the_sparkline_rises_and_falls),
		cmocka_unit_test(whatever_comes_fits),
		cmocka_unit_test(colour_only_repeats),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
