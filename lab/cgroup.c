/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/buf.h"

/* The next line of *text without its newline, as a length; *text moves behind it.  NULL at the end. */
static const char *next_line(const char **text, int *ret_len)
{
	const char *line = *text;

	if (!*line)
		return NULL;
	*ret_len = (int)strcspn(line, "\n");
	*text = line + *ret_len + (line[*ret_len] == '\n');
	return line;
}

/* The path of the unified hierarchy: the line "0::PATH". */
static int unified_path(const char *cgroup, char *to)
{
	const char *line;
	int len;

	while ((line = next_line(&cgroup, &len))) {
		if (strncmp(line, "0::/", 4))
			continue;
		snprintf(to, CGROUP_PATH_LEN, "%.*s", len - 3, line + 3);
		return 0;
	}
	return -ENOENT;
}

/* mountinfo writes blanks, tabs, newlines and backslashes as \ooo. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' &&
		    s[3] <= '7') {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = 0;
}

/* Root and mount point of a line whose file system is cgroup2. */
static int cgroup2_mount(const char *line, int len, char *root, char *point)
{
	char text[3 * CGROUP_PATH_LEN];
	char *type;

	if (len >= (int)sizeof(text))
		return -ENOENT;
	snprintf(text, sizeof(text), "%.*s", len, line);
	type = strstr(text, " - ");
	if (!type || strncmp(type + 3, "cgroup2 ", 8))
		return -ENOENT;
	if (sscanf(text, "%*s %*s %*s %4095s %4095s", root, point) != 2)
		return -ENOENT;
	unescape(root);
	unescape(point);
	return 0;
}

/* `path` seen below a mount of `root`; NULL when it is not there. */
static const char *below(const char *path, const char *root)
{
	size_t n = strlen(root);

	if (!strcmp(root, "/"))
		return path;
	if (strncmp(path, root, n) || (path[n] && path[n] != '/'))
		return NULL;
	return path + n;
}

int cgroup_path_of(const char *cgroup, const char *mountinfo, char to[CGROUP_PATH_LEN])
{
	char path[CGROUP_PATH_LEN], root[CGROUP_PATH_LEN], point[CGROUP_PATH_LEN];
	const char *line, *rest;
	int len;

	if (unified_path(cgroup, path))
		return -ENOENT;
	while ((line = next_line(&mountinfo, &len))) {
		if (cgroup2_mount(line, len, root, point))
			continue;
		rest = below(path, root);
		if (!rest)
			continue;
		if (!strcmp(rest, "/"))
			rest = "";
		return snprintf(to, CGROUP_PATH_LEN, "%s%s", point, rest) < CGROUP_PATH_LEN ? 0 : -ENAMETOOLONG;
	}
	return -ENOENT;
}

static void read_all(const char *path, struct buf *to)
{
	char chunk[4096];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(to, chunk, (size_t)n);
	close(fd);
}

int cgroup_own_path(char to[CGROUP_PATH_LEN])
{
	struct buf cgroup = { 0 }, mountinfo = { 0 };
	int r;

	read_all("/proc/self/cgroup", &cgroup);
	read_all("/proc/self/mountinfo", &mountinfo);
	r = cgroup_path_of(buf_text(&cgroup), buf_text(&mountinfo), to);
	buf_fini(&cgroup);
	buf_fini(&mountinfo);
	return r;
}

int cgroup_own_open(char ret_path[CGROUP_PATH_LEN], const char *who, struct err *e)
{
	int fd = -1, r = cgroup_own_path(ret_path);

	if (r) {
		err_set(e, -r, "%s needs a cgroup v2 hierarchy; none is mounted here", who);
	} else {
		fd = open(ret_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0)
			return fd;
		r = err_sys(e, errno, "cannot open this process's cgroup %s", ret_path);
	}
	if (e)
		e->exit_code = 77;
	err_remedy(
		e,
		"mount it (`mount -t cgroup2 none /sys/fs/cgroup`; a chroot or container needs it inside), or leave %s out",
		who);
	return r;
}
