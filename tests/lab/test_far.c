/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "far_end.h"
#include "inside.h"
#include "lab/netif.h"
#include "util/duration.h"
#include "util/spawn.h"

/* What the far end does with a connection, mode by mode. */

#define OK "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 29\r\n"
#define BODY "synsent: the far end answers\n"
#define STREAM_LEN (3 << 20)

static uint8_t pattern(size_t i)
{
	return (uint8_t)(i * 31 + i / 251);
}

/* In a child: sends a stream, then its end. */
static pid_t send_stream(int fd)
{
	uint8_t data[STREAM_LEN / 64];
	size_t i, sent, n;
	pid_t pid = fork();

	if (pid)
		return pid;
	for (sent = 0; sent < STREAM_LEN; sent += n) {
		for (n = 0; n < sizeof(data); n++)
			data[n] = pattern(sent + n);
		for (i = 0; i < n;) {
			ssize_t r = send(fd, data + i, n - i, MSG_NOSIGNAL);

			if (r < 0)
				_exit(1);
			i += (size_t)r;
		}
	}
	_exit(shutdown(fd, SHUT_WR) ? 1 : 0);
}

static bool ended_well(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && status == 0;
}

static int echoes(const struct sandbox *sb)
{
	static uint8_t got[STREAM_LEN];
	struct far_end f;
	struct err e = { 0 };
	char text[8] = "";
	size_t i;
	pid_t pid;
	int fd;

	CHECK(!netif_up("lo", &e) && far_end_start(FAR_ECHO, 0, &f));
	fd = far_end_connect(&f);
	CHECK(fd >= 0 && send_text(fd, "ping") && read_bytes(fd, text, 4) == 4 && !strcmp(text, "ping"));
	pid = send_stream(fd);
	CHECK(read_bytes(fd, got, sizeof(got)) == STREAM_LEN && ended_well(pid));
	for (i = 0; i < STREAM_LEN && got[i] == pattern(i); i++)
		;
	CHECK(i == STREAM_LEN && read_bytes(fd, text, 1) == 0);
	close(fd);
	fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(!connect(fd, (struct sockaddr *)&f.at6, sizeof(f.at6)));
	CHECK(send_text(fd, "six") && read_bytes(fd, text, 3) == 3 && !memcmp(text, "six", 3));
	CHECK(far_end_stop(&f) == 0);
	return 0;
}

static int closes(const struct sandbox *sb)
{
	struct far_end f;
	struct err e = { 0 };
	char byte;
	int fd;

	CHECK(!netif_up("lo", &e) && far_end_start(FAR_CLOSE, 0, &f));
	fd = far_end_connect(&f);
	CHECK(fd >= 0 && read_bytes(fd, &byte, 1) == 0);
	CHECK(far_end_stop(&f) == 0);
	return 0;
}

static int says_nothing(enum far_serve what)
{
	struct far_end f;
	struct err e = { 0 };
	char byte;
	pid_t pid;
	int fd;

	CHECK(!netif_up("lo", &e) && far_end_start(what, 0, &f));
	fd = far_end_connect(&f);
	CHECK(fd >= 0 && is_silent(fd) && send_text(fd, "GET / HTTP/1.1\r\n\r\n") && is_silent(fd));
	pid = send_stream(fd);
	CHECK(ended_well(pid) && read_bytes(fd, &byte, 1) == 0);
	CHECK(far_end_stop(&f) == 0);
	return 0;
}

static int hangs(const struct sandbox *sb)
{
	return says_nothing(FAR_HANG);
}

static int swallows(const struct sandbox *sb)
{
	return says_nothing(FAR_SINK);
}

/* "|" in what is sent: a pause, so that it comes in pieces; "^" at its end: the end of the stream. */
static bool send_pieces(int fd, const char *text)
{
	char piece[256];

	while (*text && *text != '^') {
		size_t len = strcspn(text, "|^");

		memcpy(piece, text, len);
		piece[len] = 0;
		if (!send_text(fd, piece))
			return false;
		text += len;
		if (*text == '|') {
			usleep(20000);
			text++;
		}
	}
	return *text != '^' || !shutdown(fd, SHUT_WR);
}

