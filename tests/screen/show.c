/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scene on the terminal, until the user quits or a signal comes; the clock
 * stands still with "still", else it runs on.  Afterwards it says how it ended.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/watch_screen.h"
#include "tests/screen/scene.h"
#include "util/clock.h"
#include "util/signals.h"

static int wait_for(struct watch_screen *s, int signals, int64_t left_ns)
{
	struct pollfd p[] = { { .fd = watch_screen_fd(s), .events = POLLIN }, { .fd = signals, .events = POLLIN } };
	int n = poll(p, 2, left_ns < 0 ? 0 : (int)(left_ns / 1000000) + 1);

	if (n > 0 && p[1].revents)
		return WATCH_QUIT;
	return n < 0 || p[0].revents ? (int)watch_screen_keys(s) : WATCH_GOES_ON;
}

int main(int argc, char **argv)
{
	bool still = argc > 1 && !strcmp(argv[1], "still");
	struct watch_screen_opts o = { .what = "tcp and not port 22", .since_ns = SCENE_SINCE };
	int64_t began = clock_mono_ns();
	int signals = signals_open();
	struct watch_screen *s = NULL;
	struct err e = { 0 };

	if (signals < 0 || terminal_init(&o.terminal, NULL, &e) || watch_screen_open(&o, &s, &e)) {
		fprintf(stderr, "%s\n  %s\n", e.what, e.remedy);
		return e.exit_code ? e.exit_code : 1;
	}
	scene_play(watch_screen_model(s));
	do
		watch_screen_draw(s, SCENE_NOW + (still ? 0 : clock_mono_ns() - began));
	while (wait_for(s, signals,
			still ? 100000000 : watch_screen_due_ns(s) - SCENE_NOW - (clock_mono_ns() - began)) ==
	       WATCH_GOES_ON);
	watch_screen_free(s);
	puts("the scene is over");
	return 0;
}
