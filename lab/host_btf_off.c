/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "lab/host_inside.h"

/* What host_btf.c is when clang, bpftool or libbpf were missing at build time: tracefs tells root of the tracepoints.
 */
void host_try_tracing(struct host *h)
{
	struct err e = { 0 };
	int i;

	h->btf = !access("/sys/kernel/btf/vmlinux", R_OK);
	for (i = 0; i < HOST_TRACEPOINTS; i++) {
		struct host_tracepoint *t = &h->tracepoints[i];
		char path[128];

		if (access("/sys/kernel/tracing/events", X_OK))
			continue;
		snprintf(path, sizeof(path), "/sys/kernel/tracing/events/%s/%s", t->group, t->name);
		t->is = access(path, F_OK) ? TRACEPOINT_ABSENT : TRACEPOINT_THERE;
	}
	err_set(&e, ENOSYS, "this synsent was built without eBPF");
	err_remedy(&e, "install clang, bpftool and libbpf-dev and build it again");
	host_note(h, HOST_TRACING, -ENOSYS, &e);
	host_note(h, HOST_DROPS, -ECANCELED, &e);
}
