/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/trial.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/sockaddr.h"
#include "core/words.h"
#include "lab/netif.h"
#include "sources/sysctls.h"
#include "util/clock.h"

#define PORT 12345

/* One that this kernel does not have is no failure: *ret_missing. */
static int set(const char *name, long value, bool *ret_missing, struct err *e)
{
	int r = sysctls_set(name, value, e);

	*ret_missing = r == -ENOENT;
	return r == -ENOENT ? 0 : r;
}

static int set_policy(struct trial *t, struct err *e)
{
	bool no_retries, no_linear, no_rto_max = false;
	struct policy *p = &t->policy;
	int r = set("ipv4/tcp_syn_retries", t->asked.retries, &no_retries, e);

	if (!r)
		r = set("ipv4/tcp_syn_linear_timeouts", t->asked.linear, &no_linear, e);
	if (!r && t->asked.rto_max_ms)
		r = set("ipv4/tcp_rto_max_ms", t->asked.rto_max_ms, &no_rto_max, e);
	if (r)
		return r;
	if (no_linear && t->asked.linear)
		t->skipped = "this kernel has no tcp_syn_linear_timeouts";
	if (no_rto_max)
		t->skipped = "this kernel has no tcp_rto_max_ms";
	if (t->skipped)
		return 0;
	r = sysctls_policy(p, e);
	if (r)
		return r;
	if (p->retries != t->asked.retries || p->linear != t->asked.linear ||
	    p->rto_max_ms != (t->asked.rto_max_ms ? t->asked.rto_max_ms : POLICY_RTO_MAX_MS_MAX))
		return err_set(e, EPROTO, "the sysctls that were set read back as retries %d, linear %d, rto_max_ms %d",
			       p->retries, p->linear, p->rto_max_ms);
	p->syncnt = t->asked.syncnt;
	p->user_timeout_ms = t->asked.user_timeout_ms;
	return 0;
}

static socklen_t loopback(const struct trial *t, struct sockaddr_storage *to)
{
	struct endpoint at = { .port = PORT };

	addr_parse(t->family == 6 ? "::1" : "127.0.0.1", &at.addr);
	return sockaddr_of(&at, to);
}

