/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/observe_told.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

int64_t aborts_told[16], fails_told[16], icmp_told[16];
struct event_left left_told;
int n_left, connected_as, resent, n_closed;

static void on_event(const struct event *ev, void *user)
{
	int64_t *to = !strcmp(ev->counter.name, "AttemptFails") ? fails_told
		      : !strcmp(ev->counter.name, "IcmpErrors") ? icmp_told
								: aborts_told;

	if (ev->kind == EVENT_LEFT) {
		left_told = ev->left;
		n_left++;
		return;
	}
	if (ev->kind == EVENT_STATE || ev->kind == EVENT_RETRANSMIT || ev->kind == EVENT_CLOSE) {
		if (ev->kind == EVENT_STATE)
			connected_as = ev->state.state;
		else if (ev->kind == EVENT_RETRANSMIT)
			resent = ev->retransmit.n;
		n_closed += ev->kind == EVENT_CLOSE;
		return;
	}
	assert_int_equal(ev->kind, EVENT_COUNTER);
	to[ev->counter.flow.client.port - 1] = ev->counter.delta;
}

struct observe *start(void)
{
	struct observe *ob = calloc(1, sizeof(*ob));
	int i;

	assert_non_null(ob);
	ob->o.on_event = on_event;
	flows_init(ob);
	for (i = 0; i < 16; i++)
		aborts_told[i] = fails_told[i] = icmp_told[i] = UNTOLD;
	n_left = connected_as = resent = n_closed = 0;
	return ob;
}

struct known *gone(struct observe *ob, int before_ms, int64_t aborts, int64_t fails, int gone_ms, bool due)
{
	struct flow f = { .client.port = (uint16_t)(ob->n_flows + 1), .server.port = 80 };
	struct known *k = flows_add(ob, &f, true);

	k->before = (struct counts){ before_ms * MS, aborts, fails, before_ms * MS };
	k->cookie = 7;
	k->seen_ns = before_ms * MS;
	k->gone_ns = gone_ms * MS;
	k->may_be_timeout = due;
	k->state = KNOWN_GONE;
	return k;
}

void count(struct observe *ob, int at_ms, int64_t aborts, int64_t fails)
{
	ob->now = (struct counts){ at_ms * MS, aborts, fails, at_ms * MS };
	gone_resolve(ob);
}

void assert_told(int i, int64_t aborts, int64_t fails)
{
	assert_int_equal(aborts_told[i], aborts);
	assert_int_equal(fails_told[i], fails);
}
