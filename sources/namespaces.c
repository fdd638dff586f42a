/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/namespaces.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/clock.h"

struct namespaces {
	int n;
	int64_t looked_ns; /* CLOCK_MONOTONIC; 0: never */
	struct {
		uint32_t inode;
		int fd;
	} v[NAMESPACES_MAX];
};

struct namespaces *namespaces_new(void)
{
	return calloc(1, sizeof(struct namespaces));
}

static void forget(struct namespaces *n)
{
	while (n->n > 0)
		close(n->v[--n->n].fd);
}

void namespaces_free(struct namespaces *n)
{
	if (!n)
		return;
	forget(n);
	free(n);
}

static int find(const struct namespaces *n, uint32_t inode)
{
	int i;

	for (i = 0; i < n->n; i++)
		if (n->v[i].inode == inode)
			return i;
	return -1;
}

static void take(struct namespaces *n, const char *pid)
{
	char path[64];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "/proc/%.20s/ns/net", pid);
	if (n->n == NAMESPACES_MAX || stat(path, &st) || find(n, (uint32_t)st.st_ino) >= 0)
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n->v[n->n].inode = (uint32_t)st.st_ino;
	n->v[n->n++].fd = fd;
}

static void look(struct namespaces *n)
{
	int64_t now = clock_mono_ns();
	struct dirent *e;
	DIR *d;

	if (n->looked_ns && now - n->looked_ns < NAMESPACES_EVERY_NS)
		return;
	n->looked_ns = now;
	forget(n); /* what is held would not go away */
	d = opendir("/proc");
	while (d && (e = readdir(d)))
		if (isdigit((unsigned char)e->d_name[0]))
			take(n, e->d_name);
	if (d)
		closedir(d);
}

int namespaces_fd(struct namespaces *n, uint32_t inode)
{
	int i = find(n, inode);

	if (i < 0) {
		look(n);
		i = find(n, inode);
	}
	return i < 0 ? -1 : n->v[i].fd;
}

void namespaces_each(struct namespaces *n, bool (*fn)(int fd, uint32_t inode, void *user), void *user)
{
	int i;

	look(n);
	for (i = 0; i < n->n; i++)
		if (fn(n->v[i].fd, n->v[i].inode, user))
			return;
}
