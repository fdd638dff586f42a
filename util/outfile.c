/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_LEN 65536
#define PART_TRIES 10000 /* names that a killed run, or one beside us with the same pid in its namespace, may hold */

struct outfile {
	int fd;
	int error;	/* the first, kept */
	char *path;	/* as the caller named it, for messages */
	char *final;	/* where it shall appear: links followed; NULL: written directly */
	char *part;	/* where it is written; NULL: written directly */
	pid_t owner;	/* who created it, and alone renames and removes */
	bool *complete; /* in memory shared with a child: it has closed its copy, and all went well */
	size_t len;	/* bytes buffered */
	char buffer[BUFFER_LEN];
};

static const char *remedy_of(int code)
{
	switch (code) {
	case ENOENT:
	case ENOTDIR:
		return "create the directory first, or name another file";
	case EISDIR:
		return "name a file in that directory";
	case EACCES:
	case EPERM:
	case EROFS:
		return "name a file in a directory that this user may write to";
	case ENOSPC:
	case EDQUOT:
		return "free space on that file system, or name a file on another one";
	case EFBIG:
		return "raise the limit on file sizes (ulimit -f), or capture less";
	case EPIPE:
		return "the program that read it has ended; write to a file instead";
	case EMFILE:
	case ENFILE:
		return "raise the limit on open files (ulimit -n)";
	default:
		return "name another file";
	}
}

static int fail(int code, const char *doing, const char *path, struct err *e)
{
	err_sys(e, code, "cannot %s %s", doing, strcmp(path, "-") ? path : "standard output");
	err_remedy(e, "%s", remedy_of(code));
	return -code;
}

static void outfile_free(struct outfile *o)
{
	if (!o)
		return;
	if (o->fd >= 0)
		close(o->fd);
	free(o->path);
	free(o->final);
	free(o->part);
	if (o->complete)
		munmap(o->complete, sizeof(*o->complete));
	free(o);
}

static int open_part(struct outfile *o)
{
	size_t size = strlen(o->final) + 32;
	int i;

	o->part = malloc(size);
	if (!o->part)
		return -ENOMEM;
	for (i = 0; i < PART_TRIES; i++) {
		snprintf(o->part, size, "%s.part-%d-%d", o->final, (int)getpid(), i);
		o->fd = open(o->part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
		if (o->fd >= 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	i = errno;
	free(o->part); /* not ours to remove */
	o->part = NULL;
	return -i;
}

static int open_path(struct outfile *o)
{
	struct stat st;

	if (!strcmp(o->path, "-")) {
		o->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
		return o->fd < 0 ? -errno : 0;
	}
	if (!*o->path)
		return -ENOENT;
	if (stat(o->path, &st)) {
		if (errno != ENOENT)
			return -errno;
		o->final = strdup(o->path);
		return o->final ? open_part(o) : -ENOMEM;
	}
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode)) {
		o->fd = open(o->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		return o->fd < 0 ? -errno : 0;
	}
	/* renaming asks the directory alone, but a file that was made read-only is meant to stay */
	if (faccessat(AT_FDCWD, o->path, W_OK, AT_EACCESS))
		return -errno;
	o->final = realpath(o->path, NULL);
	return o->final ? open_part(o) : -errno;
}

static bool *share_flag(void)
{
	void *p = mmap(NULL, sizeof(bool), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

int outfile_create(const char *path, struct outfile **ret, struct err *e)
{
	struct outfile *o = malloc(sizeof(*o));
	int r = -ENOMEM;

	if (!o)
		return fail(ENOMEM, "write", path, e);
	*o = (struct outfile){ .fd = -1, .owner = getpid() };
	o->path = strdup(path);
	o->complete = share_flag();
	if (o->path && o->complete)
		r = open_path(o);
	if (r < 0) {
		outfile_free(o);
		return fail(-r, "create", path, e);
	}
	*ret = o;
	return 0;
}

/* Writes past the buffer. */
static int put(struct outfile *o, const char *data, size_t len)
{
	while (len && !o->error) {
		ssize_t n = write(o->fd, data, len);

		if (n < 0) {
			if (errno != EINTR)
				o->error = errno;
			continue;
		}
		data += n;
		len -= (size_t)n;
	}
	return -o->error;
}

int outfile_flush(struct outfile *o, struct err *e)
{
	size_t len = o->len;

	o->len = 0;
	if (put(o, o->buffer, len) < 0)
		return fail(o->error, "write", o->path, e);
	return 0;
}

int outfile_write(struct outfile *o, const void *data, size_t len, struct err *e)
{
	if (o->error || len > BUFFER_LEN - o->len) {
		int r = outfile_flush(o, e);

		if (r < 0)
			return r;
	}
	if (len > BUFFER_LEN) {
		if (put(o, data, len) < 0)
			return fail(o->error, "write", o->path, e);
		return 0;
	}
	memcpy(o->buffer + o->len, data, len);
	o->len += len;
	return 0;
}

bool outfile_is_direct(const struct outfile *o)
{
	return !o->part;
}

static int close_fd(struct outfile *o, struct err *e)
{
	int r = close(o->fd) && errno != EINTR ? -errno : 0;

	o->fd = -1;
	return r < 0 ? fail(-r, "write", o->path, e) : 0;
}

/* By its owner: what is written appears when all went well (r 0), or goes. */
static int settle(struct outfile *o, int r, struct err *e)
{
	if (r == 0 && o->part && rename(o->part, o->final))
		r = fail(errno, "create", o->path, e);
	if (r < 0 && o->part)
		unlink(o->part);
	outfile_free(o);
	return r;
}

int outfile_close(struct outfile *o, struct err *e)
{
	int r = outfile_flush(o, e), closed = close_fd(o, r < 0 ? NULL : e);

	if (r == 0)
		r = closed;
	if (o->owner == getpid())
		return settle(o, r, e);
	*o->complete = r == 0;
	outfile_free(o);
	return r;
}

int outfile_commit(struct outfile *o, struct err *e)
{
	int r = close_fd(o, e);

	if (r == 0 && !*o->complete)
		r = err_set(e, ECANCELED, "cannot create %s: what wrote it did not come to its end", o->path);
	return settle(o, r, e);
}

void outfile_abort(struct outfile *o)
{
	if (!o)
		return;
	if (o->part && o->owner == getpid())
		unlink(o->part);
	outfile_free(o);
}
