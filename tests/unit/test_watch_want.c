/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which attempts `watch` is asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/options.h"
#include "cli/watch_want.h"

#define MS ((int64_t)1000000)

static struct attempt a;
static struct cgroups *cgroups;
static const char *given[WATCH_WANT_MAX + 1];
static struct option_list list;
static const struct option_list none;

/* What is asked for; all else is. */
static struct watch_asked nothing_asked(void)
{
	return (struct watch_asked){
		.pids = &none, .comms = &none, .uids = &none, .cgroups = &none, .containers = &none, .netns = &none
	};
}

static const struct option_list *list_of(const char *first, const char *second)
{
	given[0] = first;
	given[1] = second;
	list = (struct option_list){ .v = given, .n = second ? 2 : 1 };
	return &list;
}

static void made(const struct watch_asked *o, struct watch_want *ret)
{
	struct err e = { 0 };

	if (watch_want_make(o, cgroups, ret, &e))
		fail_msg("%s", e.what);
}

static int assert_refused(const struct watch_asked *o, const char *part)
{
	struct watch_want w;
	struct err e = { 0 };
	int r = watch_want_make(o, cgroups, &w, &e);

	assert_true(r < 0);
	assert_int_equal(e.exit_code, 2);
	if (!strstr(e.what, part))
		fail_msg("%s: has no \"%s\"", e.what, part);
	watch_want_fini(&w);
	return r;
}

static bool wanted(const struct watch_asked *o)
{
	struct watch_want w;
	bool is;

	made(o, &w);
	is = watch_wants(&w, &a, cgroups);
	watch_want_fini(&w);
	return is;
}

/* With that asked for in one of o's lists. */
static bool wanted_by(const struct watch_asked *o, const struct option_list **of, const char *first, const char *second)
{
	*of = list_of(first, second);
	return wanted(o);
}

static void assert_refused_by(const struct watch_asked *o, const struct option_list **of, const char *text,
			      const char *part)
{
	*of = list_of(text, NULL);
	assert_refused(o, part);
}

static int set_up(void **test)
{
	memset(&a, 0, sizeof(a));
	endpoint_parse("10.0.0.1:40000", &a.flow.client);
	endpoint_parse("10.0.0.2:443", &a.flow.server);
	a.pid = 812;
	a.uid = 1000;
	a.has_uid = true;
	a.netns = 4026531840u;
	a.n_syns = 1;
	strcpy(a.comm, "curl");
	return 0;
}

static void all(void **test)
{
	struct watch_asked o = nothing_asked();

	assert_true(wanted(&o));
	memset(&a, 0, sizeof(a));
	assert_true(wanted(&o));
}

static void processes(void **test)
{
	struct watch_asked o = nothing_asked();

	assert_true(wanted_by(&o, &o.pids, "1", "812"));
	assert_false(wanted_by(&o, &o.pids, "8120", NULL));
	assert_refused_by(&o, &o.pids, "0", "--pid 0");
	assert_refused_by(&o, &o.pids, "-1", "--pid -1");
	assert_refused_by(&o, &o.pids, "12x", "--pid 12x");
	assert_refused_by(&o, &o.pids, "2147483648", "--pid");
	assert_refused_by(&o, &o.pids, "99999999999999999999999", "--pid");
	assert_refused_by(&o, &o.pids, "", "--pid");
}

/* The kernel keeps 15 bytes of a name. */
static void commands(void **test)
{
	struct watch_asked o = nothing_asked();

	assert_true(wanted_by(&o, &o.comms, "wget", "curl"));
	assert_false(wanted_by(&o, &o.comms, "cur", NULL));
	assert_false(wanted_by(&o, &o.comms, "curly", NULL));
	strcpy(a.comm, "a-name-that-is-");
	assert_true(wanted_by(&o, &o.comms, "a-name-that-is-longer", NULL));
	assert_false(wanted_by(&o, &o.comms, "a-name-that-is", NULL));
}

static void users(void **test)
{
	struct watch_asked o = nothing_asked();

	assert_true(wanted_by(&o, &o.uids, "1000", NULL));
	assert_false(wanted_by(&o, &o.uids, "root", NULL));
	a.uid = 0;
	assert_true(wanted(&o));
	assert_false(wanted_by(&o, &o.uids, "4294967295", NULL));
	assert_refused_by(&o, &o.uids, "no-such-user-here", "--uid no-such-user-here");
	assert_refused_by(&o, &o.uids, "4294967296", "--uid");
}

