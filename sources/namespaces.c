/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "sources/namespaces_look.h"
#include "sources/netns.h"
#include "util/clock.h"

/* The process of a known path may be gone, and others be in that namespace. */
#define AGAIN_NS 100000000LL

struct list {
	int n;
	int64_t looked_ns; /* CLOCK_MONOTONIC; 0: never */
	struct {
		uint32_t inode;
		char *path;
	} v[NAMESPACES_MAX];
};

struct namespaces {
	struct list plain; /* that a process is in, or that are mounted */
	struct list deep;  /* that a descriptor holds; it may have some of the others, too */
};

struct namespaces *namespaces_new(void)
{
	return calloc(1, sizeof(struct namespaces));
}

static void forget(struct list *l)
{
	while (l->n > 0)
		free(l->v[--l->n].path);
}

void namespaces_free(struct namespaces *n)
{
	if (!n)
		return;
	forget(&n->plain);
	forget(&n->deep);
	free(n);
}

static int find(const struct list *l, uint32_t inode)
{
	int i;

	for (i = 0; i < l->n; i++)
		if (l->v[i].inode == inode)
			return i;
	return -1;
}

static void take(uint32_t inode, const char *path, void *user)
{
	struct list *l = user;

	if (l->n == NAMESPACES_MAX || find(l, inode) >= 0)
		return;
	l->v[l->n].inode = inode;
	l->v[l->n].path = strdup(path);
	l->n += l->v[l->n].path != NULL;
}

static bool is_due(struct list *l, int64_t every_ns)
{
	int64_t now = clock_mono_ns();

	if (l->looked_ns && now - l->looked_ns < every_ns)
		return false;
	l->looked_ns = now;
	forget(l);
	return true;
}

static void look(struct namespaces *n, int64_t every_ns)
{
	if (!is_due(&n->plain, every_ns))
		return;
	namespaces_of_mounts(take, &n->plain); /* these stay */
	namespaces_of_processes(take, &n->plain);
}

static void look_deep(struct namespaces *n)
{
	if (is_due(&n->deep, NAMESPACES_DEEP_EVERY_NS))
		namespaces_of_descriptors(n->deep.looked_ns + NAMESPACES_DEEP_NS, take, &n->deep);
}

/* What a path leads to may have changed, into what must not be opened; so it is looked at first. */
static int open_one(const struct list *l, int i)
{
	int at = open(l->v[i].path, O_PATH | O_CLOEXEC), fd = -1;
	struct statfs fs;
	struct stat st;
	char path[32];

	if (at < 0)
		return -1;
	if (!fstat(at, &st) && st.st_ino == l->v[i].inode && !fstatfs(at, &fs) && fs.f_type == NSFS_MAGIC) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", at);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	close(at);
	return fd;
}

static int open_known(const struct list *l, uint32_t inode)
{
	int i = find(l, inode);

	return i < 0 ? -1 : open_one(l, i);
}

int namespaces_open(struct namespaces *n, uint32_t inode)
{
	int fd = open_known(&n->plain, inode);

	if (fd < 0)
		fd = open_known(&n->deep, inode);
	if (fd < 0) {
		look(n, find(&n->plain, inode) < 0 ? NAMESPACES_EVERY_NS : AGAIN_NS);
		fd = open_known(&n->plain, inode);
	}
	if (fd < 0) {
		look_deep(n);
		fd = open_known(&n->deep, inode);
	}
	return fd;
}

int namespaces_call(struct namespaces *n, uint32_t inode, int (*fn)(void *arg), void *arg, struct err *e)
{
	bool here = !inode || inode == netns_own();
	int fd = here ? -1 : namespaces_open(n, inode), r;

	if (!here && fd < 0) {
		err_set(e, ENOENT, "network namespace %u is not found", inode);
		err_remedy(e, "name it by its file, or by a process in it");
		return -ENOENT;
	}
	r = netns_call(fd, fn, arg, e);
	if (fd >= 0)
		close(fd);
	return r;
}

static bool can_be_opened(const struct list *l, uint32_t inode)
{
	int fd = open_known(l, inode);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Of those that are not had by `but`.  True: it is enough. */
static bool each(const struct list *l, const struct list *but, bool (*fn)(int fd, uint32_t inode, void *user),
		 void *user)
{
	bool enough = false;
	int i, fd;

	for (i = 0; i < l->n && !enough; i++) {
		fd = but && can_be_opened(but, l->v[i].inode) ? -1 : open_one(l, i);
		if (fd < 0)
			continue;
		enough = fn(fd, l->v[i].inode, user);
		close(fd);
	}
	return enough;
}

void namespaces_each(struct namespaces *n, bool (*fn)(int fd, uint32_t inode, void *user), void *user)
{
	look(n, NAMESPACES_EVERY_NS);
	if (each(&n->plain, NULL, fn, user))
		return;
	look_deep(n);
	each(&n->deep, &n->plain, fn, user);
}
