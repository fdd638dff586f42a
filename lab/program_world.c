/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/program_world.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/schedule.h"
#include "sources/sysctls.h"

/* A directory that every system has; for a moment, and in our mount namespace only, the files are born there. */
#define CRADLE "/tmp"

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	size_t len = strlen(text);
	bool ok;

	if (fd < 0)
		return false;
	/* Whatever the umask: others' programs read it, too. */
	ok = !fchmod(fd, 0444) && write(fd, text, len) == (ssize_t)len;
	close(fd);
	return ok;
}

static void put(const char *name, const char *text)
{
	char from[64], to[64];

	if (!text)
		return;
	snprintf(from, sizeof(from), CRADLE "/%s", name);
	snprintf(to, sizeof(to), "/etc/%s", name);
	if (!write_text(from, text))
		return;
	mount(from, to, NULL, MS_BIND, NULL);
}

void program_world_files(const struct program_opts *o)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL))
		return;
	if (!access("/var/run/nscd", F_OK))
		mount("none", "/var/run/nscd", "tmpfs", MS_RDONLY, "size=4k");
	if (mount("none", CRADLE, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755,size=4m"))
		return;
	put("resolv.conf", o->resolv_conf);
	put("nsswitch.conf", o->nsswitch_conf);
	put("hosts", o->hosts);
	umount2(CRADLE, MNT_DETACH);
}

void program_world_bound(void)
{
	char text[32] = "";
	int fd;

	if (kernel_version(NULL, 0) < KERNEL_VERSION_OF(6, 14))
		return;
	fd = open("/proc/sys/kernel/pid_max", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	if (pread(fd, text, sizeof(text) - 1, 0) > 0 && strtol(text, NULL, 10) > PROGRAM_TASKS_MAX) {
		snprintf(text, sizeof(text), "%d", PROGRAM_TASKS_MAX);
		/* Refused, it stays as it is. */
		pwrite(fd, text, strlen(text), 0);
	}
	close(fd);
}

void program_world_proc(void)
{
	/* Refused where the host's own is partly covered, as in containers (fs/namespace.c mount_too_revealing()). */
	mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

void program_world_nsswitch(const char *host_file, struct buf *to)
{
	const char *line = host_file ? host_file : "";

	while (*line) {
		size_t len = strcspn(line, "\n");

		if (strncmp(line + strspn(line, " \t"), "hosts:", 6)) {
			buf_add(to, line, len);
			buf_char(to, '\n');
		}
		line += len + (line[len] == '\n');
	}
	buf_str(to, "hosts: files dns\n");
}