static void namespaces(void **test)
{
	struct watch_asked o = nothing_asked();
	char pid[16], path[64];
	struct stat st;

	assert_true(wanted_by(&o, &o.netns, "4026531840", NULL));
	assert_false(wanted_by(&o, &o.netns, "4026531841", NULL));
	a.netns = 0; /* of a source that does not know: it looks into one alone */
	assert_true(wanted(&o));
	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	a.netns = (uint32_t)st.st_ino;
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	assert_true(wanted_by(&o, &o.netns, pid, NULL));
	snprintf(path, sizeof(path), "/proc/%s/ns/net", pid);
	assert_true(wanted_by(&o, &o.netns, path, NULL));
	a.netns++;
	assert_false(wanted(&o));
	assert_refused_by(&o, &o.netns, "no-such-namespace", "--netns no-such-namespace");
}

/* It is captured in once. */
static void namespaces_once(void **test)
{
	struct watch_asked o = nothing_asked();
	struct watch_want w;
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	o.netns = list_of(pid, "/proc/self/ns/net");
	made(&o, &w);
	assert_int_equal(w.n_netns, 1);
	watch_want_fini(&w);
	o.netns = list_of("4026531840", "4026531841");
	made(&o, &w);
	assert_int_equal(w.n_netns, 2);
	watch_want_fini(&w);
}

/* Whose it was is not known: it is not shown, and may have been wanted. */
static void no_owner(void **test)
{
	struct watch_asked o = nothing_asked();
	struct watch_want w;

	a.glimpsed = true;
	a.uid = 0;
	a.has_uid = false;
	assert_true(wanted(&o));
	assert_false(wanted_by(&o, &o.uids, "0", NULL));
	made(&o, &w);
	assert_true(watch_wants_owner(&w, &a));
	a.has_uid = true;
	assert_false(watch_wants_owner(&w, &a));
	w.uids[0] = 1;
	assert_false(watch_wants_owner(&w, &a));
	watch_want_fini(&w);
	o.uids = &none;
	a.pid = 0;
	assert_false(wanted_by(&o, &o.comms, "curl", NULL));
	made(&o, &w);
	assert_true(watch_wants_owner(&w, &a));
	watch_want_fini(&w);
	o.comms = &none;
	made(&o, &w);
	w.tree = 811;
	assert_false(watch_wants(&w, &a, cgroups));
	assert_true(watch_wants_owner(&w, &a));
	a.pid = 812;
	assert_false(watch_wants(&w, &a, cgroups));
	assert_false(watch_wants_owner(&w, &a));
	a.of_command = true;
	assert_true(watch_wants(&w, &a, cgroups));
	watch_want_fini(&w);
}

static void containers(void **test)
{
	struct watch_asked o = nothing_asked();

	/* of no container, whatever the beginning is */
	assert_false(wanted_by(&o, &o.containers, "0123456789ab", NULL));
	assert_refused_by(&o, &o.containers, "", "--container");
}

static void cgroup(void **test)
{
	struct watch_asked o = nothing_asked();

	o.cgroups = list_of("/a", "/b");
	assert_refused(&o, "once");
	assert_refused_by(&o, &o.cgroups, "/no/such/cgroup", "cgroup");
}

static void too_many(void **test)
{
	struct watch_asked o = nothing_asked();
	int i;

	for (i = 0; i <= WATCH_WANT_MAX; i++)
		given[i] = "1";
	list = (struct option_list){ .v = given, .n = WATCH_WANT_MAX };
	o.pids = &list;
	assert_false(wanted(&o));
	list.n++;
	assert_refused(&o, "--pid: at most 16");
	o.pids = &none;
	o.comms = &list;
	assert_refused(&o, "--comm: at most 16");
	o.comms = &none;
	o.uids = &list;
	assert_refused(&o, "--uid: at most 16");
	o.uids = &none;
	o.containers = &list;
	assert_refused(&o, "--container: at most 16");
	o.containers = &none;
	o.netns = &list;
	assert_refused(&o, "--netns: at most 16");
}

