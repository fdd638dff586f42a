/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/far_peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HTTP_READ_MAX 4096 /* of requests: their answers may be larger */
_Static_assert((HTTP_READ_MAX / FAR_HTTP_SHORTEST + 1) * FAR_HTTP_TEXT_MAX <= FAR_PENDING_MAX,
	       "all answers to one read");
#define SINK_READ_MAX (1 << 20)

struct far_peer *far_peer_new(int fd, enum far_serve what)
{
	struct far_peer *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->watched = (struct far_watched){ FAR_PEER, fd };
	p->what = what;
	return p;
}

void far_peer_free(struct far_peer *p)
{
	close(p->watched.fd);
	free(p->pending);
	free(p);
}

/* Once nothing is pending: ends what is to be ended.  False: the connection is over. */
static bool all_sent(struct far_peer *p)
{
	if (p->ended)
		return false;
	if (p->shut && p->what != FAR_SINK) {
		/* close() would be an RST while the client sends, and an RST destroys what it has not read yet. */
		p->what = FAR_SINK;
		return !shutdown(p->watched.fd, SHUT_WR);
	}
	return true;
}

/* How much was taken by the kernel, or -1: the connection is over. */
static ssize_t send_some(const struct far_peer *p, const uint8_t *data, size_t len)
{
	ssize_t n = send(p->watched.fd, data, len, MSG_NOSIGNAL);

	return n >= 0 ? n : errno == EAGAIN || errno == EINTR ? 0 : -1;
}

/* Only while nothing is pending. */
static bool say(struct far_peer *p, const uint8_t *data, size_t len)
{
	ssize_t n = len ? send_some(p, data, len) : 0;

	if (n < 0)
		return false;
	if ((size_t)n == len)
		return all_sent(p);
	p->pending_len = len - (size_t)n;
	p->pending_at = 0;
	p->pending = malloc(p->pending_len);
	if (!p->pending)
		return false;
	memcpy(p->pending, data + n, p->pending_len);
	return true;
}

static bool say_pending(struct far_peer *p)
{
	ssize_t n = send_some(p, p->pending + p->pending_at, p->pending_len);

	if (n < 0)
		return false;
	p->pending_at += (size_t)n;
	p->pending_len -= (size_t)n;
	if (p->pending_len)
		return true;
	free(p->pending);
	p->pending = NULL;
	return all_sent(p);
}

static bool say_http(struct far_peer *p, struct bytes in)
{
	uint8_t all[FAR_PENDING_MAX];
	struct far_http_answer a;
	size_t len = 0;

	while (far_http_feed(&p->http, &in, &a)) {
		memcpy(all + len, a.text, a.len);
		len += a.len;
		p->shut = p->shut || a.close;
	}
	return say(p, all, len);
}

/* Its first bytes tell what a client wants; until then they are held. */
static bool decide(struct far_peer *p, uint8_t *data, size_t *len)
{
	memmove(data + p->n_held, data, *len);
	memcpy(data, p->held, p->n_held);
	*len += p->n_held;
	p->n_held = 0;
	switch (far_http_looks(bytes_of(data, *len))) {
	case FAR_HTTP_IS:
		p->what = FAR_HTTP;
		return true;
	case FAR_HTTP_ISNT:
		p->what = FAR_ECHO;
		return true;
	case FAR_HTTP_MAYBE:
		break;
	}
	memcpy(p->held, data, *len);
	p->n_held = *len;
	return false;
}

static bool received(struct far_peer *p, uint8_t *data, size_t len)
{
	if (p->what == FAR_AUTO && !decide(p, data, &len))
		return true;
	return p->what == FAR_HTTP ? say_http(p, bytes_of(data, len)) : say(p, data, len);
}

bool far_peer_serve(struct far_peer *p)
{
	bool echo = p->what == FAR_ECHO, sink = p->what == FAR_SINK || p->what == FAR_HANG;
	uint8_t data[FAR_PENDING_MAX];
	ssize_t n;

	if (p->pending)
		return say_pending(p);
	/* MSG_TRUNC: TCP's data is thrown away without a copy (tcp(7)) */
	if (sink)
		n = recv(p->watched.fd, NULL, SINK_READ_MAX, MSG_TRUNC);
	else
		n = recv(p->watched.fd, data, echo ? sizeof(data) : HTTP_READ_MAX, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n > 0)
		return sink || received(p, data, (size_t)n);
	p->ended = true;
	/* What was held is no request now. */
	return say(p, p->held, p->n_held);
}
