/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames of the scene in tests/screen/scene.c are compared with
 * tests/golden/screen; SYNSENT_BLESS=1 writes them anew.  Keys and sizes at
 * random must do no harm, and whatever there is fits its bounds.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sinks/drop_words.h"
#include "sinks/screen_model.h"
#include "sinks/utf8.h"
#include "tests/screen/scene.h"
#include "tests/unit/golden.h"

#define MS ((int64_t)1000000)
#define S ((int64_t)1000000000)

static struct screen *s;
static struct screen_frame f;
static struct attempt a;
static struct verdict v;

static void begin(bool utf8)
{
	struct screen_opts o = { .what = "tcp and not port 22", .since_ns = SCENE_SINCE, .seed = 1, .utf8 = utf8 };

	s = screen_new(&o);
	assert_non_null(s);
}

static void end(void)
{
	screen_free(s);
	screen_frame_fini(&f);
}

static void draw(int rows, int columns, struct buf *to)
{
	int i;

	assert_int_equal(screen_frame_size(&f, rows, columns), 0);
	screen_draw(s, SCENE_NOW, &f);
	buf_reset(to);
	for (i = 0; i < f.rows; i++) {
		screen_frame_row(&f, i, to);
		buf_char(to, '\n');
	}
}

static void press(const char *keys)
{
	for (; *keys; keys++)
		assert_true(screen_key(s, *keys == '\t'	    ? SCREEN_KEY_TAB
					  : *keys == '\n'   ? SCREEN_KEY_ENTER
					  : *keys == '\033' ? SCREEN_KEY_ESCAPE
							    : (uint32_t)*keys));
}

static void golden(const char *name, bool utf8, const char *keys, int rows, int columns)
{
	struct buf b = { 0 };

	begin(utf8);
	scene_play(s);
	draw(rows, columns, &b);
	press(keys);
	draw(rows, columns, &b);
	compare(name, ".txt", &b);
	buf_fini(&b);
	end();
}

static void goldens(void **test)
{
	golden("lists-80x24", true, "", 24, 80);
	golden("lists-80x24-ascii", false, "", 24, 80);
	golden("pending-80x24", true, "\t\tj", 24, 80);
	golden("servers-80x24", true, "\ts", 24, 80);
	golden("filter-80x24", true, "/psql", 24, 80);
	golden("lists-120x40", true, "", 40, 120);
	golden("lists-40x10", true, "", 10, 40);
	golden("pending-40x10", false, "\t\t", 10, 40);
	golden("attempt-80x24", true, "jjjj\n", 24, 80);
	golden("attempt-120x40", true, "jjjj\n", 40, 120);
	golden("waiting-120x40", true, "\t\tjj\n", 40, 120);
	golden("attempt-40x10", false, "\n", 10, 40);
	golden("help-80x24", true, "h", 24, 80);
}

/* Nothing that a terminal would act upon or hide reaches a cell, in whatever size. */
static void steers_no_terminal(void **test)
{
	struct buf b = { 0 };
	int i, columns;

	begin(true);
	scene_play(s);
	for (columns = 1; columns < 200; columns += 7) {
		draw(30, columns, &b);
		for (i = 0; i < f.rows * f.columns; i++)
			assert_true(f.cells[i].c == 0 || !utf8_hidden(f.cells[i].c));
	}
	buf_fini(&b);
	end();
}

