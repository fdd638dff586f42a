/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor.h"

/* A host on which everything works, for root. */
static struct doctor *well(void)
{
	struct doctor *d = calloc(1, sizeof(*d));
	int i;

	assert_non_null(d);
	strcpy(d->host.kernel, "6.18.44");
	d->host.hz = 250;
	d->host.bpf_built = "with eBPF";
	for (i = 0; i < HOST_TRACEPOINTS; i++)
		d->host.tracepoints[i].name = "kfree_skb";
	policy_default(0, &d->host.policy);
	return d;
}

static void break_trial(struct doctor *d, enum host_trial_kind k, int code, const char *what, const char *remedy)
{
	struct host_trial *t = &d->host.trials[k];

	t->code = code;
	strcpy(t->what, what);
	strcpy(t->remedy, remedy);
}

static const struct doctor_use *use(struct doctor *d, const char *name)
{
	int i;

	doctor_judge(d);
	for (i = 0; i < DOCTOR_USES; i++)
		if (!strcmp(d->uses[i].name, name))
			return &d->uses[i];
	fail_msg("no use %s", name);
	return NULL;
}

static int not_working(struct doctor *d)
{
	int i, n = 0;

	doctor_judge(d);
	for (i = 0; i < DOCTOR_USES; i++)
		n += d->uses[i].status != DOCTOR_WORKS;
	return n;
}

static void check_text(struct doctor *d, const char *has)
{
	struct buf b = { 0 };
	const char *line, *next;

	doctor_judge(d);
	doctor_text(d, &b);
	if (has && !strstr(buf_text(&b), has))
		fail_msg("lacks \"%s\":\n%s", has, buf_text(&b));
	for (line = buf_text(&b); *line; line = next) {
		next = line + strcspn(line, "\n");
		if (next - line > 80)
			fail_msg("wider than 80: %.*s", (int)(next - line), line);
		next += *next == '\n';
	}
	assert_null(strchr(buf_text(&b), '\033'));
	buf_fini(&b);
}

static void everything_works(void **state)
{
	struct doctor *d = well();

	assert_int_equal(not_working(d), 0);
	assert_true(doctor_is_well(d));
	check_text(d, "Linux 6.18.44, as root: everything works\n");
	free(d);
}

static void one_thing_is_missing(void **state)
{
	struct doctor *d = well();
	const struct doctor_use *u;

	d->host.uid = 1000;
	break_trial(d, HOST_FAST, EPERM, "no CAP_BPF", "leave it out");
	assert_int_equal(not_working(d), 1);
	assert_false(doctor_is_well(d));
	u = use(d, "lab --fast");
	assert_int_equal(u->status, DOCTOR_CANNOT);
	assert_int_equal(u->n, 1);
	assert_string_equal(u->lacks[0].why, "no CAP_BPF");
	assert_string_equal(u->lacks[0].allow, "sudo synsent lab --fast");
	check_text(d, "Linux 6.18.44, as user 1000: 12 of 13 work, 1 cannot\n"
		      "cannot       lab --fast     no CAP_BPF\n"
		      "                              sudo synsent lab --fast\n"
		      "works        lab, run, run --here, ");
	free(d);
}

/* What sudo would not help: a process of root's, and a user namespace. */
static void root_lacks_capabilities(void **state)
{
	struct doctor *d = well();
	const struct doctor_use *u;

	break_trial(d, HOST_PACKETS, EPERM, "no CAP_NET_RAW", "");
	u = use(d, "connect");
	assert_int_equal(u->status, DOCTOR_LESS);
	assert_non_null(u->lacks[0].without);
	assert_string_equal(u->lacks[0].allow, "give this process CAP_NET_RAW");
	assert_int_equal(use(d, "run --here")->status, DOCTOR_CANNOT);
	assert_int_equal(use(d, "watch")->status, DOCTOR_LESS);
	assert_int_equal(use(d, "lab")->status, DOCTOR_WORKS);
	d->host.container = true;
	d->host.uid = 1000;
	assert_string_equal(use(d, "connect")->lacks[0].allow, "outside of this user namespace, with CAP_NET_RAW");
	free(d);
}

static void remedies_that_are_not_root(void **state)
{
	struct doctor *d = well();

	d->host.uid = 1000;
	break_trial(d, HOST_BOX_FIREWALL, ENOENT, "nft: no such program", "install it: apt-get install nftables");
	break_trial(d, HOST_BOX_NFTRACE, ECANCELED, "not tried", "");
	break_trial(d, HOST_BOX_WORLD, ECANCELED, "not tried", "");
	assert_string_equal(use(d, "lab")->lacks[0].allow, "install it: apt-get install nftables");
	/* the cause, not what follows of it */
	assert_string_equal(use(d, "run")->lacks[0].why, "nft: no such program");
	assert_int_equal(use(d, "predict")->status, DOCTOR_WORKS);
	check_text(d, "apt-get install nftables\n");
	/* what is not tried on the host, and could not be in a sandbox, is not held against it */
	assert_int_equal(use(d, "watch --rules")->status, DOCTOR_WORKS);
	assert_string_equal(use(d, "doctor --self-test")->lacks[0].why, "nft: no such program");
	free(d);
}

