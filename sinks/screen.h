/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_SCREEN_H
#define SYNSENT_SINKS_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/verdict.h"
#include "sinks/screen_frame.h"

/*
 * What `synsent watch --top` shows: attempts that wait, with what is to come of
 * them; those that failed of late; and the servers that they went to.  It is
 * told of attempts and keys, and draws frames of any size.  It has no clock and
 * no terminal: times are arguments, in ns since 1970 as those of the attempts
 * are, and keys come as numbers.
 *
 * Memory is bounded, screen_memory() bytes: SCREEN_PENDING_MAX attempts that
 * wait, SCREEN_FAILURES_MAX failures, the last SCREEN_KEPT_MAX of them with all
 * that was seen, and SCREEN_SERVERS_MAX servers (sinks/screen_rates.h).
 */
struct screen;

#define SCREEN_PENDING_MAX 256
#define SCREEN_FAILURES_MAX 1000
#define SCREEN_KEPT_MAX 200

struct screen_opts {
	const char *what;   /* what is watched, as the user asked for it; "" for everything; copied */
	const char *untold; /* what has become, likely, of one that waits no longer and of whose end nothing was told:
			     * "it has connected"; NULL: not known; static */
	int64_t since_ns;
	uint64_t seed; /* for hashes: nobody else's to know */
	bool utf8;
};

/* NULL when there is no memory. */
struct screen *screen_new(const struct screen_opts *o);
void screen_free(struct screen *s);
size_t screen_memory(void);

/*
 * The attempts that wait now, in any order, instead of those told of before:
 * begin, add each, end.  Where there are more than SCREEN_PENDING_MAX, those
 * that wait longest are listed and all are counted.  `all`: no other one waits.
 */
void screen_pending_begin(struct screen *s);
void screen_pending_add(struct screen *s, const struct attempt *a);
void screen_pending_end(struct screen *s, bool all);

/*
 * An attempt has ended, in whatever way.  Cheap: below 1 µs on the average.
 * v: by verdict_make(), or, where it is established, by verdict_conclude(),
 * which costs less.
 */
void screen_ended(struct screen *s, const struct attempt *a, const struct verdict *v);

/* So many events were lost so far, in all sources together. */
void screen_lost(struct screen *s, uint64_t n);

/* Something to be said, of whatever origin: in the line above the last, until a key is pressed. */
void screen_say(struct screen *s, const char *text);

/* Keys that are no characters; characters are their code points. */
enum screen_key {
	SCREEN_KEY_UP = 0x110000,
	SCREEN_KEY_DOWN,
	SCREEN_KEY_LEFT,
	SCREEN_KEY_RIGHT,
	SCREEN_KEY_PAGE_UP,
	SCREEN_KEY_PAGE_DOWN,
	SCREEN_KEY_HOME,
	SCREEN_KEY_END,
	SCREEN_KEY_ENTER,
	SCREEN_KEY_TAB,
	SCREEN_KEY_BACKTAB,
	SCREEN_KEY_ESCAPE,
	SCREEN_KEY_BACKSPACE,
};

/* False: the user wants to leave. */
bool screen_key(struct screen *s, uint32_t key);

/* Draws all of it into f, which has its size already (screen_frame_size()). */
void screen_draw(struct screen *s, int64_t now_ns, struct screen_frame *f);

/* When the next frame would differ, in terms of screen_draw()'s now_ns: at once after a key, 5 times a second while
 * anything moves, else once a second. */
int64_t screen_due_ns(const struct screen *s);

#endif