/* What is chosen stays so when others come; pausing holds the picture; clearing empties it. */
static void follows(void **test)
{
	struct buf b = { 0 };

	begin(true);
	scene_play(s);
	draw(24, 80, &b);
	press("j"); /* 4411 */
	scene_waits(&a, "late", 5, "10.9.9.9:9", 1);
	scene_ended(&a, &v, OUTCOME_REFUSED, 1, 1);
	screen_ended(s, &a, &v);
	draw(24, 80, &b);
	assert_non_null(strstr(buf_text(&b), "late[5]"));
	press("\n");
	draw(24, 80, &b);
	assert_non_null(strstr(buf_text(&b), "psql[4411]"));
	press("\033p");
	scene_waits(&a, "later", 6, "10.9.9.9:9", 1);
	scene_ended(&a, &v, OUTCOME_REFUSED, 1, 1);
	screen_ended(s, &a, &v);
	draw(24, 80, &b);
	assert_non_null(strstr(buf_text(&b), "PAUSED"));
	assert_null(strstr(buf_text(&b), "later[6]"));
	press("p");
	draw(24, 80, &b);
	assert_non_null(strstr(buf_text(&b), "later[6]"));
	press("c");
	screen_lost(s, 12345);
	draw(24, 80, &b);
	assert_non_null(strstr(buf_text(&b), "none so far"));
	assert_non_null(strstr(buf_text(&b), "12,345 events lost   5 attempts"));
	screen_lost(s, 1);
	draw(24, 80, &b);
	assert_non_null(strstr(buf_text(&b), "1 event lost   5 attempts"));
	scene_waits(&a, "routeless", 7, "10.9.9.9:9", 1);
	scene_ended(&a, &v, OUTCOME_UNREACHABLE, 1, 0);
	a.n_syns = 0;
	screen_ended(s, &a, &v);
	draw(24, 80, &b);
	assert_non_null(strstr(buf_text(&b), "at once    0"));
	assert_false(screen_key(s, 'q'));
	buf_fini(&b);
	end();
}

/* With a filter or in a view of its own q goes back, and ends all only in the plain list. */
static void goes_back(void **test)
{
	struct buf b = { 0 };

	begin(true);
	scene_play(s);
	press("/psql\n");
	draw(24, 80, &b);
	assert_non_null(strstr(buf_text(&b), "filter psql   q clears it"));
	press("\n");
	draw(24, 80, &b);
	assert_non_null(strstr(buf_text(&b), "q back"));
	press("q");
	draw(24, 80, &b);
	assert_non_null(strstr(buf_text(&b), "Failures 2 of 9"));
	press("q");
	draw(24, 80, &b);
	assert_non_null(strstr(buf_text(&b), "▶ Failures 9"));
	assert_non_null(strstr(buf_text(&b), "q quit"));
	/* of a server: to the servers again */
	press("\t\n");
	draw(24, 80, &b);
	assert_non_null(strstr(buf_text(&b), "▶ Failures 4 of 9"));
	assert_non_null(strstr(buf_text(&b), "filter 10.0.3.7:5432   q clears it"));
	press("q");
	draw(24, 80, &b);
	assert_non_null(strstr(buf_text(&b), "▶ Servers 6"));
	assert_false(screen_key(s, 'q'));
	buf_fini(&b);
	end();
}

/* The row tells what its other columns do not, and where a packet was dropped in the words of the lines. */
static void why(void **test)
{
	static const struct {
		enum drop_place place;
		uint32_t netns;
		const char *way, *want, *reason;
	} t[] = {
		{ DROP_LOCAL_INPUT, 1, "on its way in", "here, on its way in: r \"x\"" },
		{ DROP_LOCAL_OUTPUT, 1, "on its way out", "here, on its way out: r \"x\"" },
		{ DROP_PATH_OR_PEER, 1, "on the way", "on the way: r \"x\"" },
		{ DROP_PATH_OR_PEER, 2, "in another network namespace of this host",
		  "in another network namespace of this host: r \"x\"" },
		{ DROP_PEER_BACKLOG, 1, "accept queue full", "accept queue full: r \"x\"", "accept queue full" },
		{ DROP_PEER_BACKLOG, 1, "SYN queue full", "SYN queue full: r \"x\"", "SYN queue full" },
		{ DROP_PEER_BACKLOG, 1, "SYN queue full, likely", "SYN queue full, likely: r \"x\"",
		  "SYN queue full, likely" },
	};
	struct buf b = { 0 }, line = { 0 };
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		scene_waits(&a, "app", 7, "10.9.9.9:9", 5000);
		a.netns = 1;
		a.n_drops = 1;
		a.drops[0] = (struct drop){ .place = t[i].place, .netns = t[i].netns, .packets = 2, .rule = "r \"x\"" };
		if (t[i].reason)
			strcpy(a.drops[0].reason, t[i].reason);
		buf_reset(&line);
		screen_silence(&a, &line);
		begin(true);
		screen_pending_begin(s);
		screen_pending_add(s, &a);
		screen_pending_end(s, true);
		draw(24, 200, &b);
		assert_non_null(strstr(buf_text(&b), t[i].way));
		scene_ended(&a, &v, OUTCOME_ABANDONED, 100, 5000);
		screen_ended(s, &a, &v);
		draw(24, 200, &b);
		assert_non_null(strstr(buf_text(&b), t[i].want));
		assert_non_null(strstr(buf_text(&b), buf_text(&line)));
		buf_reset(&line);
		drop_where(&a, &a.drops[0], &line);
		assert_memory_equal(buf_text(&line), t[i].want, line.len);
		press("\n");
		draw(40, 120, &b);
		buf_fmt(&line, ", 2 SYNs: r \"x\"");
		assert_non_null(strstr(buf_text(&b), buf_text(&line)));
		assert_null(strstr(buf_text(&b), drop_place_word(t[i].place)));
		end();
	}
	buf_fini(&b);
	buf_fini(&line);
}

