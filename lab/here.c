/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/here.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/here_shared.h"
#include "here.skel.h"
#include "lab/cgroup.h"
#include "sources/bpf_lacks.h"

#define AS_ROOT "run it as root of the host, not of a container or a user namespace, or "
#define INSTEAD "leave --here out: the faults then act in a network of CMD's own, for any user"

#define N_LINKS 5

_Static_assert(HERE_N_MAX == HERE_FAULTS_MAX, "the programs' table of faults");
_Static_assert(sizeof(struct here_addr) == sizeof(struct addr), "an address in the programs");

struct here {
	struct here_bpf *skel;
	struct bpf_link *links[N_LINKS];
	struct ring_buffer *ring;
	const struct here_view *view;
	void *user; /* both set while it is read */
};

/* What the faults that can be had drop; 0: no such fault here. */
static uint32_t classes_of(enum fault_kind kind)
{
	switch (kind) {
	case FAULT_SYN_DROP:
	case FAULT_LOSS:
		return HERE_SYN;
	case FAULT_SYN_ACK_DROP:
		return HERE_SYN_ACK;
	case FAULT_ACK_DROP:
		return HERE_SENT;
	case FAULT_LOSS_ALL:
		return HERE_SYN | HERE_SYN_ACK | HERE_SENT | HERE_RECEIVED;
	default:
		return 0;
	}
}

static int no_talk(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return 0;
}

static int refuse(struct err *e, int code)
{
	if (e)
		e->exit_code = 77;
	err_remedy(e, "%s" INSTEAD, bpf_lacks_privilege(code) ? AS_ROOT : "");
	return code == EACCES ? -EPERM : -code;
}

static int misused(struct err *e)
{
	if (e)
		e->exit_code = 2;
	return -EINVAL;
}

static int check(const struct here_opts *o, struct err *e)
{
	int i;

	if (o->n_faults > HERE_N_MAX) {
		err_set(e, EINVAL, "--here takes at most %d faults", HERE_N_MAX);
		return misused(e);
	}
	for (i = 0; i < o->n_faults; i++) {
		const struct fault *f = &o->faults[i];

		if (!classes_of(f->kind)) {
			err_set(e, EINVAL, "--here cannot do the fault '%s'", f->text);
			err_remedy(e, "with --here there are syn-drop, synack-drop, ack-drop, loss and loss-all; leave "
				      "--here out for the others");
			return misused(e);
		}
		if (f->scope.host[0] && !f->scope.n_addrs) {
			err_set(e, EINVAL, "the fault '%s' is for a name without an address: %s", f->text,
				f->scope.host);
			err_remedy(e, "give an address instead of the name");
			return misused(e);
		}
	}
	return 0;
}

/* Why the kernel did not take the programs. */
static int load_failed(struct err *e, int code)
{
	if ((code == EINVAL || code == ESRCH) && bpf_lacks_sysfs()) {
		err_set(e, code, "--here: %s", BPF_SYSFS_WHY);
		refuse(e, code);
		err_remedy(e, "%s, or leave --here out", BPF_SYSFS_REMEDY);
		return -code;
	}
	if (bpf_lacks_privilege(code))
		err_set(e, EPERM, "--here needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN on this host; %s",
			bpf_lacks(true));
	else if (code == EINVAL || code == ESRCH)
		err_set(e, code,
			"--here needs Linux 5.15 or later with BPF in cgroups and its type information "
			"(CONFIG_CGROUP_BPF, CONFIG_DEBUG_INFO_BTF)");
	else
		err_sys(e, code, "the kernel did not take the BPF programs of --here");
	return refuse(e, code);
}

static struct here_fault fault_for_kernel(const struct fault *f)
{
	bool chance = f->kind == FAULT_LOSS || f->kind == FAULT_LOSS_ALL;

	return (struct here_fault){
		.classes = classes_of(f->kind),
		.n = chance ? 0 : (uint32_t)f->n,
		.ppm = chance ? f->loss_ppm : HERE_PPM,
		.port = f->scope.port,
		.family = (uint8_t)f->scope.family,
	};
}

/* Before the load: what the programs' constants are. */
static int give_faults(struct here *h, const struct here_opts *o)
{
	uint32_t hosts = 1;
	int i;

	h->skel->rodata->tree_pidns = o->pidns;
	h->skel->rodata->nesting = (uint32_t)o->nesting;
	h->skel->rodata->chance_seed = o->seed;
	h->skel->rodata->n_faults = (uint32_t)o->n_faults;
	for (i = 0; i < o->n_faults; i++) {
		const struct here_fault f = fault_for_kernel(&o->faults[i]);

		memcpy((void *)&h->skel->rodata->faults[i], &f, sizeof(f));
		hosts += (uint32_t)o->faults[i].scope.n_addrs;
		if (!o->faults[i].scope.n_addrs)
			h->skel->rodata->any_server |= 1u << i;
	}
	return bpf_map__set_max_entries(h->skel->maps.synsent_hosts, hosts);
}

/* After it: the addresses. */
static int give_hosts(struct here *h, const struct here_opts *o)
{
	int fd = bpf_map__fd(h->skel->maps.synsent_hosts), i, j, r = 0;

	for (i = 0; i < o->n_faults; i++) {
		for (j = 0; j < o->faults[i].scope.n_addrs && !r; j++) {
			const struct addr *a = &o->faults[i].scope.addrs[j];
			uint32_t mask = 0;

			if (bpf_map_lookup_elem(fd, a, &mask) && errno != ENOENT)
				return -errno;
			mask |= 1u << i;
			r = bpf_map_update_elem(fd, a, &mask, BPF_ANY);
		}
	}
	return r;
}

