/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "inside.h"
#include "lab/names.h"
#include "lab/netif.h"
#include "util/duration.h"
#include "util/spawn.h"

/* Real resolvers ask names_answer(), over UDP on loopback, with an /etc of their own. */

#define PATIENCE (4 * NS_PER_S) /* less than the 5 s after which a resolver asks again: no answer may displease one */

static const char *const rules[] = {
	"four=10.0.0.1,10.0.0.2",
	"gone=",
	"*.wild=2001:db8:5::1",
	"many=2001:db8:1::1,2001:db8:1::2,2001:db8:1::3,2001:db8:1::4,2001:db8:1::5,2001:db8:1::6,2001:db8:1::7,"
	"2001:db8:1::8,2001:db8:1::9,2001:db8:1::a,2001:db8:1::b,2001:db8:1::c,2001:db8:1::d,2001:db8:1::e,"
	"2001:db8:1::f,2001:db8:1::10",
};

/* A child that answers what comes, and writes a line for each question: "NAME TYPE ANSWERS RCODE". */
static int responder(struct names *n, int *ret_log)
{
	struct sockaddr_in at = { AF_INET, htons(53), { htonl(INADDR_LOOPBACK) } }, from;
	uint8_t query[4096], answer[4096];
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), log[2];
	struct names_question q;
	socklen_t len;
	size_t out;
	ssize_t in;
	pid_t pid;

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) || pipe2(log, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	pid = fork();
	*ret_log = log[pid ? 0 : 1];
	if (pid)
		return pid > 0 ? 0 : -errno;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		len = sizeof(from);
		in = recvfrom(fd, query, sizeof(query), 0, (struct sockaddr *)&from, &len);
		if (in < 0)
			_exit(1);
		out = names_answer(n, bytes_of(query, (size_t)in), answer, sizeof(answer), &q);
		dprintf(*ret_log, "%s %d %d %d\n", q.name, q.type, q.n_answers, q.rcode);
		if (out)
			sendto(fd, answer, out, 0, (struct sockaddr *)&from, len);
	}
}

static bool put_over(const char *directory, const char *name, const char *text)
{
	char from[128], to[128];
	bool ok;
	int fd;

	snprintf(from, sizeof(from), "%s/%s", directory, name);
	snprintf(to, sizeof(to), "/etc/%s", name);
	fd = open(from, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	ok = fd >= 0 && dprintf(fd, "%s", text) >= 0 && !mount(from, to, NULL, MS_BIND, NULL);
	if (!ok)
		fprintf(stderr, "%s: %s\n", to, strerror(errno));
	if (fd >= 0)
		close(fd);
	unlink(from);
	return ok;
}

/* In this process's own mounts only. */
static bool own_etc(const struct names *n)
{
	char directory[] = "/tmp/synsent-names-XXXXXX";
	struct buf hosts = { 0 };
	bool ok;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || !mkdtemp(directory)) {
		perror("mounts of our own");
		return false;
	}
	names_hosts(n, "10.9.9.9 gone from.hosts\n", &hosts);
	ok = put_over(directory, "resolv.conf", "nameserver 127.0.0.1\n") &&
	     put_over(directory, "nsswitch.conf", "hosts: files dns\n") &&
	     put_over(directory, "hosts", buf_text(&hosts));
	buf_fini(&hosts);
	rmdir(directory);
	return ok;
}

/* Loopback, and an address of each family: without one resolvers do not ask for it (AI_ADDRCONFIG). */
static int world(int *ret_log)
{
	struct names *n = names_new(true);
	struct err e = { 0 };
	struct addr four, six;
	size_t i;

	CHECK(n && !netif_up("lo", &e));
	CHECK(!addr_parse("192.0.2.1", &four) && !addr_parse("2001:db8:ffff::1", &six));
	CHECK(!netif_addr("lo", &four, true, &e) && !netif_addr("lo", &six, true, &e));
	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		CHECK(!names_resolve(n, rules[i], &e));
	CHECK(own_etc(n));
	CHECK(!responder(n, ret_log));
	return 0;
}

static bool logged(int log, const char *line)
{
	static char text[65536];
	static size_t len;
	ssize_t n = read(log, text + len, sizeof(text) - 1 - len);

	if (n > 0)
		len += (size_t)n;
	return strstr(text, line) != NULL;
}

#define PYTHON "import socket, sys\n"
#define INFO(name, more) "print(*sorted({a[4][0] for a in socket.getaddrinfo(" name ", 1" more ")}))\n"

struct client {
	const char *argv[8];
	int status;
	const char *want[3]; /* parts of its output */
};

