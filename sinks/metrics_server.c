/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why not libmicrohttpd, which can be polled from outside (MHD_USE_EPOLL)?  It limits a connection's silence
 * (MHD_OPTION_CONNECTION_TIMEOUT) and has no deadline: a client that sends a byte every few seconds keeps its place
 * for ever, and 16 such clients shut Prometheus out.  At its limit of connections it leaves later ones in the
 * backlog, uncounted.  And Debian's needs GnuTLS, which needs p11-kit, of which there is no static library: too much
 * for a server that must fit into a static binary and answers one GET.
 */
#include "sinks/metrics_server.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/sockaddr.h"
#include "sinks/metrics_conn.h"
#include "sinks/metrics_listen.h"

#define ACCEPTS_MAX 64	  /* in a pump, so that a flood of connections does not hold its owner */
#define PAUSE_NS NS_PER_S /* before another try, when no descriptor is free */
#define ANSWERS (METRICS_SERVER_CONNS + 1)

_Static_assert(sizeof(struct metrics_conn) <= 1024, "as the header says");

struct metrics_server {
	struct metrics_server_opts o;
	struct metrics_server_counts counts;
	int epoll, listener;
	int64_t paused_until_ns; /* 0: the listener is watched */
	struct metrics_conn conns[METRICS_SERVER_CONNS];
	struct metrics_said *texts[OPENMETRICS_FORMAT_N]; /* made in this pump */
};

/* What an event is of: a connection's place, or the listener. */
#define LISTENER METRICS_SERVER_CONNS

static int watch(struct metrics_server *s, int op, int fd, uint32_t events, uint32_t what)
{
	struct epoll_event e = { .events = events, .data.u32 = what };

	return epoll_ctl(s->epoll, op, fd, &e) ? -errno : 0;
}

int metrics_server_open(const struct metrics_server_opts *o, struct metrics_server **ret, struct err *e)
{
	struct metrics_server *s = calloc(1, sizeof(*s));
	int i, r = 0;

	if (!s)
		return err_sys(e, ENOMEM, "metrics");
	s->o = *o;
	for (i = 0; i < METRICS_SERVER_CONNS; i++)
		s->conns[i].fd = -1;
	s->listener = -1;
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll < 0)
		r = err_sys(e, errno, "metrics: epoll");
	if (!r) {
		s->listener = metrics_listen_open(&o->at, e);
		r = s->listener < 0 ? s->listener : 0;
	}
	if (!r) {
		r = watch(s, EPOLL_CTL_ADD, s->listener, EPOLLIN, LISTENER);
		if (r)
			err_sys(e, -r, "metrics: epoll");
	}
	if (r)
		metrics_server_free(s);
	else
		*ret = s;
	return r;
}

void metrics_server_endpoint(const struct metrics_server *s, struct endpoint *ret)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);

	getsockname(s->listener, (struct sockaddr *)&ss, &len);
	sockaddr_endpoint(&ss, ret);
}

int metrics_server_fd(const struct metrics_server *s)
{
	return s->epoll;
}

void metrics_server_counts(const struct metrics_server *s, struct metrics_server_counts *ret)
{
	*ret = s->counts;
}

static void sooner(int64_t *first_ns, int64_t t_ns)
{
	if (t_ns < *first_ns)
		*first_ns = t_ns;
}

