/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/connects.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/sockaddr.h"
#include "sources/procs.h"
#include "util/clock.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#define X32 0x40000000U
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#define X32 0xffffffffU
#endif

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* Linux 5.19 */
#endif
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL /* Linux 6.9 */
#endif
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* Linux 5.14 */
#endif
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef TCP_RTO_MAX_MS
#define TCP_RTO_MAX_MS 44 /* Linux 6.15 */
#endif

int connects_announce(void)
{
#ifdef ARCH
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_connect, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };
	unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	int fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);

	if (fd < 0 && errno == EINVAL)
		fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	return fd < 0 ? -errno : fd;
#else
	return -ENOSYS;
#endif
}

/* Of the thread that calls, or of its process; -1: not to be had. */
static int open_caller(pid_t tid)
{
	int fd = (int)syscall(SYS_pidfd_open, tid, PIDFD_THREAD);

	/* Before 6.9 only a process's first thread can be had so; but few threads have descriptors of their own. */
	if (fd < 0)
		fd = (int)syscall(SYS_pidfd_open, tid, 0);
	return fd < 0 ? procs_open_process_of(tid) : fd;
}

static bool read_address(pid_t tid, const struct seccomp_data *d, struct sockaddr_storage *ret, size_t *ret_len)
{
	size_t len = d->args[2] < sizeof(*ret) ? (size_t)d->args[2] : sizeof(*ret);
	struct iovec to = { ret, len }, from = { (void *)(uintptr_t)d->args[1], len };
	ssize_t n;

	memset(ret, 0, sizeof(*ret));
	n = process_vm_readv(tid, &to, 1, &from, 1, 0);
	*ret_len = n < 0 ? 0 : (size_t)n;
	return *ret_len >= sizeof(sa_family_t);
}

static int get_int(int fd, int level, int option, int otherwise)
{
	int v;
	socklen_t len = sizeof(v);

	return getsockopt(fd, level, option, &v, &len) ? otherwise : v;
}

static bool is_tcp(int fd, bool *ret_mptcp)
{
	int protocol = get_int(fd, SOL_SOCKET, SO_PROTOCOL, -1);

	*ret_mptcp = protocol == IPPROTO_MPTCP;
	return get_int(fd, SOL_SOCKET, SO_TYPE, -1) == SOCK_STREAM &&
	       (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP);
}

static uint64_t get_cookie(int fd, int option)
{
	uint64_t v;
	socklen_t len = sizeof(v);

	return getsockopt(fd, SOL_SOCKET, option, &v, &len) ? 0 : v;
}

uint64_t connects_netns(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t v = fd < 0 ? 0 : get_cookie(fd, SO_NETNS_COOKIE);

	if (fd >= 0)
		close(fd);
	return v;
}

/* TCP_SYNCNT reads as the sysctl's value where it is not set: the same thing. */
static void read_options(int fd, struct connect_call *c)
{
	socklen_t state_len = 1;
	int flags = fcntl(fd, F_GETFL);
	uint8_t state = 0; /* struct tcp_info begins with it */

	c->has_options = true;
	c->nonblocking = flags >= 0 && flags & O_NONBLOCK;
	c->syncnt = get_int(fd, IPPROTO_TCP, TCP_SYNCNT, 0);
	c->user_timeout_ms = get_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 0);
	c->rto_max_ms = get_int(fd, IPPROTO_TCP, TCP_RTO_MAX_MS, 0);
	c->state = getsockopt(fd, IPPROTO_TCP, TCP_INFO, &state, &state_len) ? 0 : state;
	c->cookie = get_cookie(fd, SO_COOKIE);
	c->netns = get_cookie(fd, SO_NETNS_COOKIE);
}

/* False: no TCP socket.  Its descriptor is ours for a moment only: while it is, its close() would not close it. */
static bool look_at_socket(int pidfd, int target_fd, struct connect_call *c)
{
	int fd = (int)syscall(SYS_pidfd_getfd, pidfd, target_fd, 0);
	bool tcp;

	if (fd < 0)
		return true; /* by its address it may be one; the packets will tell */
	tcp = is_tcp(fd, &c->is_mptcp);
	if (tcp)
		read_options(fd, c);
	close(fd);
	return tcp;
}

static bool look(const struct seccomp_notif *n, struct connect_call *c)
{
	struct sockaddr_storage ss;
	size_t len;
	int pidfd;
	bool tcp = true;

	if (!read_address((pid_t)n->pid, &n->data, &ss, &len) ||
	    (ss.ss_family != AF_INET && ss.ss_family != AF_INET6 && ss.ss_family != AF_UNSPEC))
		return false;
	if (ss.ss_family != AF_UNSPEC)
		sockaddr_endpoint(&ss, &c->to);
	pidfd = open_caller((pid_t)n->pid);
	if (pidfd < 0)
		return true;
	c->pid = procs_of_thread(procs_of_pidfd(pidfd), c->comm);
	tcp = look_at_socket(pidfd, (int)n->data.args[0], c);
	close(pidfd);
	return tcp;
}

/* True when there was one. */
static bool take(int listener, void (*fn)(const struct connect_call *c, void *user), void *user, int *ret_error)
{
	struct seccomp_notif n = { 0 };
	struct seccomp_notif_resp answer = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
	struct connect_call c = { 0 };

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &n)) {
		*ret_error = errno == ENOENT || errno == EINTR || errno == EAGAIN ? 0 : -errno;
		return errno == ENOENT; /* the caller died, or a signal called it away */
	}
	c.t_ns = clock_mono_ns();
	if (look(&n, &c) && !ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &n.id))
		fn(&c, user);
	answer.id = n.id;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer); /* ENOENT: it waits no more */
	return true;
}

int connects_read(int listener, void (*fn)(const struct connect_call *c, void *user), void *user)
{
	struct pollfd p = { listener, POLLIN, 0 };
	int n = 0, error = 0;

	while (!error && poll(&p, 1, 0) > 0) {
		if (!(p.revents & POLLIN))
			return p.revents & (POLLHUP | POLLERR | POLLNVAL) ? -ESRCH : n;
		if (!take(listener, fn, user, &error))
			break;
		n++;
	}
	return error ? error : n;
}
