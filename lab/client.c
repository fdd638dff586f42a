/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/sockaddr.h"
#include "lab/sandbox.h"
#include "util/clock.h"

#ifndef TCP_RTO_MAX_MS
#define TCP_RTO_MAX_MS 44 /* include/uapi/linux/tcp.h, since 6.15 */
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

struct client {
	pid_t pid;
	int pidfd;
	int report; /* our end of a SOCK_SEQPACKET pair */
	bool ended;
};

/* What the child says first. */
struct ready {
	int32_t pid;
	uint16_t port;
	int error;
	const char *what; /* a literal: the same address in both processes */
};

static int set(int fd, int option, int64_t value)
{
	int v = (int)value;

	return value && setsockopt(fd, IPPROTO_TCP, option, &v, sizeof(v)) ? errno : 0;
}

/* The port is chosen before connect(), so that every packet and every word of the kernel can be matched. */
static int prepare(const struct client_opts *o, struct ready *ready)
{
	struct endpoint any = { .addr = { .family = o->server.addr.family } };
	struct sockaddr_storage ss;
	socklen_t len = sockaddr_of(&any, &ss);
	int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ready->what = "socket";
	if (fd < 0) {
		ready->error = errno;
		return -1;
	}
	ready->what = "TCP_SYNCNT";
	ready->error = set(fd, TCP_SYNCNT, o->syncnt);
	if (!ready->error) {
		ready->what = "TCP_USER_TIMEOUT";
		ready->error = set(fd, TCP_USER_TIMEOUT, o->user_timeout_ms);
	}
	if (!ready->error) {
		ready->what = "TCP_RTO_MAX_MS (since Linux 6.15)";
		ready->error = set(fd, TCP_RTO_MAX_MS, o->rto_max_ms);
	}
	if (!ready->error && bind(fd, (struct sockaddr *)&ss, len)) {
		ready->what = "bind";
		ready->error = errno;
	}
	if (!ready->error && !getsockname(fd, (struct sockaddr *)&ss, &len)) {
		sockaddr_endpoint(&ss, &any);
		ready->port = any.port;
	}
	return fd;
}

static bool in_syn_sent(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	return !getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) && info.tcpi_state == TCP_SYN_SENT;
}

/* connect() with the client's own timer: what curl, Go, Java and most libraries do. */
static enum client_word connect_with_timer(int fd, const struct sockaddr *sa, socklen_t len, int64_t timeout_ns,
					   int *ret_error)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	struct timespec wait = { .tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000 };
	socklen_t size = sizeof(*ret_error);
	int n;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	*ret_error = 0;
	if (!connect(fd, sa, len))
		return CLIENT_CONNECTED;
	if (errno != EINPROGRESS) {
		*ret_error = errno;
		return CLIENT_FAILED;
	}
	n = ppoll(&p, 1, &wait, NULL);
	/* Both limits may pass at once: ours ends it only if the socket is waiting still. */
	if (n == 0 && in_syn_sent(fd))
		return CLIENT_OWN_TIMER;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, ret_error, &size);
	return *ret_error ? CLIENT_FAILED : CLIENT_CONNECTED;
}

__attribute__((noreturn)) static void child(const struct client_opts *o, int report)
{
	struct ready ready = { .pid = sandbox_host_pid() };
	struct client_news news = { 0 };
	struct sockaddr_storage ss;
	socklen_t len = sockaddr_of(&o->server, &ss);
	char byte;
	int fd = prepare(o, &ready);

	if (send(report, &ready, sizeof(ready), 0) < 0 || ready.error || recv(report, &byte, 1, 0) != 1)
		_exit(1);
	news.call_ns = clock_mono_ns();
	if (o->app_timeout_ns) {
		news.word = connect_with_timer(fd, (struct sockaddr *)&ss, len, o->app_timeout_ns, &news.error);
	} else {
		news.error = connect(fd, (struct sockaddr *)&ss, len) ? errno : 0;
		news.word = news.error ? CLIENT_FAILED : CLIENT_CONNECTED;
	}
	news.return_ns = clock_mono_ns();
	if (news.word == CLIENT_OWN_TIMER)
		close(fd);
	if (send(report, &news, sizeof(news), MSG_NOSIGNAL) < 0)
		_exit(1);
	if (news.word == CLIENT_CONNECTED) {
		/* The orderly close: our FIN, then the server's. */
		fcntl(fd, F_SETFL, 0);
		shutdown(fd, SHUT_WR);
		while (read(fd, &byte, 1) > 0)
			;
	}
	_exit(0);
}

