/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/trace_names.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/watch_shared.h"
#include "sources/bpf_lacks.h"
#include "sources/kallsyms.h"

#define NAME_LEN 64
#define KNOWN_MAX 64 /* functions; a handful of them drop packets */
#define PREFIX "SKB_DROP_REASON_"

struct trace_names {
	struct btf *btf;
	const struct btf_type *reasons;
	struct kallsyms *kallsyms;
	struct dropper droppers[WATCH_DROPPERS_MAX];
	int n_droppers;
	int n_known, next;
	struct {
		uint64_t address;
		char name[KALLSYMS_NAME_LEN];
	} known[KNOWN_MAX];
};

/* What it has to say is said here. */
static int no_talk(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return 0;
}

int trace_names_open(struct trace_names **ret, struct err *e)
{
	struct trace_names *n = calloc(1, sizeof(*n));
	int id;

	if (n)
		n->kallsyms = kallsyms_new("/proc/kallsyms", "/proc/modules");
	if (!n || !n->kallsyms) {
		free(n);
		return err_set(e, ENOMEM, "no memory for names");
	}
	libbpf_set_print(no_talk);
	n->btf = btf__load_vmlinux_btf();
	if (!n->btf) {
		int code = errno;

		trace_names_free(n);
		if (bpf_lacks_sysfs()) {
			err_set(e, code, "%s", BPF_SYSFS_WHY);
			err_remedy(e, "%s", BPF_SYSFS_REMEDY);
		} else {
			err_set(e, code, "eBPF needs this kernel's type information (CONFIG_DEBUG_INFO_BTF): %s",
				code == ENOENT || code == ESRCH ? "it has none" : strerror(code));
		}
		if (e)
			e->exit_code = 77;
		return -code;
	}
	id = btf__find_by_name_kind(n->btf, "skb_drop_reason", BTF_KIND_ENUM);
	n->reasons = id > 0 ? btf__type_by_id(n->btf, (uint32_t)id) : NULL;
	*ret = n;
	return 0;
}

void trace_names_free(struct trace_names *n)
{
	if (!n)
		return;
	btf__free(n->btf);
	kallsyms_free(n->kallsyms);
	free(n);
}

/* Without the prefix; the first of several for a number. */
static const char *plain(const struct trace_names *n, const struct btf_enum *v)
{
	const char *name = btf__name_by_offset(n->btf, v->name_off);

	return strncmp(name, PREFIX, strlen(PREFIX)) ? name : name + strlen(PREFIX);
}

const char *trace_names_reason(uint32_t reason, void *names)
{
	const struct trace_names *n = names;
	int i;

	if (reason - WATCH_REASON_BY_PLACE < (uint32_t)n->n_droppers)
		return n->droppers[reason - WATCH_REASON_BY_PLACE].reason;
	for (i = 0; n->reasons && i < btf_vlen(n->reasons); i++)
		if ((uint32_t)btf_enum(n->reasons)[i].val == reason)
			return plain(n, &btf_enum(n->reasons)[i]);
	return "";
}

uint32_t trace_names_reason_of(const struct trace_names *n, const char *name)
{
	int i;

	for (i = 0; n->reasons && i < btf_vlen(n->reasons); i++)
		if (!strcmp(plain(n, &btf_enum(n->reasons)[i]), name))
			return (uint32_t)btf_enum(n->reasons)[i].val;
	return UINT32_MAX;
}

int trace_names_arguments(const struct trace_names *n, const char *tracepoint)
{
	const struct btf_type *t;
	char name[NAME_LEN];
	int id;

	snprintf(name, sizeof(name), "btf_trace_%s", tracepoint);
	id = btf__find_by_name_kind(n->btf, name, BTF_KIND_TYPEDEF);
	t = id > 0 ? btf__type_by_id(n->btf, (uint32_t)id) : NULL; /* of a pointer to a function */
	if (t)
		t = btf__type_by_id(n->btf, t->type);
	if (t && btf_is_ptr(t))
		t = btf__type_by_id(n->btf, t->type);
	return t && btf_is_func_proto(t) && btf_vlen(t) ? btf_vlen(t) - 1 : 0; /* the first is the program's own */
}

int trace_names_droppers(struct trace_names *n, const struct dropper **ret)
{
	n->n_droppers = droppers_find(n->kallsyms, n->droppers, WATCH_DROPPERS_MAX);
	*ret = n->droppers;
	return n->n_droppers;
}

void trace_names_prepare(struct trace_names *n)
{
	kallsyms_prepare(n->kallsyms);
}

const char *trace_names_function(uint64_t address, void *names)
{
	struct trace_names *n = names;
	int i;

	for (i = 0; i < n->n_known; i++)
		if (n->known[i].address == address)
			return n->known[i].name;
	i = n->next;
	n->next = (n->next + 1) % KNOWN_MAX;
	if (n->n_known < KNOWN_MAX)
		n->n_known++;
	n->known[i].address = address;
	snprintf(n->known[i].name, sizeof(n->known[i].name), "%s", kallsyms_function(n->kallsyms, address));
	return n->known[i].name;
}
