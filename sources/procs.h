/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_PROCS_H
#define SYNSENT_SOURCES_PROCS_H

#include <stdbool.h>
#include <stdint.h>

/* What /proc says of processes.  Pids are those of the mounted /proc, which may be another PID namespace's. */

/* A socket whose process is wanted. */
struct procs_wanted {
	uint32_t inode;
	int32_t pid; /* 0: not found */
	char comm[16];
	bool blocking; /* it is known not to have O_NONBLOCK there, so that its connect() waits */
};

/*
 * Which processes hold these sockets, as `ss -p` and `netstat -p` find it: the
 * inode of /proc/PID/fd/N, in one walk for all of them.  `hint` is looked at
 * first (0: none).  Processes of other users are seen only by root.  Returns how
 * many were found.
 */
int procs_socket_owners(struct procs_wanted *w, int n, int32_t hint);

#define PROCS_HOLDERS_MAX 8

/* A socket, and all that hold it. */
struct procs_held {
	uint32_t inode;
	int n; /* of them the first PROCS_HOLDERS_MAX are told */
	int32_t pids[PROCS_HOLDERS_MAX];
};

/* The processes of that PID namespace (the inode number of its /proc/PID/ns/pid) that hold these sockets, in one walk.
 */
void procs_socket_holders(uint64_t pidns, struct procs_held *h, int n);

/* That process holds that socket now. */
bool procs_holds_socket(int32_t pid, uint32_t inode);

/* The name of a process; "" when it is gone. */
void procs_name(int32_t pid, char ret_comm[16]);

/* The process that a thread belongs to, and its name; 0: there is no such thread. */
int32_t procs_of_thread(int32_t tid, char ret_comm[16]);

/* A process that is gone, or on its way: its descriptors are closed by its end, not by itself. */
bool procs_is_ending(int32_t pid);

/* It is a child of that process, or a child's child, and so on. */
bool procs_is_below(int32_t pid, int32_t ancestor);

/* The process of a pidfd, as the mounted /proc shows it; 0: it is gone, or not seen there. */
int32_t procs_of_pidfd(int pidfd);

/*
 * A pidfd of the process that a thread belongs to, the thread as this process numbers it: before Linux 6.9 a thread has
 * none of its own, unless it is the first.  Walks /proc where that is another PID namespace's.  -errno when there is
 * none.
 */
int procs_open_process_of(int32_t tid);

/* The pid by which this process would call that one.  0 or -ENOENT. */
int procs_pid_here(int32_t pid, int32_t *ret_here);

/* The PID namespace whose processes the mounted /proc shows, its inode number; 0: the first of all. */
uint32_t procs_namespace(void);

/* The pid of this process, as the mounted /proc shows it. */
int32_t procs_self(void);

/* In how many PID namespaces it is, from the mounted /proc's to its own; 0: not known. */
int procs_nesting(int32_t pid);

/*
 * How a process that ended did so, while its parent has not asked.  True when
 * there is nothing to wait for: *ret_status is then as of waitpid(), or -1 when
 * it is gone or the kernel does not tell us.
 */
bool procs_zombie_status(int32_t pid, int *ret_status);

#endif