static int open_socket(const struct trial *t)
{
	return socket(t->family == 6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* A server that takes no packet at all. */
static int listen_deaf(struct trial *t, struct err *e)
{
	struct sock_filter refuse = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { .len = 1, .filter = &refuse };
	struct sockaddr_storage at;
	socklen_t len = loopback(t, &at);

	t->listener = open_socket(t);
	if (t->listener < 0 || setsockopt(t->listener, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ||
	    bind(t->listener, (struct sockaddr *)&at, len) || listen(t->listener, 5))
		return err_sys(e, errno, "cannot listen on port %d of loopback", PORT);
	return 0;
}

static int open_client(struct trial *t, struct err *e)
{
	unsigned int user_timeout = (unsigned int)t->policy.user_timeout_ms;

	t->fd = open_socket(t);
	if (t->fd < 0 ||
	    (t->policy.syncnt &&
	     setsockopt(t->fd, IPPROTO_TCP, TCP_SYNCNT, &t->policy.syncnt, sizeof(t->policy.syncnt))) ||
	    (user_timeout && setsockopt(t->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout, sizeof(user_timeout))))
		return err_sys(e, errno, "cannot prepare a connecting socket");
	return 0;
}

void trial_init(struct trial *t)
{
	*t = (struct trial){ .name = t->name, .asked = t->asked, .family = t->family, .listener = -1, .fd = -1 };
}

int trial_prepare(struct trial *t, struct err *e)
{
	const struct live_opts o = {
		.device = "lo", .filter = "tcp dst port 12345", .snaplen = 128, .buffer = 1 << 18
	};
	int r;

	if (unshare(CLONE_NEWNET))
		return err_sys(e, errno, "cannot make a network namespace");
	r = set_policy(t, e);
	if (r || t->skipped)
		return r;
	r = netif_up("lo", e);
	if (!r)
		r = live_open(&o, &t->live, e);
	if (!r)
		r = sockdiag_open(&t->diag, e);
	if (!r)
		r = listen_deaf(t, e);
	return r ? r : open_client(t, e);
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

int trial_start(struct trial *t, const struct jiffies_clock *jiffies, struct err *e)
{
	struct listing l = { t, jiffies };
	struct sockaddr_storage to;
	socklen_t len = loopback(t, &to);
	int i, r = 0;

	if (!connect(t->fd, (struct sockaddr *)&to, len))
		return err_set(e, EPROTO, "a listener that takes no packet was connected to");
	if (errno != EINPROGRESS)
		return err_sys(e, errno, "cannot connect to loopback");
	for (i = 0; !r && i < 2; i++)
		r = sockdiag_dump(t->diag, t->family, SOCKDIAG_SYN_SENT, on_socket, &l, e);
	return r;
}

static void on_syn(const struct live_packet *p, void *user)
{
	struct trial *t = user;

	if (t->n < TRIAL_SYNS_MAX)
		t->syn_ns[t->n] = p->t_ns - (clock_real_ns() - clock_mono_ns());
	t->n++;
}

int trial_take_syns(struct trial *t, struct err *e)
{
	int r = live_read(t->live, on_syn, t, e);

	if (r < 0)
		return r;
	return live_lost(t->live) ? err_set(e, ENOBUFS, "the packet socket lost packets") : 0;
}

int trial_end(struct trial *t, struct err *e)
{
	socklen_t len = sizeof(t->error);

	t->end_ns = clock_mono_ns();
	getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &t->error, &len);
	return trial_take_syns(t, e);
}

void trial_fini(struct trial *t)
{
	live_free(t->live);
	sockdiag_free(t->diag);
	t->live = NULL;
	t->diag = NULL;
	if (t->fd >= 0)
		close(t->fd);
	if (t->listener >= 0)
		close(t->listener);
	t->fd = t->listener = -1;
}

/* How far, in jiffies, a jiffy's begin is from what lay between two instants; kept where it is the worst. */
static void compare(const struct jiffies_clock *c, int64_t from_ns, int64_t to_ns, uint64_t jiffy, double *worst)
{
	int64_t tick = jiffies_tick_ns(c->hz), due = c->edge_mono_ns + (int64_t)(jiffy - c->at_edge) * tick;
	int64_t off_ns = due < from_ns ? from_ns - due : due > to_ns ? due - to_ns : 0;
	double off = (double)off_ns / (double)tick;

	if (off > *worst)
		*worst = off;
}

const char *trial_judge(const struct trial *t, const struct jiffies_clock *jiffies, int tolerance,
			struct schedule *ret_schedule, double *ret_worst)
{
	struct schedule s;
	double worst = 0;
	int i, off;

	schedule_exact(&t->policy, t->phase, &s);
	if (ret_schedule)
		*ret_schedule = s;
	if (!t->end_ns || !t->n)
		return "no SYN was seen, or no end";
	for (i = 1; i < t->n && i < s.n && i < TRIAL_SYNS_MAX; i++)
		compare(jiffies, t->syn_ns[i], t->syn_ns[i], t->phase + (uint64_t)s.syn[i], &worst);
	compare(jiffies, t->alive_ns, t->end_ns, t->phase + (uint64_t)s.end, &worst);
	if (ret_worst)
		*ret_worst = worst;
	/* as a packet, SYN 0 may leave just before the tick after which its timer is armed */
	off = (int)(t->phase - jiffies_at(jiffies, t->syn_ns[0], NULL));
	if (!t->listed || off < -1 || off > tolerance)
		return "sock_diag's phase is not that of SYN 0";
	if (t->n != s.n)
		return "another number of SYNs";
	if (t->error != ETIMEDOUT)
		return "not ETIMEDOUT";
	return worst > tolerance ? "off by more than the tolerance" : NULL;
}
