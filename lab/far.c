/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/far.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab/far_peer.h"

#define EVENTS_MAX 256
#define ACCEPTS_MAX 64 /* at once; those that are connected are not to wait for all that come */
#define RETRY_MS 100   /* a descriptor may come free in another process */

struct far {
	enum far_serve what;
	int epoll, quit_fd;
	struct far_watched *listeners, quit;
	int n;
	bool paused;
	struct far_peer *peers;
};

static const char *const words[] = {
	[FAR_AUTO] = "auto", [FAR_ECHO] = "echo", [FAR_CLOSE] = "close", [FAR_HANG] = "hang",
	[FAR_HTTP] = "http", [FAR_SINK] = "sink", [FAR_N] = NULL
};

int far_serve_of(const char *word)
{
	int i;

	for (i = 0; words[i]; i++)
		if (!strcmp(word, words[i]))
			return i;
	return -1;
}

const char *const *far_words(void)
{
	return words;
}

static int watch(const struct far *f, struct far_watched *w, int op, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	return epoll_ctl(f->epoll, op, w->fd, &ev) ? -errno : 0;
}

static int listen_for(struct far *f, int op, bool on, struct err *e)
{
	int i, r;

	for (i = 0; i < f->n; i++) {
		r = watch(f, &f->listeners[i], op, on ? EPOLLIN : 0);
		if (r)
			return err_sys(e, -r, "waiting for connections");
	}
	f->paused = !on;
	return 0;
}

static void drop(struct far *f, struct far_peer *p)
{
	if (p->next)
		p->next->at = p->at;
	*p->at = p->next;
	far_peer_free(p);
}

/* False: there is no room for it now. */
static bool take(struct far *f, int fd)
{
	struct far_peer *p;

	if (f->what == FAR_CLOSE) {
		close(fd);
		return true;
	}
	p = far_peer_new(fd, f->what);
	if (!p) {
		close(fd);
		return false;
	}
	p->at = &f->peers;
	p->next = f->peers;
	if (p->next)
		p->next->at = &p->next;
	f->peers = p;
	p->events = EPOLLIN;
	if (!watch(f, &p->watched, EPOLL_CTL_ADD, p->events))
		return true;
	drop(f, p);
	return false;
}

static int accept_from(struct far *f, int listener, struct err *e)
{
	int i, fd;

	for (i = 0; i < ACCEPTS_MAX; i++) {
		fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			if (take(f, fd))
				continue;
			return listen_for(f, EPOLL_CTL_MOD, false, e);
		}
		switch (errno) {
		case EAGAIN:
			return 0;
		case EMFILE:
		case ENFILE:
		case ENOBUFS:
		case ENOMEM:
			return listen_for(f, EPOLL_CTL_MOD, false, e);
		case EBADF:
		case EINVAL:
		case ENOTSOCK:
			return err_sys(e, errno, "accepting connections");
		}
		/* else it is that connection's own, over before it was accepted: accept(2) */
	}
	return 0;
}

static int serve(struct far *f, struct far_peer *p, struct err *e)
{
	uint32_t events;

	if (far_peer_serve(p)) {
		events = p->pending_len ? EPOLLOUT : EPOLLIN;
		if (events == p->events || !watch(f, &p->watched, EPOLL_CTL_MOD, events)) {
			p->events = events;
			return 0;
		}
	}
	drop(f, p);
	return f->paused ? listen_for(f, EPOLL_CTL_MOD, true, e) : 0;
}

/* 1: the end came. */
static int handle(struct far *f, struct far_watched *w, struct err *e)
{
	switch (w->kind) {
	case FAR_QUIT:
		return 1;
	case FAR_LISTENER:
		return accept_from(f, w->fd, e);
	case FAR_PEER:
		break;
	}
	return serve(f, (struct far_peer *)w, e);
}

static int loop(struct far *f, struct err *e)
{
	struct epoll_event events[EVENTS_MAX];
	int i, n, r;

	for (;;) {
		n = epoll_wait(f->epoll, events, EVENTS_MAX, f->paused ? RETRY_MS : -1);
		if (n < 0 && errno != EINTR)
			return err_sys(e, errno, "waiting for connections");
		if (!n && f->paused) {
			r = listen_for(f, EPOLL_CTL_MOD, true, e);
			if (r)
				return r;
		}
		for (i = 0; i < n; i++) {
			r = handle(f, events[i].data.ptr, e);
			if (r)
				return r > 0 ? 0 : r;
		}
	}
}

static int set_up(struct far *f, const int *listeners, struct err *e)
{
	int i, r, on = 1;

	f->epoll = epoll_create1(EPOLL_CLOEXEC);
	f->listeners = calloc((size_t)f->n + 1, sizeof(*f->listeners));
	if (f->epoll < 0 || !f->listeners)
		return err_sys(e, f->epoll < 0 ? errno : ENOMEM, "the far end");
	f->quit = (struct far_watched){ FAR_QUIT, f->quit_fd };
	r = watch(f, &f->quit, EPOLL_CTL_ADD, EPOLLIN);
	if (r)
		return err_sys(e, -r, "the far end");
	for (i = 0; i < f->n; i++) {
		f->listeners[i] = (struct far_watched){ FAR_LISTENER, listeners[i] };
		/* Its connections inherit it: an answer is not to wait for an ACK. */
		setsockopt(listeners[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	}
	return listen_for(f, EPOLL_CTL_ADD, true, e);
}

int far_serve(enum far_serve what, const int *listeners, int n, int quit_fd, struct err *e)
{
	struct far f = { .what = what, .n = n, .quit_fd = quit_fd, .epoll = -1 };
	struct rlimit files;
	int r;

	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	r = set_up(&f, listeners, e);
	if (!r)
		r = loop(&f, e);
	while (f.peers)
		drop(&f, f.peers);
	free(f.listeners);
	if (f.epoll >= 0)
		close(f.epoll);
	return r;
}
