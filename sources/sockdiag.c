// SPDX-License-Identifier: GPL-2.0-or-later
#include "sources/sockdiag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sources/nlsock.h"

#define DATAGRAM_MAX 65536 /* the kernel fills at most 32 KiB at a time */
#define ANSWER_TIMEOUT_S 5

struct sockdiag {
	int fd;
	uint32_t seq;
	uint8_t datagram[DATAGRAM_MAX];
};

static int open_netlink(struct err *e)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (fd >= 0)
		return fd;
	err_sys(e, errno, "cannot open a NETLINK_SOCK_DIAG socket");
	if (errno == EPROTONOSUPPORT)
		err_remedy(e, "The kernel lacks CONFIG_INET_DIAG, or its module inet_diag is not loaded.");
	return -errno;
}

int sockdiag_open(struct sockdiag **ret, struct err *e)
{
	struct timeval patience = { .tv_sec = ANSWER_TIMEOUT_S };
	struct sockdiag *d = calloc(1, sizeof(*d));

	if (!d)
		return err_sys(e, ENOMEM, "cannot open sock_diag");
	d->fd = open_netlink(e);
	if (d->fd < 0) {
		int r = d->fd;

		free(d);
		return r;
	}
	/* A lost end of a dump must not hang us. */
	setsockopt(d->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	*ret = d;
	return 0;
}

void sockdiag_free(struct sockdiag *d)
{
	if (!d)
		return;
	close(d->fd);
	free(d);
}

/* A flow makes it a question about one socket, else it is about all in these states. */
static int request(struct sockdiag *d, uint8_t family, uint32_t states, const struct flow *f, uint32_t device)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 body;
	} m = {
		.head = { .nlmsg_len = sizeof(m),
			  .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			  .nlmsg_flags = f ? NLM_F_REQUEST : NLM_F_REQUEST | NLM_F_DUMP,
			  .nlmsg_seq = ++d->seq },
		.body = { .sdiag_family = family,
			  .sdiag_protocol = IPPROTO_TCP,
			  .idiag_ext = 1 << (INET_DIAG_INFO - 1),
			  .idiag_states = states },
	};

	if (f) {
		memcpy(m.body.id.idiag_src, f->client.addr.b, sizeof(m.body.id.idiag_src));
		memcpy(m.body.id.idiag_dst, f->server.addr.b, sizeof(m.body.id.idiag_dst));
		m.body.id.idiag_sport = htons(f->client.port);
		m.body.id.idiag_dport = htons(f->server.port);
		m.body.id.idiag_if = device;
		m.body.id.idiag_cookie[0] = m.body.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	}
	return nlsock_send(d->fd, &m, sizeof(m));
}

struct by_family {
	int family;
	sockdiag_fn *fn;
	void *user;
};

static void only_family(const struct sockdiag_socket *s, void *user)
{
	const struct by_family *f = user;
	const struct flow *flow = &s->state.flow;

	if (!f->family || flow->client.addr.family == f->family)
		f->fn(s, f->user);
}

/* Reads to the end of the dump even after a failure: the next request would be refused with EBUSY otherwise. */
static int dump(struct sockdiag *d, uint8_t family, uint32_t states, struct by_family *f)
{
	bool done = false;
	int failure, r;

	failure = request(d, family, states, NULL, 0);
	if (failure)
		return failure;
	while (!done) {
		ssize_t n = nlsock_receive(d->fd, d->datagram, sizeof(d->datagram), 0);

		if (n == -EAGAIN)
			return failure ? failure : -ETIMEDOUT;
		if (n < 0 && n != -ENOBUFS && n != -EMSGSIZE)
			return (int)n;
		r = n < 0 ? (int)n
			  : sockdiag_parse_datagram(bytes_of(d->datagram, (size_t)n), d->seq, only_family, f, &done);
		if (r < 0 && !failure)
			failure = r;
	}
	return failure;
}

int sockdiag_dump(struct sockdiag *d, int family, uint32_t states, sockdiag_fn *fn, void *user, struct err *e)
{
	struct by_family f = { .family = family, .fn = fn, .user = user };
	int r = 0;

	/* IPv4 may be spoken through an IPv6 socket, so IPv6 ones are looked at in any case. */
	if (family != 6)
		r = dump(d, AF_INET, states, &f);
	if (!r) {
		r = dump(d, AF_INET6, states, &f);
		if (r == -ENOENT && family != 6) /* a kernel without IPv6 */
			r = 0;
	}
	return r ? err_sys(e, -r, "cannot read the kernel's list of TCP sockets") : 0;
}

int sockdiag_get(struct sockdiag *d, const struct flow *f, uint32_t device, sockdiag_fn *fn, void *user)
{
	int r = request(d, f->server.addr.family == 6 ? AF_INET6 : AF_INET, ~0U, f, device);
	ssize_t n = r ? r : nlsock_receive(d->fd, d->datagram, sizeof(d->datagram), 0);

	if (n < 0)
		return (int)n;
	r = sockdiag_parse_datagram(bytes_of(d->datagram, (size_t)n), d->seq, fn, user, NULL);
	return r < 0 ? r : 0;
}

int sockdiag_destroy_open(int *ret_fd, struct err *e)
{
	struct sockaddr_nl groups = { .nl_family = AF_NETLINK,
				      .nl_groups = 1U << (SKNLGRP_INET_TCP_DESTROY - 1) |
						   1U << (SKNLGRP_INET6_TCP_DESTROY - 1) };
	int size = 1 << 20;
	int fd = open_netlink(e);

	if (fd < 0)
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&groups, sizeof(groups))) {
		int code = errno;

		close(fd);
		return err_sys(e, code, "cannot listen for destroyed sockets");
	}
	*ret_fd = fd;
	return 0;
}

int sockdiag_destroy_read(int fd, sockdiag_fn *fn, void *user)
{
	uint8_t datagram[8192]; /* one socket each */
	int lost = 0;

	for (;;) {
		ssize_t n = nlsock_receive(fd, datagram, sizeof(datagram), MSG_DONTWAIT);

		if (n == -EAGAIN)
			return lost;
		if (n == -ENOBUFS || n == -EMSGSIZE)
			lost++;
		else if (n < 0)
			return (int)n;
		else if (sockdiag_parse_datagram(bytes_of(datagram, (size_t)n), 0, fn, user, NULL) < 0)
			lost++;
	}
}
