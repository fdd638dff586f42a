/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/procs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
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
