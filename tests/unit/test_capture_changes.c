/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures that somebody writes to, cuts or replaces while they are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sources/capture_inside.h"
#include "tests/unit/any_capture.h"
#include "tests/unit/capture_file.h"
#include "tests/unit/random.h"

#define NO_OPTIONS bytes_of("", 0)
#define PAGE 4096

static const struct made_pcap plain = { .magic = 0xa1b2c3d4u, .linktype = 1 };

static void append(struct bytes b)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	assert_int_equal(write(fd, b.p, b.len), b.len);
	close(fd);
}

static struct capture *opened(struct seen *s, size_t buffer_len, bool follow, bool threaded)
{
	const struct capture_opts o = { .seed = SEED, .buffer_len = buffer_len, .look_at_all = true, .follow = follow };
	struct capture *c;

	*s = (struct seen){ .n = 0 };
	assert_int_equal(capture_open(path, &o, &c, &s->err), 0);
	capture_on_remark(c, seen_remark, s);
	assert_int_equal(capture_begin(c, threaded, &s->err), 0);
	return c;
}

static enum capture_result next(struct seen *s, struct capture *c)
{
	const struct stretch *t;
	enum capture_result r = capture_next(c, &t, &s->err);

	if (r == CAPTURE_STRETCH)
		seen_stretch(s, c, t);
	return r;
}

/* To its end; a thread may be waited for. */
static void rest(struct seen *s, struct capture *c)
{
	while (next(s, c) != CAPTURE_END)
		;
	capture_free(c);
}

/* Until the truth's n packets were seen, or nothing comes. */
static void until(struct seen *s, struct capture *c, size_t n)
{
	int idle = 0;

	while (s->n < n && idle < 100)
		idle += next(s, c) == CAPTURE_IDLE;
	assert_int_equal(s->n, n);
}

/* What was added behind the end that a map had is read too. */
static void growing(void **state)
{
	uint64_t random = 1;
	struct any_capture m;
	struct seen s;
	struct capture *c;
	size_t cut;
	int i;

	for (i = 0; i < 60; i++) {
		any_capture(&m, 100, &random);
		/* in the middle of a record, or behind one */
		cut = m.ends[20] + (i % 3 ? random_below(&random, (uint32_t)(m.ends[60] - m.ends[20])) : 0);
		write_file(bytes_of(m.b.data, cut));
		c = opened(&s, 1 + random_below(&random, 3000), false, i % 2);
		if (i % 4 < 2)
			next(&s, c);
		append(bytes_of(m.b.data + cut, m.b.len - cut));
		rest(&s, c);
		/* the thread may have come to the end before */
		if (i % 2 == 0 || s.n > 60)
			seen_assert_same(&s, &m.truth);
		seen_fini(&s);
		any_capture_fini(&m);
	}
}

static void following(void **state)
{
	uint64_t random = 2;
	struct any_capture m;
	struct seen s;
	struct capture *c;
	size_t n, at, to;
	int i;

	for (i = 0; i < 8; i++) {
		any_capture(&m, 40, &random);
		n = 3;
		at = m.ends[n - 1];
		write_file(bytes_of(m.b.data, at));
		c = opened(&s, i % 4 ? 100 : 0, true, i % 2);
		until(&s, c, n);
		assert_int_equal(next(&s, c), CAPTURE_IDLE);
		while (n < m.truth.n) {
			n += 1 + random_below(&random, 20);
			n = n < m.truth.n ? n : m.truth.n;
			/* half of a record first */
			to = m.ends[n - 1] - 5;
			append(bytes_of(m.b.data + at, to - at));
			until(&s, c, n - 1);
			append(bytes_of(m.b.data + to, 5));
			at = to + 5;
			until(&s, c, n);
		}
		seen_assert_same(&s, &m.truth);
		capture_free(c);
		seen_fini(&s);
		any_capture_fini(&m);
	}
}

struct later {
	struct bytes b;
	unsigned int after_ms;
};

static void *append_later(void *arg)
{
	const struct later *l = arg;

	usleep(l->after_ms * 1000);
	append(l->b);
	return NULL;
}

