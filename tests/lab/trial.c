// SPDX-License-Identifier: GPL-2.0-or-later
#include "trial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sources/sockdiag.h"
#include "sources/sysctls.h"
#include "util/clock.h"

#define PORT 12345

static void fail(const char *what, const struct err *e)
{
	fprintf(stderr, "%s: %s\n", what, e && e->what[0] ? e->what : strerror(errno));
	exit(1);
}

static void skip(const char *why, const char *detail)
{
	printf("skipped: %s: %s\n", why, detail);
	exit(77);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		skip(path, strerror(errno));
	close(fd);
}

/* Root needs no user namespace; anybody else is root in one of his own. */
void trial_gain_privilege(void)
{
	char map[64];
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (!uid)
		return;
	if (unshare(CLONE_NEWUSER))
		skip("no user namespace", strerror(errno));
	put("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	put("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	put("/proc/self/gid_map", map);
}

static void loopback_up(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &r))
		fail("lo", NULL);
	close(fd);
}

static int sysctl(struct trial *t, const char *name, long value)
{
	struct err e = { 0 };
	int r = sysctls_set(name, value, &e);

	if (r && r != -ENOENT)
		fail(t->name, &e);
	return r;
}

/* False when this kernel does not know such a policy. */
static bool set_policy(struct trial *t)
{
	struct policy *p = &t->policy;
	struct err e = { 0 };

	sysctl(t, "ipv4/tcp_syn_retries", t->asked.retries);
	if (sysctl(t, "ipv4/tcp_syn_linear_timeouts", t->asked.linear) && t->asked.linear)
		t->skipped = "no tcp_syn_linear_timeouts here";
	if (t->asked.rto_max_ms && sysctl(t, "ipv4/tcp_rto_max_ms", t->asked.rto_max_ms))
		t->skipped = "no tcp_rto_max_ms here";
	if (t->skipped)
		return false;
	if (sysctls_policy(p, &e))
		fail(t->name, &e);
	if (p->retries != t->asked.retries || p->linear != t->asked.linear ||
	    p->rto_max_ms != (t->asked.rto_max_ms ? t->asked.rto_max_ms : POLICY_RTO_MAX_MS_MAX)) {
		fprintf(stderr, "%s: read back: retries %d, linear %d, rto_max_ms %d\n", t->name, p->retries, p->linear,
			p->rto_max_ms);
		exit(1);
	}
	p->syncnt = t->asked.syncnt;
	p->user_timeout_ms = t->asked.user_timeout_ms;
	return true;
}

static socklen_t loopback(const struct trial *t, struct sockaddr_storage *to)
{
	memset(to, 0, sizeof(*to));
	if (t->family == 6) {
		*(struct sockaddr_in6 *)to = (struct sockaddr_in6){ .sin6_family = AF_INET6,
								    .sin6_port = htons(PORT),
								    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
		return sizeof(struct sockaddr_in6);
	}
	*(struct sockaddr_in *)to = (struct sockaddr_in){ .sin_family = AF_INET,
							  .sin_port = htons(PORT),
							  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	return sizeof(struct sockaddr_in);
}

static int open_socket(const struct trial *t)
{
	int fd = socket(t->family == 6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail(t->name, NULL);
	return fd;
}

/* A server that takes no packet at all. */
static void listen_deaf(struct trial *t)
{
	struct sock_filter refuse = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { .len = 1, .filter = &refuse };
	struct sockaddr_storage at;
	socklen_t len = loopback(t, &at);

	t->listener = open_socket(t);
	if (setsockopt(t->listener, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ||
	    bind(t->listener, (struct sockaddr *)&at, len) || listen(t->listener, 5))
		fail(t->name, NULL);
}

void trial_prepare(struct trial *t)
{
	const struct live_opts o = { .device = "lo", .filter = "tcp dst port 12345", .snaplen = 128 };
	struct err e = { 0 };
	int r;

	*t = (struct trial){ .name = t->name, .asked = t->asked, .family = t->family };
	if (unshare(CLONE_NEWNET))
		skip("no network namespace", strerror(errno));
	if (!set_policy(t))
		return;
	loopback_up();
	r = live_open(&o, &t->live, &e);
	if (r == -EPERM)
		skip(e.what, e.remedy);
	if (r || sockdiag_open(&t->diag, &e))
		fail(t->name, &e);
	listen_deaf(t);
	t->fd = open_socket(t);
	if ((t->policy.syncnt &&
	     setsockopt(t->fd, IPPROTO_TCP, TCP_SYNCNT, &t->policy.syncnt, sizeof(t->policy.syncnt))) ||
	    (t->policy.user_timeout_ms && setsockopt(t->fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
						     &(unsigned int){ (unsigned int)t->policy.user_timeout_ms }, 4)))
		fail(t->name, NULL);
}

struct listing {
	struct trial *t;
	const struct jiffies_clock *jiffies;
};

static void on_socket(const struct sockdiag_socket *s, void *user)
{
	const struct listing *l = user;
	uint64_t near = jiffies_at(l->jiffies, clock_mono_ns(), NULL), armed;
	struct trial *t = l->t;

	if (s->state.flow.server.port != PORT || s->state.flow.client.addr.family != t->family ||
	    !sockdiag_armed(s, l->jiffies->hz, near, &armed))
		return;
	if (!t->listed || armed < t->phase)
		t->phase = armed;
	t->listed = true;
}

void trial_start(struct trial *t, const struct jiffies_clock *jiffies)
{
	struct listing l = { t, jiffies };
	struct sockaddr_storage to;
	socklen_t len = loopback(t, &to);
	struct err e = { 0 };

	if (!connect(t->fd, (struct sockaddr *)&to, len) || errno != EINPROGRESS)
		fail(t->name, NULL);
	for (int i = 0; i < 2; i++)
		if (sockdiag_dump(t->diag, t->family, SOCKDIAG_SYN_SENT, on_socket, &l, &e))
			fail(t->name, &e);
}

static void on_syn(const struct live_packet *p, void *user)
{
	struct trial *t = user;

	if (t->n < TRIAL_SYNS_MAX)
		t->syn_ns[t->n] = p->t_ns - (clock_real_ns() - clock_mono_ns());
	t->n++;
}

void trial_take_syns(struct trial *t)
{
	struct err e = { 0 };

	if (live_read(t->live, on_syn, t, &e) < 0 || live_lost(t->live))
		fail(t->name, &e);
}

void trial_end(struct trial *t)
{
	socklen_t len = sizeof(t->error);

	t->end_ns = clock_mono_ns();
	getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &t->error, &len);
	trial_take_syns(t);
	live_free(t->live);
	sockdiag_free(t->diag);
	close(t->fd);
	close(t->listener);
}
