/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/sockaddr.h"
#include "inside.h"
#include "lab/fast.h"
#include "lab/firewall.h"
#include "lab/netif.h"
#include "util/clock.h"
#include "util/duration.h"
#include "util/spawn.h"

static struct endpoint endpoint(const char *text)
{
	struct endpoint ep = { 0 };

	endpoint_parse(text, &ep);
	return ep;
}

static int socket_for(const struct endpoint *ep, int flags)
{
	return socket(ep->addr.family == 6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
}

/* errno of a connect() on that socket, 0 when it connects. */
static int connect_on(int fd, const struct endpoint *ep)
{
	struct sockaddr_storage sa;
	socklen_t len = sockaddr_of(ep, &sa);
	int r = connect(fd, (struct sockaddr *)&sa, len) ? errno : 0;

	close(fd);
	return r;
}

static int connect_to(const char *text)
{
	struct endpoint ep = endpoint(text);

	return connect_on(socket_for(&ep, 0), &ep);
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

/* Each rule as it is made, and what a connect() then gets; every one answers at once. */
static int rules_answer(const struct sandbox *sb)
{
	static const struct {
		const char *server;
		enum firewall_match match;
		enum firewall_verdict verdict;
		int error;
	} t[] = {
		{ "127.0.0.1:12345", MATCH_TO_SERVER, FW_REJECT_RST, ECONNREFUSED },
		{ "[::1]:12345", MATCH_TO_SERVER, FW_REJECT_RST, ECONNREFUSED },
		{ "127.0.0.1:12345", MATCH_LOOPBACK, FW_ACCEPT, ECONNREFUSED },
	};
	struct firewall_state st;
	struct err e = { 0 };
	int before, n;
	size_t i;

	CHECK(!netif_up("lo", &e));
	CHECK(!firewall_count(&before, &e) && before == 0);
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct firewall_rule r = { HOOK_INPUT, t[i].match, endpoint(t[i].server), t[i].verdict, "a-rule" };

		CHECK(!firewall_add(&r, 1, &e));
		CHECK(!firewall_count(&n, &e) && n == 1);
		CHECK(!firewall_read(&r, 1, &st, &e) && st.found && st.packets == 0 && !strcmp(st.chain, "input"));
		CHECK(connect_to(t[i].server) == t[i].error);
		CHECK(!firewall_read(&r, 1, &st, &e) && st.packets > 0 && st.bytes > 0);
		CHECK(!firewall_remove(&r, &e));
		CHECK(!firewall_read(&r, 1, &st, &e) && !st.found);
		CHECK(firewall_remove(&r, &e) == -ENOENT);
	}
	return 0;
}

/* What is shown to people is what nft takes and lists, for every combination. */
static int texts_hold(const struct sandbox *sb)
{
	static const char *const servers[] = { "127.0.0.1:12345", "[::1]:80" };
	static const char *const list[] = { "nft", "--stateless", "list", "table", "inet", "synsent", NULL };
	const struct spawn s = { list, NULL, 5 * NS_PER_S, sandbox_keep_caps };
	struct firewall_rule rules[2 * 2 * 3 * 4];
	struct firewall_state st[2 * 2 * 3 * 4];
	struct spawn_result res;
	struct err e = { 0 };
	char text[160];
	int i, n;

	for (n = 0; n < 2 * 2 * 3 * 4; n++)
		rules[n] =
			(struct firewall_rule){ (enum firewall_hook)(n & 1), (enum firewall_match)(n / 4 % 3),
						endpoint(servers[n >> 1 & 1]), (enum firewall_verdict)(n / 12), "all" };
	CHECK(!firewall_add(rules, n, &e));
	CHECK(!firewall_count(&i, &e) && i == n);
	CHECK(!firewall_read(rules, n, st, &e));
	CHECK(!spawn_run(&s, &res, &e) && res.status == 0);
	for (i = 0; i < n; i++) {
		CHECK(st[i].found);
		firewall_nft_text(&rules[i], text, sizeof(text));
		if (rules[i].match != MATCH_SYN_ACK && !strstr(buf_text(&res.out), text)) {
			fprintf(stderr, "nft does not list: %s\n%s", text, buf_text(&res.out));
			return 1;
		}
	}
	spawn_result_fini(&res);
	return 0;
}

static int drops(const struct sandbox *sb)
{
	const struct firewall_rule r = { HOOK_INPUT, MATCH_SYN_ACK, endpoint("127.0.0.1:12345"), FW_DROP, "drop" };
	struct endpoint ep = endpoint("127.0.0.1:12345");
	struct sockaddr_storage sa;
	socklen_t len = sockaddr_of(&ep, &sa);
	int listener = socket_for(&ep, 0), client = socket_for(&ep, SOCK_NONBLOCK);
	struct firewall_state st;
	struct err e = { 0 };

	CHECK(!netif_up("lo", &e) && !bind(listener, (struct sockaddr *)&sa, len) && !listen(listener, 1));
	CHECK(connect_to("127.0.0.1:12345") == 0);
	CHECK(!firewall_add(&r, 1, &e));
	CHECK(connect(client, (struct sockaddr *)&sa, len) && errno == EINPROGRESS);
	CHECK(!firewall_read(&r, 1, &st, &e) && st.packets == 1);
	return 0;
}

static void firewall(void **state)
{
	assert_int_equal(inside(rules_answer), 0);
	assert_int_equal(inside(texts_hold), 0);
	assert_int_equal(inside(drops), 0);
}

static int addresses(const struct sandbox *sb)
{
	static const char *const texts[] = { "198.51.100.7", "2001:db8::7" };
	struct err e = { 0 };
	struct addr a;
	size_t i;

	CHECK(connect_to("127.0.0.1:9") == ENETUNREACH);
	CHECK(!netif_up("lo", &e));
	CHECK(connect_to("127.0.0.1:9") == ECONNREFUSED);
	for (i = 0; i < 2; i++) {
		char ep[64];

		snprintf(ep, sizeof(ep), i ? "[%s]:9" : "%s:9", texts[i]);
		CHECK(!addr_parse(texts[i], &a));
		CHECK(connect_to(ep) == ENETUNREACH);
		CHECK(!netif_addr("lo", &a, true, &e) && !netif_addr("lo", &a, true, &e));
		CHECK(connect_to(ep) == ECONNREFUSED);
		CHECK(!netif_addr("lo", &a, false, &e));
		CHECK(connect_to(ep) == ENETUNREACH);
		CHECK(netif_addr("lo", &a, false, &e) == -EADDRNOTAVAIL);
	}
	CHECK(netif_up("none", &e) == -ENODEV && strstr(e.what, "none"));
	return 0;
}

static int routes(const struct sandbox *sb)
{
	static const struct {
		const char *dst, *ep;
		enum netif_route type;
		int error;
	} t[] = {
		{ "198.51.100.1", "198.51.100.1:9", ROUTE_PROHIBIT, EACCES },
		{ "198.51.100.2", "198.51.100.2:9", ROUTE_UNREACHABLE, EHOSTUNREACH },
		{ "198.51.100.3", "198.51.100.3:9", ROUTE_BLACKHOLE, EINVAL },
		{ "2001:db8::1", "[2001:db8::1]:9", ROUTE_PROHIBIT, EACCES },
		{ "2001:db8::2", "[2001:db8::2]:9", ROUTE_UNREACHABLE, EHOSTUNREACH },
		{ "2001:db8::3", "[2001:db8::3]:9", ROUTE_BLACKHOLE, EINVAL },
	};
	struct err e = { 0 };
	struct addr a;
	size_t i;

	CHECK(!netif_up("lo", &e));
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		CHECK(!addr_parse(t[i].dst, &a) && !netif_route_add(&a, t[i].type, &e));
		CHECK(connect_to(t[i].ep) == t[i].error);
	}
	return 0;
}

