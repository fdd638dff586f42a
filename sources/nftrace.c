/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/nftrace.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sources/links.h"
#include "sources/netns.h"
#include "sources/nfsock.h"
#include "sources/nftrace_group.h"
#include "sources/nftrace_table.h"
#include "sources/nlsock.h"
#include "sources/rulebook.h"

#define DATAGRAMS_AT_ONCE 4096 /* then others may have their turn */

struct nftrace {
	int owner; /* the tables are its */
	int events, links, poll, netns;
	char name[32];
	struct endpoint ends[NFTRACE_ENDS_MAX];
	struct nftrace_table table;
	bool netdev;	   /* its table is there */
	uint32_t *devices; /* that have a chain */
	int n_devices, room;
	struct rulebook *book;
	struct nftrace_group group;
	char note[256];
	/* of one nftrace_read() */
	bool has_generation;
	uint32_t generation;
	int64_t now_ns;
	nftrace_fn *fn;
	void *user;
};

static bool has_device(const struct nftrace *t, uint32_t ifindex)
{
	int i;

	for (i = 0; i < t->n_devices && t->devices[i] != ifindex; i++)
		;
	return i < t->n_devices;
}

static void remember_device(struct nftrace *t, uint32_t ifindex)
{
	if (t->n_devices == t->room) {
		int room = t->room ? 2 * t->room : 64;
		uint32_t *more = reallocarray(t->devices, (size_t)room, sizeof(*more));

		if (!more) /* its chain may be asked for once more, and be refused */
			return;
		t->devices = more;
		t->room = room;
	}
	t->devices[t->n_devices++] = ifindex;
}

static void forget_device(struct nftrace *t, uint32_t ifindex)
{
	int i;

	for (i = 0; i < t->n_devices; i++)
		if (t->devices[i] == ifindex)
			t->devices[i--] = t->devices[--t->n_devices];
}

static void note_unseen(struct nftrace *t, const char *devices, int r)
{
	snprintf(t->note, sizeof(t->note), "drops by rules at the ingress of %s are not seen: %s", devices,
		 strerror(-r));
}

/* One device's chain; one that has just gone is no failure. */
static void add_device(struct nftrace *t, const struct link_seen *l)
{
	struct nlput m = { 0 };
	int r;

	nftrace_batch_begin(&m);
	nftrace_table_device(&m, &t->table, l->ifindex, l->name);
	nftrace_batch_end(&m);
	r = nfsock_batch(t->owner, &m.b);
	buf_fini(&m.b);
	if (!r)
		remember_device(t, l->ifindex);
	else if (r != -ENOENT && r != -ENODEV && r != -EEXIST)
		note_unseen(t, "some devices", r);
}

static void link_changed(const struct link_seen *l, void *user)
{
	struct nftrace *t = user;

	if (l->gone)
		forget_device(t, l->ifindex);
	else if (!has_device(t, l->ifindex))
		add_device(t, l);
}

struct all_devices {
	struct nftrace *t;
	struct nlput m;
};

static void add_to_batch(const struct link_seen *l, void *user)
{
	struct all_devices *all = user;

	nftrace_table_device(&all->m, &all->t->table, l->ifindex, l->name);
	remember_device(all->t, l->ifindex);
}

/* All devices at once, since each batch takes its time; one by one when that fails, as it does when one has just
 * gone. */
static void add_devices(struct nftrace *t)
{
	struct all_devices all = { .t = t };
	int r;

	nftrace_batch_begin(&all.m);
	r = links_dump(add_to_batch, &all);
	nftrace_batch_end(&all.m);
	if (!r)
		r = nfsock_batch(t->owner, &all.m.b);
	buf_fini(&all.m.b);
	if (!r)
		return;
	t->n_devices = 0;
	r = links_dump(link_changed, t);
	if (r)
		note_unseen(t, "devices", r);
}

static int add_table(struct nftrace *t, void (*put)(struct nlput *m, const struct nftrace_table *table))
{
	struct nlput m = { 0 };
	int r;

	nftrace_batch_begin(&m);
	put(&m, &t->table);
	nftrace_batch_end(&m);
	r = nfsock_batch(t->owner, &m.b);
	buf_fini(&m.b);
	return r;
}

static int refused(int code, struct err *e)
{
	if (e)
		e->exit_code = 77;
	err_sys(e, code, "cannot trace packets through nft's rules");
	if (code == EPERM)
		err_remedy(e, "It needs CAP_NET_ADMIN (root) over the network namespace.");
	else if (code == EOPNOTSUPP || code == EINVAL)
		err_remedy(e, "It needs Linux 5.12 with CONFIG_NF_TABLES_INET: a table that vanishes with its owner.");
	return -code;
}

static int add_tables(struct nftrace *t, struct err *e)
{
	int r = add_table(t, nftrace_table_inet);

	if (r)
		return refused(-r, e);
	r = add_table(t, nftrace_table_netdev);
	t->netdev = !r;
	if (!r)
		add_devices(t);
	else
		note_unseen(t, "devices", r);
	return 0;
}