static void why_without_drop(void **test)
{
	struct buf b = { 0 };

	scene_waits(&a, "app", 7, "10.9.9.9:9", 5000);
	scene_ended(&a, &v, OUTCOME_KILLED, 100, 5000);
	screen_why(&a, &v, &b);
	assert_string_equal(buf_text(&b), "no answer; SIGKILL");
	buf_reset(&b);
	v = (struct verdict){ .outcome = OUTCOME_TIMED_OUT,
			      .limit = LIMIT_USER_TIMEOUT,
			      .confidence = CONFIDENCE_LIKELY };
	screen_why(&a, &v, &b);
	assert_string_equal(buf_text(&b), "no answer; TCP_USER_TIMEOUT  (likely)");
	buf_reset(&b);
	scene_ended(&a, &v, OUTCOME_ABANDONED, 100, 5000);
	a.winner_ns = 1;
	addr_parse("10.9.9.8", &a.winner.addr);
	screen_why(&a, &v, &b);
	assert_string_equal(buf_text(&b), "no answer; likely cancelled, since 10.9.9.8 won");
	buf_fini(&b);
}

/* What is watched stands behind the name as the user wrote it; a number is not cut away with a name. */
static void whole(void **test)
{
	struct buf b = { 0 };

	begin(true);
	scene_waits(&a, "python3.12", 16019, "10.77.0.2:8080", 300);
	scene_ended(&a, &v, OUTCOME_ABANDONED, 100, 300);
	screen_ended(s, &a, &v);
	draw(24, 80, &b);
	assert_memory_equal(buf_text(&b), "synsent watch tcp and not port 22 ", 34);
	assert_non_null(strstr(buf_text(&b), "…[16019]"));
	buf_fini(&b);
	end();
}

/* More of everything than there is room for. */
static void bounds(void **test)
{
	char server[40];
	struct buf b = { 0 };
	int i;

	begin(true);
	screen_pending_begin(s);
	for (i = 0; i < 3000; i++) {
		snprintf(server, sizeof(server), "10.0.%d.%d:80", i / 256, i % 256);
		scene_waits(&a, "many", i + 1, server, 1 + (i * 7919) % 3000);
		screen_pending_add(s, &a);
		scene_ended(&a, &v, OUTCOME_REFUSED, 100, 1);
		screen_ended(s, &a, &v);
	}
	screen_pending_end(s, true);
	draw(24, 80, &b);
	assert_non_null(strstr(buf_text(&b), "Pending 256 of 3,000"));
	assert_non_null(strstr(buf_text(&b), "Failures 1,000 of 3,000"));
	assert_non_null(strstr(buf_text(&b), " of 3,000, by rate"));
	assert_non_null(strstr(buf_text(&b), "many[3000]"));
	assert_true(screen_key(s, SCREEN_KEY_END));
	press("\n");
	draw(24, 80, &b);
	assert_non_null(strstr(buf_text(&b), "only the last 200"));
	/* of those that wait, the ones that began first */
	press("\t\tss");
	draw(24, 80, &b);
	assert_non_null(strstr(buf_text(&b), "3.0 s"));
	assert_true(screen_memory() < 8 << 20);
	buf_fini(&b);
	end();
}

static void waits(bool there, struct buf *to)
{
	screen_pending_begin(s);
	if (there)
		screen_pending_add(s, &a);
	screen_pending_end(s, true);
	draw(24, 80, to);
}

