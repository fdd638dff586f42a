/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/loop_client.h"

#include <signal.h>
#include <string.h>

#include "lab/stage.h"
#include "util/buf.h"
#include "util/clock.h"

#define MS 1000000LL

/* Of a connection that works: how long to wait for its orderly close to be seen. */
#define CLOSE_SEEN_WITHIN_NS (300 * MS)

/* How long to wait for the kernel's counts, which tell who ended the sockets of a program. */
#define SETTLES_WITHIN_NS (1000 * MS)

/* A process that the program left behind may take so long to call connect() ... */
#define LEFT_BEHIND_BEGINS_NS (1000 * MS)

/* ... and is watched until the kernel would have given up, and this much longer. */
#define LEFT_BEHIND_GRACE_NS (2000 * MS)

static void tell_connect(struct lab *l, const struct client_opts *o, uint16_t port)
{
	struct event_connect ec = { .flow = { .client = { .addr.family = o->server.addr.family, .port = port },
					      .server = o->server },
				    .pid = l->client_pid,
				    .comm = "synsent",
				    .policy = l->policy,
				    .has_policy = true,
				    .own_timer = o->app_timeout_ns != 0,
				    .own_timer_ns = o->app_timeout_ns };

	ec.policy.syncnt = o->syncnt;
	ec.policy.user_timeout_ms = o->user_timeout_ms;
	if (o->rto_max_ms)
		ec.policy.rto_max_ms = o->rto_max_ms;
	observe_connect(l->observe, &ec, observe_now(l->observe));
}

/* The close of a connection that was established is part of its story. */
static bool closed_in_sight(const struct lab *l, int64_t since)
{
	return clock_mono_ns() - since > CLOSE_SEEN_WITHIN_NS || stage_close_seen(l);
}

/* Of this sandbox's PID namespace: its init and we do not count. */
static bool processes_left(void)
{
	return !kill(-1, 0);
}

static void tell_left_behind(struct lab *l, const struct event_state *s, int64_t at_most_ns)
{
	struct buf b = { 0 };

	buf_fmt(&b, "the program has ended; a process that it left, %d/", s->pid);
	buf_escaped(&b, s->comm, strnlen(s->comm, sizeof(s->comm)));
	buf_fmt(&b, ", still waits: %d s at most", (int)(at_most_ns / 1000000000));
	l->v->note(l->v->user, buf_text(&b));
	buf_fini(&b);
}

/*
 * The program has ended, but a process that it started waits in connect(), or is
 * about to: a daemon, a job in the background.  What it begins later than that
 * is not waited for, so this ends.
 */
static int wait_for_left_behind(struct lab *l, struct err *e)
{
	int64_t ended = observe_now(l->observe), begins_by = ended + LEFT_BEHIND_BEGINS_NS, until;
	bool told = false;
	struct schedule_range range;
	int r = 0;

	schedule_range(&l->policy, &range);
	until = begins_by + range.end.max_ns + LEFT_BEHIND_GRACE_NS;
	while (!r && !l->end->interrupted && observe_now(l->observe) < until) {
		const struct event_state *s = observe_waiting(l->observe, begins_by);
		bool may_begin = !loop_studied(l) && observe_now(l->observe) < begins_by && processes_left();

		if (!s && !may_begin)
			break;
		if (s && s->pid && !told) {
			tell_left_behind(l, s, until - ended);
			told = true;
		}
		r = loop_turn(l, 50, e);
	}
	return r;
}

/* Until all is told that the kernel's counts and the ends of processes tell. */
static int settle_program(struct lab *l, struct err *e)
{
	int r = wait_for_left_behind(l, e);
	int64_t until = clock_mono_ns() + SETTLES_WITHIN_NS;

	while (!r && !l->end->interrupted && !observe_settled(l->observe) && clock_mono_ns() < until)
		r = loop_turn(l, 10, e);
	return r;
}

int loop_client(struct lab *l, const struct client_opts *o, struct err *e)
{
	int64_t over = 0, started = clock_mono_ns();
	uint16_t port;
	int r;

	memset(&l->result, 0, sizeof(l->result));
	memset(&l->flow, 0, sizeof(l->flow));
	l->client_over = false;
	l->fins = 0;
	l->flow.server = o->server;
	r = client_start(o, &l->client, &l->client_pid, &port, e);
	if (r)
		return r;
	observe_hint(l->observe, l->client_pid);
	if (!o->argv)
		tell_connect(l, o, port);
	l->go_ns = observe_now(l->observe);
	client_go(l->client);
	while (!r && !l->end->interrupted) {
		r = loop_turn(l, 1000, e);
		if (l->client_over && !over) {
			over = clock_mono_ns();
			l->end->run_ns = over - started;
		}
		if (over && (l->result.word != CLIENT_CONNECTED || closed_in_sight(l, over)))
			break;
	}
	if (!r && o->argv)
		r = settle_program(l, e);
	client_free(l->client);
	l->client = NULL;
	return r;
}
