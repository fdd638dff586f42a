/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "far_end.h"
#include "inside.h"
#include "lab/netif.h"
#include "util/clock.h"
#include "util/duration.h"

/* Many connections, slow ones, and too many. */

#define MANY 500
#define FEW 40 /* descriptors */
#define OVER 100

static bool echoed(int fd, int number)
{
	char want[16], got[16] = "";

	snprintf(want, sizeof(want), "%d.", number);
	return read_bytes(fd, got, strlen(want)) == (ssize_t)strlen(want) && !strcmp(got, want);
}

static bool send_number(int fd, int number)
{
	char text[16];

	snprintf(text, sizeof(text), "%d.", number);
	return send_text(fd, text);
}

static int many_at_once(const struct sandbox *sb)
{
	int fds[MANY], i;
	struct far_end f;
	struct err e = { 0 };

	CHECK(!netif_up("lo", &e) && far_end_start(FAR_ECHO, 0, &f));
	for (i = 0; i < MANY; i++)
		CHECK((fds[i] = far_end_connect(&f)) >= 0);
	for (i = 0; i < MANY; i++)
		CHECK(send_number(fds[i], i));
	for (i = MANY - 1; i >= 0; i--)
		CHECK(echoed(fds[i], i));
	for (i = 0; i < MANY; i += 2)
		close(fds[i]);
	for (i = 1; i < MANY; i += 2)
		CHECK(send_number(fds[i], -i) && echoed(fds[i], -i));
	CHECK(far_end_stop(&f) == 0);
	/* The end came while 250 were open; they were told. */
	for (i = 1; i < MANY; i += 2)
		CHECK(read_bytes(fds[i], &(char){ 0 }, 1) == 0);
	return 0;
}

/* Sends until nothing goes any more for 300 ms; how much went. */
static size_t fill(int fd)
{
	static const char data[65536];
	struct pollfd p = { fd, POLLOUT, 0 };
	size_t sent = 0;
	ssize_t n;

	while (poll(&p, 1, 300) == 1) {
		n = send(fd, data, sizeof(data), MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n <= 0)
			break;
		sent += (size_t)n;
	}
	return sent;
}

static int does_not_read(const struct sandbox *sb)
{
	static char back[65536];
	int slow, other, i;
	size_t sent, got = 0;
	struct far_end f;
	struct err e = { 0 };
	int64_t t;
	ssize_t n;

	CHECK(!netif_up("lo", &e) && far_end_start(FAR_ECHO, 0, &f));
	slow = far_end_connect(&f);
	sent = fill(slow);
	/* The sockets' buffers, and 64 KiB. */
	CHECK(sent > 65536 && sent < 64 << 20);
	/* Others do not notice. */
	other = far_end_connect(&f);
	t = clock_mono_ns();
	for (i = 0; i < 100; i++)
		CHECK(send_number(other, i) && echoed(other, i));
	fprintf(stderr, "one client holds back %zu kB of its own; 100 echoes of another's took %.1f ms\n", sent / 1024,
		(double)(clock_mono_ns() - t) / NS_PER_MS);
	/* And it goes on where it was. */
	shutdown(slow, SHUT_WR);
	while ((n = read_bytes(slow, back, sizeof(back))) > 0)
		got += (size_t)n;
	CHECK(n == 0 && got == sent);
	CHECK(far_end_stop(&f) == 0);
	return 0;
}

static bool is_ready(int fd, int timeout_ms)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, timeout_ms) == 1;
}

/* They are accepted in the order in which they came, so the first are served, and those that wait do so behind them. */
static int runs_out(const struct sandbox *sb)
{
	int fds[OVER], i, served;
	struct far_end f;
	struct err e = { 0 };

	CHECK(!netif_up("lo", &e) && far_end_start(FAR_ECHO, FEW, &f));
	for (i = 0; i < OVER; i++)
		CHECK((fds[i] = far_end_connect(&f)) >= 0 && send_number(fds[i], i));
	for (served = 0; is_ready(fds[served], served < FEW / 4 ? 5000 : 300); served++)
		CHECK(served < FEW);
	fprintf(stderr, "with %d descriptors: %d served, %d wait\n", FEW, served, OVER - served);
	CHECK(served >= FEW / 4);
	for (i = FEW; i < OVER; i++)
		CHECK(!is_ready(fds[i], 0));
	for (i = 0; i < OVER; i++) {
		CHECK(echoed(fds[i], i));
		close(fds[i]);
	}
	CHECK(far_end_stop(&f) == 0);
	return 0;
}

/* Full, for good: it still ends when told to, and does not spin meanwhile. */
static int stays_full(const struct sandbox *sb)
{
	int i, spent;
	struct far_end f;
	struct err e = { 0 };
	clockid_t its_time;
	struct timespec before, after;

	CHECK(!netif_up("lo", &e) && far_end_start(FAR_HANG, FEW, &f));
	for (i = 0; i < OVER; i++)
		CHECK(far_end_connect(&f) >= 0);
	CHECK(!clock_getcpuclockid(f.pid, &its_time));
	CHECK(!clock_gettime(its_time, &before));
	usleep(500000);
	CHECK(!clock_gettime(its_time, &after));
	spent = (int)((after.tv_sec - before.tv_sec) * 1000000 + (after.tv_nsec - before.tv_nsec) / 1000);
	fprintf(stderr, "full for 500 ms: %d us of the processor's time\n", spent);
	CHECK(spent < 100000);
	CHECK(far_end_stop(&f) == 0);
	return 0;
}

static int rate(const struct sandbox *sb)
{
	static const char request[] = "GET / HTTP/1.1\r\nConnection: close\r\n\r\n";
	int64_t t, end;
	char got[512];
	struct far_end f;
	struct err e = { 0 };
	int n = 0, fd;

	CHECK(!netif_up("lo", &e) && far_end_start(FAR_AUTO, 0, &f));
	t = clock_mono_ns();
	end = t + NS_PER_S;
	do {
		fd = far_end_connect(&f);
		CHECK(fd >= 0 && send_text(fd, request));
		CHECK(read_bytes(fd, got, sizeof(got)) > 29 && !strncmp(got, "HTTP/1.1 200", 12));
		close(fd);
		n++;
	} while (clock_mono_ns() < end);
	t = clock_mono_ns() - t;
	fprintf(stderr, "%.0f short connections a second, one after the other\n", (double)n * NS_PER_S / (double)t);
	CHECK(far_end_stop(&f) == 0);
	return 0;
}

static void many(void **state)
{
	assert_int_equal(inside(many_at_once), 0);
}

static void slow(void **state)
{
	assert_int_equal(inside(does_not_read), 0);
}

static void too_many(void **state)
{
	assert_int_equal(inside(runs_out), 0);
	assert_int_equal(inside(stays_full), 0);
}

static void short_ones(void **state)
{
	assert_int_equal(inside(rate), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many),
		cmocka_unit_test(slow),
		cmocka_unit_test(too_many),
		cmocka_unit_test(short_ones),
	};

	if (argc > 1 && !strcmp(argv[1], "nobody"))
		inside_become_nobody();
	if (!inside_possible())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
