/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_TRACE_NAMES_H
#define SYNSENT_SOURCES_TRACE_NAMES_H

#include <stdint.h>

#include "sources/droppers.h"
#include "util/err.h"

/*
 * What this kernel calls its drop reasons (enum skb_drop_reason, whose numbers
 * differ from kernel to kernel, read from its BTF), and its functions
 * (sources/kallsyms.h: they take 2.2 MB from the first that is asked for).
 */
struct trace_names;

/* From then on libbpf prints nothing.  -ENOENT: this kernel has no BTF.  0 or -errno. */
int trace_names_open(struct trace_names **ret, struct err *e);
void trace_names_free(struct trace_names *n);

/* "NETFILTER_DROP"; "" when it has no name.  Valid until the next call.  `names`: a struct trace_names. */
const char *trace_names_reason(uint32_t reason, void *names);

/* The reverse; UINT32_MAX: this kernel has none of that name. */
uint32_t trace_names_reason_of(const struct trace_names *n, const char *name);

/* How many arguments a tracepoint gives to its programs; 0: this kernel has none of that name. */
int trace_names_arguments(const struct trace_names *n, const char *tracepoint);

/*
 * Where a kernel that tells no reasons drops, as far as it is known.  Borrowed; how many.  trace_names_reason() of
 * WATCH_REASON_BY_PLACE and more is that of the first and the following (bpf/watch_shared.h).
 */
int trace_names_droppers(struct trace_names *n, const struct dropper **ret);

/* Reads the functions now, not when the first is asked for. */
void trace_names_prepare(struct trace_names *n);

/* The function that has this address; "" when it is not known.  Valid until the next call. */
const char *trace_names_function(uint64_t address, void *names);

#endif
