/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/trace.h"

#include <errno.h>
#include <string.h>

#include "util/clock.h"

/* What trace.c is when clang, bpftool or libbpf were missing at build time. */
int trace_open(const struct trace_opts *o, struct trace **ret, struct err *e)
{
	err_set(e, ENOSYS, "this synsent was built without eBPF");
	err_remedy(e, "install clang, bpftool and libbpf-dev and build it again");
	if (e)
		e->exit_code = 77;
	return -ENOSYS;
}

int trace_try(enum trace_drops *ret_drops, struct err *e)
{
	struct trace *none;

	return trace_open(NULL, &none, e);
}

enum trace_drops trace_drops(const struct trace *t)
{
	return TRACE_DROPS_NONE;
}

void trace_free(struct trace *t)
{
	/* There never is one. */
}

int trace_fd(const struct trace *t)
{
	return -1;
}

void trace_prepare(struct trace *t)
{
	/* There never is one. */
}

bool trace_missed_earlier(const struct trace *t)
{
	return false;
}

int trace_read(struct trace *t, trace_fn *fn, void *user)
{
	return 0;
}

bool trace_is_busy(const struct trace *t)
{
	return false;
}

int trace_pending(struct trace *t, int max, trace_fn *fn, void *user)
{
	return 0;
}

void trace_counts(const struct trace *t, struct trace_counts *ret)
{
	memset(ret, 0, sizeof(*ret));
}

const char *trace_lost(const struct trace_counts *c, int i, uint64_t *ret_n)
{
	return NULL;
}

bool trace_dropped(struct trace *t, const struct attempt *of, const struct flow *f, enum trace_dropped what,
		   struct drop *ret)
{
	return false;
}

bool trace_tells_nat(const struct trace *t)
{
	return false;
}

void trace_counted(struct trace *t, trace_counted_fn *fn, void *user)
{
}

int64_t trace_counted_due_ns(const struct trace *t)
{
	return 0;
}

int64_t trace_now(const struct trace *t)
{
	return clock_real_ns();
}
