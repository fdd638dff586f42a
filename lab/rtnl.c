/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/rtnl.h"

#include <assert.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/bytes.h"

static char *at_end(struct rtnl *q)
{
	return (char *)q + NLMSG_ALIGN(q->h.nlmsg_len);
}

void rtnl_init(struct rtnl *q, unsigned int type, unsigned int flags, const void *header, size_t len)
{
	memset(q, 0, sizeof(*q));
	q->h.nlmsg_len = (uint32_t)NLMSG_LENGTH(len);
	q->h.nlmsg_type = (uint16_t)type;
	q->h.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	q->h.nlmsg_seq = 1;
	memcpy(q->body, header, len);
}

void rtnl_raw(struct rtnl *q, const void *data, size_t len)
{
	assert(NLMSG_ALIGN(q->h.nlmsg_len) + RTA_ALIGN(len) <= sizeof(*q));
	memcpy(at_end(q), data, len);
	q->h.nlmsg_len = (uint32_t)(NLMSG_ALIGN(q->h.nlmsg_len) + RTA_ALIGN(len));
}

void rtnl_attr(struct rtnl *q, unsigned int type, const void *data, size_t len)
{
	struct rtattr a = { (unsigned short)RTA_LENGTH(len), (unsigned short)type };

	rtnl_raw(q, &a, sizeof(a));
	if (len)
		rtnl_raw(q, data, len);
}

void rtnl_attr_u32(struct rtnl *q, unsigned int type, uint32_t value)
{
	rtnl_attr(q, type, &value, sizeof(value));
}

void rtnl_attr_text(struct rtnl *q, unsigned int type, const char *text)
{
	rtnl_attr(q, type, text, strlen(text) + 1);
}

size_t rtnl_begin(struct rtnl *q, unsigned int type)
{
	size_t begin = NLMSG_ALIGN(q->h.nlmsg_len);

	rtnl_attr(q, type, NULL, 0);
	return begin;
}

void rtnl_end(struct rtnl *q, size_t begin)
{
	unsigned short len = (unsigned short)(q->h.nlmsg_len - begin);

	memcpy((char *)q + begin, &len, sizeof(len)); /* rta_len is the first field */
}

static int answer(int fd, uint8_t *ret_type)
{
	uint8_t data[2048];
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
	*ret_type = 0;
	if (h.nlmsg_type == NLMSG_ERROR && bytes_copy(&b, &code, sizeof(code)))
		return code;
	if (h.nlmsg_type != RTM_NEWROUTE || !bytes_copy(&b, &route, sizeof(route)))
		return -EPROTO;
	*ret_type = route.rtm_type;
	return 0;
}

int rtnl_ask_route(const struct rtnl *q, uint8_t *ret_type)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int r;

	if (fd < 0)
		return -errno;
	if (sendto(fd, q, q->h.nlmsg_len, 0, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		r = -errno;
	else
		r = answer(fd, ret_type);
	close(fd);
	return r;
}

int rtnl_run(const struct rtnl *q)
{
	uint8_t type;

	return rtnl_ask_route(q, &type);
}
