/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/host.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/caps.h"
#include "lab/cgroup.h"
#include "lab/fast.h"
#include "lab/host_inside.h"
#include "lab/sandbox.h"
#include "sources/jiffies.h"
#include "sources/sockdiag.h"
#include "sources/sysctls.h"
#include "util/confine.h"
#include "util/duration.h"
#include "util/spawn.h"

/* What bears on connection attempts, on either side. */
static const char *const settings[] = {
	"ipv4/tcp_syn_retries",
	"ipv4/tcp_syn_linear_timeouts",
	"ipv4/tcp_rto_max_ms",
	"ipv4/ip_local_port_range",
	"ipv4/tcp_tw_reuse",
	"ipv4/tcp_tw_reuse_delay",
	"ipv4/tcp_timestamps",
	"ipv4/tcp_synack_retries",
	"ipv4/tcp_syncookies",
	"ipv4/tcp_max_syn_backlog",
	"core/somaxconn",
	"ipv4/tcp_abort_on_overflow",
	"ipv4/conf/all/rp_filter",
	"netfilter/nf_conntrack_max",
	"netfilter/nf_conntrack_count",
	"ipv4/ip_unprivileged_port_start",
};

_Static_assert(sizeof(settings) / sizeof(settings[0]) <= HOST_SETTINGS_MAX, "room for every setting");

/* Of them tcp_retransmit_synack and tcp_send_reset are for what comes in. */
static const struct host_tracepoint tracepoints[HOST_TRACEPOINTS] = {
	{ .group = "sock", .name = "inet_sock_set_state" },  { .group = "tcp", .name = "tcp_retransmit_skb" },
	{ .group = "sock", .name = "inet_sk_error_report" }, { .group = "tcp", .name = "tcp_receive_reset" },
	{ .group = "tcp", .name = "tcp_destroy_sock" },	     { .group = "skb", .name = "kfree_skb" },
	{ .group = "raw_syscalls", .name = "sys_exit" },     { .group = "tcp", .name = "tcp_retransmit_synack" },
	{ .group = "tcp", .name = "tcp_send_reset" },
};

const char *host_trial_name(enum host_trial_kind k)
{
	static const char *const names[HOST_TRIAL_N] = {
		[HOST_POLICY] = "policy",
		[HOST_JIFFIES] = "jiffies",
		[HOST_SOCK_DIAG] = "sock-diag",
		[HOST_PACKETS] = "packets",
		[HOST_LOW_PORTS] = "low-ports",
		[HOST_CONFINE] = "confine",
		[HOST_TRACING] = "tracing",
		[HOST_DROPS] = "drops",
		[HOST_RULESET] = "ruleset",
		[HOST_NAMESPACES] = "namespaces",
		[HOST_USER_NAMESPACES] = "user-namespaces",
		[HOST_BOX_PACKETS] = "lab-packets",
		[HOST_BOX_FIREWALL] = "lab-firewall",
		[HOST_BOX_NFTRACE] = "lab-nftrace",
		[HOST_BOX_SYSCTLS] = "lab-sysctls",
		[HOST_BOX_WORLD] = "run-world",
		[HOST_BOX_ANNOUNCE] = "run-announce",
		[HOST_FAST] = "fast",
		[HOST_HERE] = "here",
	};

	return names[k];
}

const struct host_setting *host_setting(const struct host *h, const char *name)
{
	int i;

	for (i = 0; i < h->n_settings; i++)
		if (!strcmp(h->settings[i].name, name))
			return h->settings[i].there ? &h->settings[i] : NULL;
	return NULL;
}

void host_note(struct host *h, enum host_trial_kind k, int r, const struct err *e)
{
	struct host_trial *t = &h->trials[k];
	const char *line = e->remedy + strspn(e->remedy, " ");

	*t = (struct host_trial){ .code = -r };
	if (!r)
		return;
	snprintf(t->what, sizeof(t->what), "%.*s", (int)sizeof(t->what) - 1, e->what);
	snprintf(t->remedy, sizeof(t->remedy), "%.*s", (int)strcspn(line, "\n"), line);
}

