/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who holds a socket. */
#include "sources/procs.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef void socket_fn(int32_t pid, uint32_t inode, const char *fd, void *user);

/* Calls fn for each descriptor of it that is a socket. */
static void each_socket(int32_t pid, socket_fn *fn, void *user)
{
	char path[64], target[64];
	struct dirent *d;
	unsigned int inode;
	ssize_t len;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (!dir)
		return;
	while ((d = readdir(dir))) {
		len = readlinkat(dirfd(dir), d->d_name, target, sizeof(target) - 1);
		if (len <= 0)
			continue;
		target[len] = 0;
		if (sscanf(target, "socket:[%u]", &inode) == 1)
			fn(pid, inode, d->d_name, user);
	}
	closedir(dir);
}

/* The next process that /proc lists; 0: there is no other. */
static int32_t next_process(DIR *proc)
{
	struct dirent *d;
	int32_t pid = 0;

	while (!pid && (d = readdir(proc)))
		pid = isdigit((unsigned char)d->d_name[0]) ? atoi(d->d_name) : 0;
	return pid;
}

struct owners {
	struct procs_wanted *w;
	int n, found;
};

/* proc_pid_fdinfo(5): its flags, in octal. */
static bool is_blocking(int32_t pid, const char *fd)
{
	unsigned int flags = O_NONBLOCK;
	char path[64], line[128];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%.16s", pid, fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f) && sscanf(line, "flags: %o", &flags) != 1)
		;
	if (f)
		fclose(f);
	return !(flags & O_NONBLOCK);
}

static void note_owner(int32_t pid, uint32_t inode, const char *fd, void *user)
{
	struct owners *o = user;
	int i;

	for (i = 0; i < o->n; i++) {
		if (o->w[i].inode != inode || o->w[i].pid)
			continue;
		o->w[i].pid = pid;
		o->w[i].blocking = is_blocking(pid, fd);
		procs_name(pid, o->w[i].comm);
		o->found++;
	}
}

int procs_socket_owners(struct procs_wanted *w, int n, int32_t hint)
{
	struct owners o = { w, n, 0 };
	DIR *proc = NULL;
	int32_t pid;
	int i;

	for (i = 0; i < n; i++)
		w[i].pid = 0;
	if (hint)
		each_socket(hint, note_owner, &o);
	if (o.found < n)
		proc = opendir("/proc");
	while (proc && o.found < n && (pid = next_process(proc)))
		if (pid != hint)
			each_socket(pid, note_owner, &o);
	if (proc)
		closedir(proc);
	return o.found;
}

struct sought {
	uint32_t inode;
	bool found;
};

static void note_sought(int32_t pid, uint32_t inode, const char *fd, void *user)
{
	struct sought *s = user;

	s->found |= inode == s->inode;
}

bool procs_holds_socket(int32_t pid, uint32_t inode)
{
	struct sought s = { .inode = inode };

	each_socket(pid, note_sought, &s);
	return s.found;
}

struct holders {
	struct procs_held *h;
	int n;
};

static void note_holder(int32_t pid, uint32_t inode, const char *fd, void *user)
{
	const struct holders *all = user;
	int i;

	for (i = 0; i < all->n; i++) {
		struct procs_held *h = &all->h[i];
		int last = h->n < PROCS_HOLDERS_MAX ? h->n - 1 : PROCS_HOLDERS_MAX - 1;

		/* once for each process, however many descriptors it has of it */
		if (h->inode != inode || (h->n && h->pids[last] == pid))
			continue;
		if (h->n < PROCS_HOLDERS_MAX)
			h->pids[h->n] = pid;
		h->n++;
	}
}

static bool is_in_namespace(int32_t pid, uint64_t pidns)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	return !stat(path, &st) && st.st_ino == pidns;
}

void procs_socket_holders(uint64_t pidns, struct procs_held *h, int n)
{
	struct holders all = { h, n };
	DIR *proc = opendir("/proc");
	int32_t pid;
	int i;

	for (i = 0; i < n; i++)
		h[i].n = 0;
	while (proc && (pid = next_process(proc)))
		if (is_in_namespace(pid, pidns))
			each_socket(pid, note_holder, &all);
	if (proc)
		closedir(proc);
}
