/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/words.h"
#include "lab/conform_inside.h"
#include "util/duration.h"

#define TOLERANCE 2 /* jiffies: a late tick, and a packet's time stamp beside it */

/* "SYNs at 0, 1.012, 3.028 s; ETIMEDOUT at 7.28 s" */
static void add(char to[CONFORM_TEXT], const char *form, ...) __attribute__((format(printf, 2, 3)));

static void add(char to[CONFORM_TEXT], const char *form, ...)
{
	size_t len = strlen(to);
	va_list ap;

	va_start(ap, form);
	vsnprintf(to + len, CONFORM_TEXT - len, form, ap);
	va_end(ap);
}

static void tell_predicted(const struct trial *t, const struct schedule *s, char to[CONFORM_TEXT])
{
	int i;

	to[0] = 0;
	add(to, "SYNs at 0");
	for (i = 1; i < s->n; i++)
		add(to, ", %.3f", (double)schedule_jiffies_ns(s->syn[i], t->policy.hz) / NS_PER_S);
	add(to, " s, ETIMEDOUT after %.3f s", (double)schedule_jiffies_ns(s->end, t->policy.hz) / NS_PER_S);
}

static void tell_observed(const struct trial *t, char to[CONFORM_TEXT])
{
	int i;

	to[0] = 0;
	if (!t->n) {
		add(to, "no SYN was seen");
		return;
	}
	add(to, "SYNs at 0");
	for (i = 1; i < t->n && i < TRIAL_SYNS_MAX; i++)
		add(to, ", %.3f", (double)(t->syn_ns[i] - t->syn_ns[0]) / NS_PER_S);
	add(to, t->end_ns ? " s, %s after %.3f s" : " s, no end", errno_name(t->error),
	    (double)(t->end_ns - t->syn_ns[0]) / NS_PER_S);
}

/* The first copy that holds decides, else the last one. */
static void judge(struct conform *c, struct conform_case *k, struct trial *t, const struct jiffies_clock *jiffies)
{
	struct schedule s;
	double worst = 0;

	if (t->skipped) {
		snprintf(k->skipped, sizeof(k->skipped), "%s", t->skipped);
		k->held = true;
	}
	if (k->held)
		return;
	k->held = !trial_judge(t, jiffies, TOLERANCE, &s, &worst);
	tell_predicted(t, &s, k->expected);
	tell_observed(t, k->observed);
	if (k->held && worst > c->worst_jiffies)
		c->worst_jiffies = worst;
}

/* Marks those that hold, for whoever looks on. */
static void look(const struct trials *ts, void *user)
{
	struct conform *c = user;
	int i;

	for (i = 0; i < ts->n; i++) {
		struct conform_case *k = &c->cases[i % CONFORM_SCHEDULES];

		if (!k->done && ts->v[i].end_ns)
			judge(c, k, &ts->v[i], &ts->jiffies);
		k->done |= k->held;
	}
}

/* How many do not hold.  Those that do are not tried again. */
static int judge_all(struct conform *c, const struct trials *ts, bool last)
{
	int i, left = 0;

	for (i = 0; i < ts->n; i++)
		judge(c, &c->cases[i % CONFORM_SCHEDULES], &ts->v[i], &ts->jiffies);
	for (i = 0; i < ts->n; i++) {
		struct conform_case *k = &c->cases[i % CONFORM_SCHEDULES];

		k->again |= last && k->held && !k->done;
		k->done = k->held || last;
		ts->v[i].held = k->held;
		left += i < CONFORM_SCHEDULES && !k->held;
	}
	return left;
}

int conform_run_schedules(struct conform *c, struct trial *trials, struct err *e)
{
	struct trials ts = {
		.v = trials, .n = CONFORM_TRIALS, .patience_ns = CONFORM_PATIENCE_NS, .turn = look, .user = c
	};
	int left, r = jiffies_calibrate(&ts.jiffies, e);

	if (!r)
		r = trials_run(&ts, e);
	if (r)
		return r;
	left = judge_all(c, &ts, false);
	if (!left)
		return 0;
	__atomic_add_fetch(&c->again, left, __ATOMIC_RELAXED);
	ts.turn = NULL;
	r = trials_run(&ts, e);
	if (!r)
		judge_all(c, &ts, true);
	return r;
}
