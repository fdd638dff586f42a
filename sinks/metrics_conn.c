/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/metrics_conn.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void metrics_conn_init(struct metrics_conn *c, int fd, int64_t now_ns)
{
	memset(c, 0, sizeof(*c));
	c->fd = fd;
	c->deadline_ns = now_ns + METRICS_ASK_NS;
	c->heard_ns = now_ns;
	metrics_request_init(&c->request);
}

void metrics_conn_fini(struct metrics_conn *c)
{
	if (c->fd >= 0)
		close(c->fd);
	metrics_said_drop(c->said);
	c->said = NULL;
	c->fd = -1;
}

static bool goes_on(void)
{
	return errno == EAGAIN || errno == EINTR;
}

static bool ask(struct metrics_conn *c, int64_t now_ns)
{
	uint8_t data[METRICS_READ_MAX];
	ssize_t n = recv(c->fd, data, sizeof(data), MSG_DONTWAIT);

	if (n <= 0)
		return n < 0 && goes_on();
	c->heard_ns = now_ns;
	c->answer = metrics_request_feed(&c->request, bytes_of(data, (size_t)n));
	if (c->answer != METRICS_WAIT)
		c->state = METRICS_READY;
	return true;
}

static bool tell(struct metrics_conn *c, int64_t now_ns)
{
	ssize_t n = send(c->fd, buf_text(&c->said->all) + c->at, c->len - c->at, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		return goes_on();
	c->at += (size_t)n;
	if (c->at < c->len)
		return true;
	metrics_said_drop(c->said);
	c->said = NULL;
	c->state = METRICS_LINGERS;
	c->deadline_ns = now_ns + METRICS_LINGER_NS;
	return !shutdown(c->fd, SHUT_WR);
}

static bool linger(struct metrics_conn *c)
{
	uint8_t data[METRICS_READ_MAX];
	ssize_t n = recv(c->fd, data, sizeof(data), MSG_DONTWAIT);

	if (n <= 0)
		return n < 0 && goes_on();
	c->thrown += (size_t)n;
	return c->thrown < METRICS_LINGER_MAX;
}

bool metrics_conn_serve(struct metrics_conn *c, int64_t now_ns)
{
	switch (c->state) {
	case METRICS_ASKS:
		return ask(c, now_ns);
	case METRICS_TELLS:
		return tell(c, now_ns);
	case METRICS_LINGERS:
		return linger(c);
	case METRICS_READY:
		break;
	}
	return true;
}

bool metrics_conn_tell(struct metrics_conn *c, struct metrics_said *s, int64_t now_ns)
{
	if (!s)
		return false;
	c->said = s;
	c->at = 0;
	c->len = metrics_request_head_only(&c->request) ? s->head_len : s->all.len;
	c->state = METRICS_TELLS;
	c->deadline_ns = now_ns + METRICS_TELL_NS;
	return tell(c, now_ns);
}