static void open_waiting(const char *process, bool traced, struct buf *to)
{
	scene_waits(&a, process, 7, "10.9.9.9:9", 700);
	a.traced = traced;
	if (traced) {
		a.flow.client.port = 0;
		a.cookie = 0;
	}
	waits(true, to);
	press("\t\t\n");
	draw(24, 80, to);
	assert_non_null(strstr(buf_text(to), "SYN-SENT  retrans 0"));
}

/* One that is looked at is followed, by the kernel's tracepoints too, which tell of its port and its cookie only later.
 */
static void detail_follows(void **test)
{
	struct buf b = { 0 };

	begin(true);
	open_waiting("late", true, &b);
	a.flow.client.port = 40001;
	a.n_syns = 2;
	a.syn_ns[1] = a.syn_ns[0] + S;
	waits(true, &b);
	assert_non_null(strstr(buf_text(&b), "10.0.0.5:40001 > 10.9.9.9:9"));
	assert_non_null(strstr(buf_text(&b), "SYN-SENT  retrans 1"));
	a.cookie = 99;
	scene_ended(&a, &v, OUTCOME_ABANDONED, 0, 700);
	a.syn_ns[0] = a.connect_ns = SCENE_NOW - 700 * MS;
	screen_ended(s, &a, &v);
	draw(24, 80, &b);
	assert_non_null(strstr(buf_text(&b), "the application gave up"));
	buf_fini(&b);
	end();
}

/* One that is not told of any more: what is known of it is said, and taken back when more is told. */
static void detail_untold(void **test)
{
	struct screen_opts o = { .what = "", .untold = "it has connected", .since_ns = SCENE_SINCE, .seed = 1 };
	struct buf b = { 0 };

	s = screen_new(&o);
	assert_non_null(s);
	open_waiting("gone", true, &b);
	waits(false, &b);
	assert_non_null(strstr(buf_text(&b), "no longer waiting: it has connected\nlikely"));
	assert_non_null(strstr(buf_text(&b), "last seen to wait after 700 ms and 1 SYN\n"));
	assert_null(strstr(buf_text(&b), "SYN-SENT"));
	assert_null(strstr(buf_text(&b), "still waiting"));
	waits(true, &b);
	assert_non_null(strstr(buf_text(&b), "SYN-SENT  retrans 0"));
	waits(false, &b);
	scene_ended(&a, &v, OUTCOME_ABANDONED, 0, 700);
	screen_ended(s, &a, &v);
	draw(24, 80, &b);
	assert_non_null(strstr(buf_text(&b), "the application gave up"));
	assert_null(strstr(buf_text(&b), "no longer waiting"));
	end();
	/* whoever is told of all, or of not all that wait, asserts nothing of it */
	begin(true);
	open_waiting("gone", false, &b);
	screen_pending_begin(s);
	screen_pending_end(s, false);
	draw(24, 80, &b);
	assert_non_null(strstr(buf_text(&b), "SYN-SENT  retrans 0"));
	waits(false, &b);
	assert_non_null(strstr(buf_text(&b), "no longer waiting: how it ended was not told\nlast seen"));
	end();
	buf_fini(&b);
}

static void at_random(void **test)
{
	static const uint32_t others[] = { 'j',	 'k',  's',    '/',	'p',	'c',	 'h',
					   '\t', 0x1b, 0x3042, 0x1f600, 0xd800, 0x110000 };
	struct buf b = { 0 };
	unsigned int seed = 7;
	int i;

	begin(true);
	scene_play(s);
	for (i = 0; i < 4000; i++) {
		uint32_t r = (uint32_t)rand_r(&seed);

		screen_key(s, r & 1 ? SCREEN_KEY_UP + (r >> 1) % 13 : others[(r >> 1) % 13]);
		if (r % 5 == 0)
			draw(1 + (int)(r >> 8) % 60, 1 + (int)(r >> 16) % 200, &b);
		if (r % 97 == 0)
			scene_play(s);
	}
	buf_fini(&b);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goldens),
		cmocka_unit_test(steers_no_terminal),
		cmocka_unit_test(follows),
		cmocka_unit_test(goes_back),
		cmocka_unit_test(why),
		cmocka_unit_test(why_without_drop),
		cmocka_unit_test(whole),
		cmocka_unit_test(bounds),
		cmocka_unit_test(detail_follows),
		cmocka_unit_test(detail_untold),

		cmocka_unit_test(at_random),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
