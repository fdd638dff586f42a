/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/nlsock.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>

int nlsock_send(int fd, const void *data, size_t len)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t n;

	do
		n = sendto(fd, data, len, 0, (struct sockaddr *)&kernel, sizeof(kernel));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

ssize_t nlsock_receive(int fd, void *to, size_t max, int flags)
{
	struct sockaddr_nl from = { 0 };
	struct iovec iov = { .iov_base = to, .iov_len = max };

	for (;;) {
		struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1 };
		ssize_t n = recvmsg(fd, &m, flags);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (m.msg_flags & MSG_TRUNC)
			return -EMSGSIZE;
		if (m.msg_namelen == sizeof(from) && !from.nl_pid)
			return n;
	}
}
