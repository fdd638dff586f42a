/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients of the server of metrics that are slow, many, or never done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sinks/metrics_conn.h"
#include "tests/unit/metrics_client.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_server(slow_loris), with_server(displaced), with_server(never_reading),  with_server(lingering),
		with_server(resets),	 with_server(thousand),	 with_server(no_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
