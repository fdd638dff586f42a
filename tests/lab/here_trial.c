/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "here_trial.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "inside.h"
#include "lab/fast.h"
#include "lab/netif.h"
#include "sources/live.h"
#include "util/bytes.h"

/* So long that a busy machine does not reach the end of the schedule before its last SYN. */
#define FIRST_RTO_J 10

struct log noted;

static void on_told(const struct wire_told *t, void *user)
{
	if (noted.n_told < 4096)
		noted.told[noted.n_told++] = *t;
}

const struct here_view telling = { .drop = on_told };

/* The filter lets SYNs pass, of which IPv4's have no options here. */
static void on_syn(const struct live_packet *p, void *user)
{
	struct bytes b = bytes_of(p->data, p->caplen);
	uint16_t type, port;

	if (noted.n_seen < 1024 && bytes_skip(&b, 12) && bytes_u16be(&b, &type) &&
	    bytes_skip(&b, type == 0x0800 ? 20 : 40) && bytes_u16be(&b, &noted.seen[noted.n_seen].port) &&
	    bytes_u16be(&b, &port) && bytes_u32be(&b, &noted.seen[noted.n_seen].seq))
		noted.n_seen++;
}

static enum what what_of(const struct wire_told *t)
{
	return t->reply ? (t->syn ? TOLD_SYN_ACK : TOLD_RECEIVED) : (t->syn ? TOLD_SYN : TOLD_SENT);
}

int count_told(enum what what)
{
	int i, n = 0;

	for (i = 0; i < noted.n_told; i++)
		n += what_of(&noted.told[i]) == what;
	return n;
}

/* SYNs seen from that port, or from all others. */
static int count_seen(uint16_t port, bool others)
{
	int i, n = 0;

	for (i = 0; i < noted.n_seen; i++)
		n += (noted.seen[i].port == port) != others;
	return n;
}

