/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/connect_try.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/connect_further.h"
#include "core/sockaddr.h"
#include "core/tracker.h"
#include "packet/tcpdump.h"
#include "sinks/text.h"
#include "sources/errqueue.h"
#include "sources/observe.h"
#include "sources/route.h"
#include "util/clock.h"

#define MS 1000000LL
#define PROGRESS_EVERY_NS (100 * MS)
#define SETTLE_NS (40 * MS) /* for packets that are known to the kernel but not read yet */

/* What is answered is answered within it, on most networks. */
#define ANSWERED_WITHIN_NS (100 * MS)
#define SYN1_NS (1000 * MS)
#define ICMPS_MAX 8

struct trying {
	const struct try_opts *o;
	struct try_result *ret;
	struct observe *observe;
	struct tracker *tracker;
	struct connect_further *further;
	struct tcpdump *printer;
	struct buf line;
	struct flow flow;
	int fd;
	int64_t called_ns; /* CLOCK_MONOTONIC: connect() */
	bool over, told_socket;
	struct event_state kernel; /* its last word on the socket in SYN_SENT ... */
	int64_t kernel_ns;	   /* ... and when it came; 0: none */
	int64_t last_progress_ns;
};

static void say(struct trying *t)
{
	terminal_progress(&t->o->terminal, "");
	puts(buf_text(&t->line));
	fflush(stdout);
}

/* Of a packet: other programs of this host connect to the same server. */
static bool is_ours(const struct trying *t, const struct event *ev)
{
	uint16_t port = t->flow.client.port;

	if (ev->kind == EVENT_SEGMENT)
		return ev->segment.src.port == port || ev->segment.dst.port == port;
	return ev->kind != EVENT_ICMP || ev->icmp.flow.client.port == port;
}

static void on_packet(const struct live_packet *p, const struct packet *decoded, void *user)
{
	struct trying *t = user;

	if (!t->o->packets || !is_ours(t, &decoded->event))
		return;
	buf_reset(&t->line);
	buf_str(&t->line, "  ");
	tcpdump_line(t->printer, p->t_ns, decoded, &t->line);
	say(t);
}

static void on_event(const struct event *ev, void *user)
{
	struct trying *t = user;

	if (!is_ours(t, ev))
		return;
	if (ev->kind == EVENT_LOST)
		t->ret->lost += ev->lost.n;
	if (ev->kind == EVENT_STATE && ev->state.state == 2) {
		t->kernel = ev->state;
		t->kernel_ns = ev->t_ns;
	}
	tracker_feed(t->tracker, ev);
}

static void on_socket(const struct event_state *s, void *user)
{
	struct trying *t = user;

	if (!t->o->packets || t->told_socket)
		return;
	t->told_socket = true;
	buf_reset(&t->line);
	buf_str(&t->line, "  ");
	text_netstat(s, &t->line);
	say(t);
}

/* Of all attempts that were seen, the one of our socket. */
static void on_attempt(const struct attempt *a, void *user)
{
	struct trying *t = user;

	if (a->flow.client.port == t->flow.client.port && endpoint_equal(&a->flow.server, &t->flow.server) &&
	    a->connect_ns)
		t->ret->attempt = *a;
}

static int set_options(int fd, const struct try_opts *o, struct err *e)
{
	const struct {
		const char *name;
		int option, value;
	} wanted[] = { { "TCP_SYNCNT", TCP_SYNCNT, o->policy.syncnt },
		       { "TCP_USER_TIMEOUT", TCP_USER_TIMEOUT, (int)o->policy.user_timeout_ms } };
	struct sockaddr_storage ss;
	socklen_t len = sockaddr_of(&o->source, &ss);
	char text[ENDPOINT_TEXT_LEN];
	size_t i;

	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (wanted[i].value &&
		    setsockopt(fd, IPPROTO_TCP, wanted[i].option, &wanted[i].value, sizeof(wanted[i].value)))
			return err_sys(e, errno, "%s", wanted[i].name);
	if (o->source.addr.family && bind(fd, (struct sockaddr *)&ss, len)) {
		err_sys(e, errno, "bind to %s", endpoint_format(&o->source, text));
		err_remedy(e, "--source wants an address of this host (`ip addr`)");
		return -errno;
	}
	return 0;
}

