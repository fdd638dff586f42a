/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/netif.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/bytes.h"
#include "util/clock.h"
#include "util/duration.h"

unsigned int if_nametoindex(const char *name); /* <net/if.h> and <linux/if.h> define the same structs */

/* One request with its attributes; 256 bytes hold any that are made here. */
struct request {
	struct nlmsghdr h;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg addr;
		struct rtmsg route;
	} body;
	char attrs[192];
};

static void request_init(struct request *q, unsigned int type, unsigned int flags, size_t body_len)
{
	memset(q, 0, sizeof(*q));
	q->h.nlmsg_len = (uint32_t)NLMSG_LENGTH(body_len);
	q->h.nlmsg_type = (uint16_t)type;
	q->h.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	q->h.nlmsg_seq = 1;
}

static void request_attr(struct request *q, unsigned int type, const void *data, size_t len)
{
	struct rtattr a = { (unsigned short)RTA_LENGTH(len), (unsigned short)type };
	char *at = (char *)q + NLMSG_ALIGN(q->h.nlmsg_len);

	memcpy(at, &a, sizeof(a));
	memcpy(at + RTA_LENGTH(0), data, len);
	q->h.nlmsg_len = (uint32_t)(NLMSG_ALIGN(q->h.nlmsg_len) + RTA_ALIGN(RTA_LENGTH(len)));
}

static size_t addr_len(const struct addr *a)
{
	return a->family == 6 ? 16 : 4;
}

static uint8_t addr_af(const struct addr *a)
{
	return a->family == 6 ? AF_INET6 : AF_INET;
}

/* The kernel's answer: 0 or -errno, and the type of the route that it tells of, or 0. */
static int answer(int fd, uint8_t *ret_route_type)
{
	uint8_t data[1024];
	struct nlmsghdr h;
	struct rtmsg route;
	struct bytes b;
	int32_t code;
	ssize_t n;

	while ((n = recv(fd, data, sizeof(data), 0)) < 0 && errno == EINTR)
		;
	if (n < 0)
		return -errno;
	b = bytes_of(data, (size_t)n);
	if (!bytes_copy(&b, &h, sizeof(h)))
		return -EPROTO;
	*ret_route_type = 0;
	if (h.nlmsg_type == NLMSG_ERROR && bytes_copy(&b, &code, sizeof(code)))
		return code;
	if (h.nlmsg_type != RTM_NEWROUTE || !bytes_copy(&b, &route, sizeof(route)))
		return -EPROTO;
	*ret_route_type = route.rtm_type;
	return 0;
}

static int request_ask(const struct request *q, uint8_t *ret_route_type)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int r;

	if (fd < 0)
		return -errno;
	if (sendto(fd, q, q->h.nlmsg_len, 0, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		r = -errno;
	else
		r = answer(fd, ret_route_type);
	close(fd);
	return r;
}

static int request_run(const struct request *q)
{
	uint8_t type;

	return request_ask(q, &type);
}

static int index_of(const char *name, int *ret, struct err *e)
{
	unsigned int i = if_nametoindex(name);

	if (!i)
		return err_sys(e, errno, "interface %s", name);
	*ret = (int)i;
	return 0;
}

int netif_up(const char *name, struct err *e)
{
	struct request q;
	int index = 0, r;

	r = index_of(name, &index, e);
	if (r)
		return r;
	request_init(&q, RTM_NEWLINK, 0, sizeof(q.body.link));
	q.body.link.ifi_index = index;
	q.body.link.ifi_flags = IFF_UP;
	q.body.link.ifi_change = IFF_UP;
	r = request_run(&q);
	return r ? err_sys(e, -r, "cannot bring interface %s up", name) : 0;
}

/*
 * An IPv6 address gets its local route from a work queue (net/ipv6/addrconf.c
 * addrconf_dad_work()), even without duplicate address detection: before that, a
 * connect() to it fails.
 */
static int wait_until_local(const struct addr *a)
{
	const int64_t deadline_ns = clock_mono_ns() + NS_PER_S;
	struct request q;
	uint8_t type;

	request_init(&q, RTM_GETROUTE, 0, sizeof(q.body.route));
	q.body.route.rtm_family = addr_af(a);
	q.body.route.rtm_dst_len = (uint8_t)(8 * addr_len(a));
	request_attr(&q, RTA_DST, a->b, addr_len(a));
	while (request_ask(&q, &type) || type != RTN_LOCAL) {
		if (clock_mono_ns() > deadline_ns)
			return -ETIMEDOUT;
		usleep(200);
	}
	return 0;
}

int netif_addr(const char *name, const struct addr *a, bool add, struct err *e)
{
	const uint32_t nodad = IFA_F_NODAD;
	char text[ADDR_TEXT_LEN];
	struct request q;
	int index = 0, r;

	r = index_of(name, &index, e);
	if (r)
		return r;
	request_init(&q, add ? RTM_NEWADDR : RTM_DELADDR, add ? NLM_F_CREATE | NLM_F_EXCL : 0, sizeof(q.body.addr));
	q.body.addr.ifa_family = addr_af(a);
	q.body.addr.ifa_prefixlen = (uint8_t)(8 * addr_len(a));
	q.body.addr.ifa_index = (uint32_t)index;
	request_attr(&q, IFA_LOCAL, a->b, addr_len(a));
	request_attr(&q, IFA_ADDRESS, a->b, addr_len(a));
	if (add)
		request_attr(&q, IFA_FLAGS, &nodad, sizeof(nodad));
	r = request_run(&q);
	if (add && r == -EEXIST)
		r = 0;
	if (!r && add && a->family == 6)
		r = wait_until_local(a);
	if (!r)
		return 0;
	return err_sys(e, -r, "cannot %s address %s %s interface %s", add ? "add" : "remove", addr_format(a, text),
		       add ? "to" : "from", name);
}

static uint8_t route_type(enum netif_route type)
{
	switch (type) {
	case ROUTE_PROHIBIT:
		return RTN_PROHIBIT;
	case ROUTE_UNREACHABLE:
		return RTN_UNREACHABLE;
	case ROUTE_BLACKHOLE:
		break;
	}
	return RTN_BLACKHOLE;
}

int netif_route_add(const struct addr *dst, enum netif_route type, struct err *e)
{
	char text[ADDR_TEXT_LEN];
	struct request q;
	int r;

	request_init(&q, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, sizeof(q.body.route));
	q.body.route.rtm_family = addr_af(dst);
	q.body.route.rtm_dst_len = (uint8_t)(8 * addr_len(dst));
	q.body.route.rtm_table = RT_TABLE_MAIN;
	q.body.route.rtm_protocol = RTPROT_STATIC;
	q.body.route.rtm_scope = RT_SCOPE_UNIVERSE;
	q.body.route.rtm_type = route_type(type);
	request_attr(&q, RTA_DST, dst->b, addr_len(dst));
	r = request_run(&q);
	return r ? err_sys(e, -r, "cannot add a route for %s", addr_format(dst, text)) : 0;
}