static bool sysctl_set(const char *name, const char *value)
{
	char path[128];
	bool ok;
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ok = fd >= 0 && write(fd, value, strlen(value)) > 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

int world(void)
{
	static struct fast *f;
	struct err e = { 0 };

	CHECK(!netif_up("lo", &e));
	CHECK(sysctl_set("tcp_syn_retries", "2") &&
	      (access("/proc/sys/net/ipv4/tcp_syn_linear_timeouts", F_OK) || /* before Linux 6.5 */
	       sysctl_set("tcp_syn_linear_timeouts", "0")));
	if (fast_start(FIRST_RTO_J, &f, &e)) {
		fprintf(stderr, "%s\n%s\n", e.what, e.remedy);
		return 77;
	}
	CHECK(tree_echo() > 0);
	return 0;
}

struct fault fault(enum fault_kind kind, int n, const char *host, uint16_t port, int family)
{
	struct fault f = { .kind = kind, .n = n, .text = "a fault", .scope = { .port = port, .family = family } };

	if (host) {
		snprintf(f.scope.host, sizeof(f.scope.host), "%s", host);
		addr_parse("192.0.2.1", &f.scope.addrs[f.scope.n_addrs++]);
		addr_parse(host, &f.scope.addrs[f.scope.n_addrs++]);
	}
	return f;
}

static bool as_expected(int n, int expected)
{
	return expected == ANY ? n > 0 : n == expected;
}

/* Each told packet is the tree's, and its class's ordinals are those that the fault asks for. */
static int check_told(const struct trial *t, uint16_t outside)
{
	int next[TOLD_N] = { 0 }, i;
	struct endpoint to = { 0 };

	endpoint_parse(strcmp(t->job.to, TO_MAPPED) ? t->job.to : TO_V4, &to);
	for (i = 0; i < noted.n_told; i++) {
		const struct wire_told *told = &noted.told[i];
		enum what what = what_of(told);

		if (told->syn && told->nth == 0)
			next[what] = 0;
		CHECK(told->flow.client.port && told->flow.client.port != outside);
		CHECK(endpoint_equal(&told->flow.server, &to));
		CHECK(told->flow.client.addr.family == to.addr.family && !addr_is_any(&told->flow.client.addr));
		CHECK(told->fault == 0 && told->deed == WIRE_DROPPED && told->isn);
		CHECK(told->nth == next[what]++);
		CHECK(!i || told->t_ns >= noted.told[i - 1].t_ns);
	}
	return 0;
}

static int check_trial(const struct trial *t, const struct tree *tree, uint16_t outside, const struct here_counts *c)
{
	int i;

	for (i = 0; i < TOLD_N; i++)
		CHECK(as_expected(count_told((enum what)i), t->told[i]));
	CHECK(as_expected(count_seen(outside, true), t->seen));
	CHECK(count_seen(outside, false) == 1);
	CHECK(c->dropped[0] == (uint64_t)noted.n_told && !c->untold && !c->unmarked);
	CHECK(c->connects == (t->job.way == TREE_AGAIN ? 2 : 1));
	CHECK(tree->results[0].error == t->error);
	CHECK(tree->results[0].spoke == (t->job.talk && !t->error && !t->quiet));
	return check_told(t, outside);
}

static int drain(struct live *l, struct here *h)
{
	struct pollfd p = { live_fd(l), POLLIN, 0 };
	struct err e = { 0 };

	while (poll(&p, 1, 50) == 1)
		if (live_read(l, on_syn, NULL, &e) < 0)
			return -1;
	return live_lost(l) ? -1 : here_read(h, &telling, NULL);
}

static int try(const struct trial *t)
{
	const struct live_opts lo = { "lo",
				      "tcp dst port 5000 and (tcp[13] & 0x12 = 2 or (ip6 and ip6[53] & 0x12 = 2))",
				      128 };
	const struct tree_job outside = { .to = t->job.to, .talk = true };
	struct here_opts o = { .faults = &t->fault, .n_faults = 1, .seed = TRIAL_SEED };
	struct here_counts c;
	struct tree_result r;
	struct live *live;
	struct err e = { 0 };
	struct tree tree;
	struct here *h;
	int failed;

	memset(&noted, 0, sizeof(noted));
	CHECK(tree_start(&tree, &t->job) && !live_open(&lo, &live, &e));
	o.pidns = tree.pidns;
	CHECK(!here_start(&o, &h, &e));
	tree_go(&tree);
	r = tree_connect(&outside);
	CHECK(tree_wait(&tree) && drain(live, h) >= 0);
	CHECK(!r.error && r.spoke);
	here_counts(h, &c);
	failed = check_trial(t, &tree, r.port, &c);
	if (failed)
		fprintf(stderr, "%s: errno %d, told %d SYNs %d SYN-ACKs %d sent %d received, saw %d SYNs\n", t->name,
			tree.results[0].error, count_told(TOLD_SYN), count_told(TOLD_SYN_ACK), count_told(TOLD_SENT),
			count_told(TOLD_RECEIVED), count_seen(r.port, true));
	here_free(h);
	live_free(live);
	tree_end(&tree);
	return failed;
}

int try_all(const struct trial *t, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (try(&t[i]))
			return 1;
	return 0;
}

int run_tree(const struct tree_job *job, const struct fault *faults, int n, struct tree *tree, struct here_counts *c)
{
	const struct live_opts lo = { "lo", "tcp dst port 5000 and tcp[13] & 0x12 = 2", 128 };
	struct here_opts o = { .faults = faults, .n_faults = n, .seed = TRIAL_SEED };
	struct live *live;
	struct err e = { 0 };
	struct here *h;

	memset(&noted, 0, sizeof(noted));
	CHECK(tree_start(tree, job) && !live_open(&lo, &live, &e));
	o.pidns = tree->pidns;
	CHECK(!here_start(&o, &h, &e));
	tree_go(tree);
	CHECK(tree_wait(tree) && drain(live, h) >= 0);
	here_counts(h, c);
	here_free(h);
	live_free(live);
	return 0;
}