/* The number that the kernel gave the socket is no other's in this network namespace. */
static int choose_name(struct nftrace *t)
{
	struct sockaddr_nl a;
	socklen_t len = sizeof(a);

	if (getsockname(t->owner, (struct sockaddr *)&a, &len))
		return -errno;
	snprintf(t->name, sizeof(t->name), "synsent_trace_%u", a.nl_pid);
	return 0;
}

static int watch(int poll, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN };

	return epoll_ctl(poll, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

static int open_sockets(struct nftrace *t, struct err *e)
{
	int r;

	t->owner = nfsock_open(NETLINK_NETFILTER, 0, e);
	if (t->owner < 0)
		return t->owner;
	t->events = nfsock_open(NETLINK_NETFILTER, NFNLGRP_NFTRACE, e);
	if (t->events < 0)
		return t->events == -EPERM ? refused(EPERM, e) : t->events;
	t->links = nfsock_open(NETLINK_ROUTE, RTNLGRP_LINK, e);
	if (t->links < 0)
		return t->links;
	t->poll = epoll_create1(EPOLL_CLOEXEC);
	r = t->poll < 0 ? -errno : choose_name(t);
	if (!r)
		r = watch(t->poll, t->events);
	if (!r)
		r = watch(t->poll, t->links);
	return r ? err_sys(e, -r, "cannot prepare to trace packets") : 0;
}

struct opening {
	struct nftrace *t;
	struct err *e;
};

static int open_here(void *arg)
{
	struct opening *o = arg;
	int r = open_sockets(o->t, o->e);

	return r ? r : add_tables(o->t, o->e);
}

int nftrace_open(const struct nftrace_opts *o, struct nftrace **ret, struct err *e)
{
	struct nftrace *t = calloc(1, sizeof(*t));
	struct opening opening = { t, e };
	int r;

	if (!t || o->n_ends > NFTRACE_ENDS_MAX) {
		free(t);
		return err_sys(e, t ? E2BIG : ENOMEM, "cannot trace packets");
	}
	t->owner = t->events = t->links = t->poll = -1;
	t->netns = o->netns;
	for (int i = 0; i < o->n_ends; i++)
		t->ends[i] = o->ends[i];
	t->table = (struct nftrace_table){ t->name, t->ends, o->n_ends };
	t->group.own = t->name;
	t->group.ends = t->ends;
	t->group.n_ends = o->n_ends;
	r = netns_call(t->netns, open_here, &opening, e);
	t->book = r ? NULL : rulebook_new(o->netns, t->owner);
	if (!r && !t->book)
		r = err_sys(e, ENOMEM, "cannot trace packets");
	if (r)
		nftrace_free(t);
	else
		*ret = t;
	return r;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void nftrace_free(struct nftrace *t)
{
	if (!t)
		return;
	close_fd(t->owner);
	close_fd(t->events);
	close_fd(t->links);
	close_fd(t->poll);
	rulebook_free(t->book);
	free(t->devices);
	free(t);
}

int nftrace_fd(const struct nftrace *t)
{
	return t->poll;
}

const char *nftrace_note(const struct nftrace *t)
{
	return t->note;
}

static void name_rule(struct nftrace *t, const char *base, struct rule_hit *h)
{
	struct err why = { 0 };

	if (!t->has_generation && nfsock_generation(t->owner, &t->generation))
		return;
	t->has_generation = true;
	if (rulebook_find(t->book, t->generation, t->now_ns, base[0] ? base : NULL, h, &why))
		snprintf(t->note, sizeof(t->note), "rules are named without their text: %.200s", why.what);
}

static void traced(const struct nftrace_event *ev, void *user)
{
	struct nftrace *t = user;
	struct rule_hit h;
	const char *base;

	if (!nftrace_group_feed(&t->group, ev, &h, &base))
		return;
	h.t_ns = t->now_ns;
	name_rule(t, base, &h);
	t->fn(&h, t->user);
}

static int add_missing(void *arg)
{
	return links_dump(link_changed, arg);
}

/* What was lost of these is asked for anew. */
static void read_links(struct nftrace *t)
{
	uint8_t data[32768];
	ssize_t n;

	while ((n = nlsock_receive(t->links, data, sizeof(data), MSG_DONTWAIT)) != -EAGAIN) {
		if (!t->netdev)
			continue;
		if (n >= 0 && !links_parse_datagram(bytes_of(data, (size_t)n), link_changed, t))
			continue;
		if (n < 0 && n != -ENOBUFS && n != -EMSGSIZE)
			return;
		netns_call(t->netns, add_missing, t, NULL);
	}
}

int nftrace_read(struct nftrace *t, int64_t now_ns, nftrace_fn *fn, void *user)
{
	uint8_t data[16384];
	int lost = 0, i;

	t->has_generation = false;
	t->now_ns = now_ns;
	t->fn = fn;
	t->user = user;
	read_links(t);
	for (i = 0; i < DATAGRAMS_AT_ONCE; i++) {
		ssize_t n = nlsock_receive(t->events, data, sizeof(data), MSG_DONTWAIT);

		if (n == -EAGAIN)
			break;
		if (n == -ENOBUFS || n == -EMSGSIZE)
			lost++;
		else if (n < 0)
			return (int)n;
		else if (nftrace_parse_datagram(bytes_of(data, (size_t)n), traced, t))
			lost++;
	}
	return lost;
}
