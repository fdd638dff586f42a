/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stories are made from attempts written by hand, and drawn; the drawings are
 * compared with tests/golden/diagram.  Run with SYNSENT_BLESS=1 to write them anew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "sinks/diagram.h"
#include "tests/unit/diagram_cases.h"
#include "tests/unit/golden.h"
#include "util/buf.h"

static struct story story;

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

static void goldens(void **state)
{
	size_t i;

	for (i = 0; i < n_cases; i++) {
		struct buf utf8 = { 0 }, ascii = { 0 }, svg = { 0 };

		draw(i, &utf8, &ascii, &svg);
		compare(cases[i].name, ".utf8.txt", &utf8);
		compare(cases[i].name, ".ascii.txt", &ascii);
		if (cases[i].svg)
			compare(cases[i].name, ".svg", &svg);
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

	for (i = 0; i < n_cases; i++) {
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

	for (i = 0; i < n_cases; i++) {
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

	for (i = 0; i < n_cases; i++) {
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