struct dialogue {
	const char *sent, *want;
	bool ends; /* the far end ends the connection then; else it stays */
};

static int dialogues_hold(const struct far_end *f, const struct dialogue *d, size_t n)
{
	char got[1024];
	ssize_t len;
	size_t i;
	int fd;

	for (i = 0; i < n; i++) {
		fd = far_end_connect(f);
		CHECK(fd >= 0 && send_pieces(fd, d[i].sent));
		len = read_bytes(fd, got, d[i].ends ? sizeof(got) - 1 : strlen(d[i].want));
		got[len > 0 ? len : 0] = 0;
		if (len < 0 || strcmp(got, d[i].want)) {
			fprintf(stderr, "to %s: %s", d[i].sent, got);
			return 1;
		}
		CHECK(d[i].ends || is_silent(fd));
		close(fd);
	}
	return 0;
}

static int speaks_http(const struct sandbox *sb)
{
	static const struct dialogue d[] = {
		{ "GET / HTTP/1.1\r\nHost: a\r\n\r\n", OK "\r\n" BODY, false },
		{ "GE|T / HT|TP/1.1\r\n\r|\n", OK "\r\n" BODY, false },
		{ "GET / HTTP/1.1\r\n\r\nHEAD / HTTP/1.1\r\n\r\n", OK "\r\n" BODY OK "\r\n", false },
		{ "GET / HTTP/1.0\r\n\r\n", OK "Connection: close\r\n\r\n" BODY, true },
		{ "GET / HTTP/1.1\r\nConnection: close\r\n\r\n more|and|more", OK "Connection: close\r\n\r\n" BODY,
		  true },
		{ "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		  OK "Connection: close\r\n\r\n" BODY, true },
		{ "nothing\r\n",
		  "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		  true },
		{ "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab", "", false },
		{ "GET / HTTP/1.1\r\n\r\n^", OK "\r\n" BODY, true },
		{ "GET / HTTP/1.1\r\n^", "", true },
	};
	struct far_end f;
	struct err e = { 0 };

	CHECK(!netif_up("lo", &e) && far_end_start(FAR_HTTP, 0, &f));
	CHECK(!dialogues_hold(&f, d, sizeof(d) / sizeof(d[0])));
	CHECK(far_end_stop(&f) == 0);
	return 0;
}

static int decides(const struct sandbox *sb)
{
	static const struct dialogue d[] = {
		{ "GET / HTTP/1.1\r\n\r\n", OK "\r\n" BODY, false },
		{ "O|PTION|S * HTTP/1.1\r\n\r\n", OK "\r\n" BODY, false },
		{ "hello", "hello", false },
		{ "hello|GET / HTTP/1.1\r\n\r\n", "helloGET / HTTP/1.1\r\n\r\n", false },
		{ "PO|NG|", "PONG", false },
		{ "CONNECT a:1 HTTP/1.1\r\n\r\n", "CONNECT a:1 HTTP/1.1\r\n\r\n", false },
		{ "DELETE", "", false },
		{ "DELETE^", "DELETE", true },
		{ "^", "", true },
	};
	struct far_end f;
	struct err e = { 0 };

	CHECK(!netif_up("lo", &e) && far_end_start(FAR_AUTO, 0, &f));
	CHECK(!dialogues_hold(&f, d, sizeof(d) / sizeof(d[0])));
	CHECK(far_end_stop(&f) == 0);
	return 0;
}

/* Real clients, with the address of the far end in the place of "URL"; they print what they got. */
static int real_clients(const struct sandbox *sb)
{
	static const struct {
		const char *argv[8], *want;
	} t[] = {
		{ { "curl", "-s", "-m5", "URL", "URL" }, BODY BODY },
		{ { "curl", "-s", "-m5", "-0", "URL" }, BODY },
		{ { "curl", "-s", "-m5", "-I", "URL" }, OK "\r\n" },
		{ { "sh", "-c", "head -c 3000000 /dev/zero | curl -s -m5 --data-binary @- -w %{http_code} \"$0\"",
		    "URL" },
		  BODY "200" },
		{ { "sh", "-c", "echo | curl -s -m5 -T - -w %{http_code} \"$0\"", "URL" }, BODY "200" },
		{ { "wget", "-q", "-T5", "-t1", "-O-", "URL" }, BODY },
		{ { "python3", "-c",
		    "import http.client, sys\n"
		    "c = http.client.HTTPConnection(sys.argv[1][7:], timeout=5)\n"
		    "for method in 'GET', 'HEAD', 'POST':\n"
		    "    c.request(method, '/', body=b'x' * 9000 if method == 'POST' else None)\n"
		    "    r = c.getresponse()\n"
		    "    print(r.status, len(r.read()))\n",
		    "URL" },
		  "200 29\n200 0\n200 29\n" },
	};
	struct far_end f;
	struct err e = { 0 };
	char url[64];
	size_t i, j;

	CHECK(!netif_up("lo", &e) && far_end_start(FAR_AUTO, 0, &f));
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", ntohs(f.at.sin_port));
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct spawn_result res;
		const char *argv[9] = { 0 };
		const struct spawn s = { argv, NULL, 10 * NS_PER_S, NULL };

		for (j = 0; j < 8 && t[i].argv[j]; j++)
			argv[j] = strcmp(t[i].argv[j], "URL") ? t[i].argv[j] : url;
		if (spawn_run(&s, &res, &e)) {
			fprintf(stderr, "left out: %s\n", e.what);
			spawn_result_fini(&res);
			continue;
		}
		if (res.status || strcmp(buf_text(&res.out), t[i].want)) {
			fprintf(stderr, "%s %s ...: status %d: %s\n", argv[0], argv[1], res.status, buf_text(&res.out));
			return 1;
		}
		spawn_result_fini(&res);
	}
	CHECK(far_end_stop(&f) == 0);
	return 0;
}

static void modes(void **state)
{
	assert_int_equal(inside(echoes), 0);
	assert_int_equal(inside(closes), 0);
	assert_int_equal(inside(hangs), 0);
	assert_int_equal(inside(swallows), 0);
	assert_int_equal(inside(speaks_http), 0);
	assert_int_equal(inside(decides), 0);
	assert_int_equal(inside(real_clients), 0);
}

static void names_of_modes(void **state)
{
	int i;

	for (i = 0; i < FAR_N; i++)
		assert_int_equal(far_serve_of(far_words()[i]), i);
	assert_null(far_words()[FAR_N]);
	assert_int_equal(far_serve_of(""), -1);
	assert_int_equal(far_serve_of("Echo"), -1);
}

static void cannot_go_on(void **state)
{
	struct err e = { 0 };
	int quit[2], bad = -1, no_listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_int_equal(pipe(quit), 0);
	assert_int_equal(far_serve(FAR_ECHO, &bad, 1, quit[0], &e), -EBADF);
	assert_true(e.what[0]);
	/* the kernel says at once that it is ready, and then what it is not */
	assert_int_equal(far_serve(FAR_ECHO, &no_listener, 1, quit[0], &e), -EINVAL);
	close(quit[1]);
	assert_int_equal(far_serve(FAR_ECHO, NULL, 0, quit[0], &e), 0);
	close(quit[0]);
	close(no_listener);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modes),
		cmocka_unit_test(names_of_modes),
		cmocka_unit_test(cannot_go_on),
	};

	if (argc > 1 && !strcmp(argv[1], "nobody"))
		inside_become_nobody();
	if (!inside_possible())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
