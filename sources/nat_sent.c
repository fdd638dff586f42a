/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/nat_sent_inside.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include "sources/conntrack.h"
#include "sources/netns.h"
#include "util/clock.h"

#define TIDY_NS 2000000000LL

struct nat_sent *nat_sent_new(const uint32_t *netns, int n_netns)
{
	struct nat_sent *n = calloc(1, sizeof(*n));
	uint64_t seed = 1;

	if (!n)
		return NULL;
	if (getrandom(&seed, sizeof(seed), 0) < 0)
		seed = 1;
	n->own = netns_own();
	n->epoll = epoll_create1(EPOLL_CLOEXEC);
	n->namespaces = namespaces_new();
	n->heard = nat_heard_new(seed);
	n->wanted = calloc((size_t)n_netns + 1, sizeof(*n->wanted));
	if (n->epoll < 0 || !n->namespaces || !n->heard || !n->wanted) {
		nat_sent_free(n);
		return NULL;
	}
	n->n_wanted = n_netns;
	if (n_netns)
		memcpy(n->wanted, netns, (size_t)n_netns * sizeof(*netns));
	if (conntrack_is_there())
		nat_sent_look_at_all(n);
	return n;
}

void nat_sent_free(struct nat_sent *n)
{
	int i;

	if (!n)
		return;
	for (i = 0; i < n->n; i++)
		if (n->places[i].fd >= 0)
			close(n->places[i].fd);
	if (n->epoll >= 0)
		close(n->epoll);
	namespaces_free(n->namespaces);
	nat_heard_free(n->heard);
	free(n->wanted);
	free(n);
}

int nat_sent_fd(const struct nat_sent *n)
{
	return n->epoll;
}

bool nat_sent_read(struct nat_sent *n)
{
	struct epoll_event ready[NAT_SENT_LISTENERS_MAX];
	int i, k = n->n_listening ? epoll_wait(n->epoll, ready, NAT_SENT_LISTENERS_MAX, 0) : 0;
	struct place *p;

	for (i = 0; i < k; i++) {
		p = nat_sent_place(n, ready[i].data.u32);
		if (p && p->fd >= 0)
			nat_sent_read_place(n, p);
	}
	return k > 0;
}

int64_t nat_sent_tidy_due_ns(const struct nat_sent *n)
{
	int i;

	for (i = 0; i < n->n; i++)
		if (n->places[i].fd >= 0 && n->places[i].inode != n->own)
			return n->tidy_ns;
	return INT64_MAX;
}

void nat_sent_tidy(struct nat_sent *n)
{
	int i, fd;

	for (i = n->n; i-- > 0;) {
		struct place *p = &n->places[i];

		if (p->fd < 0 || p->inode == n->own)
			continue;
		fd = namespaces_open(n->namespaces, p->inode);
		if (fd >= 0)
			close(fd);
		else
			nat_sent_forget(n, p);
	}
	n->tidy_ns = clock_mono_ns() + TIDY_NS;
}

uint64_t nat_sent_lost(const struct nat_sent *n)
{
	return n->lost;
}

/* ---- the answer ---- */

static bool is_heard(const struct nat_sent *n, const struct place *p, int64_t begun_ns)
{
	return p->fd >= 0 && p->rules.told && p->since_ns < begun_ns && p->lost_ns < begun_ns && n->full_ns < begun_ns;
}

static void doubt(const struct nat_sent *n, const struct place *own, int six, bool leaves_own, int64_t begun_ns,
		  struct nat_sent_answer *ret)
{
	bool own_matters = own && (leaves_own ? nat_sent_matters_to_own(n, own, six) : own->rules.sends[six]);
	int i;

	if (!own || (own_matters && !is_heard(n, own, begun_ns))) {
		ret->doubt = own ? SENT_ON_PERHAPS : SENT_ON_UNKNOWN;
		return;
	}
	for (i = 0; i < n->n && leaves_own; i++) {
		const struct place *p = &n->places[i];

		if (p == own || !nat_sent_matters_to_others(n, p, six) || is_heard(n, p, begun_ns))
			continue;
		ret->doubt = SENT_ON_PERHAPS_THERE;
		ret->doubt_of = p->inode;
		return;
	}
}

void nat_sent_find(struct nat_sent *n, const struct flow *f, uint32_t netns, int64_t begun_ns, bool answered,
		   struct nat_sent_answer *ret)
{
	const uint32_t own = netns ? netns : n->own;
	const bool leaves_own = !addr_is_loopback(&f->server.addr) && !addr_equal(&f->server.addr, &f->client.addr);
	const struct place *p;
	struct nat_heard_way way;

	*ret = (struct nat_sent_answer){ .goes = *f };
	if (clock_mono_ns() >= n->look_ns)
		nat_sent_look_at_all(n);
	p = nat_sent_look_at_own(n, own);
	nat_sent_read(n);
	nat_heard_follow(n->heard, f, own, leaves_own, begun_ns, &way);
	ret->goes = way.goes;
	ret->by = way.by;
	doubt(n, p, f->server.addr.family == 6, leaves_own, answered ? 0 : begun_ns, ret);
}