static const struct client clients[] = {
	{ { "getent", "ahosts", "db.internal" }, 0, { "198.18.0.1 ", "2001:db8::1 ", "STREAM" } },
	{ { "getent", "ahostsv6", "DB.internal." }, 0, { "2001:db8::1 " } },
	{ { "getent", "hosts", "198.18.0.1" }, 0, { "198.18.0.1", "db.internal" } },
	{ { "getent", "hosts", "2001:db8::1" }, 0, { "2001:db8::1", "db.internal" } },
	{ { "getent", "hosts", "198.18.0.77" }, 2, { "" } },
	{ { "getent", "ahosts", "gone" }, 2, { "" } },
	{ { "getent", "ahosts", "from.hosts" }, 0, { "10.9.9.9 " } },
	{ { "getent", "ahosts", "localhost" }, 0, { "127.0.0.1 ", "::1 " } },
	{ { "python3", "-c", PYTHON INFO("'b.example'", "") INFO("'four'", "") INFO("'x.y.wild'", "") },
	  0,
	  { "198.18.0.2 2001:db8::2\n10.0.0.1 10.0.0.2\n2001:db8:5::1\n" } },
	{ { "python3", "-c",
	    PYTHON INFO("'a.localhost'", ", socket.AF_INET") "print(socket.gethostbyaddr('10.0.0.2')[0])\n" },
	  0,
	  { "127.0.0.1\nfour\n" } },
	{ { "python3", "-c", PYTHON INFO("'four'", ", socket.AF_INET6") }, 1, { "" } },
	{ { "python3", "-c", PYTHON "print(len(socket.getaddrinfo('many', 1, 0, socket.SOCK_STREAM)))\n" },
	  0,
	  { "16\n" } },
	{ { "perl", "-MSocket=:addrinfo", "-e",
	    "my ($e, @r) = getaddrinfo('perl.example', 1, { socktype => 1 }); print $e, scalar(@r), \"\\n\"" },
	  0,
	  { "2\n" } },
	{ { "node", "-e",
	    "const d = require('dns').promises; (async () => {"
	    "console.log(await d.resolve4('four'), await d.resolve6('x.wild'), await d.reverse('198.18.0.1'));"
	    "console.log(await d.resolveTxt('db.internal').catch(e => e.code), await d.resolve4('gone').catch(e => e.code));"
	    "console.log((await d.lookup('db.internal', { all: true })).map(a => a.address).sort()) })()" },
	  0,
	  { "[ '10.0.0.1', '10.0.0.2' ] [ '2001:db8:5::1' ] [ 'db.internal' ]\n", "ENODATA ENOTFOUND\n",
	    "[ '198.18.0.1', '2001:db8::1' ]\n" } },
	{ { "dig", "+noall", "+comments", "+answer", "+ednsopt=10", "db.internal", "AAAA" },
	  0,
	  { "NOERROR", "flags: qr rd ra; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 1", "2001:db8::1\n" } },
	{ { "dig", "+short", "-x", "198.18.0.1" }, 0, { "db.internal.\n" } },
	{ { "dig", "+noall", "+comments", "gone" }, 0, { "NXDOMAIN" } },
	{ { "dig", "+noall", "+comments", "CH", "TXT", "version.bind" }, 0, { "REFUSED" } },
	{ { "nslookup", "db.internal" }, 0, { "198.18.0.1", "2001:db8::1" } },
	{ { "host", "db.internal" }, 0, { "has address 198.18.0.1\n", "has IPv6 address 2001:db8::1\n" } },
	{ { "busybox", "nslookup", "db.internal" }, 0, { "198.18.0.1", "2001:db8::1" } },
};

/* How many were left out, or -1. */
static int asks(const struct client *c)
{
	const struct spawn s = { c->argv, NULL, PATIENCE, NULL };
	struct spawn_result res;
	struct err e = { 0 };
	int i, r = 0;

	if (spawn_run(&s, &res, &e)) {
		fprintf(stderr, "left out: %s\n", e.what);
		spawn_result_fini(&res);
		return 1;
	}
	for (i = 0; i < 3 && c->want[i]; i++)
		if (!strstr(buf_text(&res.out), c->want[i]))
			r = -1;
	if (r || res.status != c->status || res.timed_out) {
		fprintf(stderr, "%s %s %s: status %d, %s%s", c->argv[0], c->argv[1], c->argv[2], res.status,
			buf_text(&res.out), buf_text(&res.err));
		r = -1;
	}
	spawn_result_fini(&res);
	return r;
}

/* This process's own resolver, too. */
static int own_lookup(void)
{
	struct addrinfo hints = { .ai_flags = AI_ADDRCONFIG, .ai_socktype = SOCK_STREAM }, *found, *a;
	int n = 0;

	CHECK(!getaddrinfo("db.internal", "5432", &hints, &found));
	for (a = found; a; a = a->ai_next)
		n++;
	freeaddrinfo(found);
	CHECK(n == 2);
	CHECK(getaddrinfo("gone", "5432", &hints, &found) == EAI_NONAME);
	return 0;
}

static int resolvers(const struct sandbox *sb)
{
	int log, left_out = 0, r;
	size_t i;

	CHECK(!world(&log));
	CHECK(!own_lookup());
	CHECK(logged(log, "db.internal 1 1 0\n") && logged(log, "db.internal 28 1 0\n") &&
	      logged(log, "gone 28 0 3\n"));
	for (i = 0; i < sizeof(clients) / sizeof(clients[0]); i++) {
		r = asks(&clients[i]);
		CHECK(r >= 0);
		left_out += r;
	}
	fprintf(stderr, "%zu resolvers' questions, %d of them left out\n", i, left_out);
	CHECK(logged(log, "1.0.18.198.in-addr.arpa 12 1 0\n") && !logged(log, "from.hosts"));
	return 0;
}

static void resolve(void **state)
{
	assert_int_equal(inside(resolvers), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resolve),
	};

	if (argc > 1 && !strcmp(argv[1], "nobody"))
		inside_become_nobody();
	if (!inside_possible())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
