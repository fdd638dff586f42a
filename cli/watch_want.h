/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_WATCH_WANT_H
#define SYNSENT_CLI_WATCH_WANT_H

#include <stdbool.h>

#include "core/verdict.h"
#include "sources/cgroups.h"
#include "sources/filter.h"

#define WATCH_WANT_MAX 16

/*
 * Which attempts are wanted.  Lists that are empty want all.  What eBPF can ask
 * it asks in the kernel, at connect(); here it is asked of an attempt, for
 * sources that cannot, and for attempts whose connect() was not seen.
 */
struct watch_want {
	int32_t pids[WATCH_WANT_MAX];
	int n_pids;
	const char *comms[WATCH_WANT_MAX];
	int n_comms;
	uint32_t uids[WATCH_WANT_MAX];
	int n_uids;
	uint32_t netns[WATCH_WANT_MAX];
	int n_netns;
	const char *containers[WATCH_WANT_MAX]; /* beginnings of ids */
	int n_containers;
	uint64_t cgroup; /* 0: any */
	int cgroup_level;
	const char *cgroup_path; /* below the mount */
	int32_t tree;		 /* descendants of this process; 0: any */
	bool failures;		 /* and not what connected */
	int64_t slow_ns;	 /* connected, but not sooner; 0: not asked for */
	struct filter *filter;	 /* owned; NULL: none */
};

struct option_list;

struct watch_asked {
	const struct option_list *pids, *comms, *uids, *cgroups, *containers, *netns;
	bool failures;
	int64_t slow_ns;
	char *const *words; /* the filter */
	int n_words;
};

/* 0 or -errno; e->exit_code 2 for what is no such thing. */
int watch_want_make(const struct watch_asked *o, const struct cgroups *cgroups, struct watch_want *ret, struct err *e);
void watch_want_fini(struct watch_want *w);

/* The container of that id (cgroups_container()) is the one that was asked for by the begin of its id. */
bool watch_want_is_container(const char *wanted, const char *id);

/* Its process and place are wanted. */
bool watch_wants(const struct watch_want *w, const struct attempt *a, struct cgroups *cgroups);

/* It may be one that is wanted: what is known of it is, and whose it was is asked for, and not known. */
bool watch_wants_owner(const struct watch_want *w, const struct attempt *a);

/* What came of it is wanted. */
bool watch_wants_end(const struct watch_want *w, const struct verdict *v);

#endif
