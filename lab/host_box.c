/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/caps.h"
#include "lab/fast.h"
#include "lab/firewall.h"
#include "lab/here.h"
#include "lab/host_inside.h"
#include "lab/netif.h"
#include "lab/run.h"
#include "lab/sandbox.h"
#include "lab/world.h"
#include "lab/world_stage.h"
#include "sources/connects.h"
#include "sources/live.h"
#include "sources/procs.h"
#include "sources/sysctls.h"

#define FAST_RTO_J 10

/* As `watch --rules` marks SYNs; in a table that lives as long as the sandbox. */
#define NFTRACE                                                                                   \
	"table inet synsent_doctor {\n chain c {\n  type filter hook prerouting priority -350;\n" \
	"  tcp flags & (syn | ack) == syn meta nftrace set 1\n }\n}\n"

static int try_packets(struct err *e)
{
	const struct live_opts o = { .device = "lo", .snaplen = 128, .buffer = 1 << 18 };
	struct live *live = NULL;
	int r = netif_up("lo", e);

	if (!r)
		r = live_open(&o, &live, e);
	live_free(live);
	return r;
}

static int try_firewall(pid_t supervisor, struct err *e)
{
	int n, r = firewall_check_private(supervisor, e);

	return r ? r : firewall_count(&n, e);
}

static int try_fast(const struct host *h, struct err *e)
{
	struct fast *fast = NULL;
	int r = fast_start(FAST_RTO_J, &fast, e);

	fast_free(fast);
	/* without what a sandbox takes, it is one of a user namespace, where BPF is not to be had */
	return host_lacks(h, run_here_caps() & ~(1ULL << CAP_PERFMON), r, e);
}

static int try_world(struct err *e)
{
	const struct world_stage none = { 0 };
	struct world w;
	int r = world_make(&w, NULL, e);

	if (!r)
		r = world_stage(&w, &none, e);
	world_fini(&w);
	return r;
}

/* For good: it comes last. */
static int try_announce(struct err *e)
{
	int fd = connects_announce();

	if (fd >= 0)
		return 0;
	return err_sys(e, -fd, "connect() calls cannot be announced (seccomp)");
}

static void try_inside(struct host *h, pid_t supervisor)
{
	struct err e = { 0 };
	int r;

	host_note_next(h, HOST_NAMESPACES, 0, &e);
	host_note_next(h, HOST_BOX_PACKETS, try_packets(&e), &e);
	r = try_firewall(supervisor, &e);
	host_note_next(h, HOST_BOX_FIREWALL, r, &e);
	if (!r)
		host_note_next(h, HOST_BOX_NFTRACE, firewall_script(NFTRACE, &e), &e);
	host_note_next(h, HOST_BOX_SYSCTLS, sysctls_set("ipv4/tcp_syn_retries", POLICY_RETRIES_MIN, &e), &e);
	host_note_next(h, HOST_FAST, try_fast(h, &e), &e);
	if (!r)
		host_note_next(h, HOST_BOX_WORLD, try_world(&e), &e);
	host_note_next(h, HOST_BOX_ANNOUNCE, try_announce(&e), &e);
}

static void try_user_namespace(struct host *h)
{
	const struct sandbox_opts so = { .user_namespace = true };
	struct err e = { 0 };
	struct sandbox box;

	host_note(h, HOST_USER_NAMESPACES, sandbox_enter(&so, &box, &e), &e);
}

static void try_namespaces(struct host *h)
{
	const struct sandbox_opts so = { 0 };
	struct err e = { 0 };
	struct sandbox box;
	int r = sandbox_enter(&so, &box, &e);

	if (r)
		host_note(h, HOST_NAMESPACES, r, &e);
	else
		try_inside(h, box.supervisor);
}

/* On the host's network, for a process tree of ours in which nothing runs. */
static void try_here(struct host *h)
{
	const struct sandbox_opts so = { .host_network = true };
	struct here_opts o = { .nesting = procs_nesting(sandbox_host_pid()) };
	struct here *here = NULL;
	struct err e = { 0 };
	struct sandbox box;
	struct stat st;
	int r = run_here_check(&e);

	if (!r)
		r = sandbox_enter(&so, &box, &e);
	if (!r && stat("/proc/self/ns/pid", &st))
		r = err_sys(&e, errno, "this process's PID namespace cannot be seen in /proc");
	if (!r) {
		o.pidns = (uint32_t)st.st_ino;
		r = here_start(&o, &here, &e);
	}
	here_free(here);
	r = host_lacks(h, run_here_caps(), r, &e);
	host_note(h, HOST_HERE, r, &e);
}

/* In a process of its own, which nothing outlives. */
static void in_child(struct host *h, void (*fn)(struct host *h))
{
	pid_t parent = getpid(), pid = fork();
	int status;

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			fn(h);
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
}

void host_try_box(struct host *h)
{
	static const enum host_trial_kind kinds[] = {
		HOST_NAMESPACES,  HOST_USER_NAMESPACES, HOST_BOX_PACKETS,  HOST_BOX_FIREWALL, HOST_BOX_NFTRACE,
		HOST_BOX_SYSCTLS, HOST_BOX_WORLD,	HOST_BOX_ANNOUNCE, HOST_FAST,	      HOST_HERE,
	};
	const struct err untried = { .what = "not tried, since something before it failed" };
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		host_note(h, kinds[i], -ECANCELED, &untried);
	in_child(h, try_namespaces);
	in_child(h, try_user_namespace);
	in_child(h, try_here);
}
