/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/trials.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "util/clock.h"

static bool is_to_run(const struct trial *t)
{
	return !t->held && !t->skipped;
}

static bool goes_on(const struct trial *t)
{
	return is_to_run(t) && !t->end_ns;
}

static int start(struct trials *ts, struct err *e)
{
	int i, r = 0;

	for (i = 0; i < ts->n; i++)
		if (is_to_run(&ts->v[i]))
			trial_init(&ts->v[i]);
	for (i = 0; !r && i < ts->n; i++) {
		if (!is_to_run(&ts->v[i]))
			continue;
		r = trial_prepare(&ts->v[i], e);
		if (r)
			err_wrap(e, "%s", ts->v[i].name);
	}
	for (i = 0; !r && i < ts->n; i++) {
		if (!is_to_run(&ts->v[i]))
			continue;
		r = trial_start(&ts->v[i], &ts->jiffies, e);
		if (r)
			err_wrap(e, "%s", ts->v[i].name);
		poll(NULL, 0, rand() % 30); /* of every phase some */
	}
	return r;
}

static int watch_fds(const struct trials *ts, struct pollfd *fds)
{
	int i, left = 0;

	for (i = 0; i < ts->n; i++) {
		const struct trial *t = &ts->v[i];
		bool on = goes_on(t);

		fds[2 * i] = (struct pollfd){ .fd = on ? t->fd : -1, .events = POLLOUT };
		fds[2 * i + 1] = (struct pollfd){ .fd = on ? live_fd(t->live) : -1, .events = POLLIN };
		left += on;
	}
	return left;
}

/*
 * Waits a moment of random length, and takes what came.  How many go on, or -errno.
 * The moments are short, for what is known of a socket's end is that it came
 * during one of them: a jiffy or less, unless the host was busy with others.
 */
static int watch(struct trials *ts, struct err *e)
{
	struct pollfd fds[2 * TRIALS_MAX];
	int64_t now = clock_mono_ns();
	int left = watch_fds(ts, fds), i, r = 0;
	nfds_t n = 2 * (nfds_t)ts->n;

	if (!poll(fds, n, 0)) {
		for (i = 0; i < ts->n; i++)
			if (fds[2 * i].fd >= 0)
				ts->v[i].alive_ns = now;
		poll(fds, n, rand() % 3 + 1);
	}
	for (i = 0; !r && i < ts->n; i++) {
		if (fds[2 * i].revents)
			r = trial_end(&ts->v[i], e);
		else if (fds[2 * i + 1].revents)
			r = trial_take_syns(&ts->v[i], e);
	}
	return r ? r : left;
}

int trials_run(struct trials *ts, struct err *e)
{
	int64_t until;
	int i, r;

	assert(ts->n <= TRIALS_MAX);
	r = start(ts, e);
	until = clock_mono_ns() + ts->patience_ns;
	if (!r)
		r = 1;
	while (r > 0 && clock_mono_ns() < until) {
		r = watch(ts, e);
		if (r > 0 && ts->turn)
			ts->turn(ts, ts->user);
	}
	for (i = 0; i < ts->n; i++)
		if (is_to_run(&ts->v[i]))
			trial_fini(&ts->v[i]);
	return r < 0 ? r : 0;
}
