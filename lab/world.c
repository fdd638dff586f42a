/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/world.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab/netif.h"
#include "lab/wire_run.h"
#include "sources/sysctls.h"

unsigned int if_nametoindex(const char *name); /* <net/if.h> and <linux/if.h> define the same structs */

/* Locally administered (IEEE 802): the client's, the far end's, and the wire's two. */
static const uint8_t macs[4][6] = {
	{ 2, 's', 'y', 'n', 0, 1 }, { 2, 's', 'y', 'n', 0, 2 }, { 2, 's', 'y', 'n', 0, 3 }, { 2, 's', 'y', 'n', 0, 4 }
};
enum { MAC_CLIENT, MAC_FAR, MAC_WIRE_CLIENT, MAC_WIRE_FAR };

/* The end of RFC 2544's network, of which the names of this world have the begin; likewise of RFC 3849's. */
static const char *const client_addrs[2] = { "198.19.255.2", "2001:db8:ffff::2" };
static const char *const gateways[2] = { "198.19.255.1", "2001:db8:ffff::1" };

static int open_netns(int *ret, struct err *e)
{
	*ret = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	return *ret < 0 ? err_sys(e, errno, "cannot open this network namespace") : 0;
}

static int new_netns(int *ret, struct err *e)
{
	if (unshare(CLONE_NEWNET))
		return err_sys(e, errno, "cannot make a network namespace");
	return open_netns(ret, e);
}

static int enter(int netns, struct err *e)
{
	return setns(netns, CLONE_NEWNET) ? err_sys(e, errno, "cannot enter a network namespace of this run") : 0;
}

int world_go(const struct world *w, bool to_far, struct err *e)
{
	return enter(to_far ? w->far : w->client, e);
}

static struct addr addr_of(const char *text)
{
	struct addr a = { 0 };

	addr_parse(text, &a);
	return a;
}

/* No address of its own making, whose detection of duplicates would be the first packets of all. */
static void calm_ipv6(const char *link)
{
	char name[64] = "ipv6/conf/";
	size_t len = strlen(name);

	strcat(name, link);
	strcat(name, "/addr_gen_mode");
	sysctls_set(name, 1, NULL);
	strcpy(name + len, link);
	strcat(name, "/disable_ipv6");
	sysctls_set(name, 0, NULL);
}

