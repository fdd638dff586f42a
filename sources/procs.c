/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/procs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void procs_name(int32_t pid, char ret[16])
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

/* The number in the line that begins with the key, as "Tgid:"; 0: there is none. */
static int32_t number_in(const char *path, const char *key)
{
	FILE *f = fopen(path, "re");
	int32_t found = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key))) {
			found = (int32_t)strtol(line + strlen(key), NULL, 10);
			break;
		}
	if (f)
		fclose(f);
	return found;
}

int32_t procs_of_thread(int32_t tid, char ret_comm[16])
{
	char path[64];
	int32_t pid;

	memset(ret_comm, 0, 16);
	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	pid = number_in(path, "Tgid:");
	if (pid)
		procs_name(pid, ret_comm);
	return pid;
}

int32_t procs_of_pidfd(int pidfd)
{
	char path[64];
	int32_t pid;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	pid = number_in(path, "Pid:");
	return pid > 0 ? pid : 0;
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

#define DEPTH_MAX 64

bool procs_is_below(int32_t pid, int32_t ancestor)
{
	char stat[1024];
	int i;

	for (i = 0; i < DEPTH_MAX && pid > 1 && read_stat(pid, stat, sizeof(stat)); i++) {
		pid = (int32_t)stat_field(stat, 4); /* ppid, proc(5) */
		if (pid == ancestor)
			return true;
	}
	return false;
}
