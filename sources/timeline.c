/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/timeline.h"

#include <errno.h>
#include <stdlib.h>

#define THREADS_MAX 2 /* captures that are read at once by a thread of their own */

enum state {
	LEFT_OUT,
	WAITS, /* it begins later */
	ACTIVE,
	OVER,
};

struct source {
	struct capture *capture;
	enum state state;
	int64_t first_ns;
	int64_t head_ns; /* of its next entry; ACTIVE only, and only where there are several */
	bool has_head, begun;
	struct timeline_run run;
};

struct timeline {
	struct timeline_opts opts;
	size_t n;
	struct source *sources; /* as the paths were given */
	struct source **order;	/* by first_ns, once begun */
	size_t n_order, n_active;
	size_t n_over; /* of order, from its begin */
	int n_threads;
};

static void tell(struct timeline *t, const struct err *e)
{
	if (t->opts.on_error)
		t->opts.on_error(e, t->opts.user);
}

int timeline_open(const char *const *paths, size_t n, const struct timeline_opts *o, struct timeline **ret,
		  struct err *e)
{
	struct timeline *t = calloc(1, sizeof(*t));
	struct err why;
	size_t i;

	if (t) {
		t->sources = calloc(n, sizeof(*t->sources));
		t->order = calloc(n, sizeof(struct source *));
	}
	if (!t || !t->sources || !t->order) {
		timeline_free(t);
		return err_sys(e, ENOMEM, "read");
	}
	t->opts = *o;
	t->n = n;
	for (i = 0; i < n; i++) {
		why = (struct err){ 0 };
		if (capture_open(paths[i], &o->capture, &t->sources[i].capture, &why)) {
			tell(t, &why);
			continue;
		}
		capture_on_remark(t->sources[i].capture, o->on_remark, o->user);
		t->sources[i].state = WAITS;
		t->sources[i].run.file = (uint32_t)i;
		t->sources[i].run.capture = t->sources[i].capture;
	}
	*ret = t;
	return 0;
}

void timeline_free(struct timeline *t)
{
	size_t i;

	if (!t)
		return;
	for (i = 0; t->sources && i < t->n; i++)
		capture_free(t->sources[i].capture);
	free(t->sources);
	free(t->order);
	free(t);
}

const struct capture *timeline_capture(const struct timeline *t, size_t file)
{
	return t->sources[file].state == LEFT_OUT ? NULL : t->sources[file].capture;
}

/* Files that are equal in all begin in the order in which they were named. */
static int by_first(const void *a, const void *b)
{
	const struct source *x = *(struct source *const *)a, *y = *(struct source *const *)b;

	if (x->first_ns != y->first_ns)
		return x->first_ns < y->first_ns ? -1 : 1;
	return x < y ? -1 : x > y;
}

static bool begin(struct timeline *t, struct source *s, bool threaded)
{
	struct err e = { 0 };

	if (capture_begin(s->capture, threaded, &e)) {
		tell(t, &e);
		s->state = LEFT_OUT;
		return false;
	}
	s->begun = true;
	return true;
}

void timeline_begin(struct timeline *t)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		struct source *s = &t->sources[i];

		if (s->state == LEFT_OUT || !begin(t, s, t->n == 1))
			continue;
		if (capture_is_events(s->capture)) {
			s->state = LEFT_OUT;
			t->opts.on_events(s->capture, s->run.file, t->opts.user);
			continue;
		}
		s->first_ns = capture_first_ns(s->capture);
		t->n_threads += t->n == 1;
		if (t->n > 1 && capture_rewind(s->capture))
			s->begun = false;
		t->order[t->n_order++] = s;
	}
	qsort(t->order, t->n_order, sizeof(struct source *), by_first);
}

uint8_t *timeline_await(struct timeline *t)
{
	return t->n_order == 1 ? capture_await(t->order[0]->capture) : NULL;
}

int64_t timeline_first_ns(const struct timeline *t)
{
	return t->n_order && t->order[0]->first_ns != INT64_MAX ? t->order[0]->first_ns : 0;
}

