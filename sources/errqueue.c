// SPDX-License-Identifier: GPL-2.0-or-later
#include "sources/errqueue.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <time.h>
#include <linux/errqueue.h> /* needs struct timespec */

#include "util/clock.h"
#include "util/duration.h"

int errqueue_enable(int sock_fd, int family)
{
	int on = 1, r;

	/* An IPv6 socket may speak IPv4, but its queue is IPv6's all the same. */
	if (family == AF_INET6)
		r = setsockopt(sock_fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
	else
		r = setsockopt(sock_fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	if (r)
		return -errno;
	/* Without it the time is that of the reading. */
	setsockopt(sock_fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	return 0;
}

/* struct sockaddr_in or sockaddr_in6, in the kernel's order of fields; anything else leaves *ret none. */
static void take_offender(struct bytes b, struct addr *ret)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	uint16_t family;
	uint8_t raw[16];

	*ret = (struct addr){ 0 };
	if (!bytes_copy(&b, &family, sizeof(family)) || !bytes_skip(&b, 2) /* the port */)
		return;
	if (family == AF_INET && bytes_copy(&b, ret->b, 4))
		ret->family = 4;
	if (family != AF_INET6 || !bytes_skip(&b, 4) /* the flow label */ || !bytes_copy(&b, raw, sizeof(raw)))
		return;
	ret->family = memcmp(raw, mapped, sizeof(mapped)) ? 6 : 4;
	if (ret->family == 4)
		memcpy(ret->b, raw + sizeof(mapped), 4);
	else
		memcpy(ret->b, raw, sizeof(raw));
}

int errqueue_parse(struct bytes value, struct errqueue_error *ret)
{
	uint32_t error, info;
	uint8_t origin, type, code;

	if (!bytes_copy(&value, &error, sizeof(error)) || !bytes_u8(&value, &origin) || !bytes_u8(&value, &type) ||
	    !bytes_u8(&value, &code) || !bytes_skip(&value, 1) || !bytes_copy(&value, &info, sizeof(info)) ||
	    !bytes_skip(&value, sizeof(uint32_t)) /* ee_data */)
		return -EBADMSG;
	ret->error = (int)error;
	ret->family = origin == SO_EE_ORIGIN_ICMP ? 4 : origin == SO_EE_ORIGIN_ICMP6 ? 6 : 0;
	ret->type = type;
	ret->code = code;
	ret->info = info;
	take_offender(value, &ret->offender);
	return 0;
}

/* SO_EE_ORIGIN_TIMESTAMPING, _ZEROCOPY and the like are no errors. */
static bool is_error(struct bytes value)
{
	uint8_t origin;

	return bytes_skip(&value, offsetof(struct sock_extended_err, ee_origin)) && bytes_u8(&value, &origin) &&
	       (origin == SO_EE_ORIGIN_LOCAL || origin == SO_EE_ORIGIN_ICMP || origin == SO_EE_ORIGIN_ICMP6);
}

/* What the kernel says beside the data.  True when there was an error in it. */
static bool take_control(struct msghdr *m, struct errqueue_error *ret)
{
	bool found = false;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		struct bytes value;
		struct timespec t;

		if (c->cmsg_len < CMSG_LEN(0))
			break;
		value = bytes_of(CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS && bytes_copy(&value, &t, sizeof(t)))
			ret->t_ns = (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
		else if (((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
			  (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR)) &&
			 is_error(value))
			found = !errqueue_parse(value, ret);
	}
	return found;
}

/* The data is the quoted segment, as much as the ICMP message had of it. */
static void take_quote(struct bytes b, struct errqueue_error *ret)
{
	ret->has_quote = bytes_u16be(&b, &ret->quoted_sport) && bytes_u16be(&b, &ret->quoted_dport) &&
			 bytes_u32be(&b, &ret->quoted_seq);
}

int errqueue_read(int sock_fd, struct errqueue_error *ret, int max)
{
	int n = 0;

	while (n < max) {
		union {
			struct cmsghdr align;
			uint8_t b[512];
		} control;
		uint8_t data[64];
		struct iovec iov = { .iov_base = data, .iov_len = sizeof(data) };
		struct msghdr m = {
			.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
		};
		struct errqueue_error one = { 0 };
		ssize_t len = recvmsg(sock_fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return n || errno == EAGAIN ? n : -errno;
		one.t_ns = clock_real_ns();
		if (!take_control(&m, &one))
			continue;
		if (one.family)
			take_quote(bytes_of(data, (size_t)len), &one);
		ret[n++] = one;
	}
	return n;
}
