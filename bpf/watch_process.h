/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SYNSENT_BPF_WATCH_PROCESS_H
#define SYNSENT_BPF_WATCH_PROCESS_H

#include "processes.h"
#include "watch_state.h"

#include <stdbool.h>

/* Whose an attempt is, and whether that is asked for.  For watch.bpf.c alone. */

/* As /proc shows it here; 0: it is in another PID namespace, and has no number in this one. */
static __always_inline __s32 pid_of(struct task_struct *leader)
{
	int level;

	if (!pidns)
		return BPF_CORE_READ(leader, tgid);
	level = level_in(leader, pidns);
	return level < 0 ? 0 : number_at(leader, level);
}

static __always_inline void read_process(struct watch_attempt *a)
{
	struct task_struct *leader = bpf_get_current_task_btf()->group_leader;

	a->pid = pid_of(leader);
	a->uid = (__u32)bpf_get_current_uid_gid();
	a->cgroup = bpf_get_current_cgroup_id();
	a->cgroup_known = 1;
	__builtin_memcpy(a->comm, leader->comm, sizeof(a->comm));
}

/* Who closes it; a timer or an interrupt runs in anybody's name and must not ask. */
static __always_inline void read_closer(struct watch_attempt *a)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	unsigned int flags = BPF_CORE_READ(task, flags);

	a->closer_pid = pid_of(BPF_CORE_READ(task, group_leader));
	a->exiting = (flags & PF_EXITING) != 0;
	a->exit_code = a->exiting ? BPF_CORE_READ(task, exit_code) : 0;
}

#define ANCESTORS_MAX 48

static __always_inline bool is_in_tree(void)
{
	struct task_struct *task = BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), group_leader);

	for (int i = 0; i < ANCESTORS_MAX; i++) {
		__s32 pid = pid_of(task);

		if (pid == tree_pid)
			return i > 0;
		if (pid <= 1)
			break;
		task = BPF_CORE_READ(task, real_parent);
	}
	return false;
}

static __always_inline bool same_comm(const volatile char *a, const char *b)
{
	for (int i = 0; i < 16; i++) {
		if (a[i] != b[i])
			return false;
		if (!a[i])
			break;
	}
	return true;
}

static __always_inline bool is_wanted_process(const struct watch_attempt *a)
{
	bool found = !n_pids;

	for (__u32 i = 0; i < WATCH_FILTERS_MAX; i++)
		found |= i < n_pids && filter_pids[i] == a->pid;
	if (!found)
		return false;
	found = !n_uids;
	for (__u32 i = 0; i < WATCH_FILTERS_MAX; i++)
		found |= i < n_uids && filter_uids[i] == a->uid;
	if (!found)
		return false;
	found = !n_comms;
	for (__u32 i = 0; i < WATCH_FILTERS_MAX && !found; i++)
		found |= i < n_comms && same_comm(filter_comms[i], a->comm);
	if (!found)
		return false;
	if (filter_cgroup && bpf_get_current_ancestor_cgroup_id((int)filter_cgroup_level) != filter_cgroup)
		return false;
	return !tree_pid || is_in_tree();
}

static __always_inline bool is_wanted_netns(__u32 netns)
{
	bool found = !n_netns;

	for (__u32 i = 0; i < WATCH_FILTERS_MAX; i++)
		found |= i < n_netns && filter_netns[i] == netns;
	return found;
}

#endif
