/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "here_tree.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/sockaddr.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static socklen_t address(const char *text, struct sockaddr_storage *ret)
{
	struct endpoint ep = { 0 };

	endpoint_parse(text, &ep);
	return sockaddr_of(&ep, ret);
}

static uint16_t own_port(int fd)
{
	struct sockaddr_in6 sa;
	socklen_t len = sizeof(sa);

	return getsockname(fd, (struct sockaddr *)&sa, &len) ? 0 : ntohs(sa.sin6_port);
}

static bool spoke(int fd)
{
	struct timeval wait = { 0, 400000 };
	char c = 'x', back = 0;

	return !setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) && send(fd, &c, 1, MSG_NOSIGNAL) == 1 &&
	       recv(fd, &back, 1, 0) == 1 && back == c;
}

static int connect_way(int fd, const struct tree_job *job)
{
	/* RFC 8200 section 4.6: 8 bytes, of which 6 are padding. */
	static const unsigned char options[8] = { 0, 0, 1, 4 };
	const struct sockaddr none = { .sa_family = AF_UNSPEC };
	struct sockaddr_storage sa;
	socklen_t len = address(job->to, &sa);
	struct sockaddr *to = (struct sockaddr *)&sa;

	if (job->way == TREE_FASTOPEN)
		return sendto(fd, "", 0, MSG_FASTOPEN | MSG_NOSIGNAL, to, len) < 0 ? errno : 0;
	if (job->way == TREE_OPTION && setsockopt(fd, IPPROTO_IPV6, IPV6_DSTOPTS, options, sizeof(options)))
		return errno;
	if (job->way == TREE_AGAIN && (connect(fd, to, len) || connect(fd, &none, sizeof(none))))
		return errno;
	return connect(fd, to, len) ? errno : 0;
}

struct tree_result tree_connect(const struct tree_job *job)
{
	struct tree_result r = { 0 };
	struct sockaddr_storage sa;
	int fd = job->fd;

	address(job->to, &sa);
	if (job->way != TREE_INHERITED)
		fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, job->way == TREE_MPTCP ? IPPROTO_MPTCP : 0);
	r.error = fd < 0 ? errno : connect_way(fd, job);
	/* A blocking connect() that failed has given its port back. */
	r.port = own_port(fd);
	r.spoke = job->talk && !r.error && spoke(fd);
	if (job->way != TREE_INHERITED)
		close(fd);
	return r;
}

static void send_back(int fd)
{
	char c;

	while (read(fd, &c, 1) == 1)
		if (send(fd, &c, 1, MSG_NOSIGNAL) != 1)
			break;
}

int tree_listen(uint16_t port)
{
	const struct sockaddr_in6 sa = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (const struct sockaddr *)&sa, sizeof(sa)) || listen(fd, 128))
		perror("listening");
	return fd;
}

pid_t tree_echo(void)
{
	int listener = tree_listen(TREE_PORT);
	pid_t pid = fork();

	if (pid) {
		close(listener);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (!fork()) {
			send_back(fd);
			_exit(0);
		}
		close(fd);
	}
}

struct doing {
	struct tree *tree;
	const struct tree_job *job;
};

static void *connect_all(void *arg)
{
	const struct doing *d = arg;
	int i;

	for (i = 0; i < (d->job->n ? d->job->n : 1); i++)
		d->tree->results[i] = tree_connect(d->job);
	return NULL;
}

/* fork(), where flags say so into a namespace. */
static pid_t fork_into(unsigned long flags)
{
	fflush(NULL);
	return (pid_t)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
}

static bool ended_well(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && status == 0;
}

static int run_deeper(struct doing *d, unsigned long flags)
{
	pid_t pid = fork_into(flags);

	if (!pid) {
		connect_all(d);
		_exit(0);
	}
	return ended_well(pid) ? 0 : 1;
}

static int flood(const struct tree_job *job)
{
	struct sockaddr_storage sa;
	socklen_t len = address(job->to, &sa);
	int i;

	for (i = 0; i < job->n; i++) {
		int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		if (!connect(fd, (struct sockaddr *)&sa, len) || errno != EINPROGRESS)
			return 1;
		close(fd);
	}
	return 0;
}

static int run(struct tree *t, const struct tree_job *job)
{
	struct doing d = { t, job };
	pthread_t thread;

	switch (job->way) {
	case TREE_GRANDCHILD:
		return run_deeper(&d, 0);
	case TREE_NESTED:
		return run_deeper(&d, CLONE_NEWPID);
	case TREE_THREAD:
		return pthread_create(&thread, NULL, connect_all, &d) || pthread_join(thread, NULL);
	case TREE_FLOOD:
		return flood(job);
	case TREE_LISTENS: {
		int listener = tree_listen(TREE_PORT + 1);

		if (write(t->ready[1], "", 1) != 1)
			return 1;
		send_back(accept(listener, NULL, NULL));
		return 0;
	}
	default:
		connect_all(&d);
		return 0;
	}
}

static int first_process(struct tree *t, const struct tree_job *job)
{
	struct stat st;
	uint32_t ino;
	char c;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(t->go[1]);
	if (stat("/proc/self/ns/pid", &st))
		return 2;
	ino = (uint32_t)st.st_ino;
	if (write(t->ready[1], &ino, sizeof(ino)) != sizeof(ino) || read(t->go[0], &c, 1) != 1)
		return 3;
	return run(t, job);
}

bool tree_start(struct tree *t, const struct tree_job *job)
{
	t->results = mmap(NULL, TREE_RESULTS_MAX * sizeof(*t->results), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (t->results == MAP_FAILED || pipe(t->go) || pipe(t->ready))
		return false;
	t->pid = fork_into(CLONE_NEWPID);
	if (!t->pid)
		_exit(first_process(t, job));
	return t->pid > 0 && read(t->ready[0], &t->pidns, sizeof(t->pidns)) == sizeof(t->pidns);
}

void tree_go(struct tree *t)
{
	if (write(t->go[1], "", 1) != 1)
		perror("starting the tree");
}

bool tree_wait(struct tree *t)
{
	struct pollfd p = { (int)syscall(SYS_pidfd_open, t->pid, 0), POLLIN, 0 };

	if (poll(&p, 1, 20000) != 1)
		kill(t->pid, SIGKILL);
	close(p.fd);
	return ended_well(t->pid);
}

void tree_end(struct tree *t)
{
	munmap(t->results, TREE_RESULTS_MAX * sizeof(*t->results));
	close(t->go[0]);
	close(t->go[1]);
	close(t->ready[0]);
	close(t->ready[1]);
}
