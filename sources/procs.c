/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/procs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool holds(int32_t pid, const char *socket_name)
{
	char path[300], target[64];
	struct dirent *d;
	DIR *dir;
	bool found = false;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (!dir)
		return false;
	while (!found && (d = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%s", pid, d->d_name);
		n = readlink(path, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = 0;
		found = !strcmp(target, socket_name);
	}
	closedir(dir);
	return found;
}

static void read_comm(int32_t pid, char ret[16])
{
	char path[64];
	FILE *f;

	memset(ret, 0, 16);
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fgets(ret, 16, f))
		ret[strcspn(ret, "\n")] = 0;
	fclose(f);
}

int procs_socket_owner(uint32_t inode, int32_t hint, int32_t *ret_pid, char ret_comm[16])
{
	char name[64];
	struct dirent *d;
	DIR *proc;
	int32_t pid = 0;

	if (!inode)
		return -ENOENT;
	snprintf(name, sizeof(name), "socket:[%u]", inode);
	if (hint && holds(hint, name)) {
		pid = hint;
	} else {
		proc = opendir("/proc");
		while (proc && !pid && (d = readdir(proc))) {
			int32_t candidate = isdigit((unsigned char)d->d_name[0]) ? atoi(d->d_name) : 0;

			if (candidate && holds(candidate, name))
				pid = candidate;
		}
		if (proc)
			closedir(proc);
	}
	if (!pid)
		return -ENOENT;
	*ret_pid = pid;
	read_comm(pid, ret_comm);
	return 0;
}

/*
 * /proc/PID/stat after the name, which is in parentheses and may hold anything:
 * "S 1 2 3 ...", of which this is field 3 (proc(5)).
 */
static bool read_stat(int32_t pid, char *to, size_t len)
{
	char path[64], line[1024], *at;
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	ok = fgets(line, sizeof(line), f) && (at = strrchr(line, ')')) && at[1];
	fclose(f);
	if (ok)
		snprintf(to, len, "%s", at + 2);
	return ok;
}

static unsigned long long stat_field(const char *stat, int n)
{
	for (; n > 3; n--) {
		stat += strcspn(stat, " \n");
		stat += strspn(stat, " ");
	}
	return strtoull(stat, NULL, 10);
}

#define FIELD_FLAGS 9
#define FIELD_EXIT_CODE 52
#define PF_EXITING 4 /* include/linux/sched.h */

bool procs_is_ending(int32_t pid)
{
	char stat[1024];

	return !read_stat(pid, stat, sizeof(stat)) || *stat == 'Z' || *stat == 'X' ||
	       stat_field(stat, FIELD_FLAGS) & PF_EXITING;
}

bool procs_zombie_status(int32_t pid, int *ret_status)
{
	char stat[1024];

	*ret_status = -1;
	if (!read_stat(pid, stat, sizeof(stat)) || *stat == 'X')
		return true;
	if (*stat != 'Z')
		return false;
	*ret_status = (int)stat_field(stat, FIELD_EXIT_CODE);
	return true;
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
