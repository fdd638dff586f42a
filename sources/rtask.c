/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/rtask.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sources/nlput.h"

#define DATAGRAM_MAX 65536 /* the kernel fills at most 32 KiB at a time */
#define ANSWER_TIMEOUT_S 5

static int send_request(int fd, uint16_t type, uint16_t flags, const void *header, size_t len)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct timeval patience = { .tv_sec = ANSWER_TIMEOUT_S };
	struct nlput m = { 0 };
	int r = 0;

	nlput_begin(&m, type, (uint16_t)(NLM_F_REQUEST | flags), 1, header, len);
	nlput_end(&m);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (m.b.failed)
		r = -ENOMEM;
	else if (sendto(fd, m.b.data, m.b.len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		r = -errno;
	buf_fini(&m.b);
	return r;
}

/* 1: the answer is over. */
static int take(struct bytes b, bool dump, rtask_fn *fn, void *user)
{
	struct nlget m;

	while (nlget_message(&b, &m)) {
		if (m.type == NLMSG_ERROR || m.type == NLMSG_DONE) {
			int r = m.payload.len ? nlget_error(m.payload) : 0;

			return r ? r : 1;
		}
		fn(&m, user);
	}
	return b.len ? -EBADMSG : !dump;
}

static int answer(int fd, bool dump, rtask_fn *fn, void *user)
{
	uint8_t *data = malloc(DATAGRAM_MAX);
	int r = data ? 0 : -ENOMEM;

	while (!r) {
		ssize_t n = recv(fd, data, DATAGRAM_MAX, MSG_TRUNC);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			r = errno == EAGAIN ? -ETIMEDOUT : -errno;
		else
			r = n > DATAGRAM_MAX ? -EMSGSIZE : take(bytes_of(data, (size_t)n), dump, fn, user);
	}
	free(data);
	return r < 0 ? r : 0;
}

int rtask(uint16_t type, uint16_t flags, const void *header, size_t len, rtask_fn *fn, void *user)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), r;

	if (fd < 0)
		return -errno;
	r = send_request(fd, type, flags, header, len);
	if (!r)
		r = answer(fd, flags & NLM_F_DUMP, fn, user);
	close(fd);
	return r;
}