void host_note_next(struct host *h, enum host_trial_kind k, int r, struct err *e)
{
	host_note(h, k, r, e);
	*e = (struct err){ 0 };
}

int host_lacks(const struct host *h, uint64_t mask, int r, struct err *e)
{
	uint64_t lacks = mask & ~h->caps;
	char names[256] = "";
	const char *name;
	size_t len = 0;
	int cap;

	if ((r != -EPERM && r != -EACCES) || !lacks)
		return r;
	for (cap = 0; cap < 64; cap++) {
		name = lacks >> cap & 1 ? host_cap_name(cap) : NULL;
		if (name && len < sizeof(names))
			len += (size_t)snprintf(names + len, sizeof(names) - len, "%s CAP_%s", len ? "," : "", name);
	}
	return err_set(e, -r, "no%s", names);
}

const char *host_cap_name(int cap)
{
	switch (cap) {
	case CAP_NET_BIND_SERVICE:
		return "NET_BIND_SERVICE";
	case CAP_NET_ADMIN:
		return "NET_ADMIN";
	case CAP_NET_RAW:
		return "NET_RAW";
	case CAP_SYS_ADMIN:
		return "SYS_ADMIN";
	case CAP_PERFMON:
		return "PERFMON";
	case CAP_BPF:
		return "BPF";
	default:
		return NULL;
	}
}

long host_ports_in(const char *list, long first, long last)
{
	long from, to, n = 0;
	char *end;

	for (;; list = end + 1) {
		from = to = strtol(list, &end, 10);
		if (end == list)
			return n;
		if (*end == '-')
			to = strtol(end + 1, &end, 10);
		from = from < first ? first : from;
		to = to > last ? last : to;
		n += to < from ? 0 : to - from + 1;
		if (*end != ',')
			return n;
	}
}

static void read_reserved(struct host *h)
{
	const struct host_setting *range = host_setting(h, "ipv4/ip_local_port_range");
	FILE *f = range ? fopen("/proc/sys/net/ipv4/ip_local_reserved_ports", "re") : NULL;
	char *list = NULL;
	size_t size = 0;

	if (!f)
		return;
	if (getline(&list, &size, f) > 0)
		h->reserved_ports = host_ports_in(list, range->value, range->second);
	free(list);
	fclose(f);
}

static void read_settings(struct host *h)
{
	size_t i;

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		struct host_setting *s = &h->settings[h->n_settings++];
		char path[96];
		FILE *f;

		s->name = settings[i];
		snprintf(path, sizeof(path), "/proc/sys/net/%s", settings[i]);
		f = fopen(path, "re");
		if (!f)
			continue;
		s->there = fscanf(f, "%ld %ld", &s->value, &s->second) >= 1;
		fclose(f);
	}
}

static void find_iptables(struct host_program *p)
{
	const char *const argv[] = { p->path, "--version", NULL };
	const struct spawn s = { argv, NULL, 2 * NS_PER_S, NULL };
	struct spawn_result res;

	if (!spawn_find("iptables", p->path, sizeof(p->path)))
		return;
	/* "iptables v1.8.9 (nf_tables)"; before 1.8 there was the legacy one alone, which says nothing */
	if (!spawn_run(&s, &res, NULL) && !res.status)
		p->legacy = !strstr(buf_text(&res.out), "(nf_tables)");
	spawn_result_fini(&res);
}

static bool is_initial_userns(void)
{
	struct stat st;

	return stat("/proc/self/ns/user", &st) || st.st_ino == SANDBOX_HOST_USERNS;
}

