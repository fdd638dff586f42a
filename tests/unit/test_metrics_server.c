/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server and its clients in one process; the server's clock is ours, so that no deadline is waited for. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/sockaddr.h"
#include "sinks/metrics_conn.h"
#include "sinks/metrics_listen.h"
#include "sinks/metrics_server.h"

#define MS 1000000LL
#define SECOND (1000 * MS)
#define HOST "Host: a\r\n"
#define GET "GET /metrics HTTP/1.1\r\n" HOST "\r\n"

static struct metrics_server *s;
static struct metrics_server_counts counts;
static struct endpoint at;
static int64_t now_ns;
static int n_texts;
static size_t text_len; /* of what is served; 0: there is no memory for it */

static void text(enum openmetrics_format f, struct buf *to, void *user)
{
	assert_ptr_equal(user, &n_texts);
	n_texts++;
	buf_str(to, f == OPENMETRICS ? "OPENMETRICS" : "PROMETHEUS");
	if (text_len > to->len)
		buf_repeat(to, "0123456789abcde\n", (text_len - to->len) / 16);
	to->failed = !text_len;
}

static int open_server(void **state)
{
	struct metrics_server_opts o = { .text = text, .user = &n_texts };

	now_ns = 1000 * SECOND;
	n_texts = 0;
	text_len = 10;
	return metrics_listen_parse("0", &o.at, NULL) || metrics_server_open(&o, &s, NULL);
}

static int close_server(void **state)
{
	metrics_server_free(s);
	s = NULL;
	return 0;
}

static bool can(int fd, short events, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, timeout_ms) == 1;
}

static void pump(void)
{
	metrics_server_pump(s, now_ns);
	metrics_server_counts(s, &counts);
}

/* Until there is nothing more to do for it. */
static void settle(void)
{
	int rounds = 0;

	while (can(metrics_server_fd(s), POLLIN, 20)) {
		pump();
		assert_in_range(++rounds, 0, 10000);
	}
}

/* A client that has connected; it may not have been accepted yet. */
static int client(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_storage ss;
	socklen_t len;

	metrics_server_endpoint(s, &at);
	len = sockaddr_of(&at, &ss);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&ss, len), 0);
	return fd;
}

static void ask(int fd, const char *what)
{
	assert_int_equal(send(fd, what, strlen(what), MSG_NOSIGNAL), strlen(what));
}

#define RESET ((size_t)-1)

