/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/nfsock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sources/nfput.h"
#include "sources/nftrace_parse.h"
#include "sources/nlget.h"
#include "sources/nlsock.h"

#define RECEIVE_BUFFER (8 << 20) /* some thousands of trace messages */

int nfsock_open(int protocol, unsigned int group, struct err *e)
{
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), size = RECEIVE_BUFFER, code;

	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)))
		goto failed;
	if (!group)
		return fd;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (!setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		return fd;
failed:
	code = errno;
	if (fd >= 0)
		close(fd);
	return err_sys(e, code, "cannot open a netlink socket (protocol %d, group %u)", protocol, group);
}

static int send_all(int fd, const struct buf *b)
{
	int size = (int)(2 * b->len + 65536);

	if (b->failed)
		return -ENOMEM;
	/* A batch must go in one datagram. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return nlsock_send(fd, b->data, b->len);
}

/* Calls fn, which may be NULL, for each message of an answer; the first error. */
static int answers(int fd, void (*fn)(const struct nlget *m, void *user), void *user)
{
	uint8_t data[8192];
	struct nlget m;
	int failure = 0;
	ssize_t n;

	while ((n = nlsock_receive(fd, data, sizeof(data), MSG_DONTWAIT)) != -EAGAIN) {
		struct bytes b = bytes_of(data, n < 0 ? 0 : (size_t)n);

		if (n < 0 && !failure)
			failure = (int)n;
		if (n < 0 && n != -ENOBUFS && n != -EMSGSIZE)
			return failure;
		while (nlget_message(&b, &m)) {
			if (m.type == NLMSG_ERROR && !failure)
				failure = nlget_error(m.payload);
			else if (fn)
				fn(&m, user);
		}
	}
	return failure;
}

int nfsock_batch(int fd, const struct buf *batch)
{
	int r = send_all(fd, batch);

	return r ? r : answers(fd, NULL, NULL);
}

static void take_generation(const struct nlget *m, void *user)
{
	struct bytes b = m->payload, value;
	uint16_t type;

	if (m->type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN) || !bytes_skip(&b, sizeof(struct nfgenmsg)))
		return;
	while (nlget_attr(&b, &type, &value))
		if (type == NFTA_GEN_ID)
			bytes_u32be(&value, user);
}

int nfsock_generation(int fd, uint32_t *ret)
{
	struct nlput m = { 0 };
	int r;

	nfput_begin(&m, NFT_MSG_GETGEN, 0, 0);
	nlput_end(&m);
	r = send_all(fd, &m.b);
	if (!r)
		r = answers(fd, take_generation, ret);
	buf_fini(&m.b);
	return r;
}

/* struct xt_comment_info is a text and no more. */
static bool comment_of(struct bytes expression, char *to, size_t len)
{
	struct bytes value, data = { 0 }, info = { 0 };
	char name[32] = "", match[32] = "";
	uint16_t type;

	while (nlget_attr(&expression, &type, &value)) {
		if (type == NFTA_EXPR_NAME)
			nlget_text(value, name, sizeof(name));
		else if (type == NFTA_EXPR_DATA)
			data = value;
	}
	while (nlget_attr(&data, &type, &value)) {
		if (type == NFTA_MATCH_NAME)
			nlget_text(value, match, sizeof(match));
		else if (type == NFTA_MATCH_INFO)
			info = value;
	}
	if (strcmp(name, "match") != 0 || strcmp(match, "comment") != 0)
		return false;
	nlget_text(info, to, len);
	return true;
}

bool nfsock_comment_parse(struct bytes payload, char *to, size_t len)
{
	struct bytes value, expression;
	uint16_t type;

	if (!bytes_skip(&payload, sizeof(struct nfgenmsg)))
		return false;
	while (nlget_attr(&payload, &type, &value))
		while (type == NFTA_RULE_EXPRESSIONS && nlget_attr(&value, &(uint16_t){ 0 }, &expression))
			if (comment_of(expression, to, len))
				return true;
	return false;
}

struct comment {
	char *to;
	size_t len;
};

static void take_comment(const struct nlget *m, void *user)
{
	struct comment *c = user;

	if (m->type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE))
		nfsock_comment_parse(m->payload, c->to, c->len);
}

void nfsock_comment(int fd, const struct rule_hit *h, char *to, size_t len)
{
	const uint32_t handle_be[] = { htonl((uint32_t)(h->handle >> 32)), htonl((uint32_t)h->handle) };
	struct comment c = { to, len };
	struct nlput m = { 0 };

	*to = 0;
	nfput_begin(&m, NFT_MSG_GETRULE, nftrace_nfproto(h->family), 0);
	nlput_text(&m, NFTA_RULE_TABLE, h->table);
	nlput_text(&m, NFTA_RULE_CHAIN, h->chain);
	nlput_attr(&m, NFTA_RULE_HANDLE, handle_be, sizeof(handle_be));
	nlput_end(&m);
	if (!send_all(fd, &m.b))
		answers(fd, take_comment, &c);
	buf_fini(&m.b);
}