/* A filter is asked of the SYN as it would be a packet. */
static void filters(void **test)
{
	static const struct {
		const char *first, *second;
		bool four, six;
	} cases[] = {
		{ "port 443", NULL, true, true },
		{ "dst", "port 443", true, true },
		{ "src port 443", NULL, false, false },
		{ "src port 40000", NULL, true, true },
		{ "host 10.0.0.2", NULL, true, false },
		{ "net 2001:db8::/32", NULL, false, true },
		{ "dst host", "2001:db8::2", false, true },
		{ "ip6", NULL, false, true },
		{ "not ip6", NULL, true, false },
		{ "tcp[tcpflags] == tcp-syn", NULL, true, false }, /* of IPv4 alone, says pcap-filter(7) */
		{ "udp or port 22", NULL, false, false },
	};
	struct watch_asked o = nothing_asked();
	const char *words[2];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		words[0] = cases[i].first;
		words[1] = cases[i].second;
		o.words = (char *const *)words;
		o.n_words = cases[i].second ? 2 : 1;
		set_up(test);
		if (wanted(&o) != cases[i].four)
			fail_msg("%s: of IPv4", cases[i].first);
		endpoint_parse("[2001:db8::1]:40000", &a.flow.client);
		endpoint_parse("[2001:db8::2]:443", &a.flow.server);
		if (wanted(&o) != cases[i].six)
			fail_msg("%s: of IPv6", cases[i].first);
	}
	words[0] = "port port";
	o.n_words = 1;
	assert_int_equal(assert_refused(&o, "port port"), -EINVAL);
}

/* All that is not empty must hold. */
static int refused_words(char *words)
{
	struct watch_asked o = nothing_asked();
	char *const list_of_words[] = { words };

	o.words = list_of_words;
	o.n_words = 1;
	return assert_refused(&o, words);
}

/* Nothing would ever be shown. */
static void filters_without_syn(void **state)
{
	static const char *const never[] = {
		"udp",
		"icmp or icmp6",
		"arp",
		"udp port 53",
		"udp and dst port 53",
		"tcp[tcpflags] & tcp-ack != 0",
		"tcp[tcpflags] == tcp-rst",
		"greater 100",
		"ip6 and ip[0] & 0xf0 == 0x40",
		"ether host 02:00:00:00:00:01",
		"vlan 10",
		"not tcp",
	};
	size_t i;

	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		assert_int_equal(refused_words((char *)never[i]), -EINVAL);
}

static void together(void **test)
{
	static const char *const pid[] = { "812" }, *const comm[] = { "curl" }, *const other[] = { "wget" };
	const struct option_list pids = { (const char **)pid, 1 }, comms = { (const char **)comm, 1 },
				 others = { (const char **)other, 1 };
	static const char *const words[] = { "port 443" };
	struct watch_asked o = nothing_asked();

	o.pids = &pids;
	o.comms = &comms;
	o.words = (char *const *)words;
	o.n_words = 1;
	assert_true(wanted(&o));
	a.flow.server.port = 80;
	assert_false(wanted(&o));
	a.flow.server.port = 443;
	o.comms = &others;
	assert_false(wanted(&o));
}

static bool wants_end(bool failures, int64_t slow_ms, enum outcome outcome, int64_t elapsed_ms)
{
	struct watch_want w = { .failures = failures, .slow_ns = slow_ms * MS };
	struct verdict v = { .outcome = outcome, .elapsed_ns = elapsed_ms * MS };

	return watch_wants_end(&w, &v);
}

static void ends(void **test)
{
	static const struct {
		bool failures;
		int64_t slow_ms, elapsed_ms;
		bool connected, failed;
	} cases[] = {
		{ false, 0, 1, true, true },
		{ true, 0, 1, false, true },
		/* --slow is asked of failures too, unless all of them are wanted */
		{ false, 500, 499, false, false },
		{ false, 500, 500, true, true },
		{ true, 500, 499, false, true },
		{ true, 500, 500, true, true },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			wants_end(cases[i].failures, cases[i].slow_ms, OUTCOME_ESTABLISHED, cases[i].elapsed_ms),
			cases[i].connected);
		assert_int_equal(wants_end(cases[i].failures, cases[i].slow_ms, OUTCOME_REFUSED, cases[i].elapsed_ms),
				 cases[i].failed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all, set_up),	    cmocka_unit_test_setup(processes, set_up),
		cmocka_unit_test_setup(commands, set_up),   cmocka_unit_test_setup(users, set_up),
		cmocka_unit_test_setup(namespaces, set_up), cmocka_unit_test_setup(namespaces_once, set_up),
		cmocka_unit_test_setup(no_owner, set_up),   cmocka_unit_test_setup(containers, set_up),
		cmocka_unit_test_setup(cgroup, set_up),	    cmocka_unit_test_setup(too_many, set_up),
		cmocka_unit_test_setup(filters, set_up),    cmocka_unit_test_setup(filters_without_syn, set_up),
		cmocka_unit_test_setup(together, set_up),   cmocka_unit_test(ends),
	};
	int r;

	cgroups = cgroups_new();
	if (!cgroups)
		return 1;
	r = cmocka_run_group_tests(tests, NULL, NULL);
	cgroups_free(cgroups);
	return r;
}
