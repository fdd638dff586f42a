/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/fast.h"

#include <errno.h>

/* What fast.c is when clang, bpftool or libbpf were missing at build time. */
int fast_start(int rto_j, struct fast **ret, struct err *e)
{
	err_set(e, ENOSYS, "this synsent was built without eBPF, which --fast needs");
	err_remedy(e, "install clang, bpftool and libbpf-dev and build it again, or leave --fast out (65 s), or "
		      "`synsent predict --retries 5 --linear 0` for the schedule alone");
	if (e)
		e->exit_code = 77;
	return -ENOSYS;
}

void fast_free(struct fast *f)
{
	/* There never is one. */
}

const char *fast_built(void)
{
	return "without eBPF";
}
