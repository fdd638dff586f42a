/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/namespaces_look.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/clock.h"

/* A link as /proc has it: "net:[4026531840]". */
static bool read_link(int dir, const char *name, uint32_t *ret_inode)
{
	char target[64];
	ssize_t len = readlinkat(dir, name, target, sizeof(target) - 1);

	if (len <= 0)
		return false;
	target[len] = 0;
	return sscanf(target, "net:[%u]", ret_inode) == 1;
}

void namespaces_of_processes(namespaces_look_fn *fn, void *user)
{
	DIR *proc = opendir("/proc");
	struct dirent *d;
	char path[64];
	uint32_t inode;

	while (proc && (d = readdir(proc))) {
		snprintf(path, sizeof(path), "/proc/%.20s/ns/net", d->d_name);
		if (isdigit((unsigned char)d->d_name[0]) && read_link(-1, path, &inode))
			fn(inode, path, user);
	}
	if (proc)
		closedir(proc);
}

/* Blanks and backslashes are "\040" there. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (*text == '\\' && strspn(text + 1, "01234567") >= 3) {
			*to++ = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = 0;
}

void namespaces_of_mounts(namespaces_look_fn *fn, void *user)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t size = 0;

	/* "36 35 0:4 net:[4026532281] /run/netns/blue rw shared:19 - nsfs nsfs rw", proc_pid_mountinfo(5) */
	while (f && getline(&line, &size, f) > 0) {
		uint32_t inode;
		int at = 0;

		if (sscanf(line, "%*d %*d %*s net:[%u] %n", &inode, &at) != 1 || line[at] != '/')
			continue;
		line[at + (int)strcspn(line + at, " \n")] = 0;
		unescape(line + at);
		fn(inode, line + at, user);
	}
	free(line);
	if (f)
		fclose(f);
}

/* False: it is time. */
static bool of_process(const char *pid, int64_t until_ns, namespaces_look_fn *fn, void *user)
{
	bool in_time = true;
	char path[64];
	struct dirent *d;
	uint32_t inode;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	dir = opendir(path);
	while (dir && in_time && (d = readdir(dir))) {
		if (isdigit((unsigned char)d->d_name[0]) && read_link(dirfd(dir), d->d_name, &inode)) {
			snprintf(path, sizeof(path), "/proc/%.20s/fd/%.20s", pid, d->d_name);
			fn(inode, path, user);
		}
		in_time = clock_mono_ns() < until_ns;
	}
	if (dir)
		closedir(dir);
	return in_time;
}

bool namespaces_of_descriptors(int64_t until_ns, namespaces_look_fn *fn, void *user)
{
	DIR *proc = opendir("/proc");
	bool in_time = true;
	struct dirent *d;

	while (proc && in_time && (d = readdir(proc)))
		if (isdigit((unsigned char)d->d_name[0]))
			in_time = of_process(d->d_name, until_ns, fn, user);
	if (proc)
		closedir(proc);
	return in_time;
}
