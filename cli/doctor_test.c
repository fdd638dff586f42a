/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "cli/doctor.h"
#include "cli/predict_words.h"
#include "util/duration.h"

#define LEAD "             " /* under a label */

static const char *const kinds[CONFORM_KIND_N] = {
	[CONFORM_SCHEDULE] = "SYN schedules",
	[CONFORM_ICMP] = "ICMP errors",
	[CONFORM_ANSWER] = "other answers and silences",
};

static void counts(const struct conform *c, int hz, struct buf *to)
{
	struct buf b = { 0 };
	int k, n, held;

	for (k = 0; k < CONFORM_KIND_N; k++) {
		conform_count(c, (enum conform_kind)k, &n, &held);
		buf_fmt(&b, "%s%d", k ? ", " : "", held);
		if (held != n)
			buf_fmt(&b, " of %d", n);
		buf_fmt(&b, " %s", kinds[k]);
		if (k == CONFORM_SCHEDULE && held == n)
			buf_fmt(&b, " within %.2f jiffies (%.1f ms) of the predicted instants", c->worst_jiffies,
				c->worst_jiffies * 1000 / hz);
	}
	buf_fmt(&b, ", in %.1f s", (double)c->took_ns / NS_PER_S);
	add_wrapped(to, LEAD, buf_text(&b));
	buf_fini(&b);
}

static void differs(const struct conform_case *k, struct buf *to)
{
	buf_fmt(to, LEAD "%s, IPv%d\n", k->name, k->family);
	add_wrapped(to, LEAD "  expected ", k->expected);
	add_wrapped(to, LEAD "  was      ", k->observed);
}

void doctor_test_text(const struct conform *c, int hz, struct buf *to)
{
	int i, wrong = 0, skipped = 0;

	for (i = 0; i < c->n; i++) {
		wrong += !c->cases[i].held;
		skipped += c->cases[i].skipped[0] != 0;
	}
	buf_fmt(to, "%-12s ", "self-test");
	if (wrong)
		buf_fmt(to, "%d of %d not as predicted for this kernel\n", wrong, c->n - skipped);
	else
		buf_fmt(to, "all %d cases as predicted for this kernel\n", c->n - skipped);
	counts(c, hz, to);
	for (i = 0; i < c->n; i++) {
		const struct conform_case *k = &c->cases[i];

		if (!k->held)
			differs(k, to);
		else if (k->skipped[0])
			buf_fmt(to, LEAD "%s, IPv%d: skipped, %s\n", k->name, k->family, k->skipped);
	}
}
