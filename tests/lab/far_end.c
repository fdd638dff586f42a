/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "far_end.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

static int listener(struct sockaddr *at, socklen_t len)
{
	int fd = socket(at->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, at, len) || listen(fd, 1024) || getsockname(fd, at, &len)) {
		perror("listening on loopback");
		return -1;
	}
	return fd;
}

static int serve(enum far_serve what, unsigned files, const int listeners[2], int quit)
{
	struct rlimit few = { files, files };
	struct err e = { 0 };
	int r;

	if (files && setrlimit(RLIMIT_NOFILE, &few))
		return 1;
	r = far_serve(what, listeners, 2, quit, &e);
	if (r)
		fprintf(stderr, "far_serve: %s\n", e.what);
	return r ? 1 : 0;
}

bool far_end_start(enum far_serve what, unsigned files, struct far_end *ret)
{
	int listeners[2], quit[2];

	*ret = (struct far_end){
		.at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } },
		.at6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT },
	};
	listeners[0] = listener((struct sockaddr *)&ret->at, sizeof(ret->at));
	listeners[1] = listener((struct sockaddr *)&ret->at6, sizeof(ret->at6));
	if (listeners[0] < 0 || listeners[1] < 0 || pipe(quit))
		return false;
	fflush(NULL);
	ret->pid = fork();
	if (!ret->pid) {
		close(quit[1]);
		_exit(serve(what, files, listeners, quit[0]));
	}
	close(listeners[0]);
	close(listeners[1]);
	close(quit[0]);
	ret->quit = quit[1];
	return ret->pid > 0;
}

int far_end_stop(struct far_end *f)
{
	struct pollfd p = { (int)syscall(SYS_pidfd_open, f->pid, 0), POLLIN, 0 };
	bool ended;
	int status;

	/* A byte, or the end of the pipe when even that fails. */
	if (write(f->quit, "q", 1) != 1)
		perror("quit");
	close(f->quit);
	ended = poll(&p, 1, 5000) == 1;
	close(p.fd);
	if (!ended)
		kill(f->pid, SIGKILL);
	if (waitpid(f->pid, &status, 0) != f->pid || !ended)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int far_end_connect(const struct far_end *f)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval patience = { 5, 0 };

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    connect(fd, (const struct sockaddr *)&f->at, sizeof(f->at))) {
		perror("connecting to the far end");
		return -1;
	}
	return fd;
}

bool send_text(int fd, const char *text)
{
	return send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

ssize_t read_bytes(int fd, void *to, size_t len)
{
	size_t got = 0;
	ssize_t n;

	while (got < len) {
		n = recv(fd, (char *)to + got, len - got, 0);
		if (n < 0)
			return -1;
		if (!n)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

bool is_silent(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, 100) == 0;
}