/* One that begins no later than what is at hand takes part from now on. */
static void activate(struct timeline *t, struct source *s)
{
	bool threaded = t->n_threads < THREADS_MAX;

	s->state = ACTIVE;
	t->n_active++;
	if (s->begun)
		return;
	if (begin(t, s, threaded)) {
		t->n_threads += threaded;
		return;
	}
	s->state = OVER; /* it could be read before; somebody has changed it */
	t->n_active--;
}

static void end(struct timeline *t, struct source *s, const struct err *e)
{
	s->state = OVER;
	t->n_active--;
	t->n_threads -= t->n_threads > 0;
	if (e->what[0])
		tell(t, e);
}

/* Sees to it that the source has an entry at hand.  TIMELINE_END: it has none any more. */
static enum timeline_result have_entry(struct timeline *t, struct source *s)
{
	struct err e = { 0 };
	struct captured p;

	if (s->has_head) /* it was not given yet */
		return TIMELINE_RUN;
	while (!s->run.stretch || !timeline_run_more(&s->run)) {
		switch (capture_next(s->capture, &s->run.stretch, &e)) {
		case CAPTURE_STRETCH:
			s->run.begins = true;
			s->run.list = 0;
			s->run.entry = s->run.look = 0;
			s->has_head = false;
			/* one without entries still has packets to be counted */
			if (!timeline_run_more(&s->run)) {
				s->head_ns = INT64_MIN;
				s->has_head = true;
				return TIMELINE_RUN;
			}
			break;
		case CAPTURE_IDLE:
			return TIMELINE_IDLE;
		default:
			end(t, s, &e);
			return TIMELINE_END;
		}
	}
	if (!s->has_head && t->n_order > 1) {
		capture_packet(s->capture, s->run.stretch, &s->run.stretch->walk.lists[s->run.list], s->run.entry, &p);
		s->head_ns = p.t_ns;
	}
	s->has_head = true;
	return TIMELINE_RUN;
}

/* The source whose next packet is the first of all; NULL when none has one, as *ret_why says. */
static struct source *first(struct timeline *t, enum timeline_result *ret_why)
{
	struct source *best = NULL;
	enum timeline_result r;
	size_t i;

	*ret_why = TIMELINE_END;
	for (i = t->n_over; i < t->n_order; i++) {
		struct source *s = t->order[i];

		if (s->state == WAITS && (!best || s->first_ns <= best->head_ns || best->head_ns == INT64_MIN))
			activate(t, s);
		if (s->state != ACTIVE) {
			t->n_over += s->state == OVER && i == t->n_over;
			if (s->state == WAITS)
				break; /* and all after it */
			continue;
		}
		r = have_entry(t, s);
		if (r == TIMELINE_IDLE) {
			*ret_why = r;
			return NULL;
		}
		if (r == TIMELINE_RUN && (!best || s->head_ns < best->head_ns))
			best = s;
	}
	return best;
}

/* Up to where it may go: a file of the same time gives way to one before it in the order. */
static void limit(const struct timeline *t, struct source *s)
{
	int64_t limit = INT64_MAX, other;
	bool before = true;
	size_t i;

	for (i = t->n_over; i < t->n_order; i++) {
		const struct source *o = t->order[i];

		if (o == s) {
			before = false;
			continue;
		}
		if (o->state != ACTIVE && o->state != WAITS)
			continue;
		other = o->state == ACTIVE ? o->head_ns : o->first_ns;
		if (before && other > INT64_MIN)
			other--;
		limit = other < limit ? other : limit;
		if (o->state == WAITS)
			break;
	}
	s->run.limit_ns = limit;
	s->run.limited = s->run.stretch->time_max_ns > limit;
}

enum timeline_result timeline_next(struct timeline *t, struct timeline_run **ret)
{
	enum timeline_result why;
	struct source *s = first(t, &why);

	if (!s)
		return why;
	limit(t, s);
	s->has_head = false;
	*ret = &s->run;
	return TIMELINE_RUN;
}
