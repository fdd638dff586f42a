/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/here.h"

#include <errno.h>
#include <string.h>

/* What here.c is when clang, bpftool or libbpf were missing at build time. */
int here_start(const struct here_opts *o, struct here **ret, struct err *e)
{
	err_set(e, ENOSYS, "this synsent was built without eBPF, which --here needs");
	err_remedy(e,
		   "install clang, bpftool and libbpf-dev and build it again, or leave --here out: the faults then act "
		   "in a network of CMD's own");
	if (e)
		e->exit_code = 77;
	return -ENOSYS;
}

void here_free(struct here *h)
{
	/* There never is one. */
}

int here_fd(const struct here *h)
{
	return -1;
}

int here_read(struct here *h, const struct here_view *v, void *user)
{
	return 0;
}

void here_counts(const struct here *h, struct here_counts *ret)
{
	memset(ret, 0, sizeof(*ret));
}
