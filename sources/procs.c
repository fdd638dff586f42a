/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/procs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

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
	struct dirent *d;
	DIR *proc = NULL;
	int i;

	for (i = 0; i < n; i++)
		w[i].pid = 0;
	if (hint)
		each_socket(hint, note_owner, &o);
	if (o.found < n)
		proc = opendir("/proc");
	while (proc && o.found < n && (d = readdir(proc))) {
		int32_t pid = isdigit((unsigned char)d->d_name[0]) ? atoi(d->d_name) : 0;

		if (pid && pid != hint)
			each_socket(pid, note_owner, &o);
	}
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
	struct dirent *d;
	int i;

	for (i = 0; i < n; i++)
		h[i].n = 0;
	while (proc && (d = readdir(proc))) {
		int32_t pid = isdigit((unsigned char)d->d_name[0]) ? atoi(d->d_name) : 0;

		if (pid && is_in_namespace(pid, pidns))
			each_socket(pid, note_holder, &all);
	}
	if (proc)
		closedir(proc);
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

int32_t procs_of_pidfd(int pidfd)
{
	char path[64];
	int32_t pid;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	pid = number_in(path, "Pid:");
	return pid > 0 ? pid : 0;
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
