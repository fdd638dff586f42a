/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/rtask.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sources/nlsock.h"

#define DATAGRAM_MAX 65536 /* the kernel fills at most 32 KiB at a time */
#define ANSWER_TIMEOUT_S 5

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
		ssize_t n = nlsock_receive(fd, data, DATAGRAM_MAX, 0);

		if (n < 0)
			r = n == -EAGAIN ? -ETIMEDOUT : (int)n;
		else
			r = take(bytes_of(data, (size_t)n), dump, fn, user);
	}
	free(data);
	return r < 0 ? r : 0;
}

int rtask_message(int protocol, const struct nlput *request, bool dump, rtask_fn *fn, void *user)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), r;
	struct timeval patience = { .tv_sec = ANSWER_TIMEOUT_S };

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	r = request->b.failed ? -ENOMEM : nlsock_send(fd, request->b.data, request->b.len);
	if (!r)
		r = answer(fd, dump, fn, user);
	close(fd);
	return r;
}

int rtask(uint16_t type, uint16_t flags, const void *header, size_t len, rtask_fn *fn, void *user)
{
	struct nlput m = { 0 };
	int r;

	nlput_begin(&m, type, (uint16_t)(NLM_F_REQUEST | flags), 1, header, len);
	nlput_end(&m);
	r = rtask_message(NETLINK_ROUTE, &m, flags & NLM_F_DUMP, fn, user);
	buf_fini(&m.b);
	return r;
}