/* Both things that watch can do without; the same command would allow both, and is said once. */
static void two_lacks(void **state)
{
	struct doctor *d = well();
	const struct doctor_use *u;

	d->host.uid = 1000;
	break_trial(d, HOST_TRACING, EPERM, "no CAP_BPF", "");
	break_trial(d, HOST_PACKETS, EPERM, "no CAP_NET_RAW", "");
	u = use(d, "watch");
	assert_int_equal(u->status, DOCTOR_LESS);
	assert_int_equal(u->n, 2);
	assert_int_equal(u->lacks[0].trial, HOST_TRACING);
	assert_int_equal(u->lacks[1].trial, HOST_PACKETS);
	check_text(d, "sudo synsent watch\n"
		      "                            no CAP_NET_RAW: replies are not seen; --packets and\n"
		      "                            --inbound are refused\n"
		      "             connect ");
	free(d);
}

/* A kernel without drop reasons: nothing that one could run gives them.  Where nothing is traced that is what is said.
 */
static void drops_are_not_told(void **state)
{
	struct doctor *d = well();
	const struct doctor_use *u;

	break_trial(d, HOST_DROPS, ENOTSUP, "this kernel does not tell why", "");
	assert_int_equal(not_working(d), 1);
	u = use(d, "watch");
	assert_int_equal(u->status, DOCTOR_LESS);
	assert_int_equal(u->n, 1);
	assert_string_equal(u->lacks[0].allow, "");
	check_text(d, "with less    watch          this kernel does not tell why: not all packets that\n"
		      "                            this host loses are seen\n"
		      "works ");
	break_trial(d, HOST_TRACING, EPERM, "no CAP_BPF", "");
	break_trial(d, HOST_DROPS, ECANCELED, "not tried", "");
	u = use(d, "watch");
	assert_int_equal(u->n, 1);
	assert_int_equal(u->lacks[0].trial, HOST_TRACING);
	free(d);
}

/* Every trial that any use stands on is named by it when it alone fails, and no use works by nothing. */
static void every_trial_counts(void **state)
{
	int k;

	for (k = 0; k < HOST_TRIAL_N; k++) {
		struct doctor *d = well();
		int n;

		break_trial(d, (enum host_trial_kind)k, EIO, "it is broken", "mend it");
		n = not_working(d);
		/* what an ordinary user could do is told, and no command of root's needs it */
		if (k == HOST_USER_NAMESPACES)
			assert_int_equal(n, 0);
		else
			assert_true(n > 0);
		check_text(d, k == HOST_USER_NAMESPACES ? "ordinary user: it is broken" : "mend it\n");
		free(d);
	}
}

static void check_effect(struct doctor *d, const char *name, long value, long second, const char *effect)
{
	const struct host_setting s = { .name = name, .there = true, .value = value, .second = second };
	struct buf b = { 0 };

	assert_true(doctor_effect(&d->host, &s, &b));
	assert_string_equal(buf_text(&b), effect);
	buf_fini(&b);
}