static void tell_connect(struct trying *t, int64_t called_ns)
{
	struct event_connect ec = { .pid = getpid(),
				    .comm = "synsent",
				    .policy = t->o->policy,
				    .has_policy = true,
				    .blind = t->ret->blind,
				    .own_timer = t->o->timeout_ns != 0,
				    .own_timer_ns = t->o->timeout_ns };
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (!getsockname(t->fd, (struct sockaddr *)&ss, &len))
		sockaddr_endpoint(&ss, &t->flow.client);
	t->flow.client.addr.family = t->flow.server.addr.family; /* "::" has none of its own */
	ec.flow = t->flow;
	observe_connect(t->observe, &ec, observe_time(t->observe, called_ns));
}

/* Where no packet may be seen: connect() went on, so SYN 0 left, or was meant to. */
static void tell_syn0(struct trying *t, int64_t called_ns)
{
	const struct event ev = { .kind = EVENT_RETRANSMIT,
				  .t_ns = observe_time(t->observe, called_ns),
				  .retransmit = { .flow = t->flow } };

	on_event(&ev, t);
}

/* What the error queue knows of ICMP errors: it names their sender even where no packet may be seen. */
static void read_icmps(struct trying *t)
{
	struct errqueue_error errors[ICMPS_MAX];
	int i, n = errqueue_read(t->fd, errors, ICMPS_MAX);

	for (i = 0; i < n; i++) {
		const struct errqueue_error *q = &errors[i];
		struct event ev = { .kind = EVENT_ICMP,
				    .t_ns = q->t_ns,
				    .icmp = { .flow = t->flow,
					      .from = q->offender,
					      .family = q->family,
					      .type = q->type,
					      .code = q->code,
					      .has_seq = q->has_quote,
					      .quoted_seq = q->quoted_seq,
					      .error = q->error } };

		if (q->family)
			on_event(&ev, t);
	}
}

static void tell_result(struct trying *t, int error, bool own_timer)
{
	struct event ev = { .kind = EVENT_RESULT,
			    .t_ns = observe_now(t->observe),
			    .result = { .flow = t->flow, .error = error, .own_timer = own_timer } };

	t->over = true;
	on_event(&ev, t);
}

static bool in_syn_sent(const struct trying *t)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	return !getsockopt(t->fd, IPPROTO_TCP, TCP_INFO, &info, &len) && info.tcpi_state == TCP_SYN_SENT;
}

/*
 * SO_ERROR before the error queue: reading the queue clears it.  An ICMP that
 * the kernel only noted makes the socket readable too, without being an end.
 */
static void take_result(struct trying *t)
{
	int error = 0;
	socklen_t len = sizeof(error);

	getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (!error && in_syn_sent(t)) {
		read_icmps(t);
		return;
	}
	observe_pump(t->observe, NULL);
	tell_result(t, error, false);
	read_icmps(t);
}

static void tell_progress(struct trying *t)
{
	int64_t now = observe_now(t->observe);
	const struct attempt *a = tracker_find(t->tracker, &t->flow);

	if (!t->o->progress || !a || now - t->last_progress_ns < PROGRESS_EVERY_NS)
		return;
	t->last_progress_ns = now;
	buf_reset(&t->line);
	buf_str(&t->line, "  ");
	text_waiting(a, t->kernel_ns ? &t->kernel : NULL, t->kernel_ns, now, &t->line);
	terminal_progress(&t->o->terminal, buf_text(&t->line));
}

/* Most are answered, and need not wait until drops are looked for; at SYN 1 they are. */
static void look_for_drops(struct trying *t, int64_t called_ns)
{
	bool too_short = t->o->timeout_ns && t->o->timeout_ns <= SYN1_NS;

	if (!too_short && clock_mono_ns() - called_ns >= ANSWERED_WITHIN_NS)
		connect_further_watch(t->further);
}

static int turn(struct trying *t, int64_t called_ns, struct err *e)
{
	int64_t left = t->o->timeout_ns ? called_ns + t->o->timeout_ns - clock_mono_ns() : 1000 * MS;
	int wait = observe_wait_ms(t->observe), r, n;
	struct pollfd fds[2 + OBSERVE_FDS_MAX] = { { .fd = t->fd, .events = POLLOUT },
						   { .fd = t->o->signals, .events = POLLIN } };

	/* Both limits may pass at once: ours ended it only if the socket was waiting still. */
	if (left <= 0 && !in_syn_sent(t)) {
		take_result(t);
		return 0;
	}
	if (left <= 0) {
		close(t->fd);
		t->fd = -1;
		tell_result(t, 0, true);
		return 0;
	}
	if (left / MS < wait)
		wait = (int)(left / MS) + 1;
	n = 2 + observe_fds(t->observe, fds + 2);
	poll(fds, (nfds_t)n, wait);
	if (fds[1].revents) {
		t->over = t->ret->interrupted = true;
		return 0;
	}
	if (fds[0].revents) {
		take_result(t);
		return 0;
	}
	look_for_drops(t, called_ns);
	r = observe_pump(t->observe, e);
	tell_progress(t);
	return r;
}