/* Following a file that has a header and no packet yet: what it says of itself is told when the first one comes. */
static void following_from_the_header(void **state)
{
	struct buf b = { 0 }, options = { 0 };
	struct later later = { .after_ms = 150 };
	struct capture *c;
	struct seen s;
	pthread_t thread;
	size_t header_len;

	made_option(&options, false, 1, bytes_of("a remark", 8));
	made_section(&b, false, made_bytes(&options));
	made_interface(&b, false, 1, 0, NO_OPTIONS);
	header_len = b.len;
	made_epb(&b, false, 0, 1, bytes_of("0123456789", 10), NO_OPTIONS);
	later.b = bytes_of(b.data + header_len, b.len - header_len);
	write_file(bytes_of(b.data, header_len));
	assert_int_equal(pthread_create(&thread, NULL, append_later, &later), 0);
	c = opened(&s, 0, true, false);
	pthread_join(thread, NULL);
	until(&s, c, 1);
	assert_string_equal(buf_text(&s.remarks), "section: a remark\n");
	capture_free(c);
	seen_fini(&s);
	buf_fini(&b);
	buf_fini(&options);
}

/* Nothing comes, and then a signal does: it is waited for no longer, whatever was had so far. */
static volatile sig_atomic_t stopped;

static void *stop_later(void *arg)
{
	usleep(30000);
	stopped = SIGINT;
	return NULL;
}

/* packets: in it so far; -1: not even its header */
static void stop_while_silent(const char *name, int packets, bool follow)
{
	const struct capture_opts o = { .seed = SEED, .look_at_all = true, .follow = follow, .stopped = &stopped };
	struct err e = { 0 };
	const struct stretch *t;
	struct capture *c;
	pthread_t thread;
	int r;

	stopped = 0;
	assert_int_equal(capture_open(name, &o, &c, &e), 0);
	if (packets <= 0)
		assert_int_equal(pthread_create(&thread, NULL, stop_later, NULL), 0);
	r = capture_begin(c, false, &e);
	assert_int_equal(r, packets < 0 ? -EINTR : 0);
	if (packets > 0) {
		assert_int_equal(capture_next(c, &t, &e), CAPTURE_STRETCH);
		assert_int_equal(pthread_create(&thread, NULL, stop_later, NULL), 0);
	}
	while (!r && capture_next(c, &t, &e) != CAPTURE_END)
		;
	assert_string_equal(e.what, r ? e.what : "");
	pthread_join(thread, NULL);
	capture_free(c);
}

static void stopped_while_silent(void **state)
{
	struct buf b = { 0 };
	size_t lens[5], i;
	char name[32];
	int fds[2];

	lens[0] = 0;
	lens[1] = 10;
	made_pcap_header(&b, &plain);
	lens[2] = b.len;
	made_pcap_record(&b, &plain, (struct made_time){ 1, 2 }, bytes_of("0123456789", 10), 0);
	lens[3] = b.len;
	made_pcap_record(&b, &plain, (struct made_time){ 1, 2 }, bytes_of("0123456789", 10), 0);
	lens[4] = b.len - 1;
	for (i = 0; i < 5; i++) {
		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		assert_int_equal(write(fds[1], buf_text(&b), lens[i]), lens[i]);
		snprintf(name, sizeof(name), "/proc/self/fd/%d", fds[0]);
		stop_while_silent(name, (int)i - 2, false);
		close(fds[0]);
		close(fds[1]);
		write_file(bytes_of(buf_text(&b), lens[i]));
		stop_while_silent(path, (int)i - 2, true);
	}
	buf_fini(&b);
}

/* A map whose file is cut to `len` bytes while it is read: all that is left is given, and then an error. */
static void check_cut(const struct any_capture *m, size_t len, size_t buffer_len, bool threaded)
{
	struct capture *c;
	struct seen s;
	size_t n = 0;

	write_file(made_bytes(&m->b));
	c = opened(&s, buffer_len, false, threaded);
	s.may_change = true;
	assert_non_null(c->map);
	next(&s, c);
	assert_int_equal(truncate(path, (off_t)len), 0);
	rest(&s, c);
	while (n < m->truth.n && m->ends[n] <= len)
		n++;
	seen_assert_begin(&s, &m->truth, n);
	/* the thread may have seen all of it before */
	if (!threaded || s.err.what[0])
		assert_non_null(strstr(s.err.what, path));
	if (!threaded && !strstr(s.err.what, "cut"))
		fail_msg("%s", s.err.what);
	seen_fini(&s);
}

