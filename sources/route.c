/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/route.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/bytes.h"

struct question {
	struct nlmsghdr head;
	struct rtmsg route;
	char attrs[64];
};

static void add_attr(struct question *q, unsigned int type, const void *value, size_t len)
{
	struct rtattr a = { (unsigned short)RTA_LENGTH(len), (unsigned short)type };
	char *at = (char *)q + NLMSG_ALIGN(q->head.nlmsg_len);

	memcpy(at, &a, sizeof(a));
	memcpy(at + RTA_LENGTH(0), value, len);
	q->head.nlmsg_len = (uint32_t)(NLMSG_ALIGN(q->head.nlmsg_len) + RTA_ALIGN(RTA_LENGTH(len)));
}

/* Policy rules may ask for the protocol and the port (Linux 4.18). */
static int ask(int fd, const struct endpoint *dst)
{
	const size_t len = dst->addr.family == 6 ? 16 : 4;
	const uint16_t port_be = htons(dst->port);
	const uint8_t tcp = IPPROTO_TCP;
	struct question q = {
		.head = { .nlmsg_len = NLMSG_LENGTH(sizeof(q.route)),
			  .nlmsg_type = RTM_GETROUTE,
			  .nlmsg_flags = NLM_F_REQUEST },
		.route = { .rtm_family = dst->addr.family == 6 ? AF_INET6 : AF_INET,
			   .rtm_dst_len = (unsigned char)(8 * len) },
	};

	add_attr(&q, RTA_DST, dst->addr.b, len);
	if (dst->port) {
		add_attr(&q, RTA_IP_PROTO, &tcp, sizeof(tcp));
		add_attr(&q, RTA_DPORT, &port_be, sizeof(port_be));
	}
	return send(fd, &q, q.head.nlmsg_len, 0) < 0 ? -errno : 0;
}

/* The output interface among the attributes of a RTM_NEWROUTE; 0 when there is none. */
static uint32_t find_oif(struct bytes attrs)
{
	struct rtattr a;
	struct bytes value;
	uint32_t oif = 0;

	while (bytes_copy(&attrs, &a, sizeof(a)) && a.rta_len >= sizeof(a) &&
	       bytes_take(&attrs, a.rta_len - sizeof(a), &value)) {
		if (a.rta_type == RTA_OIF && bytes_copy(&value, &oif, sizeof(oif)))
			return oif;
		bytes_skip(&attrs, RTA_ALIGN(a.rta_len) - a.rta_len);
	}
	return 0;
}

static int answer(int fd, char ret[IF_NAMESIZE])
{
	uint8_t data[4096];
	ssize_t n = recv(fd, data, sizeof(data), 0);
	struct bytes b = bytes_of(data, n < 0 ? 0 : (size_t)n);
	struct nlmsghdr h;
	struct nlmsgerr failure;
	uint32_t oif;

	if (n < 0)
		return -errno;
	if (!bytes_copy(&b, &h, sizeof(h)))
		return -EBADMSG;
	if (h.nlmsg_type == NLMSG_ERROR)
		return bytes_copy(&b, &failure, sizeof(failure)) && failure.error ? failure.error : -EBADMSG;
	if (h.nlmsg_type != RTM_NEWROUTE || !bytes_skip(&b, sizeof(struct rtmsg)))
		return -EBADMSG;
	oif = find_oif(b);
	return oif && if_indextoname(oif, ret) ? 0 : -ENODEV;
}

int route_device(const struct endpoint *dst, char ret[IF_NAMESIZE])
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), r;

	if (fd < 0)
		return -errno;
	r = ask(fd, dst);
	if (!r)
		r = answer(fd, ret);
	close(fd);
	return r;
}
