/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/sockaddr.h"
#include "core/words.h"
#include "lab/conform_inside.h"
#include "lab/wire_run.h"
#include "lab/world.h"
#include "lab/world_deaf.h"
#include "lab/world_stage.h"
#include "sources/sysctls.h"
#include "util/clock.h"
#include "util/duration.h"

#define BACKLOG 4096
#define FDS_MAX 8

/* What a timer, the wheel's slack and a host with other things to do may add. */
#define LATE_NS(ns) ((ns) / 20 + 500 * NS_PER_MS)
#define EARLY_NS (100 * NS_PER_MS)

struct stage {
	struct world world;
	struct wire_run *wire;
	struct conform_answer answers[CONFORM_CASES_MAX];
	int n;
	struct fault faults[CONFORM_CASES_MAX]; /* of each answer in turn */
	int fds[FDS_MAX], n_fds;
};

/* ---- the world that they need ---- */

static void keep(struct stage *s, int fd)
{
	if (fd >= 0)
		s->fds[s->n_fds++] = fd;
}

/* The kernel makes the handshakes; nobody accepts, which a client does not see. */
static int listen_family(struct stage *s, int family, struct err *e)
{
	static const uint16_t ports[] = { WORLD_PORT_SERVE, WORLD_PORT_NO_ACCEPT };
	int i, fd, full[2], r = 0;

	for (i = 0; !r && i < 2; i++) {
		r = world_listen(&s->world, family, ports[i], BACKLOG, &fd, e);
		keep(s, r ? -1 : fd);
	}
	if (r)
		return r;
	r = world_listen_full(&s->world, family, full, e);
	keep(s, full[0]);
	keep(s, full[1]);
	return r;
}

static int set_policy(const struct policy *p, struct err *e)
{
	int r = sysctls_set("ipv4/tcp_syn_retries", p->retries, e);

	if (!r)
		r = sysctls_set("ipv4/tcp_syn_linear_timeouts", p->linear, e);
	return r == -ENOENT ? 0 : r;
}

static int make(struct stage *s, const struct policy *p, struct err *e)
{
	const struct wire_opts wo = { .faults = s->faults, .n_faults = s->n, .seed = 1 };
	const struct world_stage ws = { .faults = s->faults, .n_faults = s->n };
	int i, r = world_make(&s->world, NULL, e);

	for (i = 0; i < s->n; i++)
		s->faults[i] = s->answers[i].fault;
	if (!r)
		r = set_policy(p, e);
	if (!r)
		r = listen_family(s, 4, e);
	if (!r && s->world.ipv6)
		r = listen_family(s, 6, e);
	if (!r)
		r = world_stage(&s->world, &ws, e);
	if (!r)
		r = wire_start(s->world.wire, &wo, &s->wire, e);
	world_leave_wire(&s->world);
	return r;
}

static void unmake(struct stage *s)
{
	while (s->n_fds)
		close(s->fds[--s->n_fds]);
	world_fini(&s->world);
	wire_stop(s->wire);
}

/* ---- the connects ---- */

/* How it ended; -1: it has not. */
static void take(struct conform_answer *a, int error, bool last)
{
	int64_t ns = clock_mono_ns() - a->t_ns;
	struct conform_case *c = a->c;

	a->held = error == a->error && ns >= a->ns - EARLY_NS && ns <= a->ns + LATE_NS(a->ns);
	if (error < 0)
		snprintf(c->observed, sizeof(c->observed), "no end after %.1f s", (double)ns / NS_PER_S);
	else
		snprintf(c->observed, sizeof(c->observed), "%s after %.3f s", error ? errno_name(error) : "connects",
			 (double)ns / NS_PER_S);
	c->held = a->held;
	c->again = last && a->held;
	c->done = a->held || last;
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
}

static void start(struct conform_answer *a, bool last)
{
	struct sockaddr_storage ss;
	socklen_t len = sockaddr_of(&a->server, &ss);

	a->fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	a->t_ns = clock_mono_ns();
	if (!connect(a->fd, (struct sockaddr *)&ss, len))
		take(a, 0, last);
	else if (errno != EINPROGRESS)
		take(a, errno, last);
}

static void end(struct conform_answer *a, bool last)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &len))
		error = errno;
	take(a, error, last);
}

/* Those that did not hold yet, side by side.  How many still do not. */
static int try_all(struct stage *s, bool last)
{
	int64_t until = clock_mono_ns() + CONFORM_PATIENCE_NS;
	struct pollfd fds[CONFORM_CASES_MAX];
	int i, under_way, left = 0;

	for (i = 0; i < s->n; i++)
		if (!s->answers[i].held)
			start(&s->answers[i], last);
	do {
		for (i = under_way = 0; i < s->n; i++) {
			fds[i] = (struct pollfd){ .fd = s->answers[i].fd, .events = POLLOUT };
			under_way += fds[i].fd >= 0;
		}
		if (!under_way || poll(fds, (nfds_t)s->n, 100) <= 0)
			continue;
		for (i = 0; i < s->n; i++)
			if (fds[i].revents)
				end(&s->answers[i], last);
	} while (under_way && clock_mono_ns() < until);
	for (i = 0; i < s->n; i++) {
		if (s->answers[i].fd >= 0)
			take(&s->answers[i], -1, last);
		left += !s->answers[i].held;
	}
	return left;
}

int conform_run_answers(struct conform *c, struct conform_answer *answers, int n, const struct policy *p, struct err *e)
{
	struct stage *s = calloc(1, sizeof(*s));
	int left, r;

	if (!s)
		return err_sys(e, ENOMEM, "cannot make the servers");
	s->n = n;
	memcpy(s->answers, answers, (size_t)n * sizeof(*answers));
	r = make(s, p, e);
	if (!r) {
		left = try_all(s, false);
		__atomic_add_fetch(&c->again, left, __ATOMIC_RELAXED);
		if (left)
			try_all(s, true);
	}
	unmake(s);
	free(s);
	return r;
}
