/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lab/caps.h"
#include "lab/host_inside.h"
#include "sources/bpf_lacks.h"
#include "sources/trace.h"

static int no_talk(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return 0;
}

/*
 * A program for it is loaded and let go, never attached: who attaches to or detaches from a tracepoint makes others
 * that listen there lose events.
 */
static int load(uint32_t btf_id)
{
	const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	const struct bpf_prog_load_opts opts = { .sz = sizeof(opts),
						 .expected_attach_type = BPF_TRACE_RAW_TP,
						 .attach_btf_id = btf_id };
	int fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "synsent_doctor", "GPL", nothing, 2, &opts);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* bpf_trace_run's typedef, which each tracepoint has (include/trace/bpf_probe.h). */
static int32_t find(const struct btf *btf, const char *name)
{
	char type[64];

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	return btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF);
}

static int try_each(struct host *h, const struct btf *btf, struct err *e)
{
	const uint64_t needed = 1ULL << CAP_BPF | 1ULL << CAP_PERFMON | 1ULL << CAP_NET_ADMIN;
	int i, r = 0, code;

	for (i = 0; i < HOST_TRACEPOINTS; i++) {
		struct host_tracepoint *t = &h->tracepoints[i];
		int32_t id = find(btf, t->name);

		t->is = id < 0 ? TRACEPOINT_ABSENT : TRACEPOINT_THERE;
		code = id < 0 ? -ENOENT : load((uint32_t)id);
		if (!code || r)
			continue;
		r = code;
		if (r == -ENOENT)
			err_set(e, ENOENT, "this kernel has no tracepoint %s", t->name);
		else
			err_sys(e, -r, "the kernel does not take a BPF program for the tracepoint %s", t->name);
	}
	/* CAP_SYS_ADMIN holds for the other two; for this one it does not. */
	if (!r && !(h->caps >> CAP_NET_ADMIN & 1))
		r = -EPERM;
	return host_lacks(h, needed, r, e);
}

static void note_drops(struct host *h, int traced, enum trace_drops drops)
{
	const char *why = traced ? "not tried, since tracing failed" : trace_drops_unseen(drops);
	struct err e = { 0 };

	snprintf(e.what, sizeof(e.what), "%s", why ? why : "");
	host_note(h, HOST_DROPS, traced ? -ECANCELED : why ? -ENOTSUP : 0, &e);
}

void host_try_tracing(struct host *h)
{
	enum trace_drops drops = TRACE_DROPS_NONE;
	struct err e = { 0 };
	struct btf *btf;
	int r;

	libbpf_set_print(no_talk);
	btf = btf__load_vmlinux_btf();
	h->btf = btf != NULL;
	if (btf) {
		r = try_each(h, btf, &e);
		if (!r)
			r = trace_try(&drops, &e); /* what one kernel's verifier follows, another's does not */
	} else {
		r = errno == EPERM || errno == EACCES ? -EACCES : -ENOENT;
		if (bpf_lacks_sysfs()) {
			err_set(&e, -r, "%s", BPF_SYSFS_WHY);
			err_remedy(&e, "%s", BPF_SYSFS_REMEDY);
		} else {
			err_set(&e, -r, "no BTF of this kernel (/sys/kernel/btf/vmlinux)");
			err_remedy(&e, "a kernel with CONFIG_DEBUG_INFO_BTF");
		}
	}
	btf__free(btf);
	host_note(h, HOST_TRACING, r, &e);
	note_drops(h, r, drops);
}
