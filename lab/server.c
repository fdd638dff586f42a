/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/sockaddr.h"
#include "util/clock.h"

struct peer {
	int fd;
	struct endpoint at;
	int64_t last_ns;
};

struct server {
	struct server_opts o;
	int listener;
	int n;
	struct peer peers[SERVER_FDS_MAX - 1];
};

int server_start(const struct server_opts *o, struct server **ret, struct err *e)
{
	struct server *s = calloc(1, sizeof(*s));
	struct sockaddr_storage ss;
	socklen_t len = sockaddr_of(&o->at, &ss);
	char text[ENDPOINT_TEXT_LEN];
	int on = 1, saved;

	if (!s)
		return err_sys(e, ENOMEM, "server");
	s->o = *o;
	s->listener = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->listener < 0 || setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(s->listener, (struct sockaddr *)&ss, len) || listen(s->listener, o->backlog)) {
		saved = errno;
		server_free(s);
		return err_sys(e, saved, "listen on %s", endpoint_format(&o->at, text));
	}
	*ret = s;
	return 0;
}

void server_endpoint(const struct server *s, struct endpoint *ret)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);

	getsockname(s->listener, (struct sockaddr *)&ss, &len);
	sockaddr_endpoint(&ss, ret);
}

int server_fds(const struct server *s, struct pollfd *fds)
{
	bool full = s->n == SERVER_FDS_MAX - 1;
	int i;

	fds[0] = (struct pollfd){ .fd = s->o.no_accept || full ? -1 : s->listener, .events = POLLIN };
	for (i = 0; i < s->n; i++)
		fds[i + 1] = (struct pollfd){ .fd = s->peers[i].fd, .events = POLLIN };
	return s->n + 1;
}

static void tell(const struct server *s, enum server_event what, const struct peer *p, int64_t bytes)
{
	if (s->o.on_event)
		s->o.on_event(what, &p->at, bytes, s->o.user);
}

static void accept_all(struct server *s)
{
	struct sockaddr_storage ss;
	struct peer *p;
	socklen_t len;

	while (s->n < SERVER_FDS_MAX - 1) {
		len = sizeof(ss);
		p = &s->peers[s->n];
		p->fd = accept4(s->listener, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (p->fd < 0)
			return;
		sockaddr_endpoint(&ss, &p->at);
		p->last_ns = clock_mono_ns();
		s->n++;
		tell(s, SERVER_ACCEPTED, p, 0);
	}
}

/* True while the connection goes on. */
static bool serve(struct server *s, struct peer *p)
{
	char data[16384];
	ssize_t n = recv(p->fd, data, sizeof(data), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return !s->o.idle_ns || clock_mono_ns() - p->last_ns < s->o.idle_ns;
	if (n <= 0)
		return false;
	p->last_ns = clock_mono_ns();
	tell(s, SERVER_DATA, p, n);
	return !s->o.echo || send(p->fd, data, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 || errno == EAGAIN;
}

void server_pump(struct server *s)
{
	int i = 0;

	if (!s->o.no_accept)
		accept_all(s);
	while (i < s->n) {
		if (serve(s, &s->peers[i])) {
			i++;
			continue;
		}
		tell(s, SERVER_CLOSED, &s->peers[i], 0);
		close(s->peers[i].fd);
		s->peers[i] = s->peers[--s->n];
	}
}

void server_free(struct server *s)
{
	int i;

	if (!s)
		return;
	for (i = 0; i < s->n; i++)
		close(s->peers[i].fd);
	if (s->listener >= 0)
		close(s->listener);
	free(s);
}
