/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/duration.h"

/* A running child; all descriptors -1 when closed. */
struct child {
	pid_t pid;
	int pidfd;
	int out, err;	 /* our ends of its stdout and stderr */
	int exec_failed; /* carries errno when exec fails, EOF when it does not */
};

static bool find_in(const char *dirs, const char *name, char *to, size_t len)
{
	while (*dirs) {
		size_t n = strcspn(dirs, ":");

		if (n && (size_t)snprintf(to, len, "%.*s/%s", (int)n, dirs, name) < len && !access(to, X_OK))
			return true;
		dirs += n + (dirs[n] == ':');
	}
	return false;
}

bool spawn_find(const char *name, char *to, size_t len)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/'))
		return (size_t)snprintf(to, len, "%s", name) < len && !access(to, X_OK);
	return (path && find_in(path, name, to, len)) || find_in("/usr/sbin:/sbin:/usr/bin:/bin", name, to, len);
}

/* A file in memory rather than a pipe: nothing to feed while the child runs, and no SIGPIPE when it does not read. */
static int input_file(const char *text)
{
	size_t left = strlen(text);
	int fd = memfd_create("input", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	while (left) {
		ssize_t n = write(fd, text, left);

		if (n < 0) {
			n = -errno;
			close(fd);
			return (int)n;
		}
		text += n;
		left -= (size_t)n;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* dup2() clears CLOEXEC, but not when both are the same descriptor: then it must be cleared by hand. */
static void place(int fd, int at)
{
	if (fd == at)
		fcntl(fd, F_SETFD, 0);
	else
		dup2(fd, at);
}

static void run_child(const struct spawn *s, const char *path, const int fds[4])
{
	sigset_t none;
	int code;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	place(fds[0], 0);
	place(fds[1], 1);
	place(fds[2], 2);
	if (s->in_child)
		s->in_child();
	execv(path, (char *const *)(uintptr_t)s->argv);
	code = errno;
	if (write(fds[3], &code, sizeof(code)) < 0)
		_exit(126);
	_exit(127);
}

/* Descriptors above 2, so that place() overwrites none that is still needed. */
static int pipe_above(int p[2])
{
	int raw[2], i;

	p[0] = p[1] = -1;
	if (pipe2(raw, O_CLOEXEC))
		return -errno;
	for (i = 0; i < 2; i++) {
		p[i] = raw[i] > 2 ? raw[i] : fcntl(raw[i], F_DUPFD_CLOEXEC, 3);
		if (p[i] != raw[i])
			close(raw[i]);
	}
	return p[0] < 0 || p[1] < 0 ? -EMFILE : 0;
}

static int start(const struct spawn *s, const char *path, int in, struct child *c)
{
	int out[2] = { -1, -1 }, err[2] = { -1, -1 }, exec_failed[2] = { -1, -1 };
	int r;

	r = pipe_above(out);
	if (!r)
		r = pipe_above(err);
	if (!r)
		r = pipe_above(exec_failed);
	if (r)
		goto out;
	c->pid = fork();
	if (c->pid < 0) {
		r = -errno;
		goto out;
	}
	if (!c->pid)
		run_child(s, path, (int[]){ in, out[1], err[1], exec_failed[1] });
	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	if (c->pidfd < 0) {
		r = -errno;
		kill(c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
		goto out;
	}
	c->out = out[0];
	c->err = err[0];
	c->exec_failed = exec_failed[0];
	out[0] = err[0] = exec_failed[0] = -1;
out:
	close_fd(&out[0]);
	close_fd(&out[1]);
	close_fd(&err[0]);
	close_fd(&err[1]);
	close_fd(&exec_failed[0]);
	close_fd(&exec_failed[1]);
	return r;
}

/* One read; closes *fd at its end. */
static void take(int *fd, struct buf *to, size_t max, bool *cut)
{
	char chunk[16384];
	ssize_t n = read(*fd, chunk, sizeof(chunk));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close_fd(fd);
		return;
	}
	if ((size_t)n > max - to->len) {
		n = (ssize_t)(max - to->len);
		*cut = true;
	}
	buf_add(to, chunk, (size_t)n);
}

static int ms_left(int64_t deadline_ns)
{
	int64_t left = deadline_ns - clock_mono_ns();

	if (left <= 0)
		return 0;
	return left / NS_PER_MS >= INT_MAX ? INT_MAX : (int)(left / NS_PER_MS) + 1;
}

/*
 * Until it has ended and what it wrote is read.  Its own children may hold the
 * pipes open after that; they are not waited for.
 */
static void pump(struct child *c, int64_t deadline_ns, size_t output_max, struct spawn_result *ret)
{
	bool ended = false;

	for (;;) {
		struct pollfd p[] = { { c->out, POLLIN, 0 },
				      { c->err, POLLIN, 0 },
				      { ended ? -1 : c->pidfd, POLLIN, 0 } };
		int n = poll(p, 3, ended ? 0 : ms_left(deadline_ns));

		if (n < 0 && errno == EINTR)
			continue;
		if (ended && (n <= 0 || clock_mono_ns() > deadline_ns))
			return;
		if (n <= 0 && !ret->timed_out) {
			ret->timed_out = true;
			kill(c->pid, SIGKILL);
			deadline_ns = clock_mono_ns() + NS_PER_S;
			continue;
		}
		if (n <= 0)
			return;
		if (p[0].revents)
			take(&c->out, &ret->out, output_max, &ret->cut);
		if (p[1].revents)
			take(&c->err, &ret->err, output_max, &ret->cut);
		if (p[2].revents)
			ended = true;
	}
}

static int reap(const struct child *c, struct spawn_result *ret)
{
	int status, exec_code;

	while (waitpid(c->pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (read(c->exec_failed, &exec_code, sizeof(exec_code)) == sizeof(exec_code))
		return -exec_code;
	ret->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 0;
}

int spawn_run(const struct spawn *s, struct spawn_result *ret, struct err *e)
{
	struct child c = { .pid = -1, .pidfd = -1, .out = -1, .err = -1, .exec_failed = -1 };
	char path[PATH_MAX];
	int in, r;

	memset(ret, 0, sizeof(*ret));
	if (!spawn_find(s->argv[0], path, sizeof(path)))
		return err_set(e, ENOENT, "%s is not installed", s->argv[0]);
	in = s->input ? input_file(s->input) : open("/dev/null", O_RDONLY | O_CLOEXEC);
	r = in < 0 ? (s->input ? in : -errno) : start(s, path, in, &c);
	if (r) {
		err_sys(e, -r, "cannot start %s", s->argv[0]);
		goto out;
	}
	pump(&c, clock_mono_ns() + s->timeout_ns, s->output_max ? s->output_max : SPAWN_OUTPUT_MAX, ret);
	r = reap(&c, ret);
	if (r)
		err_sys(e, -r, "cannot run %s", path);
	else if (ret->out.failed || ret->err.failed)
		r = err_set(e, ENOMEM, "no memory for the output of %s", s->argv[0]);
out:
	close_fd(&in);
	close_fd(&c.out);
	close_fd(&c.err);
	close_fd(&c.pidfd);
	close_fd(&c.exec_failed);
	return r;
}

void spawn_result_fini(struct spawn_result *r)
{
	buf_fini(&r->out);
	buf_fini(&r->err);
}
