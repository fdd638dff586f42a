/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/linkmap.h"

#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sources/namespaces.h"
#include "sources/netns.h"
#include "sources/rtask.h"

#define DEVICES_MAX 65536

struct fill {
	struct linkmap *m;
	uint32_t netns; /* in which this thread is */
};

static void add(const struct link_seen *l, void *user)
{
	struct fill *f = user;
	struct linkmap *m = f->m;
	void *more;

	if (m->n == m->room) {
		more = m->room < DEVICES_MAX ? realloc(m->v, (size_t)(m->room * 2 + 64) * sizeof(m->v[0])) : NULL;
		if (!more)
			return;
		m->v = more;
		m->room = m->room * 2 + 64;
	}
	m->v[m->n++] = (struct linkmap_device){ .netns = f->netns, .is = *l };
}

/* To stay in the own one takes no privilege. */
static bool add_namespace(int fd, uint32_t inode, void *user)
{
	struct fill *f = user;

	if (inode != f->netns && setns(fd, CLONE_NEWNET))
		return false;
	f->netns = inode;
	links_dump(add, f);
	return false;
}

static void add_all(void *arg)
{
	struct fill f = { .m = arg, .netns = netns_own() };

	namespaces_each(f.m->namespaces, add_namespace, &f);
}

struct linkmap *linkmap_new(struct namespaces *n)
{
	struct linkmap *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->namespaces = n;
	netns_apart(add_all, m);
	return m;
}

void linkmap_free(struct linkmap *m)
{
	if (m)
		free(m->v);
	free(m);
}

int linkmap_find(const struct linkmap *m, uint32_t netns, uint32_t ifindex)
{
	int i;

	for (i = 0; i < m->n; i++)
		if (m->v[i].netns == netns && m->v[i].is.ifindex == ifindex)
			return i;
	return -1;
}

struct number {
	int fd;
	int32_t is;
};

static void take_number(const struct nlget *m, void *user)
{
	struct bytes b = m->payload, value;
	struct number *k = user;
	uint32_t number;
	uint16_t type;

	if (m->type != RTM_NEWNSID || !bytes_skip(&b, NLMSG_ALIGN(sizeof(struct rtgenmsg))))
		return;
	while (nlget_attr(&b, &type, &value))
		if (type == NETNSA_NSID && bytes_u32(&value, false, &number))
			k->is = (int32_t)number;
}

static int ask_number(void *arg)
{
	const struct rtgenmsg any = { .rtgen_family = AF_UNSPEC };
	struct number *k = arg;
	const uint32_t of = (uint32_t)k->fd;
	struct nlput m = { 0 };
	int r;

	nlput_begin(&m, RTM_GETNSID, NLM_F_REQUEST, 1, &any, sizeof(any));
	nlput_attr(&m, NETNSA_FD, &of, sizeof(of));
	nlput_end(&m);
	r = rtask_message(NETLINK_ROUTE, &m, false, take_number, k);
	buf_fini(&m.b);
	return r;
}

/* Each namespace has numbers of its own for others (RTM_GETNSID). */
static bool is_number(struct namespaces *n, uint32_t in, int32_t number, uint32_t of)
{
	struct number k = { .fd = namespaces_open(n, of), .is = NETNSA_NSID_NOT_ASSIGNED };

	if (k.fd < 0)
		return false;
	if (namespaces_call(n, in, ask_number, &k, NULL))
		k.is = NETNSA_NSID_NOT_ASSIGNED;
	close(k.fd);
	return k.is == number;
}

bool linkmap_is_link_of(const struct linkmap *m, int b, int a)
{
	const struct linkmap_device *from = &m->v[a], *to = &m->v[b];

	if (!from->is.link || from->is.link != to->is.ifindex)
		return false;
	if (!from->is.has_netnsid)
		return from->netns == to->netns;
	return is_number(m->namespaces, from->netns, from->is.netnsid, to->netns);
}
