/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes as PID namespaces number them. */
#include "sources/procs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* include/linux/proc_ns.h PROC_PID_INIT_INO */
#define FIRST_NAMESPACE 0xEFFFFFFCu

int32_t procs_self(void)
{
	char text[16];
	ssize_t len = readlink("/proc/self", text, sizeof(text) - 1);

	if (len <= 0)
		return getpid();
	text[len] = 0;
	return (int32_t)strtol(text, NULL, 10);
}

uint32_t procs_namespace(void)
{
	struct stat st;

	/* Where process 1 may not be looked at: /proc is of this process's own namespace, or else of the first, likely.
	 */
	if (stat("/proc/1/ns/pid", &st) && (procs_self() != getpid() || stat("/proc/self/ns/pid", &st)))
		return 0;
	return st.st_ino == FIRST_NAMESPACE ? 0 : (uint32_t)st.st_ino;
}

/* "NSpid: 4242 7": its pids from the mounted /proc's namespace inwards.  Returns how many; at most max are stored. */
static int ns_pids(const char *who, int32_t *pids, int max)
{
	char path[64], line[256], *at;
	int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/status", who);
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "NSpid:", 6))
			continue;
		for (at = line + 6; n < max && (at += strspn(at, " \t"), isdigit((unsigned char)*at)); n++)
			pids[n] = (int32_t)strtol(at, &at, 10);
		break;
	}
	fclose(f);
	return n;
}

#define NESTING_MAX 33 /* MAX_PID_NS_LEVEL, include/linux/pid_namespace.h, and one */

int procs_nesting(int32_t pid)
{
	int32_t pids[NESTING_MAX];
	char who[16];

	snprintf(who, sizeof(who), "%d", pid);
	return ns_pids(who, pids, NESTING_MAX);
}

int procs_pid_here(int32_t pid, int32_t *ret_here)
{
	int32_t ours[NESTING_MAX], its[NESTING_MAX];
	char who[16];
	int depth = ns_pids("self", ours, NESTING_MAX);

	snprintf(who, sizeof(who), "%d", pid);
	if (!depth || ns_pids(who, its, NESTING_MAX) < depth)
		return -ENOENT;
	*ret_here = its[depth - 1];
	return 0;
}

static int open_pid(int32_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

/* A thread of that process which has this number so many PID namespaces down. */
static bool has_thread(const char *pid, int depth, int32_t tid)
{
	int32_t its[NESTING_MAX];
	char path[64], who[64];
	bool found = false;
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%.16s/task", pid);
	dir = opendir(path);
	while (dir && !found && (d = readdir(dir))) {
		snprintf(who, sizeof(who), "%.16s/task/%.16s", pid, d->d_name);
		found = isdigit((unsigned char)d->d_name[0]) && ns_pids(who, its, NESTING_MAX) >= depth &&
			its[depth - 1] == tid;
	}
	if (dir)
		closedir(dir);
	return found;
}

int procs_open_process_of(int32_t tid)
{
	int32_t ours[NESTING_MAX], its[NESTING_MAX];
	int depth = ns_pids("self", ours, NESTING_MAX), fd = -ESRCH;
	char comm[16];
	struct dirent *d;
	DIR *proc;

	if (procs_self() == getpid())
		return open_pid(procs_of_thread(tid, comm));
	proc = depth ? opendir("/proc") : NULL;
	while (proc && fd < 0 && (d = readdir(proc))) {
		if (!isdigit((unsigned char)d->d_name[0]) || ns_pids(d->d_name, its, NESTING_MAX) < depth ||
		    !has_thread(d->d_name, depth, tid))
			continue;
		fd = open_pid(its[depth - 1]);
		/* Another namespace as deep has the same numbers. */
		if (fd >= 0 && procs_of_pidfd(fd) != atoi(d->d_name)) {
			close(fd);
			fd = -ESRCH;
		}
	}
	if (proc)
		closedir(proc);
	return fd;
}
