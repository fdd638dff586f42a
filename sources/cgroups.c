/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/cgroups.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KNOWN 256	 /* slots of the table of ids */
#define CONTAINER_HEX 64 /* digits of a container's id */

/* include/linux/exportfs.h FILEID_KERNFS: the handle is the id (fs/kernfs/mount.c) */
#define HANDLE_TYPE 0xfe

struct cgroups {
	char mount[CGROUP_TEXT_LEN];
	int fd;
	struct {
		uint64_t id;
		char path[CGROUP_TEXT_LEN];
	} known[KNOWN];
};

static void find_mount(struct cgroups *c)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	struct mntent *m;

	while (f && !c->mount[0] && (m = getmntent(f)))
		if (!strcmp(m->mnt_type, "cgroup2"))
			snprintf(c->mount, sizeof(c->mount), "%s", m->mnt_dir);
	if (f)
		endmntent(f);
}

struct cgroups *cgroups_new(void)
{
	struct cgroups *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	find_mount(c);
	c->fd = c->mount[0] ? open(c->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	return c;
}

void cgroups_free(struct cgroups *c)
{
	if (!c)
		return;
	if (c->fd >= 0)
		close(c->fd);
	free(c);
}

static void look_up(const struct cgroups *c, uint64_t id, char to[CGROUP_TEXT_LEN])
{
	union {
		struct file_handle h;
		char room[sizeof(struct file_handle) + sizeof(uint64_t)];
	} u = { .h = { .handle_bytes = sizeof(uint64_t), .handle_type = HANDLE_TYPE } };
	char link[32], path[CGROUP_TEXT_LEN * 2];
	ssize_t len = -1;
	int fd;

	to[0] = 0;
	memcpy(u.h.f_handle, &id, sizeof(id));
	fd = c->fd >= 0 ? open_by_handle_at(c->fd, &u.h, O_PATH | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	close(fd);
	if (len < 0)
		return;
	path[len] = 0;
	/* below the mount, or, seen from elsewhere, from its own root on */
	snprintf(to, CGROUP_TEXT_LEN, "%.*s", CGROUP_TEXT_LEN - 1,
		 !strncmp(path, c->mount, strlen(c->mount)) ? path + strlen(c->mount) : path);
	if (!to[0])
		strcpy(to, "/");
}

const char *cgroups_path(struct cgroups *c, uint64_t id)
{
	unsigned int at = (unsigned int)((id ^ id >> 32) * 2654435761u >> 24) % KNOWN;

	if (!id)
		return "";
	if (c->known[at].id != id) {
		c->known[at].id = id;
		look_up(c, id, c->known[at].path);
	}
	return c->known[at].path;
}

static int level_of(const char *below)
{
	int n = 0;

	for (; *below; below++)
		n += *below == '/' && below[1] && below[1] != '/';
	return n;
}

const char *cgroups_below(const struct cgroups *c, const char *path)
{
	size_t len = strlen(c->mount);

	return len && !strncmp(path, c->mount, len) && (!path[len] || path[len] == '/') ? path + len : path;
}

int cgroups_find(const struct cgroups *c, const char *path, uint64_t *ret_id, int *ret_level, struct err *e)
{
	char whole[CGROUP_TEXT_LEN * 2];
	struct stat st;

	if (c->fd < 0) {
		err_set(e, ENOENT, "cgroup v2 is not mounted here");
		return -ENOENT;
	}
	path = cgroups_below(c, path);
	snprintf(whole, sizeof(whole), "%s/%s", c->mount, path[0] == '/' ? path + 1 : path);
	if (stat(whole, &st))
		return err_sys(e, errno, "cgroup %s", path);
	*ret_id = st.st_ino; /* fs/kernfs/inode.c: the inode's number is the id, on 64 bit */
	*ret_level = level_of(whole + strlen(c->mount));
	return 0;
}

void cgroups_container(const char *path, char ret[CONTAINER_ID_LEN])
{
	const char *p = path;

	ret[0] = 0;
	while (*p) {
		size_t n = 0;

		while (isxdigit((unsigned char)p[n]))
			n++;
		if (n == CONTAINER_HEX && (p == path || !isalnum((unsigned char)p[-1])) &&
		    !isalnum((unsigned char)p[n])) {
			memcpy(ret, p, CONTAINER_ID_LEN - 1); /* the innermost: nothing stops at the first */
			ret[CONTAINER_ID_LEN - 1] = 0;
		}
		p += n ? n : 1;
	}
}
