/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_UTIL_CONFINE_FILTER_H
#define SYNSENT_UTIL_CONFINE_FILTER_H

#include <linux/filter.h>
#include <sys/types.h>

/*
 * The seccomp filter of a process that computes and touches only descriptors
 * that are open: x86_64 (without x32 and int 0x80) and aarch64.
 *
 * What it answers to the rest depends on who would ask:
 * - What no library does unasked (exec, ptrace, other processes' memory, mounts,
 *   namespaces, identities, keys, BPF, io_uring, modules) comes from code that
 *   has been taken over, as does another architecture's entry: it kills.
 * - What libraries do by themselves fails with EPERM, and they go on: malloc
 *   reads /proc/sys/vm/overcommit_memory when a heap shrinks, localtime() asks for
 *   /etc/localtime, syslog() for a socket.  Killing there would turn the
 *   next C library into a crash.
 * - clone3 and what came after it are ENOSYS: a C library that tries them has an
 *   older way, and takes it for this errno alone (pthread_create() does).
 *
 * Arguments are looked at where they decide: no executable memory, clone() for
 * threads alone, tgkill() at this process alone, of ioctl() the size and kind of
 * a terminal, of fcntl() the access mode, pipe sizes and leases, limits read
 * but not set.  newfstatat() is needed for fstat(); its path cannot be seen from
 * here, so the metadata (not the content) of files can still be asked for.
 */
#define CONFINE_FILTER_MAX 512

/* Writes the program for process `pid` and returns its length; 0 on other architectures. */
unsigned short confine_filter(struct sock_filter to[CONFINE_FILTER_MAX], pid_t pid);

/* Whether such a filter could be put in force: 0, or -ENOEXEC (no filter for this architecture), or what the kernel
 * answers.  Changes nothing. */
int confine_filter_probe(void);

/* Puts it in force for the calling thread and those that it starts.  Needs no_new_privs.  0 or -errno. */
int confine_filter_load(void);

#endif