static int settle(struct trying *t, struct err *e)
{
	int64_t until = clock_mono_ns() + SETTLE_NS;
	struct pollfd fds[OBSERVE_FDS_MAX];
	int r = 0;

	while (!r && clock_mono_ns() < until) {
		poll(fds, (nfds_t)observe_fds(t->observe, fds), 5);
		r = observe_pump(t->observe, e);
	}
	return r;
}

static int run(struct trying *t, struct err *e)
{
	struct sockaddr_storage ss;
	socklen_t len = sockaddr_of(&t->o->server, &ss);
	int64_t called_ns;
	int r;

	if (ss.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&ss)->sin6_scope_id = t->o->scope;
	t->fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (t->fd < 0)
		return err_sys(e, errno, "socket");
	r = set_options(t->fd, t->o, e);
	if (r)
		return r;
	errqueue_enable(t->fd, ss.ss_family);
	called_ns = t->called_ns = clock_mono_ns();
	r = connect(t->fd, (struct sockaddr *)&ss, len) ? errno : 0;
	tell_connect(t, called_ns);
	if (r == EINPROGRESS && t->ret->blind)
		tell_syn0(t, called_ns);
	if (r && r != EINPROGRESS)
		tell_result(t, r, false);
	r = 0;
	while (!r && !t->over)
		r = turn(t, called_ns, e);
	if (!r && !t->ret->interrupted) {
		if (t->fd >= 0)
			shutdown(t->fd, SHUT_WR);
		r = settle(t, e);
	}
	return r;
}

static void note_blindness(struct trying *t)
{
	const struct err *why = observe_blind(t->observe);

	t->ret->blind = why;
	if (why)
		snprintf(t->ret->blind_why, sizeof(t->ret->blind_why), "%.250s", why->what);
}

static int open_watch(struct trying *t, struct err *e)
{
	struct tracker_config tc = { .max_attempts = 64, .linger_ns = INT64_MAX, .fn = on_attempt, .user = t };
	struct tcpdump_opts to = { 0 };
	char device[IF_NAMESIZE] = "any";
	struct observe_opts oo = { .device = device,
				   .server = t->o->server,
				   .own_only = true,
				   .packets_optional = true,
				   .policy = t->o->policy,
				   .on_packet = on_packet,
				   .on_event = on_event,
				   .on_socket = on_socket,
				   .user = t };
	int r;

	/* without a route there is nothing to see anywhere */
	if (!t->o->scope || !if_indextoname(t->o->scope, device))
		route_device(&t->o->server, device);
	t->tracker = tracker_new(&tc);
	t->printer = tcpdump_new(&to);
	t->further = connect_further_new();
	if (!t->tracker || !t->printer || !t->further)
		return err_sys(e, ENOMEM, "connect");
	r = observe_new(&oo, &t->observe, e);
	if (!r)
		note_blindness(t);
	return r;
}

int connect_try(const struct try_opts *o, struct try_result *ret, struct err *e)
{
	struct trying t = { .o = o, .ret = ret, .fd = -1 };
	int r;

	memset(ret, 0, sizeof(*ret));
	t.flow.server = o->server;
	r = open_watch(&t, e);
	if (!r)
		r = run(&t, e);
	terminal_progress(&o->terminal, "");
	if (t.observe) {
		tracker_finish(t.tracker, observe_now(t.observe));
		note_blindness(&t);
		ret->attempt.blind = ret->blind;
	}
	if (t.fd >= 0)
		close(t.fd);
	ret->attempt.options_known = true;
	if (t.further)
		connect_further_look(t.further, &t.flow, t.called_ns, t.observe, &ret->attempt);
	connect_further_free(t.further);
	observe_free(t.observe);
	tracker_free(t.tracker);
	tcpdump_free(t.printer);
	buf_fini(&t.line);
	return r;
}
