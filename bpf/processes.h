/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SYNSENT_BPF_PROCESSES_H
#define SYNSENT_BPF_PROCESSES_H

#include "kernel.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Processes as PID namespaces see them, and how one ends.  */

struct ns_common {
	unsigned int inum;
} __attribute__((preserve_access_index));

struct pid_namespace {
	struct ns_common ns;
} __attribute__((preserve_access_index));

struct upid {
	int nr;
	struct pid_namespace *ns;
} __attribute__((preserve_access_index));

struct pid {
	unsigned int level;
	struct upid numbers[1];
} __attribute__((preserve_access_index));

struct kernfs_node {
	__u64 id; /* 5.5 */
} __attribute__((preserve_access_index));

struct cgroup {
	struct kernfs_node *kn;
} __attribute__((preserve_access_index));

struct css_set {
	struct cgroup *dfl_cgrp;
} __attribute__((preserve_access_index));

struct signal_struct {
	int nr_threads;
	unsigned long long sum_sched_runtime; /* of its threads that are over */
	unsigned int flags;
	int group_exit_code;
} __attribute__((preserve_access_index));

struct thread_info {
	unsigned long syscall_work; /* 5.11, x86 */
} __attribute__((preserve_access_index));

struct seccomp {
	int mode; /* with CONFIG_SECCOMP; 0: none */
} __attribute__((preserve_access_index));

struct cred {
	struct {
		unsigned int val; /* as the first user namespace has it */
	} uid, fsuid;
} __attribute__((preserve_access_index));

struct task_struct {
	unsigned int flags;
	int exit_code; /* set before the files are closed (kernel/exit.c do_exit()) */
	int tgid;
	struct task_struct *real_parent;
	struct files_struct *files;
	struct thread_info thread_info;
	struct seccomp seccomp;
	struct pid *thread_pid; /* 4.19 */
	struct task_struct *group_leader;
	struct signal_struct *signal;
	struct css_set *cgroups;
	const struct cred *cred; /* what it acts as */
	char comm[16];
} __attribute__((preserve_access_index));

/* include/linux/sched.h */
#define PF_EXITING 0x4
#define PF_IO_WORKER 0x10
#define PF_KTHREAD 0x200000
/* include/linux/sched/signal.h */
#define SIGNAL_GROUP_EXIT 0x4

/* include/linux/pid_namespace.h: namespaces nest this deep, below the first. */
#define MAX_PID_NS_LEVEL 32

static __always_inline struct upid *upid_of(struct task_struct *task, unsigned int level)
{
	const char *pid = (const char *)BPF_CORE_READ(task, thread_pid);

	return (void *)(pid + bpf_core_field_offset(struct pid, numbers) + level * bpf_core_type_size(struct upid));
}

/*
 * How deep the PID namespace of that inode number lies, if the task is in it or further inside; -1: it is not.  A
 * process has a PID, and so an entry in numbers[], in each namespace from the first down to its own.
 */
static __always_inline int level_in(struct task_struct *task, __u32 pidns)
{
	unsigned int own = BPF_CORE_READ(task, thread_pid, level);

	for (unsigned int i = 0; i <= MAX_PID_NS_LEVEL; i++) {
		if (i > own)
			break;
		if (BPF_CORE_READ(upid_of(task, i), ns, ns.inum) == pidns)
			return (int)i;
	}
	return -1;
}

/* Its number in its namespace of that level. */
static __always_inline __s32 number_at(struct task_struct *task, int level)
{
	return BPF_CORE_READ(upid_of(task, (unsigned int)level), nr);
}

#endif
