/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/resolver.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/sockaddr.h"

#define PORT 53
#define QUERY_MAX 4096
#define ANSWER_MAX 1232 /* what passes any link whole (dnsflagday.net/2020) */

struct resolver {
	struct names *names;
	int n;
	int fds[RESOLVER_FDS_MAX];
};

/* Answers leave from the address that was asked: it is told with each question. */
static int open_at(const char *address, int *ret)
{
	struct endpoint at = { .port = PORT };
	struct sockaddr_storage ss;
	int fd, on = 1, r;
	socklen_t len;

	addr_parse(address, &at.addr);
	len = sockaddr_of(&at, &ss);
	fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (ss.ss_family == AF_INET6)
		r = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) ||
		    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
	else
		r = setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	if (r || bind(fd, (struct sockaddr *)&ss, len)) {
		r = -errno;
		close(fd);
		return r;
	}
	*ret = fd;
	return 0;
}

static int open_all(struct resolver *r, const char *const *addresses, struct err *e)
{
	int code;

	for (; *addresses; addresses++) {
		code = open_at(*addresses, &r->fds[r->n]);
		if (code)
			return err_sys(e, -code, "cannot answer DNS at %s", *addresses);
		r->n++;
	}
	return 0;
}

int resolver_open(const struct world *w, struct names *n, struct resolver **ret, struct err *e)
{
	static const char *const near[] = { RESOLVER_ADDRESS, "127.0.0.1", "::1", NULL };
	static const char *const near4[] = { RESOLVER_ADDRESS, "127.0.0.1", NULL };
	static const char *const far[] = { "0.0.0.0", "::", NULL };
	static const char *const far4[] = { "0.0.0.0", NULL };
	struct resolver *r = calloc(1, sizeof(*r));
	int code, back;

	if (!r)
		return err_sys(e, ENOMEM, "DNS");
	r->names = n;
	code = open_all(r, w->ipv6 ? near : near4, e);
	if (!code)
		code = world_go(w, true, e);
	if (!code) {
		code = open_all(r, w->ipv6 ? far : far4, e);
		back = world_go(w, false, code ? NULL : e);
		code = code ? code : back;
	}
	if (code) {
		resolver_free(r);
		return code;
	}
	*ret = r;
	return 0;
}

void resolver_free(struct resolver *r)
{
	int i;

	if (!r)
		return;
	for (i = 0; i < r->n; i++)
		close(r->fds[i]);
	free(r);
}

int resolver_fds(const struct resolver *r, struct pollfd *fds)
{
	int i;

	for (i = 0; i < r->n; i++)
		fds[i] = (struct pollfd){ .fd = r->fds[i], .events = POLLIN };
	return r->n;
}

/* The interface by which it came is not the one by which the answer goes: every address is local, on lo. */
static void any_interface(struct msghdr *m)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		struct in_pktinfo v4;
		struct in6_pktinfo v6;

		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&v4, CMSG_DATA(c), sizeof(v4));
			v4.ipi_ifindex = 0;
			v4.ipi_spec_dst = v4.ipi_addr;
			memcpy(CMSG_DATA(c), &v4, sizeof(v4));
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&v6, CMSG_DATA(c), sizeof(v6));
			v6.ipi6_ifindex = 0;
			memcpy(CMSG_DATA(c), &v6, sizeof(v6));
		}
	}
}

static bool answer_one(struct resolver *r, int fd, struct names_question *q)
{
	uint8_t query[QUERY_MAX], answer[ANSWER_MAX];
	struct sockaddr_storage from;
	char control[128];
	struct iovec iov = { query, sizeof(query) };
	struct msghdr m = { .msg_name = &from,
			    .msg_namelen = sizeof(from),
			    .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &m, 0);

	if (n < 0)
		return false;
	memset(q, 0, sizeof(*q));
	iov.iov_base = answer;
	iov.iov_len = names_answer(r->names, bytes_of(query, (size_t)n), answer, sizeof(answer), q);
	any_interface(&m);
	if (iov.iov_len && sendmsg(fd, &m, MSG_DONTWAIT) < 0)
		q->n_answers = 0; /* the client will ask again */
	return true;
}

void resolver_pump(struct resolver *r, void (*fn)(const struct names_question *q, void *user), void *user)
{
	struct names_question q;
	int i, n;

	for (i = 0; i < r->n; i++)
		for (n = 0; n < 64 && answer_one(r, r->fds[i], &q); n++)
			if (q.name[0])
				fn(&q, user);
}
