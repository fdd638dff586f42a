/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_screen.h"

#include <errno.h>
#include <stddef.h>

/* What watch_screen.c is when ncursesw was missing at build time; there never is a screen. */
int watch_screen_open(const struct watch_screen_opts *o, struct watch_screen **ret, struct err *e)
{
	err_set(e, ENOSYS, "this synsent was built without ncursesw, which --top needs");
	err_remedy(e, "install libncurses-dev and build it again, or leave --top out for a line per attempt");
	if (e)
		e->exit_code = 77;
	return -ENOSYS;
}

void watch_screen_free(struct watch_screen *s)
{
}

struct screen *watch_screen_model(struct watch_screen *s)
{
	return NULL;
}

int watch_screen_fd(const struct watch_screen *s)
{
	return -1;
}

enum watch_goes watch_screen_keys(struct watch_screen *s)
{
	return WATCH_QUIT;
}

void watch_screen_draw(struct watch_screen *s, int64_t now_ns)
{
}

int64_t watch_screen_due_ns(const struct watch_screen *s)
{
	return INT64_MAX;
}
