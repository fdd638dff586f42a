/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the server of metrics says to a request, and where it listens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sinks/metrics_conn.h"
#include "sinks/metrics_listen.h"
#include "tests/unit/metrics_client.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_server(requests),	with_server(too_large), with_server(in_bytes),	     with_server(half_closed),
		with_server(pipelined), with_server(shared),	cmocka_unit_test(addresses), with_server(in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
