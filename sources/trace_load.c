/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/trace_load.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bpf/watch_shared.h"
#include "sources/bpf_lacks.h"
#include "sources/conntrack.h"
#include "sources/procs.h"
#include "sources/sysctls.h"
#include "sources/trace_fit.h"
#include "util/clock.h"
#include "watch.skel.h"

#define OPEN_DEFAULT 32768u

_Static_assert(TRACE_FILTERS_MAX == WATCH_FILTERS_MAX, "the programs' filters");

static int refuse(struct err *e, int code)
{
	if (e)
		e->exit_code = 77;
	return -code;
}

static int load_failed(struct err *e, int code)
{
	if (bpf_lacks_privilege(code)) {
		err_set(e, EPERM, "eBPF needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN on this host; %s",
			bpf_lacks(true));
		err_remedy(e, geteuid() ? "run it as root"
					: "run it as root of the host, not of a container or a user namespace");
		return refuse(e, EPERM);
	}
	if (code == EACCES)
		code = ENOTSUP;
	if (code == ESRCH || code == ENOENT || kernel_version(NULL, 0) < KERNEL_VERSION_OF(5, 15)) {
		err_set(e, code,
			"eBPF needs Linux 5.15 or later with its type information (CONFIG_DEBUG_INFO_BTF), and "
			"CONFIG_FTRACE_SYSCALLS");
		err_remedy(e, "boot a kernel that has these, to see the attempts of the whole host");
	} else {
		err_sys(e, code, "the kernel did not take the BPF programs");
	}
	return refuse(e, code);
}

/* ---- what is set before they are loaded ---- */

uint32_t trace_max_attempts(const struct trace_opts *o)
{
	return o->max_attempts ? o->max_attempts : OPEN_DEFAULT;
}

static int check(const struct trace_opts *o, struct err *e)
{
	const struct {
		const char *what;
		int n;
	} lists[] = { { "processes", o->n_pids },
		      { "commands", o->n_comms },
		      { "users", o->n_uids },
		      { "network namespaces", o->n_netns } };
	size_t i;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (lists[i].n <= TRACE_FILTERS_MAX)
			continue;
		err_set(e, EINVAL, "%d %s to filter for: at most %d", lists[i].n, lists[i].what, TRACE_FILTERS_MAX);
		if (e)
			e->exit_code = 2;
		return -EINVAL;
	}
	return 0;
}

static void give_filters(struct watch_bpf *skel, const struct trace_opts *o)
{
	int i;

	for (i = 0; i < o->n_pids; i++)
		skel->rodata->filter_pids[i] = o->pids[i];
	for (i = 0; i < o->n_uids; i++)
		skel->rodata->filter_uids[i] = o->uids[i];
	for (i = 0; i < o->n_netns; i++)
		skel->rodata->filter_netns[i] = o->netns[i];
	for (i = 0; i < o->n_comms; i++)
		strncpy((char *)skel->rodata->filter_comms[i], o->comms[i], sizeof(skel->rodata->filter_comms[i]) - 1);
	skel->rodata->n_pids = (uint32_t)o->n_pids;
	skel->rodata->n_uids = (uint32_t)o->n_uids;
	skel->rodata->n_netns = (uint32_t)o->n_netns;
	skel->rodata->n_comms = (uint32_t)o->n_comms;
	skel->rodata->filter_cgroup = o->cgroup;
	skel->rodata->filter_cgroup_level = (uint32_t)o->cgroup_level;
	skel->rodata->tree_pid = o->tree;
	skel->rodata->plain_below_ns = (uint64_t)o->plain_below_ns;
	skel->rodata->plain_refused = o->plain_refused;
}

static void give_kernel(struct watch_bpf *skel, const struct trace_names *names, const struct trace_opts *o)
{
	skel->rodata->pidns = procs_namespace();
	skel->rodata->no_socket_reason = trace_names_reason_of(names, "NO_SOCKET");
	skel->rodata->other_host_reason = trace_names_reason_of(names, "OTHERHOST");
	skel->rodata->sniffer_reason = trace_names_reason_of(names, "PACKET_SOCK_ERROR");
	skel->rodata->backlog_reason = trace_names_reason_of(names, "CPU_BACKLOG");
	skel->rodata->specified_from = trace_names_reason_of(names, "NOT_SPECIFIED");
	/* socket, packet, and then what became of it */
	skel->rodata->unsent_untold = trace_names_arguments(names, "tcp_retransmit_skb") < 3;
	skel->rodata->want_failed = !o->no_failed;
	skel->rodata->want_inbound = o->inbound;
}

