/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/sockaddr.h"
#include "inside.h"
#include "lab/netif.h"
#include "sources/namespaces.h"
#include "sources/neighbour.h"

static struct namespaces *all;

static struct addr addr(const char *text)
{
	struct addr a = { 0 };

	addr_parse(text, &a);
	return a;
}

static struct endpoint server_at(const char *text)
{
	return (struct endpoint){ .addr = addr(text), .port = 80 };
}

/* A SYN goes there, or waits until the next hop is known. */
static void try(const char *text)
{
	struct endpoint to = server_at(text);
	struct sockaddr_storage sa;
	socklen_t len = sockaddr_of(&to, &sa);
	int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	connect(fd, (struct sockaddr *)&sa, len); /* and stays open */
}

/* The next hop that does not answer, as "ADDRESS DEVICE"; "": none. */
static const char *silent(const char *text)
{
	static char ret[ADDR_TEXT_LEN + IF_NAMESIZE + 1];
	struct endpoint to = server_at(text);
	char hop[ADDR_TEXT_LEN];
	struct neighbour is;

	ret[0] = 0;
	if (neighbour_is_silent(all, 0, &to, &is))
		snprintf(ret, sizeof(ret), "%s %s", addr_format(&is.addr, hop), is.device);
	return ret;
}

static bool by_gateway(const char *dst, const char *via)
{
	const struct netif_path p = { .dst = addr(dst), .type = ROUTE_VIA, .via = addr(via), .dev = "a" };
	struct err e = { 0 };

	return !netif_path(&p, &e);
}

static bool on_link(const char *dst)
{
	const struct netif_path p = { .dst = addr(dst), .type = ROUTE_VIA, .dev = "a" };
	struct err e = { 0 };

	return !netif_path(&p, &e);
}

static bool two_ends(void)
{
	const struct netif_end a = { .name = "a", .mac = { 2, 0, 0, 0, 0, 1 }, .netns = -1 },
			       b = { .name = "b", .mac = { 2, 0, 0, 0, 0, 2 }, .netns = -1 };
	const struct addr four = addr("10.9.0.1"), six = addr("fd09::1");
	struct err e = { 0 };

	return !netif_up("lo", &e) && !netif_veth(&a, &b, 65536, &e) && !netif_up("a", &e) && !netif_up("b", &e) &&
	       !netif_addr("a", &four, true, &e) && !netif_addr("a", &six, true, &e);
}

/* Three times (ucast_solicit and mcast_solicit of net/ipv6/ndisc.c), then it gives up. */
static bool asks_again_soon(void)
{
	FILE *f = fopen("/proc/sys/net/ipv6/neigh/a/retrans_time_ms", "we");
	bool ok = f && fputs("50", f) >= 0;

	return f && !fclose(f) && ok;
}

static int neighbours(const struct sandbox *sb)
{
	const uint8_t mac[6] = { 2, 0, 0, 0, 0, 9 };
	const struct addr known = addr("10.9.0.3");
	struct err e = { 0 };

	(void)sb;
	all = namespaces_new();
	CHECK(all && two_ends() && asks_again_soon());
	CHECK(on_link("10.9.0.2") && on_link("10.9.0.3") && on_link("10.9.0.4") && on_link("fd09::2"));
	CHECK(by_gateway("10.9.1.1", "10.9.0.4") && on_link("fd09::4") && by_gateway("fd09:1::1", "fd09::4"));
	CHECK(!netif_neighbour("a", &known, mac, &e));
	/* nobody has asked */
	CHECK(!strcmp(silent("10.9.0.2"), ""));
	try("10.9.0.2");
	try("10.9.0.3");
	try("10.9.1.1");
	try("fd09::2");
	try("fd09:1::1");
	usleep(100000);
	CHECK(!strcmp(silent("10.9.0.2"), "10.9.0.2 a"));
	CHECK(!strcmp(silent("10.9.0.3"), ""));
	CHECK(!strcmp(silent("10.9.1.1"), "10.9.0.4 a"));
	CHECK(!strcmp(silent("fd09::2"), "fd09::2 a"));
	CHECK(!strcmp(silent("fd09:1::1"), "fd09::4 a"));
	/* the kernel has given up on it */
	usleep(400000);
	CHECK(!strcmp(silent("fd09::2"), "fd09::2 a"));
	/* no way, and this host itself */
	CHECK(!strcmp(silent("192.0.2.1"), "") && !strcmp(silent("10.9.0.1"), "") && !strcmp(silent("::1"), ""));
	namespaces_free(all);
	return 0;
}

static void neighbour(void **state)
{
	(void)state;
	assert_int_equal(inside(neighbours), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(neighbour) };

	if (argc > 1 && !strcmp(argv[1], "nobody"))
		inside_become_nobody();
	if (!inside_possible())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