static int load(struct here *h, const struct here_opts *o, struct err *e)
{
	int r;

	h->skel = here_bpf__open();
	if (!h->skel)
		return load_failed(e, errno);
	r = give_faults(h, o);
	if (!r)
		r = here_bpf__load(h->skel);
	if (!r)
		r = give_hosts(h, o);
	return r ? load_failed(e, -r) : 0;
}

static struct endpoint endpoint_of(const struct here_addr *a, uint16_t port)
{
	struct endpoint ep = { .addr.family = a->family, .port = port };

	memcpy(ep.addr.b, a->b, sizeof(ep.addr.b));
	return ep;
}

static struct flow flow_of(const struct here_event *ev)
{
	return (struct flow){ endpoint_of(&ev->client, ev->client_port), endpoint_of(&ev->server, ev->server_port) };
}

static void tell_drop(const struct here *h, const struct here_event *ev)
{
	const struct wire_told t = {
		.t_ns = (int64_t)ev->t_ns,
		.flow = flow_of(ev),
		.isn = ev->isn,
		.fault = ev->fault,
		.deed = WIRE_DROPPED,
		.reply = ev->class & (HERE_SYN_ACK | HERE_RECEIVED),
		.syn = ev->class & (HERE_SYN | HERE_SYN_ACK),
		.nth = (int32_t)ev->nth,
	};

	h->view->drop(&t, h->user);
}

static void tell_socket(const struct here *h, const struct here_event *ev)
{
	struct here_socket s = {
		.what = ev->what == HERE_BEGUN	     ? HERE_SOCKET_BEGINS
			: ev->what == HERE_CONNECTED ? HERE_SOCKET_CONNECTED
						     : HERE_SOCKET_CLOSED,
		.t_ns = (int64_t)ev->t_ns,
		.flow = flow_of(ev),
		.isn = ev->isn,
		.cookie = ev->cookie,
		.cause = ev->by == HERE_KERNEL	  ? CLOSE_KERNEL
			 : ev->by == HERE_PROGRAM ? CLOSE_APPLICATION
						  : CLOSE_UNKNOWN,
		.error = ev->error,
		.pid = ev->pid,
		.exiting = ev->exiting,
		.exit_status = ev->exit_code,
	};

	memcpy(s.comm, ev->comm, sizeof(s.comm));
	s.comm[sizeof(s.comm) - 1] = 0;
	h->view->socket(&s, h->user);
}

static int on_event(void *ctx, void *data, size_t len)
{
	const struct here *h = ctx;
	struct here_event ev;

	if (len < sizeof(ev))
		return 0;
	memcpy(&ev, data, sizeof(ev));
	if (ev.what == HERE_DROPPED)
		tell_drop(h, &ev);
	else
		tell_socket(h, &ev);
	return 0;
}

static int listen_ring(struct here *h, struct err *e)
{
	h->ring = ring_buffer__new(here_fd(h), on_event, h, NULL);
	return h->ring ? 0 : err_sys(e, errno, "cannot read what the BPF programs of --here tell");
}

/* connect() comes last: a socket is marked only when its packets are looked at. */
static int attach(struct here *h, bool sockets, struct err *e)
{
	struct bpf_program *const programs[N_LINKS] = {
		sockets ? h->skel->progs.synsent_sock : NULL,
		h->skel->progs.synsent_out,
		h->skel->progs.synsent_in,
		h->skel->progs.synsent_conn4,
		h->skel->progs.synsent_conn6,
	};
	char path[CGROUP_PATH_LEN];
	int fd, i, r = 0;

	fd = cgroup_own_open(path, "--here", e);
	if (fd < 0)
		return fd;
	for (i = 0; i < N_LINKS && !r; i++) {
		if (!programs[i])
			continue;
		h->links[i] = bpf_program__attach_cgroup(programs[i], fd);
		r = h->links[i] ? 0 : errno;
	}
	close(fd);
	if (!r)
		return 0;
	err_sys(e, r, "cannot attach the BPF programs of --here to cgroup %s", path);
	return refuse(e, r);
}

int here_start(const struct here_opts *o, struct here **ret, struct err *e)
{
	struct here *h;
	int r;

	r = check(o, e);
	if (r)
		return r;
	h = calloc(1, sizeof(*h));
	if (!h)
		return err_set(e, ENOMEM, "no memory for the faults");
	libbpf_set_print(no_talk);
	r = load(h, o, e);
	if (!r)
		r = listen_ring(h, e);
	if (!r)
		r = attach(h, o->sockets, e);
	if (r) {
		here_free(h);
		return r;
	}
	*ret = h;
	return 0;
}

void here_free(struct here *h)
{
	int i;

	if (!h)
		return;
	for (i = N_LINKS; i-- > 0;)
		bpf_link__destroy(h->links[i]);
	ring_buffer__free(h->ring);
	here_bpf__destroy(h->skel);
	free(h);
}

int here_fd(const struct here *h)
{
	return bpf_map__fd(h->skel->maps.synsent_told);
}

int here_read(struct here *h, const struct here_view *v, void *user)
{
	h->view = v;
	h->user = user;
	return ring_buffer__consume(h->ring);
}

/* The programs count on while this reads; each number by itself is whole. */
void here_counts(const struct here *h, struct here_counts *ret)
{
	int i;

	for (i = 0; i < HERE_N_MAX; i++)
		ret->dropped[i] = __atomic_load_n(&h->skel->bss->dropped[i], __ATOMIC_RELAXED);
	ret->connects = __atomic_load_n(&h->skel->bss->connects, __ATOMIC_RELAXED);
	ret->unmarked = __atomic_load_n(&h->skel->bss->unmarked, __ATOMIC_RELAXED);
	ret->untold = __atomic_load_n(&h->skel->bss->untold, __ATOMIC_RELAXED);
}