/* Where reasons are not told. */
static void give_droppers(struct watch_bpf *skel, const struct dropper *droppers, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		skel->rodata->droppers[i].from = droppers[i].from;
		skel->rodata->droppers[i].len = droppers[i].len;
	}
}

struct load {
	const struct trace_opts *o;
	const struct trace_names *names;
	const struct dropper *droppers;
	int n_droppers;
	bool attach;
	struct watch_bpf *skel;
};

static int leave_out(struct watch_bpf *skel, uint32_t have)
{
	const char *name;
	bool load;
	int i, r = 0;

	for (i = 0; !r && (name = trace_fit_program(i, have, &load)); i++)
		r = bpf_program__set_autoload(bpf_object__find_program_by_name(skel->obj, name), load);
	return r;
}

static int load_with(struct load *t, uint32_t have)
{
	const uint32_t max = trace_max_attempts(t->o);
	int r;

	watch_bpf__destroy(t->skel);
	t->skel = watch_bpf__open();
	if (!t->skel)
		return -errno;
	give_filters(t->skel, t->o);
	give_kernel(t->skel, t->names, t->o);
	give_droppers(t->skel, t->droppers, t->n_droppers);
	r = bpf_map__set_max_entries(t->skel->maps.synsent_beyond, max);
	if (!r)
		r = bpf_map__set_max_entries(t->skel->maps.synsent_more, max);
	if (!r)
		r = leave_out(t->skel, have);
	if (!r)
		r = watch_bpf__load(t->skel);
	return r || !t->attach ? r : watch_bpf__attach(t->skel);
}

/* Looks for what waits already.  Each read() goes on for a million descriptors, and tells of none. */
static bool look_earlier(struct watch_bpf *skel)
{
	struct bpf_link *link = skel->links.synsent_earlier;
	int fd = link ? bpf_iter_create(bpf_link__fd(link)) : -1;
	int64_t until_ns = clock_mono_ns() + TRACE_EARLIER_NS;
	char none[16];
	ssize_t n = -1;

	if (fd >= 0)
		do
			n = read(fd, none, sizeof(none));
		while (n > 0 || (n < 0 && errno == EAGAIN && clock_mono_ns() < until_ns));
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	skel->links.synsent_earlier = NULL;
	return n == 0;
}

/* What connect() returned is seen at the return of that function, or of every system call. */
static int load_any(struct load *t, uint32_t have)
{
	/* Some kernels have fexit, and do not let it be used. */
	bool function = libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_TRACING, NULL) == 1;
	int r = function ? load_with(t, have | TRACE_FIT_FUNCTIONS) : -EPERM;

	if (r && function && have & TRACE_FIT_CONNTRACK)
		r = load_with(t, (have & ~TRACE_FIT_CONNTRACK) | TRACE_FIT_FUNCTIONS);
	return r ? load_with(t, have | TRACE_FIT_SYSCALLS) : 0;
}

static uint32_t find_drops(struct load *t, struct trace_names *names)
{
	const bool rules = trace_names_reason_of(names, "NETFILTER_DROP") != UINT32_MAX;
	const int arguments = trace_names_arguments(names, "kfree_skb");

	if (!trace_fit_drops(arguments, rules, 0))
		t->n_droppers = trace_names_droppers(names, &t->droppers);
	return trace_fit_drops(arguments, rules, t->n_droppers);
}

int trace_load(const struct trace_opts *o, struct trace_names *names, bool attach, struct trace_loaded *ret,
	       struct err *e)
{
	struct load t = { .o = o, .names = names, .attach = attach };
	uint32_t have;
	int r = check(o, e);

	if (r)
		return r;
	have = find_drops(&t, names) | (o->no_failed ? 0 : TRACE_FIT_CALLS) |
	       (conntrack_is_there() ? TRACE_FIT_CONNTRACK : 0);
	r = load_any(&t, have | TRACE_FIT_DESCRIPTORS);
	/* A kernel that cannot go through descriptors for us can do all the rest. */
	if (r && r != -EPERM)
		r = load_any(&t, have);
	if (r) {
		watch_bpf__destroy(t.skel);
		return load_failed(e, -r);
	}
	/* The time stamps that an earlier begin is told by are in ms. */
	__atomic_store_n(&t.skel->bss->attached_ns, clock_mono_ns() + 2000000, __ATOMIC_RELEASE);
	ret->missed_earlier = attach && !look_earlier(t.skel);
	ret->drops = trace_fit_told(have);
	ret->skel = t.skel;
	return 0;
}