/* All that the server says to it, until its end; RESET when that was an RST. */
static size_t answer(int fd, char *to, size_t size)
{
	struct pollfd p[2] = { { .fd = metrics_server_fd(s), .events = POLLIN }, { .fd = fd, .events = POLLIN } };
	size_t len = 0;
	ssize_t n;

	for (;;) {
		assert_true(poll(p, 2, 5000) > 0);
		if (p[0].revents)
			pump();
		if (!p[1].revents)
			continue;
		n = recv(fd, to + len, size - 1 - len, 0);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	to[len] = 0;
	return n < 0 ? RESET : len;
}

/* What is said to that request: its status, and its body behind a blank. */
static const char *said(const char *what)
{
	static char all[4096], told[4096];
	int fd = client();
	const char *body, *field;
	size_t len;

	ask(fd, what);
	len = answer(fd, all, sizeof(all));
	close(fd);
	assert_true(len != RESET && len > 12);
	assert_memory_equal(all, "HTTP/1.1 ", 9);
	body = strstr(all, "\r\n\r\n");
	field = strstr(all, "\r\nContent-Length: ");
	assert_true(body && field && field < body && strstr(all, "\r\nConnection: close\r\n"));
	body += 4;
	if (*body)
		assert_int_equal(strlen(body), atoi(field + 18));
	snprintf(told, sizeof(told), "%.3s %s", all + 9, body);
	return told;
}

static void requests(void **state)
{
	static const struct {
		const char *ask, *want;
	} t[] = {
		{ GET, "200 PROMETHEUS" },
		{ "GET /metrics?name[]=up HTTP/1.1\nHost: a\n\n", "200 PROMETHEUS" },
		{ "GET http://a:1/metrics HTTP/1.1\r\n" HOST "\r\n", "200 PROMETHEUS" },
		{ "GET /metrics HTTP/1.0\r\n\r\n", "200 PROMETHEUS" },
		{ "GET /metrics HTTP/1.1\r\n" HOST "Accept: application/openmetrics-text; version=1.0.0\r\n\r\n",
		  "200 OPENMETRICS" },
		{ "HEAD /metrics HTTP/1.1\r\n" HOST "\r\n", "200 " },
		{ "HEAD / HTTP/1.1\r\n" HOST "\r\n", "200 " },
		{ "HEAD /no HTTP/1.1\r\n" HOST "\r\n", "404 " },
		{ "GET /metrics/ HTTP/1.1\r\n" HOST "\r\n", "404 The metrics are at /metrics.\n" },
		{ "GET /Metrics HTTP/1.1\r\n" HOST "\r\n", "404 The metrics are at /metrics.\n" },
		{ "GET metrics HTTP/1.1\r\n" HOST "\r\n", "404 The metrics are at /metrics.\n" },
		{ "GET http://a/metric HTTP/1.1\r\n" HOST "\r\n", "404 The metrics are at /metrics.\n" },
		{ "POST /metrics HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello",
		  "405 There is nothing here but to GET.\n" },
		{ "PUT / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 999999\r\n\r\n",
		  "405 There is nothing here but to GET.\n" },
		{ "CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n", "405 There is nothing here but to GET.\n" },
		{ "GET /metrics HTTP/1.1\r\n\r\n", "400 This is no HTTP request.\n" },
		{ "GET /metrics HTTP/1.1\r\n" HOST HOST "\r\n", "400 This is no HTTP request.\n" },
		{ "GET /metrics\r\n\r\n", "400 This is no HTTP request.\n" },
		{ "\x16\x03\x01\n", "400 This is no HTTP request.\n" },
		{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 HTTP/1.1 is spoken here.\n" },
	};
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (strcmp(said(t[i].ask), t[i].want))
			fail_msg("%s: %s", t[i].ask, said(t[i].ask));
	assert_non_null(strstr(said("GET / HTTP/1.1\r\n" HOST "\r\n"), "<a href=\"/metrics\">"));
	text_len = 0;
	assert_string_equal(said(GET), "500 There is no memory for the answer.\n");
}

static void too_large(void **state)
{
	static char ask_for[3 * METRICS_HEAD_MAX];
	int n;

	for (n = 0; n < 2; n++) {
		snprintf(ask_for, sizeof(ask_for), "GET /metrics HTTP/1.1\r\n" HOST "A: %0*d\r\n\r\n",
			 METRICS_HEAD_MAX - 39 + n, 0);
		assert_int_equal(strlen(ask_for), METRICS_HEAD_MAX + n);
		assert_string_equal(said(ask_for), n ? "431 The request is too long.\n" : "200 PROMETHEUS");
	}
	/* what comes behind it is thrown away, so that the answer is not */
	memset(ask_for, 'a', sizeof(ask_for) - 1);
	assert_string_equal(said(ask_for), "431 The request is too long.\n");
}

static void in_bytes(void **state)
{
	char all[512];
	int fd = client();
	size_t i;

	for (i = 0; i < strlen(GET); i++) {
		assert_int_equal(send(fd, &GET[i], 1, MSG_NOSIGNAL), 1);
		pump();
	}
	assert_true(answer(fd, all, sizeof(all)) != RESET);
	assert_non_null(strstr(all, "PROMETHEUS"));
	close(fd);
}

static void half_closed(void **state)
{
	char all[512];
	int fd = client();

	ask(fd, GET);
	shutdown(fd, SHUT_WR);
	assert_true(answer(fd, all, sizeof(all)) != RESET);
	assert_non_null(strstr(all, "PROMETHEUS"));
	close(fd);
	/* before it has asked */
	fd = client();
	ask(fd, "GET /metr");
	shutdown(fd, SHUT_WR);
	assert_int_equal(answer(fd, all, sizeof(all)), 0);
	close(fd);
	settle();
	assert_int_equal(metrics_server_wait_ms(s, now_ns), -1);
}

static void pipelined(void **state)
{
	char all[2048], *first;
	int fd = client();

	ask(fd, GET GET GET GET);
	assert_true(answer(fd, all, sizeof(all)) != RESET);
	first = strstr(all, "HTTP/1.1 200");
	assert_ptr_equal(first, all);
	assert_null(strstr(first + 1, "HTTP/1.1 "));
	close(fd);
}

/* Clients that come in together get one text, those that come later another. */
static void shared(void **state)
{
	static const char open[] = "GET /metrics HTTP/1.1\r\n" HOST "Accept: application/openmetrics-text\r\n\r\n";
	int fds[6], i;
	char all[512];

	for (i = 0; i < 6; i++)
		fds[i] = client();
	settle();
	for (i = 0; i < 6; i++)
		ask(fds[i], i < 4 ? GET : open);
	settle();
	assert_int_equal(counts.scraped, 6);
	assert_int_equal(n_texts, 2);
	for (i = 0; i < 6; i++) {
		assert_true(answer(fds[i], all, sizeof(all)) != RESET);
		assert_non_null(strstr(all, i < 4 ? "PROMETHEUS" : "OPENMETRICS"));
		close(fds[i]);
	}
	assert_string_equal(said(GET), "200 PROMETHEUS");
	assert_int_equal(n_texts, 3);
}

static bool is_open(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

/* Clients that never finish asking hold their places for 5 s, whatever they send meanwhile, if nobody else comes. */
static void slow_loris(void **state)
{
	int fds[METRICS_SERVER_CONNS], i;

	assert_int_equal(metrics_server_wait_ms(s, now_ns), -1);
	for (i = 0; i < METRICS_SERVER_CONNS; i++) {
		fds[i] = client();
		ask(fds[i], "GET /metrics HTTP/1.1\r\nA: ");
	}
	settle();
	assert_int_equal(metrics_server_wait_ms(s, now_ns), 5000);
	for (i = 0; i < METRICS_SERVER_CONNS; i++)
		ask(fds[i], "a");
	now_ns += 5 * SECOND - 1;
	settle();
	pump();
	assert_int_equal(counts.late, 0);
	assert_int_equal(metrics_server_wait_ms(s, now_ns), 1);
	for (i = 0; i < METRICS_SERVER_CONNS; i++)
		assert_true(is_open(fds[i]));
	now_ns++;
	assert_int_equal(metrics_server_wait_ms(s, now_ns), 0);
	pump();
	assert_int_equal(counts.late, METRICS_SERVER_CONNS);
	for (i = 0; i < METRICS_SERVER_CONNS; i++) {
		assert_false(is_open(fds[i]));
		close(fds[i]);
	}
	assert_string_equal(said(GET), "200 PROMETHEUS");
}

/* Clients that have not asked give way to those who come, the one of which nothing was heard longest first; and what
 * came with them is read before. */
static void displaced(void **state)
{
	int fds[METRICS_SERVER_CONNS + 1], i, n = METRICS_SERVER_CONNS;

	for (i = 0; i < n; i++) {
		fds[i] = client();
		settle();
		now_ns += SECOND / 100;
	}
	ask(fds[0], "GET /metr");
	settle();
	now_ns++;
	for (i = 0; i < 5; i++)
		assert_string_equal(said(GET), "200 PROMETHEUS");
	assert_int_equal(counts.displaced, 1);
	assert_true(is_open(fds[0]));
	assert_false(is_open(fds[1]));
	for (i = 2; i < n; i++)
		assert_true(is_open(fds[i]));
	/* all that come at once: nobody who asks is lost, whoever comes behind him */
	ask(fds[0], "ics HTTP/1.1\r\n" HOST "\r\n");
	settle();
	for (i = 0; i < n; i++)
		close(fds[i]);
	for (i = 0; i <= n; i++) {
		fds[i] = client();
		ask(fds[i], i == 3 || i == n ? GET : "GET");
	}
	while (can(metrics_server_fd(s), POLLIN, 20)) {
		now_ns++;
		pump();
	}
	assert_int_equal(counts.refused, 0);
	assert_int_equal(counts.scraped, 8);
	for (i = 0; i <= n; i++)
		close(fds[i]);
}

/* Clients that ask and never read have 10 s; others are served meanwhile, and no place is kept from them by those who
 * have their answer and do not close. */
static void never_reading(void **state)
{
	int fds[METRICS_SERVER_CONNS], i, small = 4096;
	static char all[16 << 20];

	text_len = 8 << 20;
	for (i = 0; i < METRICS_SERVER_CONNS - 1; i++) {
		fds[i] = client();
		setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
		ask(fds[i], GET);
	}
	settle();
	assert_int_equal(counts.scraped, METRICS_SERVER_CONNS - 1);
	assert_int_equal(metrics_server_wait_ms(s, now_ns), 10000);
	/* one who reads gets all of it */
	fds[i] = client();
	ask(fds[i], GET);
	assert_in_range(answer(fds[i], all, sizeof(all)), text_len, text_len + 512);
	text_len = 10;
	/* he lingers, and so his place is free for another */
	assert_string_equal(said(GET), "200 PROMETHEUS");
	assert_int_equal(counts.refused, 0);
	now_ns += 10 * SECOND;
	pump();
	assert_int_equal(counts.late, METRICS_SERVER_CONNS - 1);
	assert_int_equal(metrics_server_wait_ms(s, now_ns), -1);
	for (i = 0; i < METRICS_SERVER_CONNS; i++)
		close(fds[i]);
}

/* Who goes on sending, or does not close, once he has his answer. */
static void lingering(void **state)
{
	static const char more[16384];
	int fd = client(), idle = client(), i;
	char all[512];

	ask(idle, GET);
	ask(fd, GET);
	settle();
	assert_int_equal(metrics_server_wait_ms(s, now_ns), 2000);
	for (i = 0; i < 16; i++) {
		if (send(fd, more, sizeof(more), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			break;
		settle();
	}
	assert_in_range(i, METRICS_LINGER_MAX / sizeof(more), 8);
	close(fd);
	assert_true(answer(idle, all, sizeof(all)) != RESET);
	now_ns += 2 * SECOND;
	pump();
	assert_int_equal(metrics_server_wait_ms(s, now_ns), -1);
	assert_int_equal(counts.late, 0);
	close(idle);
}

/* Resets at any time. */
static void resets(void **state)
{
	struct linger now = { .l_onoff = 1 };
	static const char *const asks[] = { "", "GET", GET };
	size_t i;
	int fd;

	text_len = 8 << 20;
	for (i = 0; i < 6; i++) {
		fd = client();
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		ask(fd, asks[i % 3]);
		if (i >= 3)
			settle();
		close(fd);
		settle();
	}
	assert_int_equal(metrics_server_wait_ms(s, now_ns), -1);
	text_len = 10;
	assert_string_equal(said(GET), "200 PROMETHEUS");
}

static void thousand(void **state)
{
	static int fds[1000];
	struct rlimit files;
	int i;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max < 2048 ? files.rlim_max : 2048;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	for (i = 0; i < 1000; i++) {
		fds[i] = client();
		now_ns++;
		pump();
	}
	settle();
	assert_int_equal(counts.accepted, 1000);
	assert_int_equal(counts.displaced, 1000 - METRICS_SERVER_CONNS);
	for (i = 0; i < 1000; i++) {
		assert_int_equal(is_open(fds[i]), i >= 1000 - METRICS_SERVER_CONNS);
		close(fds[i]);
	}
	assert_string_equal(said(GET), "200 PROMETHEUS");
}

/* Where no descriptor is free there is a pause, and not a loop without end. */
static void no_descriptors(void **state)
{
	struct rlimit files, few;
	int fd = client(), next = dup(fd), i;

	close(next);
	getrlimit(RLIMIT_NOFILE, &files);
	few = files;
	few.rlim_cur = (rlim_t)next;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (i = 0; i < 3; i++) {
		assert_true(can(metrics_server_fd(s), POLLIN, 2000));
		pump();
		assert_false(can(metrics_server_fd(s), POLLIN, 0));
		assert_int_equal(metrics_server_wait_ms(s, now_ns), 1000);
		now_ns += SECOND;
		pump();
	}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	assert_int_equal(counts.accepted, 0);
	settle();
	assert_int_equal(counts.accepted, 1);
	close(fd);
	assert_string_equal(said(GET), "200 PROMETHEUS");
}

static void addresses(void **state)
{
	static const struct {
		const char *given, *want; /* NULL: is refused */
	} t[] = {
		{ "9464", "127.0.0.1:9464" },
		{ ":9464", "127.0.0.1:9464" },
		{ "localhost:9464", "127.0.0.1:9464" },
		{ "0", "127.0.0.1:0" },
		{ "192.0.2.1:1", "192.0.2.1:1" },
		{ "0.0.0.0:9464", "0.0.0.0:9464" },
		{ "[::1]:9464", "[::1]:9464" },
		{ "[::]:65535", "[::]:65535" },
		{ "", NULL },
		{ ":", NULL },
		{ "::", NULL },
		{ "::1", NULL },
		{ "::1:9464", NULL },
		{ "[::1]", NULL },
		{ "65536", NULL },
		{ "-1", NULL },
		{ "http", NULL },
		{ "*:9464", NULL },
		{ "localhost", NULL },
		{ "localhost:", NULL },
		{ "example.org:9464", NULL },
		{ "127.0.0.1", NULL },
		{ "127.0.0.1:9464x", NULL },
		{ "0000000000000000000000000000000000000000000000000000000001", NULL },
	};
	char shown[ENDPOINT_TEXT_LEN];
	struct endpoint got;
	struct err e;
	size_t i;
	int r;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		memset(&e, 0, sizeof(e));
		r = metrics_listen_parse(t[i].given, &got, &e);
		if (r != (t[i].want ? 0 : -EINVAL) || (!r && strcmp(endpoint_format(&got, shown), t[i].want)))
			fail_msg("%s: %d", t[i].given, r);
		assert_true(!r || (e.exit_code == 2 && e.remedy[0]));
	}
	metrics_listen_parse("\33[2J", &got, &e);
	assert_null(strchr(e.what, '\33'));
}

static void in_use(void **state)
{
	struct metrics_server_opts o = { .text = text };
	struct metrics_server *other;
	struct err e = { 0 };

	metrics_server_endpoint(s, &o.at);
	assert_true(o.at.port);
	assert_int_equal(metrics_server_open(&o, &other, &e), -EADDRINUSE);
	assert_non_null(strstr(e.what, "127.0.0.1:"));
	assert_non_null(strstr(e.remedy, "ss -ltnp"));
	assert_int_equal(endpoint_parse("192.0.2.77:1024", &o.at), 0);
	assert_int_equal(metrics_server_open(&o, &other, &e), -EADDRNOTAVAIL);
}

#define with_server(f) cmocka_unit_test_setup_teardown(f, open_server, close_server)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_server(requests),	     with_server(too_large),	  with_server(in_bytes),
		with_server(half_closed),    with_server(pipelined),	  with_server(shared),
		with_server(slow_loris),     with_server(displaced),	  with_server(never_reading),
		with_server(lingering),	     with_server(resets),	  with_server(thousand),
		with_server(no_descriptors), cmocka_unit_test(addresses), with_server(in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