static void cut_short(void **state)
{
	uint64_t random = 3;
	struct any_capture m;
	size_t len;
	int i, k;

	for (i = 0; i < 12; i++) {
		any_capture(&m, 400, &random);
		for (k = 0; k < 24; k++) {
			switch (k % 4) {
			case 0: /* where a page ends */
				len = m.b.len / PAGE * PAGE - (size_t)k / 4 * PAGE;
				break;
			case 1: /* where a record ends */
				len = m.ends[random_below(&random, 400)];
				break;
			case 2: /* in the last page */
				len = m.b.len - 1 - random_below(&random, 100);
				break;
			default:
				len = random_below(&random, (uint32_t)m.b.len);
			}
			if (len < m.b.len)
				check_cut(&m, len, 1 + random_below(&random, 5000), k % 8 > 5);
		}
		check_cut(&m, 0, 4096, false);
		any_capture_fini(&m);
	}
}

/* Other bytes in the place of those that were walked: nothing beyond the map is looked at. */
static void replaced(void **state)
{
	static const uint32_t values[] = { 0, 1, 7, 255, 4096, 262144, 0x7fffffff, 0xfffffff0, UINT32_MAX };
	uint64_t random = 4;
	const struct stretch *t;
	struct captured p;
	struct capture *c;
	struct seen s;
	int i, k, fd;

	for (i = 0; i < 200; i++) {
		struct any_capture m;
		uint32_t v;

		any_capture(&m, 60, &random);
		write_file(made_bytes(&m.b));
		c = opened(&s, 1 << 20, false, false);
		assert_int_equal(capture_next(c, &t, &s.err), CAPTURE_STRETCH);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		for (k = 0; k < 200; k++) {
			v = random_once_in(&random, 2) ? values[random_below(&random, 9)]
						       : (uint32_t)random_u64(&random);
			if (random_once_in(&random, 2))
				v = __builtin_bswap32(v);
			assert_int_equal(pwrite(fd, &v, 4, random_below(&random, (uint32_t)m.b.len / 4 - 1) * 4), 4);
		}
		for (k = 0; (uint32_t)k < t->walk.lists[0].n; k++) {
			capture_packet(c, t, &t->walk.lists[0], (uint32_t)k, &p);
			assert_true(!p.frame.len ||
				    (p.frame.p >= c->map && p.frame.p + p.frame.len <= c->map + c->map_len));
			capture_packet_remarks(c, &p);
		}
		s.may_change = true;
		close(fd);
		while (capture_next(c, &t, &s.err) != CAPTURE_END)
			;
		capture_free(c);
		seen_fini(&s);
		any_capture_fini(&m);
	}
}

/* Short records, more than lists hold, in buffers of any size. */
static void large_buffers(void **state)
{
	static const size_t lens[] = { 1 << 20, (1 << 20) + 4097, 3 << 20, 16 << 20 };
	struct buf b = { 0 };
	struct seen s;
	struct capture *c;
	size_t i;
	int fd, k;

	made_pcap_header(&b, &plain);
	for (k = 0; k < 300000; k++)
		made_pcap_record(&b, &plain, (struct made_time){ 1, 2 }, bytes_of("", 0), 1);
	write_file(made_bytes(&b));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	for (i = 0; i < 4; i++) {
		c = opened(&s, lens[i], false, i % 2);
		assert_null(c->map);
		rest(&s, c);
		assert_int_equal(s.n, 300000);
		assert_string_equal(s.err.what, "");
		seen_fini(&s);
	}
	close(fd);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(growing),
		cmocka_unit_test(following),
		cmocka_unit_test(following_from_the_header),
		cmocka_unit_test(stopped_while_silent),
		cmocka_unit_test(cut_short),
		cmocka_unit_test(replaced),
		cmocka_unit_test(large_buffers),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
