/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/netprogs.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sources/netns.h"
#include "sources/netprogs_parse.h"
#include "sources/rtask.h"

/* include/uapi/linux/bpf.h, since Linux 6.6; by number, so that older headers do. */
#define ATTACH_TCX_INGRESS 46
#define ATTACH_TCX_EGRESS 47
#define TCX_MAX 64

struct listing {
	uint32_t ifindex;
	char device[16];
	bool egress; /* what is being asked for */
	bool found;  /* the device */
	netprogs_fn *fn;
	void *user;
	struct err *e;
};

/* Plain system calls, as these three need no more: libbpf may be left out of a build. */
static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static void name_program(struct netprog *p)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr by_id = { .prog_id = p->id }, by_fd = { 0 };
	int fd = p->id ? bpf(BPF_PROG_GET_FD_BY_ID, &by_id) : -1;

	if (fd < 0)
		return;
	by_fd.info.bpf_fd = (uint32_t)fd;
	by_fd.info.info_len = sizeof(info);
	by_fd.info.info = (uint64_t)(uintptr_t)&info;
	if (!bpf(BPF_OBJ_GET_INFO_BY_FD, &by_fd) && info.name[0])
		snprintf(p->name, sizeof(p->name), "%.*s", (int)sizeof(info.name), info.name);
	close(fd);
}

static void tell(const struct netprog *p, void *user)
{
	struct listing *l = user;
	struct netprog named = *p;

	memcpy(named.device, l->device, sizeof(named.device));
	named.egress = l->egress;
	name_program(&named);
	l->fn(&named, l->user);
}

static void take_link(const struct nlget *m, void *user)
{
	struct listing *l = user;

	if (m->type == RTM_NEWLINK && netprogs_of_link(m->payload, l->device, tell, l))
		l->found = true;
}

/* device is filled by then, but for the programs that stand in the same message. */
static int list_xdp(struct listing *l)
{
	const struct ifinfomsg ask = { .ifi_index = (int)l->ifindex };

	return rtask(RTM_GETLINK, 0, &ask, sizeof(ask), take_link, l);
}

static void list_tcx(struct listing *l)
{
	struct netprog p = { .kind = NETPROG_TCX, .ifindex = l->ifindex };
	uint32_t ids[TCX_MAX] = { 0 }, i;
	union bpf_attr q = { 0 };

	q.query.target_fd = l->ifindex; /* target_ifindex in newer headers */
	q.query.attach_type = l->egress ? ATTACH_TCX_EGRESS : ATTACH_TCX_INGRESS;
	q.query.prog_ids = (uint64_t)(uintptr_t)ids;
	q.query.prog_cnt = TCX_MAX;
	if (bpf(BPF_PROG_QUERY, &q) && errno != ENOSPC) /* ENOSPC: there are more */
		return;
	for (i = 0; i < q.query.prog_cnt && i < TCX_MAX; i++) {
		p.id = ids[i];
		tell(&p, l);
	}
}

static void take_filter(const struct nlget *m, void *user)
{
	struct listing *l = user;
	struct netprog p;

	if (m->type == RTM_NEWTFILTER && netprogs_of_filter(m->payload, &p) && p.ifindex == l->ifindex)
		tell(&p, l);
}

static int list_filters(struct listing *l)
{
	struct tcmsg ask = { .tcm_ifindex = (int)l->ifindex };
	int r;

	ask.tcm_parent = TC_H_MAKE(TC_H_CLSACT, l->egress ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS);
	r = rtask(RTM_GETTFILTER, NLM_F_DUMP, &ask, sizeof(ask), take_filter, l);
	return r == -EINVAL || r == -ENOENT || r == -EOPNOTSUPP ? 0 : r; /* no such qdisc; no tc at all */
}

static int list(void *arg)
{
	struct listing *l = arg;
	int r = list_xdp(l), i;

	if (!r && !l->found)
		r = -ENODEV;
	for (i = 0; i < 2 && !r; i++) {
		l->egress = i;
		list_tcx(l);
		r = list_filters(l);
	}
	return r ? err_sys(l->e, -r, "cannot list the programs of network device %u", l->ifindex) : 0;
}

int netprogs_list(int netns, uint32_t ifindex, netprogs_fn *fn, void *user, struct err *e)
{
	struct listing l = { .ifindex = ifindex, .fn = fn, .user = user, .e = e };

	return netns_call(netns, list, &l, e);
}

void netprog_format(const struct netprog *p, struct buf *to)
{
	const char *tc = p->kind == NETPROG_TC_FILTER ? "tc filter "
			 : p->kind == NETPROG_XDP     ? "XDP program"
						      : "tc program";
	const char *name = p->kind == NETPROG_TC_FILTER ? p->mode : p->name;

	buf_str(to, tc);
	if (name[0] && p->kind != NETPROG_TC_FILTER)
		buf_char(to, ' ');
	buf_escaped(to, name, strlen(name));
	if (p->kind == NETPROG_TC_FILTER)
		buf_fmt(to, " pref %u handle 0x%x", p->priority, p->handle);
	else if (p->id)
		buf_fmt(to, " (id %u)", p->id);
	buf_str(to, p->kind == NETPROG_XDP ? " on " : p->egress ? " at the egress of " : " at the ingress of ");
	buf_escaped(to, p->device, strlen(p->device));
}