bool world_has_ipv6(void)
{
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static int link_up(const char *link, struct err *e)
{
	calm_ipv6(link);
	return netif_up(link, e);
}

static int client_side(struct world *w, int family, struct err *e)
{
	struct netif_path way = { .any = true, .type = ROUTE_VIA, .dev = WORLD_CLIENT_LINK };
	struct addr *a = family == 6 ? &w->client6 : &w->client4;
	int r;

	*a = addr_of(client_addrs[family == 6]);
	way.via = addr_of(gateways[family == 6]);
	way.dst.family = (uint8_t)family;
	r = netif_addr(WORLD_CLIENT_LINK, a, true, e);
	if (!r)
		r = netif_neighbour(WORLD_CLIENT_LINK, &way.via, macs[MAC_FAR], e);
	return r ? r : netif_path(&way, e);
}

/*
 * Both in the local table: an answer's source is looked for there alone, but for transparent sockets
 * (net/ipv4/devinet.c __ip_dev_find()).  The client's own route is the longer one.
 */
static int far_side(const struct world *w, int family, struct err *e)
{
	const struct addr *client = family == 6 ? &w->client6 : &w->client4;
	const struct netif_path back = {
		.dst = *client, .type = ROUTE_VIA, .dev = WORLD_FAR_LINK, .table = RT_TABLE_LOCAL
	};
	const struct netif_path anyip = {
		.dst = *client, .any = true, .type = ROUTE_LOCAL, .dev = "lo", .table = RT_TABLE_LOCAL
	};
	int r = netif_path(&back, e);

	if (!r)
		r = netif_neighbour(WORLD_FAR_LINK, client, macs[MAC_CLIENT], e);
	return r ? r : netif_path(&anyip, e);
}

static int both_families(struct world *w, int (*side)(struct world *w, int family, struct err *e), struct err *e)
{
	int r = side(w, 4, e);

	return r || !w->ipv6 ? r : side(w, 6, e);
}

static int far_side_of(struct world *w, int family, struct err *e)
{
	return far_side(w, family, e);
}

static int make_links(struct world *w, int middle, struct err *e)
{
	struct netif_end client = { .name = WORLD_CLIENT_LINK, .netns = w->client };
	struct netif_end far = { .name = WORLD_FAR_LINK, .netns = w->far };
	struct netif_end w0 = { .name = "w0", .netns = -1 }, w1 = { .name = "w1", .netns = -1 };
	int r = enter(middle, e);

	memcpy(client.mac, macs[MAC_CLIENT], 6);
	memcpy(far.mac, macs[MAC_FAR], 6);
	memcpy(w0.mac, macs[MAC_WIRE_CLIENT], 6);
	memcpy(w1.mac, macs[MAC_WIRE_FAR], 6);
	if (!r)
		r = netif_veth(&w0, &client, WORLD_GSO_MAX, e);
	if (!r)
		r = netif_veth(&w1, &far, WORLD_GSO_MAX, e);
	if (!r)
		r = link_up("w0", e);
	if (!r)
		r = link_up("w1", e);
	if (!r)
		r = wire_open("w0", &w->wire[0], e);
	return r ? r : wire_open("w1", &w->wire[1], e);
}

static int furnish_far(struct world *w, const struct inherit *in, struct err *e)
{
	int r = enter(w->far, e);

	if (r)
		return r;
	if (in)
		inherit_write(in);
	sysctls_set("ipv4/ip_unprivileged_port_start", 0, NULL);
	sysctls_set("core/somaxconn", 65535, NULL);
	sysctls_set("ipv4/conf/all/arp_ignore", 8, NULL); /* AnyIP would answer for every address */
	sysctls_set("ipv4/tcp_max_syn_backlog", 65535, NULL);
	r = netif_up("lo", e);
	if (!r)
		r = link_up(WORLD_FAR_LINK, e);
	return r ? r : both_families(w, far_side_of, e);
}

static int furnish_client(struct world *w, const struct inherit *in, struct err *e)
{
	int r = enter(w->client, e);

	if (r)
		return r;
	if (in)
		inherit_write(in);
	sysctls_set("ipv4/ip_unprivileged_port_start", 0, NULL);
	r = netif_up("lo", e);
	if (!r)
		r = link_up(WORLD_CLIENT_LINK, e);
	return r ? r : both_families(w, client_side, e);
}

int world_make(struct world *w, const struct inherit *in, struct err *e)
{
	int middle = -1, r;

	*w = (struct world){ .client = -1, .far = -1, .wire = { -1, -1 }, .ipv6 = world_has_ipv6() };
	r = open_netns(&w->client, e);
	if (!r)
		r = new_netns(&w->far, e);
	if (!r)
		r = new_netns(&middle, e);
	if (!r)
		r = make_links(w, middle, e);
	if (middle >= 0)
		close(middle); /* its sockets keep it */
	if (!r)
		r = furnish_client(w, in, e);
	if (!r)
		r = furnish_far(w, in, e);
	if (w->client >= 0 && enter(w->client, r ? NULL : e))
		r = r ? r : -EPERM;
	return r;
}

void world_leave_wire(struct world *w)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (w->wire[i] >= 0)
			close(w->wire[i]);
		w->wire[i] = -1;
	}
}

void world_fini(struct world *w)
{
	int *const fds[] = { &w->client, &w->far };
	size_t i;

	world_leave_wire(w);
	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

#ifndef IPV6_TRANSPARENT
#define IPV6_TRANSPARENT 75 /* linux/in6.h */
#endif

static int listen_here(int family, uint16_t port, int backlog, struct err *e)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	const struct sockaddr *sa = family == 6 ? (const struct sockaddr *)&in6 : (const struct sockaddr *)&in4;
	socklen_t len = family == 6 ? sizeof(in6) : sizeof(in4);
	int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, r = 0;

	if (fd < 0)
		return err_sys(e, errno, "far end: socket");
	if (family == 6)
		r = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) ||
		    setsockopt(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, &on, sizeof(on));
	else
		r = setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &on, sizeof(on));
	if (r || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) || bind(fd, sa, len) ||
	    listen(fd, backlog)) {
		r = err_sys(e, errno, "far end: cannot listen");
		close(fd);
		return r;
	}
	return fd;
}

int world_listen(const struct world *w, int family, uint16_t port, int backlog, int *ret_fd, struct err *e)
{
	int r = world_go(w, true, e), fd;

	if (r)
		return r;
	fd = listen_here(family, port, backlog, e);
	r = world_go(w, false, fd < 0 ? NULL : e);
	if (fd < 0)
		return fd;
	if (r) {
		close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}