static void network(void **state)
{
	assert_int_equal(inside(addresses), 0);
	assert_int_equal(inside(routes), 0);
}

/* One connect under a DROP with 5 retries: 6 SYNs, and about 0.8 s with 3 jiffies of 4 ms.  The second socket is older
 * than the program. */
static int fast_lab(const struct sandbox *sb)
{
	const struct firewall_rule r = { HOOK_INPUT, MATCH_TO_SERVER, endpoint("127.0.0.1:12345"), FW_DROP, "drop" };
	struct endpoint ep = endpoint("127.0.0.1:12345");
	int old_socket = socket_for(&ep, 0), n;
	struct firewall_state st;
	struct sockaddr_storage sa;
	struct fast *f = NULL;
	socklen_t len;
	struct err e = { 0 };

	CHECK(!netif_up("lo", &e) && !firewall_add(&r, 1, &e));
	CHECK(sysctl_set("tcp_syn_retries", "5") &&
	      (access("/proc/sys/net/ipv4/tcp_syn_linear_timeouts", F_OK) || /* before Linux 6.5 */
	       sysctl_set("tcp_syn_linear_timeouts", "0")));
	n = fast_start(3, &f, &e);
	if (n) {
		fprintf(stderr, "%s (exit %d)\n%s\n", e.what, e.exit_code, e.remedy);
		CHECK(e.exit_code == 77 && e.remedy[0] && (n == -EPERM || n == -ENOSYS));
		return 77;
	}
	CHECK(fast_start(2, &f, &e) == -EINVAL);
	for (n = 1; n <= 2; n++) {
		int64_t t = clock_mono_ns();

		CHECK(connect_on(n == 1 ? socket_for(&ep, 0) : old_socket, &ep) == ETIMEDOUT);
		t = clock_mono_ns() - t;
		fprintf(stderr, "fast: ETIMEDOUT after %.3f s\n", (double)t / NS_PER_S);
		CHECK(t > NS_PER_S / 10 && t < 2 * NS_PER_S);
		CHECK(!firewall_read(&r, 1, &st, &e) && st.packets == (uint64_t)n * 6);
	}
	/* Without it the first retransmission is a second away again. */
	fast_free(f);
	len = sockaddr_of(&ep, &sa);
	CHECK(connect(socket_for(&ep, SOCK_NONBLOCK), (struct sockaddr *)&sa, len) && errno == EINPROGRESS);
	usleep(300000);
	CHECK(!firewall_read(&r, 1, &st, &e) && st.packets == 13);
	return 0;
}

static void fast(void **state)
{
	int r = inside(fast_lab);

	if (r == 77 && geteuid() != 0)
		return; /* refused, with its reasons: checked inside */
	if (r == 77)
		skip();
	assert_int_equal(r, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(firewall),
		cmocka_unit_test(network),
		cmocka_unit_test(fast),
	};

	if (argc > 1 && !strcmp(argv[1], "nobody"))
		inside_become_nobody();
	if (!inside_possible())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