static void effects(void **state)
{
	const struct host_setting absent = { .name = "ipv4/tcp_syn_retries" };
	const struct host_setting other = { .name = "netfilter/nf_conntrack_count", .there = true };
	struct doctor *d = well();
	struct buf b = { 0 };

	check_effect(d, "ipv4/tcp_syn_retries", 6, 0, "11 SYNs, and the kernel gives up after 131 s");
	d->host.policy.retries = 5;
	d->host.policy.linear = 0;
	check_effect(d, "ipv4/tcp_syn_retries", 5, 0, "6 SYNs, and the kernel gives up after 63 s");
	check_effect(d, "ipv4/tcp_syn_linear_timeouts", 0, 0, "the waits double from the first on");
	check_effect(d, "ipv4/tcp_rto_max_ms", 1500, 0, "no wait between SYNs is above 1.5 s");
	check_effect(d, "ipv4/tcp_synack_retries", 5, 0, "a half-open connection is gone after 63 s");
	check_effect(d, "ipv4/ip_local_port_range", 32768, 60999, "28232 connections to one server and port");
	d->host.reserved_ports = host_ports_in("80,32760-32769,40000,60999-61005\n", 32768, 60999);
	check_effect(d, "ipv4/ip_local_port_range", 32768, 60999,
		     "28228 connections to one server and port, without the 4 of ip_local_reserved_ports");
	d->host.reserved_ports = host_ports_in("\n", 32768, 60999);
	check_effect(d, "ipv4/tcp_abort_on_overflow", 0, 0, "a full accept queue is silent: clients wait");
	check_effect(d, "ipv4/tcp_abort_on_overflow", 1, 0,
		     "a full accept queue is silent: clients wait; an RST comes only where it fills after the SYN-ACK");
	check_effect(d, "ipv4/ip_unprivileged_port_start", 1024, 0, "lower ports need CAP_NET_BIND_SERVICE");
	check_effect(d, "ipv4/ip_unprivileged_port_start", 0, 0, "no port needs CAP_NET_BIND_SERVICE");
	check_effect(d, "ipv4/tcp_tw_reuse", 0, 0, "TIME-WAIT holds a port for 60 s");
	check_effect(d, "ipv4/tcp_tw_reuse", 1, 0, "TIME-WAIT holds a port for 1 s");
	check_effect(d, "ipv4/tcp_tw_reuse", 2, 0, "TIME-WAIT holds a port for 60 s, but on loopback");
	check_effect(d, "ipv4/tcp_max_syn_backlog", 512, 0,
		     "385 half-open connections: more SYNs are dropped, but of known clients");
	d->host.settings[d->host.n_settings++] =
		(struct host_setting){ .name = "ipv4/tcp_syncookies", .there = true, .value = 1 };
	check_effect(d, "ipv4/tcp_max_syn_backlog", 512, 0, "limits nothing, for there are syncookies");
	d->host.settings[d->host.n_settings++] =
		(struct host_setting){ .name = "ipv4/tcp_tw_reuse_delay", .there = true, .value = 2500 };
	check_effect(d, "ipv4/tcp_tw_reuse", 1, 0, "TIME-WAIT holds a port for 2.5 s");
	d->host.settings[d->host.n_settings++] =
		(struct host_setting){ .name = "ipv4/tcp_timestamps", .there = true, .value = 0 };
	check_effect(d, "ipv4/tcp_tw_reuse", 1, 0, "TIME-WAIT holds a port for 60 s: tcp_timestamps is 0");
	assert_false(doctor_effect(&d->host, &absent, &b));
	assert_false(doctor_effect(&d->host, &other, &b));
	check_text(d, "  tcp_syncookies 1                  when the SYN queue is full: it drops no SYN\n");
	/* the widest: its values are apart from what they mean */
	d->host.settings[d->host.n_settings++] = (struct host_setting){
		.name = "ipv4/ip_local_port_range", .there = true, .value = 32768, .second = 60999
	};
	check_text(d, "  ip_local_port_range 32768 60999   28232 connections to one server and port\n");
	for (int i = 0; i < d->host.n_settings; i++)
		d->host.settings[i].there = false;
	check_text(d, "what they mean here\n  none can be read: is /proc mounted?\n");
	free(d);
}

/* A directory's name is from outside. */
static void nothing_steers_the_terminal(void **state)
{
	struct doctor *d = well();

	strcpy(d->host.cgroup, "/sys/fs/cgroup/\033[2J");
	strcpy(d->host.nft.path, "/tmp/\033]0;nft");
	check_text(d, "/sys/fs/cgroup/\\x1b[2J");
	free(d);
}

static void the_self_test(void **state)
{
	struct doctor *d = well();
	struct conform_case *c = d->test.cases;

	d->tested = true;
	d->test.n = 3;
	d->test.took_ns = 8100000000;
	d->test.worst_jiffies = 1.02;
	c[0] = (struct conform_case){ .kind = CONFORM_SCHEDULE, .family = 4, .name = "R2 L0", .held = true };
	c[1] = (struct conform_case){ .kind = CONFORM_ICMP, .family = 4, .name = "icmp 3/13", .held = true };
	c[2] = (struct conform_case){
		.kind = CONFORM_ANSWER, .family = 6, .name = "rst", .held = true, .skipped = "no IPv7"
	};
	doctor_judge(d);
	assert_true(doctor_is_well(d));
	check_text(d, "self-test    all 2 cases as predicted for this kernel\n"
		      "             1 SYN schedules within 1.02 jiffies (4.1 ms) of the predicted\n"
		      "             instants, 1 ICMP errors, 0 other answers and silences, in 8.1 s\n"
		      "             rst, IPv6: skipped, no IPv7\n");
	c[1].held = false;
	strcpy(c[1].expected, "EHOSTUNREACH at once");
	strcpy(c[1].observed, "ETIMEDOUT after 7.203 s");
	assert_false(doctor_is_well(d));
	check_text(d, "self-test    1 of 2 not as predicted for this kernel\n");
	check_text(d, "             icmp 3/13, IPv4\n"
		      "               expected EHOSTUNREACH at once\n"
		      "               was      ETIMEDOUT after 7.203 s\n");
	free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_works),
		cmocka_unit_test(one_thing_is_missing),
		cmocka_unit_test(root_lacks_capabilities),
		cmocka_unit_test(remedies_that_are_not_root),
		cmocka_unit_test(two_lacks),
		cmocka_unit_test(drops_are_not_told),
		cmocka_unit_test(every_trial_counts),
		cmocka_unit_test(effects),
		cmocka_unit_test(nothing_steers_the_terminal),
		cmocka_unit_test(the_self_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
