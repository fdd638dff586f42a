/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lab/fast.h"
#include "lab/stage.h"
#include "util/clock.h"
#include "util/signals.h"

#define MS 1000000LL
#define WAITING_EVERY_NS (100 * MS)
#define ATTEMPTS_MAX 1024

static void on_packet(const struct live_packet *p, const struct packet *decoded, void *user)
{
	struct lab *l = user;

	if (!l->muted)
		l->v->packet(l->v->user, p, decoded, l->studied);
}

/* Which attempt is under way, and which there were. */
static void note_flow(struct lab *l, const struct event *ev)
{
	if (ev->kind == EVENT_SEGMENT && (ev->segment.flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
		l->flow = (struct flow){ .client = ev->segment.src, .server = ev->segment.dst };
	else if (ev->kind == EVENT_STATE || ev->kind == EVENT_CONNECT)
		l->flow = ev->kind == EVENT_STATE ? ev->state.flow : ev->connect.flow;
}

static void on_event(const struct event *ev, void *user)
{
	struct lab *l = user;

	if (l->muted)
		return;
	note_flow(l, ev);
	if (ev->kind == EVENT_SEGMENT && (ev->segment.flags & TCP_FIN || l->fins == 2))
		l->fins++;
	if (ev->kind == EVENT_COUNTER && !strcmp(ev->counter.name, "ListenOverflows"))
		l->end->listen_overflows += ev->counter.delta;
	tracker_feed(l->tracker, ev);
	l->v->event(l->v->user, ev);
}

static void on_socket(const struct event_state *s, void *user)
{
	struct lab *l = user;

	if (l->muted || l->told_socket || !l->studied)
		return;
	l->told_socket = true;
	l->v->socket(l->v->user, s);
}

static void on_attempt(const struct attempt *a, void *user)
{
	struct lab *l = user;

	l->v->attempt(l->v->user, a, l->studied);
}

int loop_open(struct lab *l, struct err *e)
{
	struct tracker_config tc = {
		.max_attempts = ATTEMPTS_MAX, .linger_ns = INT64_MAX, .fn = on_attempt, .user = l
	};
	struct observe_opts oo = { .device = "lo",
				   .server = l->c->server,
				   .policy = l->policy,
				   .on_packet = on_packet,
				   .on_event = on_event,
				   .on_socket = on_socket,
				   .user = l };

	l->signals = signals_open();
	l->tracker = tracker_new(&tc);
	if (l->signals < 0 || !l->tracker)
		return err_sys(e, l->signals < 0 ? -l->signals : ENOMEM, "lab");
	return observe_new(&oo, &l->observe, e);
}

void loop_close(struct lab *l)
{
	client_free(l->client);
	server_free(l->server);
	observe_free(l->observe);
	tracker_free(l->tracker);
	fast_free(l->fast);
	if (l->filler >= 0)
		close(l->filler);
	if (l->signals >= 0)
		close(l->signals);
}

void loop_study(struct lab *l)
{
	struct tracker_counts counts;

	tracker_counts(l->tracker, &counts);
	l->attempts_before = counts.attempts;
	l->studied = l->end->studied = true;
}

uint64_t loop_studied(const struct lab *l)
{
	struct tracker_counts counts;

	tracker_counts(l->tracker, &counts);
	return l->studied ? counts.attempts - l->attempts_before : 0;
}

void loop_give(struct lab *l)
{
	tracker_finish(l->tracker, observe_now(l->observe));
}

static void give(struct lab *l, const struct event *ev)
{
	on_event(ev, l);
}

/* Our client's word on its connect(). */
static void take_result(struct lab *l, const struct client_news *n)
{
	struct event ev = { .kind = EVENT_RESULT,
			    .t_ns = observe_time(l->observe, n->return_ns),
			    .result = {
				    .flow = l->flow, .error = n->error, .own_timer = n->word == CLIENT_OWN_TIMER } };

	l->result = *n;
	give(l, &ev);
}

static int take_end(struct lab *l, const struct client_news *n, struct err *e)
{
	const struct event_exit x = { .pid = l->client_pid, .signal = n->signal, .status = n->status };

	l->client_over = true;
	l->end->exit_signal = n->signal;
	l->end->exit_status = n->status;
	return observe_exit(l->observe, &x, e);
}

static int take_news(struct lab *l, struct err *e)
{
	struct client_news n;
	int r = 0;

	while (!r) {
		client_news(l->client, &n);
		if (n.word == CLIENT_NOTHING)
			return 0;
		if (n.word == CLIENT_FAILED && l->c->argv && l->studied) {
			e->exit_code = 127;
			err_sys(e, n.error, "cannot run %s", l->c->argv[0]);
			err_remedy(e, "install it, or leave it out: the lab has a client of its own");
			return -n.error;
		}
		if (n.word == CLIENT_ENDED)
			r = take_end(l, &n, e);
		else
			take_result(l, &n);
	}
	return r;
}

bool loop_interrupted(struct lab *l)
{
	struct signalfd_siginfo si;

	while (read(l->signals, &si, sizeof(si)) == sizeof(si))
		l->end->interrupted = true;
	return l->end->interrupted;
}

static const struct attempt *under_way(const struct lab *l)
{
	return tracker_find(l->tracker, &l->flow);
}

static void tell_waiting(struct lab *l)
{
	int64_t now = observe_now(l->observe);
	const struct attempt *a = l->studied ? under_way(l) : NULL;

	if (!a || now - l->last_waiting_ns < WAITING_EVERY_NS)
		return;
	l->last_waiting_ns = now;
	l->v->waiting(l->v->user, a, now);
}

int loop_turn(struct lab *l, int max_ms, struct err *e)
{
	struct pollfd fds[SERVER_FDS_MAX + 8];
	int n = observe_fds(l->observe, fds), wait = observe_wait_ms(l->observe), r;

	fds[n++] = (struct pollfd){ .fd = l->signals, .events = POLLIN };
	if (l->client) {
		fds[n++] = (struct pollfd){ .fd = client_report_fd(l->client), .events = POLLIN };
		fds[n++] = (struct pollfd){ .fd = client_process_fd(l->client), .events = POLLIN };
	}
	if (l->server)
		n += server_fds(l->server, fds + n);
	poll(fds, (nfds_t)n, wait < max_ms ? wait : max_ms);
	/* Packets first: they are what the words that follow are about. */
	r = observe_pump(l->observe, e);
	if (r < 0)
		return r;
	loop_interrupted(l);
	if (l->server)
		server_pump(l->server);
	r = l->client ? take_news(l, e) : 0;
	if (!r && l->studied)
		r = stage_during(l, e);
	tell_waiting(l);
	return r;
}

int loop_settle(struct lab *l, int64_t ns, struct err *e)
{
	int64_t until = clock_mono_ns() + ns;
	int r = 0;

	while (!r && !l->end->interrupted && clock_mono_ns() < until)
		r = loop_turn(l, 1 + (int)((until - clock_mono_ns()) / MS), e);
	return r;
}
