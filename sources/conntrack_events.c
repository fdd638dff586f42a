/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/conntrack_events.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sources/nlget.h"
#include "sources/nlsock.h"
#include "sources/sysctls.h"

#define DATAGRAM_MAX 8192 /* one event is some 200 bytes */
#define ROOM (4 << 20)	  /* of the socket, in bytes; an event takes about 1,000 */
#define NAT (IPS_SRC_NAT | IPS_DST_NAT)
#define LEFT_IS_TOLD KERNEL_VERSION_OF(5, 10)

struct program {
	struct sock_filter *to;
	size_t n;
};

#define ELSEWHERE 0xff /* a jump to the end, where it is dropped */

static void put(struct program *p, uint16_t code, uint32_t k)
{
	p->to[p->n++] = (struct sock_filter)BPF_STMT(code, k);
}

/* Goes on where that is so. */
static void want(struct program *p, uint16_t test, uint32_t k)
{
	p->to[p->n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_K | test, k, 0, ELSEWHERE);
}

static void want_not(struct program *p, uint16_t test, uint32_t k)
{
	p->to[p->n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_K | test, k, ELSEWHERE, 0);
}

/* A: where that attribute is, from the one at A on or, `nested`, in the one at A (net/core/filter.c). */
static void find(struct program *p, uint32_t type, bool nested)
{
	put(p, BPF_LDX | BPF_IMM, type);
	put(p, BPF_LD | BPF_B | BPF_ABS, (uint32_t)(SKF_AD_OFF + (nested ? SKF_AD_NLATTR_NEST : SKF_AD_NLATTR)));
	want_not(p, BPF_JEQ, 0);
}

static void find_first(struct program *p, uint32_t type)
{
	put(p, BPF_LD | BPF_IMM, NLMSG_HDRLEN + sizeof(struct nfgenmsg));
	find(p, type, false);
}

static void load_value(struct program *p, uint16_t size)
{
	put(p, BPF_MISC | BPF_TAX, 0);
	put(p, BPF_LD | size | BPF_IND, NLA_HDRLEN);
}

size_t conntrack_events_filter(bool timeout, struct sock_filter *to)
{
	struct program p = { .to = to };
	size_t i;

	find_first(&p, CTA_STATUS);
	load_value(&p, BPF_W);
	want(&p, BPF_JSET, NAT);
	want_not(&p, BPF_JSET, IPS_SEEN_REPLY);
	if (timeout)
		find_first(&p, CTA_TIMEOUT);
	find_first(&p, CTA_TUPLE_ORIG);
	find(&p, CTA_TUPLE_PROTO, true);
	find(&p, CTA_PROTO_NUM, true);
	load_value(&p, BPF_B);
	want(&p, BPF_JEQ, IPPROTO_TCP);
	put(&p, BPF_RET | BPF_K, UINT32_MAX);
	put(&p, BPF_RET | BPF_K, 0);
	for (i = 0; i < p.n; i++) {
		if (to[i].jt == ELSEWHERE)
			to[i].jt = (uint8_t)(p.n - 2 - i);
		if (to[i].jf == ELSEWHERE)
			to[i].jf = (uint8_t)(p.n - 2 - i);
	}
	return p.n;
}

static int set(int fd)
{
	struct sock_filter code[CONNTRACK_EVENTS_FILTER_MAX];
	const int group = NFNLGRP_CONNTRACK_DESTROY, room = ROOM;
	const struct sockaddr_nl any = { .nl_family = AF_NETLINK }; /* what has no number hears nothing */
	struct sock_fprog filter = { .filter = code };
	char text[64];

	filter.len = (uint16_t)conntrack_events_filter(kernel_version(text, sizeof(text)) >= LEFT_IS_TOLD, code);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) ||
	    bind(fd, (const struct sockaddr *)&any, sizeof(any)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		return -errno;
	return 0;
}

int conntrack_events_open(void)
{
	long events;
	int fd, r;

	if (!conntrack_answers("nf_conntrack_netlink") || sysctls_get("netfilter/nf_conntrack_events", &events) ||
	    !events)
		return -EOPNOTSUPP;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
	if (fd < 0)
		return -errno;
	r = set(fd);
	if (!r)
		return fd;
	close(fd);
	return r;
}

static void take(struct bytes b, conntrack_events_fn *fn, void *user)
{
	struct conntrack_entry e;
	struct nlget m;

	while (nlget_message(&b, &m))
		if (m.type == (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE) &&
		    conntrack_parse_entry(m.payload, &e))
			fn(&e, user);
}

bool conntrack_events_read(int fd, conntrack_events_fn *fn, void *user)
{
	uint8_t data[DATAGRAM_MAX];
	bool lost = false;

	for (;;) {
		ssize_t n = nlsock_receive(fd, data, sizeof(data), MSG_DONTWAIT);

		if (n >= 0) {
			take(bytes_of(data, (size_t)n), fn, user);
		} else if (n == -ENOBUFS || n == -EMSGSIZE) {
			lost = true;
		} else {
			return lost;
		}
	}
}
