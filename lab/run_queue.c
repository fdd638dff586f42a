/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "lab/run_inside.h"
#include "sources/backlog.h"
#include "sources/namespaces.h"
#include "util/clock.h"

/* A walk through /proc is not to keep the run from what goes on. */
#define PAUSE 10

static bool look_at_far_end(const struct run *r, const struct flow *f, struct drop *ret)
{
	bool found;

	if (world_go(&r->world, true, NULL))
		return false;
	found = backlog_look(NULL, 0, f, ret);
	return !world_go(&r->world, false, NULL) && found;
}

static bool look_here(const struct flow *f, struct drop *ret)
{
	struct namespaces *n = namespaces_new();
	bool found = n && backlog_look(n, 0, f, ret);

	namespaces_free(n);
	return found;
}

bool run_full_queue(struct run *r, const struct attempt *a, struct event_drop *ret)
{
	int64_t began_ns = clock_mono_ns();
	struct drop d;
	bool found;

	if (!attempt_syns_are_lost(a) || began_ns < r->looks_again_ns)
		return false;
	found = r->kind == &run_real ? look_here(&a->flow, &d) : look_at_far_end(r, &a->flow, &d);
	r->looks_again_ns = clock_mono_ns() + (clock_mono_ns() - began_ns) * PAUSE;
	if (!found)
		return false;
	ret->place = d.place;
	memcpy(ret->reason, d.reason, sizeof(ret->reason));
	memcpy(ret->rule, d.rule, sizeof(ret->rule));
	return true;
}
