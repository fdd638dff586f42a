/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/metrics_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/sockaddr.h"
#include "sinks/metrics_listen.h"

struct metrics_server *s;
struct metrics_server_counts counts;
struct endpoint at;
int64_t now_ns;
int n_texts;
size_t text_len;

void text(enum openmetrics_format f, struct buf *to, void *user)
{
	assert_ptr_equal(user, &n_texts);
	n_texts++;
	buf_str(to, f == OPENMETRICS ? "OPENMETRICS" : "PROMETHEUS");
	if (text_len > to->len)
		buf_repeat(to, "0123456789abcde\n", (text_len - to->len) / 16);
	to->failed = !text_len;
}

int open_server(void **state)
{
	struct metrics_server_opts o = { .text = text, .user = &n_texts };

	now_ns = 1000 * SECOND;
	n_texts = 0;
	text_len = 10;
	return metrics_listen_parse("0", &o.at, NULL) || metrics_server_open(&o, &s, NULL);
}

int close_server(void **state)
{
	metrics_server_free(s);
	s = NULL;
	return 0;
}

bool can(int fd, short events, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, timeout_ms) == 1;
}

void pump(void)
{
	metrics_server_pump(s, now_ns);
	metrics_server_counts(s, &counts);
}

void settle(void)
{
	int rounds = 0;

	while (can(metrics_server_fd(s), POLLIN, 20)) {
		pump();
		assert_in_range(++rounds, 0, 10000);
	}
}

int client(void)
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

void ask(int fd, const char *what)
{
	assert_int_equal(send(fd, what, strlen(what), MSG_NOSIGNAL), strlen(what));
}

size_t answer(int fd, char *to, size_t size)
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

const char *said(const char *what)
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

bool is_open(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}