static void look(struct host *h)
{
	char path[CGROUP_PATH_LEN];

	kernel_version(h->kernel, sizeof(h->kernel));
	h->hz = jiffies_hz();
	h->uid = geteuid();
	h->caps = caps_effective();
	h->container = !is_initial_userns();
	h->bpf_built = fast_built();
	memcpy(h->tracepoints, tracepoints, sizeof(tracepoints));
	if (!spawn_find("nft", h->nft.path, sizeof(h->nft.path)))
		h->nft.path[0] = 0;
	find_iptables(&h->iptables);
	if (!cgroup_own_path(path))
		snprintf(h->cgroup, sizeof(h->cgroup), "%.*s", (int)sizeof(h->cgroup) - 1, path);
	read_settings(h);
	read_reserved(h);
}

static void ignore_socket(const struct sockdiag_socket *s, void *user)
{
	/* That it is told is all. */
}

static int try_sock_diag(struct err *e)
{
	struct sockdiag *d = NULL;
	int fd = -1, r = sockdiag_open(&d, e);

	if (!r)
		r = sockdiag_dump(d, 0, SOCKDIAG_SYN_SENT, ignore_socket, NULL, e);
	if (r == -EAGAIN)
		r = 0;
	if (!r)
		r = sockdiag_destroy_open(&fd, e);
	sockdiag_free(d);
	if (fd >= 0)
		close(fd);
	return r;
}

/* Of no protocol, so that no packet comes to it. */
static int try_packets(const struct host *h, struct err *e)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), code = errno;

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	return host_lacks(h, 1ULL << CAP_NET_RAW, err_sys(e, code, "no packet socket"), e);
}

static int try_low_ports(const struct host *h, struct err *e)
{
	const struct host_setting *s = host_setting(h, "ipv4/ip_unprivileged_port_start");
	const uint64_t mask = 1ULL << CAP_NET_BIND_SERVICE;

	if (h->caps & mask || (s && s->value <= 1))
		return 0;
	return host_lacks(h, mask, -EACCES, e);
}

static int try_confine(struct err *e)
{
	struct confined c;

	confine_probe(&c);
	return c.missing[0] ? err_set(e, EOPNOTSUPP, "%s", c.missing) : 0;
}

/* What nft may do on the host is not tried, only whether this process would be let. */
static int try_ruleset(const struct host *h, struct err *e)
{
	const uint64_t mask = 1ULL << CAP_NET_ADMIN;

	if (!h->nft.path[0]) {
		err_remedy(e, "apt-get install nftables");
		return err_set(e, ENOENT, "no nft");
	}
	return h->caps & mask ? 0 : host_lacks(h, mask, -EPERM, e);
}

static int try_jiffies(struct err *e)
{
	struct jiffies_clock c;

	return jiffies_calibrate(&c, e);
}

static void try_all(struct host *h)
{
	struct err e = { 0 };

	host_note_next(h, HOST_POLICY, sysctls_policy(&h->policy, &e), &e);
	host_note_next(h, HOST_JIFFIES, try_jiffies(&e), &e);
	host_note_next(h, HOST_SOCK_DIAG, try_sock_diag(&e), &e);
	host_note_next(h, HOST_PACKETS, try_packets(h, &e), &e);
	host_note_next(h, HOST_LOW_PORTS, try_low_ports(h, &e), &e);
	host_note_next(h, HOST_CONFINE, try_confine(&e), &e);
	host_note_next(h, HOST_RULESET, try_ruleset(h, &e), &e);
	host_try_tracing(h);
	host_try_box(h);
}

void host_probe(struct host *ret)
{
	struct host *h = mmap(NULL, sizeof(*h), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct err e = { .what = "no memory to try it in" };
	int k;

	memset(ret, 0, sizeof(*ret));
	if (h == MAP_FAILED) {
		look(ret);
		for (k = 0; k < HOST_TRIAL_N; k++)
			host_note(ret, (enum host_trial_kind)k, -ENOMEM, &e);
		return;
	}
	look(h);
	try_all(h);
	memcpy(ret, h, sizeof(*h));
	munmap(h, sizeof(*h));
}