int metrics_server_wait_ms(const struct metrics_server *s, int64_t now_ns)
{
	int64_t first_ns = INT64_MAX, ms;
	int i;

	if (s->paused_until_ns)
		sooner(&first_ns, s->paused_until_ns);
	for (i = 0; i < METRICS_SERVER_CONNS; i++)
		if (s->conns[i].fd >= 0)
			sooner(&first_ns, s->conns[i].deadline_ns);
	if (first_ns == INT64_MAX)
		return -1;
	if (first_ns <= now_ns)
		return 0;
	ms = (first_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS;
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

/* Those who come in together get the same text: the second of them costs nothing. */
static struct metrics_said *text_of(struct metrics_server *s, enum openmetrics_format f)
{
	struct buf text = { 0 };

	s->counts.scraped++;
	if (!s->texts[f]) {
		s->o.text(f, &text, s->o.user);
		if (!text.failed)
			s->texts[f] = metrics_said_text(&text, f);
		buf_fini(&text);
	}
	if (!s->texts[f])
		return metrics_said_fixed(METRICS_FAILED);
	s->texts[f]->users++;
	return s->texts[f];
}

static bool answer(struct metrics_server *s, struct metrics_conn *c, int64_t now_ns)
{
	if (c->answer == METRICS_TEXT)
		return metrics_conn_tell(c, text_of(s, metrics_accept_choice(&c->request.accept)), now_ns);
	return metrics_conn_tell(c, metrics_said_fixed(c->answer), now_ns);
}

static void serve(struct metrics_server *s, struct metrics_conn *c, int64_t now_ns)
{
	bool tells = c->state == METRICS_TELLS, goes_on = metrics_conn_serve(c, now_ns);

	if (goes_on && c->state == METRICS_READY)
		goes_on = answer(s, c, now_ns);
	if (goes_on && (c->state == METRICS_TELLS) != tells)
		goes_on = !watch(s, EPOLL_CTL_MOD, c->fd, tells ? EPOLLIN : EPOLLOUT, (uint32_t)(c - s->conns));
	if (!goes_on)
		metrics_conn_fini(c);
}

/* Who of the two gives way: who lingers (it has its answer) rather than who has not asked, and the longer one of it. */
static bool gives_way_before(const struct metrics_conn *a, const struct metrics_conn *b)
{
	if (a->state != b->state)
		return a->state == METRICS_LINGERS;
	return a->state == METRICS_LINGERS ? a->deadline_ns < b->deadline_ns : a->heard_ns < b->heard_ns;
}

/* A free place, or that of one who is to give way.  NULL: none. */
static struct metrics_conn *place(struct metrics_server *s)
{
	struct metrics_conn *c, *best = NULL;

	for (c = s->conns; c < s->conns + METRICS_SERVER_CONNS; c++) {
		if (c->fd < 0)
			return c;
		if ((c->state == METRICS_LINGERS || c->state == METRICS_ASKS) && (!best || gives_way_before(c, best)))
			best = c;
	}
	return best;
}

static void take_in(struct metrics_server *s, struct metrics_conn *c, int fd, int64_t now_ns)
{
	if (c && c->fd >= 0) {
		s->counts.displaced += c->state == METRICS_ASKS;
		metrics_conn_fini(c);
	}
	if (!c || watch(s, EPOLL_CTL_ADD, fd, EPOLLIN, (uint32_t)(c - s->conns))) {
		s->counts.refused++;
		close(fd);
		return;
	}
	s->counts.accepted++;
	metrics_conn_init(c, fd, now_ns);
}

static void accept_some(struct metrics_server *s, int64_t now_ns)
{
	int i, fd;

	for (i = 0; i < ACCEPTS_MAX; i++) {
		struct metrics_conn *c = place(s);

		/* All that have not asked came in this pump: what they ask is read in the next, before they give way.
		 */
		if (c && c->fd >= 0 && c->state == METRICS_ASKS && c->heard_ns >= now_ns)
			return;
		fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			take_in(s, c, fd, now_ns);
			continue;
		}
		/* A listener with someone waiting, and no descriptor for him, would be ready all the time. */
		if ((errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) &&
		    !watch(s, EPOLL_CTL_MOD, s->listener, 0, LISTENER))
			s->paused_until_ns = now_ns + PAUSE_NS;
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

static void keep_deadlines(struct metrics_server *s, int64_t now_ns)
{
	struct metrics_conn *c;

	for (c = s->conns; c < s->conns + METRICS_SERVER_CONNS; c++) {
		if (c->fd < 0 || now_ns < c->deadline_ns)
			continue;
		s->counts.late += c->state != METRICS_LINGERS;
		metrics_conn_fini(c);
	}
	if (s->paused_until_ns && now_ns >= s->paused_until_ns &&
	    !watch(s, EPOLL_CTL_MOD, s->listener, EPOLLIN, LISTENER))
		s->paused_until_ns = 0;
}

void metrics_server_pump(struct metrics_server *s, int64_t now_ns)
{
	struct epoll_event events[ANSWERS];
	int i, n = epoll_wait(s->epoll, events, ANSWERS, 0);
	bool more = false;

	for (i = 0; i < n; i++) {
		if (events[i].data.u32 == LISTENER)
			more = true;
		else
			serve(s, &s->conns[events[i].data.u32], now_ns);
	}
	keep_deadlines(s, now_ns);
	/* The last, when places have become free. */
	if (more)
		accept_some(s, now_ns);
	for (i = 0; i < OPENMETRICS_FORMAT_N; i++) {
		metrics_said_drop(s->texts[i]);
		s->texts[i] = NULL;
	}
}

void metrics_server_free(struct metrics_server *s)
{
	int i;

	if (!s)
		return;
	for (i = 0; i < METRICS_SERVER_CONNS; i++)
		metrics_conn_fini(&s->conns[i]);
	if (s->listener >= 0)
		close(s->listener);
	if (s->epoll >= 0)
		close(s->epoll);
	free(s);
}