__attribute__((noreturn)) static void child_program(char **argv, int report)
{
	struct ready ready = { .pid = sandbox_host_pid() };
	sigset_t none;
	char byte;

	if (send(report, &ready, sizeof(ready), 0) < 0 || recv(report, &byte, 1, 0) != 1)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	sandbox_drop_caps();
	execvp(argv[0], argv);
	ready.error = errno;
	send(report, &ready, sizeof(ready), MSG_NOSIGNAL);
	_exit(127);
}

int client_start(const struct client_opts *o, struct client **ret, int32_t *ret_pid, uint16_t *ret_port, struct err *e)
{
	struct client *c = calloc(1, sizeof(*c));
	struct ready ready;
	int pair[2];

	if (!c)
		return err_sys(e, ENOMEM, "client");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		free(c);
		return err_sys(e, errno, "client: socketpair");
	}
	c->pid = fork();
	if (c->pid == 0) {
		close(pair[0]);
		if (o->argv)
			child_program(o->argv, pair[1]);
		child(o, pair[1]);
	}
	close(pair[1]);
	c->report = pair[0];
	c->pidfd = c->pid > 0 ? (int)syscall(SYS_pidfd_open, c->pid, 0) : -1;
	if (c->pid < 0 || c->pidfd < 0) {
		client_free(c);
		return err_sys(e, errno, "client: fork");
	}
	if (recv(c->report, &ready, sizeof(ready), 0) != sizeof(ready) || ready.error) {
		client_free(c);
		return err_sys(e, ready.error ? ready.error : EIO, "client: %s", ready.what);
	}
	fcntl(c->report, F_SETFL, O_NONBLOCK);
	*ret_pid = ready.pid;
	*ret_port = ready.port;
	*ret = c;
	return 0;
}

void client_go(struct client *c)
{
	send(c->report, "g", 1, MSG_NOSIGNAL);
}

int client_report_fd(const struct client *c)
{
	return c->report;
}

int client_process_fd(const struct client *c)
{
	return c->ended ? -1 : c->pidfd;
}

/* What it says comes before its end: one that is gone has said all, so its end is looked for first. */
void client_news(struct client *c, struct client_news *ret)
{
	union {
		struct client_news news;
		struct ready failed;
	} from;
	siginfo_t si = { 0 };
	bool gone = !c->ended && !waitid(P_PIDFD, (id_t)c->pidfd, &si, WEXITED | WNOHANG | WNOWAIT) && si.si_pid;
	ssize_t n = c->report >= 0 ? recv(c->report, &from, sizeof(from), 0) : 0;

	memset(ret, 0, sizeof(*ret));
	if (n == sizeof(from.news)) {
		*ret = from.news;
		return;
	}
	if (n == sizeof(from.failed)) { /* exec failed */
		ret->word = CLIENT_FAILED;
		ret->error = from.failed.error;
		return;
	}
	if (n == 0 && c->report >= 0) {
		close(c->report);
		c->report = -1;
	}
	if (!gone || waitid(P_PIDFD, (id_t)c->pidfd, &si, WEXITED | WNOHANG) || !si.si_pid)
		return;
	c->ended = true;
	ret->word = CLIENT_ENDED;
	ret->end_ns = clock_mono_ns();
	if (si.si_code == CLD_EXITED)
		ret->status = si.si_status;
	else
		ret->signal = si.si_status;
}

void client_kill(struct client *c, int signal)
{
	if (!c->ended)
		syscall(SYS_pidfd_send_signal, c->pidfd, signal, NULL, 0);
}

void client_free(struct client *c)
{
	if (!c)
		return;
	if (c->pid > 0 && !c->ended) {
		if (c->pidfd >= 0)
			client_kill(c, SIGKILL);
		else
			kill(c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
	}
	if (c->pidfd >= 0)
		close(c->pidfd);
	if (c->report >= 0)
		close(c->report);
	free(c);
}
