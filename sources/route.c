/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/route.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/bytes.h"

static int ask(int fd, const struct addr *dst)
{
	unsigned short len = dst->family == 6 ? 16 : 4;
	struct {
		struct nlmsghdr head;
		struct rtmsg route;
		struct rtattr attr;
		uint8_t to[16];
	} m = {
		.head = { .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST },
		.route = { .rtm_family = dst->family == 6 ? AF_INET6 : AF_INET,
			   .rtm_dst_len = (unsigned char)(8 * len) },
		.attr = { .rta_type = RTA_DST, .rta_len = (unsigned short)(sizeof(struct rtattr) + len) },
	};

	memcpy(m.to, dst->b, len);
	m.head.nlmsg_len = (uint32_t)(sizeof(m) - sizeof(m.to) + len);
	return send(fd, &m, m.head.nlmsg_len, 0) < 0 ? -errno : 0;
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

int route_device(const struct addr *dst, char ret[IF_NAMESIZE])
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
