/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SYNSENT_BPF_WATCH_PROCESS_H
#define SYNSENT_BPF_WATCH_PROCESS_H

#include "processes.h"
#include "watch_state.h"

#include <stdbool.h>

/* Whose an attempt is, and whether that is asked for.  For watch.bpf.c alone. */

/*
 * The number of the process that a task leads, as /proc shows it here; 0: it is in another PID namespace, and has no
 * number in this one.  Global, so that the verifier goes through its loop once.
 */
__noinline __s32 watch_pid(__u64 task)
{
	struct task_struct *leader = (void *)task;
	int level;

	if (!pidns)
		return BPF_CORE_READ(leader, tgid);
	level = level_in(leader, pidns);
	return level < 0 ? 0 : number_at(leader, level);
}

static __always_inline __u64 my_leader(void)
{
	return (__u64)BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), group_leader);
}

static __always_inline void read_process(struct watch_attempt *a)
{
	struct task_struct *task = bpf_get_current_task_btf(), *leader = task->group_leader;

	a->pid = pidns ? watch_pid(my_leader()) : leader->tgid;
	/* bpf_get_current_uid_gid() and bpf_get_current_cgroup_id() take several times as long */
	a->uid = task->cred->uid.val;
	a->cgroup = task->cgroups->dfl_cgrp->kn->id;
	a->cgroup_known = 1;
	__builtin_memcpy(a->comm, leader->comm, sizeof(a->comm));
}

/* The same of another process, which has its socket: its own user, who need not be the socket's (setuid programs). */
static __always_inline void read_holder(const struct task_struct *task, struct watch_attempt *a)
{
	const struct task_struct *leader = BPF_CORE_READ(task, group_leader);

	a->pid = watch_pid((__u64)leader);
	a->uid = BPF_CORE_READ(task, cred, uid.val);
	a->cgroup = BPF_CORE_READ(leader, cgroups, dfl_cgrp, kn, id);
	a->cgroup_known = 1;
	bpf_core_read(a->comm, sizeof(a->comm), &leader->comm);
}

/*
 * In a call by which a program closes a descriptor; any other call that lets go of a socket had it for as long as the
 * call waited (connect(), send(), poll(), ...), whoever closed its descriptor meanwhile.  The architecture is known
 * when this is loaded.
 */
static __always_inline bool is_in_close(void)
{
	const void *regs = (const void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	const struct pt_regs___x86 *x86 = regs;
	const struct pt_regs___arm64 *arm64 = regs;
	int call;

	if (bpf_core_field_exists(x86->orig_ax)) {
		call = (int)BPF_CORE_READ(x86, orig_ax);
		return call == CLOSE_X86_64 || call == CLOSE_RANGE || call == DUP2_X86_64 || call == DUP3_X86_64 ||
		       call == SHUTDOWN_X86_64 || call == EXECVE_X86_64 || call == EXECVEAT_X86_64;
	}
	if (bpf_core_field_exists(arm64->syscallno)) {
		call = BPF_CORE_READ(arm64, syscallno);
		return call == CLOSE_ARM64 || call == CLOSE_RANGE || call == DUP3_ARM64 || call == SHUTDOWN_ARM64 ||
		       call == EXECVE_ARM64 || call == EXECVEAT_ARM64;
	}
	return true;
}

/*
 * Who closes it; a timer or an interrupt runs in anybody's name and must not ask.  What io_uring held, and what was on
 * its way to another process, a thread of the kernel lets go of: then it is not known whether the program closed it.
 */
__noinline int watch_read_closer(struct watch_attempt *a)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	unsigned int flags = BPF_CORE_READ(task, flags);

	if (!a)
		return 0;
	a->by_thread = (flags & PF_KTHREAD) != 0;
	if (a->by_thread)
		return 0;
	a->closer_pid = watch_pid(my_leader());
	a->exiting = (flags & PF_EXITING) != 0;
	a->exit_code = a->exiting ? BPF_CORE_READ(task, exit_code) : 0;
	/*
	 * A process that is killed lets go before it exits of what io_uring's own thread in it has (io_uring/sqpoll.c
	 * io_sq_thread()), and of what a call had that waited (kernel/signal.c get_signal(), task_work_run()).
	 */
	if (BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT && (flags & PF_IO_WORKER || !is_in_close())) {
		a->exiting = 1;
		a->exit_code = BPF_CORE_READ(task, signal, group_exit_code);
	}
	return 0;
}

#define ANCESTORS_MAX 48

static __always_inline bool is_in_tree(void)
{
	struct task_struct *task = (void *)my_leader();

	for (int i = 0; i < ANCESTORS_MAX; i++) {
		__s32 pid = watch_pid((__u64)task);

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

/*
 * Each list is looked at behind its own length alone: what is 0 when the programs are loaded makes the verifier leave
 * out all that stands behind it.
 */
static __always_inline bool is_wanted_pid(__s32 pid)
{
	for (__u32 i = 0; i < WATCH_FILTERS_MAX; i++) {
		if (i < n_pids && filter_pids[i] == pid)
			return true;
	}
	return false;
}

static __always_inline bool is_wanted_uid(__u32 uid)
{
	for (__u32 i = 0; i < WATCH_FILTERS_MAX; i++) {
		if (i < n_uids && filter_uids[i] == uid)
			return true;
	}
	return false;
}

static __always_inline bool is_wanted_comm(const char *comm)
{
	for (__u32 i = 0; i < WATCH_FILTERS_MAX; i++) {
		if (i < n_comms && same_comm(filter_comms[i], comm))
			return true;
	}
	return false;
}

/* What does not ask for the process that runs. */
static __always_inline bool is_listed(const struct watch_attempt *a)
{
	if (n_pids && !is_wanted_pid(a->pid))
		return false;
	if (n_uids && !is_wanted_uid(a->uid))
		return false;
	return !n_comms || is_wanted_comm(a->comm);
}

static __always_inline bool is_wanted_process(const struct watch_attempt *a)
{
	if (!is_listed(a))
		return false;
	if (filter_cgroup && bpf_get_current_ancestor_cgroup_id((int)filter_cgroup_level) != filter_cgroup)
		return false;
	return !tree_pid || is_in_tree();
}

static __always_inline bool is_wanted_netns(__u32 netns)
{
	if (!n_netns)
		return true;
	for (__u32 i = 0; i < WATCH_FILTERS_MAX; i++) {
		if (i < n_netns && filter_netns[i] == netns)
			return true;
	}
	return false;
}

#endif
