/* SPDX-License-Identifier: GPL-2.0-or-later */
/* However a capture is read, it holds the same packets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sources/pcapfile.h"
#include "sources/pcapngfile.h"
#include "tests/unit/any_capture.h"
#include "tests/unit/capture_file.h"
#include "tests/unit/random.h"

/* With all packets to be looked at it is the truth; otherwise those that are, and the rest is counted. */
static void assert_truth(const struct seen *got, const struct any_capture *m, bool look_at_all)
{
	size_t i, at = 0;

	assert_string_equal(got->err.what, m->truth.err.what);
	assert_int_equal(got->counted, m->truth.counted);
	if (look_at_all) {
		seen_assert_same(got, &m->truth);
		assert_int_equal(got->looked, got->counted);
		return;
	}
	assert_int_equal(got->counted, got->tcp + got->other + got->empty + got->looked);
	assert_int_equal(got->n, got->looked);
	for (i = 0; i < got->n; i++, at++) {
		struct seen one = { .packets = &got->packets[i], .n = 1 }, truth = { .n = 1 };

		while (at < m->truth.n && m->truth.packets[at].number < got->packets[i].number)
			at++;
		assert_true(at < m->truth.n);
		truth.packets = &m->truth.packets[at];
		seen_assert_begin(&one, &truth, 1);
	}
}

/* The file is read in every way, by a map where a length is given, and no map where somebody has it open to write. */
static void check_file(const struct any_capture *m, bool mapped)
{
	size_t i;
	int how;

	for (i = 0; i < N_BUFFER_LENS; i++) {
		for (how = 0; how < 4; how++) {
			struct seen s;

			read_as(&s, buffer_lens[i], how & 1, how & 2);
			assert_int_equal(s.mapped, mapped && buffer_lens[i]);
			assert_truth(&s, m, how & 1);
			seen_fini(&s);
		}
	}
}

static void files(void **state)
{
	uint64_t random = 1;
	struct any_capture m;
	int i, fd;

	for (i = 0; i < 20; i++) {
		any_capture(&m, 3 + (int)random_below(&random, 200), &random);
		write_file(made_bytes(&m.b));
		check_file(&m, true);
		/* whoever has it open to write may write, however long ago he did */
		fd = open(path, O_WRONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		assert_int_equal(futimens(fd, (struct timespec[]){ { .tv_sec = 1 }, { .tv_sec = 1 } }), 0);
		check_file(&m, false);
		close(fd);
		any_capture_fini(&m);
	}
}

/* Large enough to be mapped by itself, in several windows. */
static void large_files(void **state)
{
	uint64_t random = 2;
	struct any_capture m;
	struct seen s;
	int i;

	for (i = 0; i < 6; i++) {
		m = (struct any_capture){ .latest_ns = 0 };
		if (i % 2)
			any_pcapng(&m, 50000, &random);
		else
			any_pcap(&m, &(struct made_pcap){ .magic = 0xa1b2c3d4u, .linktype = 1, .swapped = i > 2 },
				 50000, &random);
		write_file(made_bytes(&m.b));
		read_as(&s, 0, i < 4, i % 3);
		assert_true(s.mapped);
		assert_truth(&s, &m, i < 4);
		seen_fini(&s);
		any_capture_fini(&m);
	}
}

static void pipes(void **state)
{
	static const struct {
		size_t at_once, buffer_len;
		int packets;
	} rows[] = {
		{ 1, 0, 20 },	  { 1, 1, 10 },	    { 7, 100, 100 },	   { 100, 7, 100 },
		{ 4096, 0, 300 }, { 65536, 1, 60 }, { 1 << 20, 0, 20000 }, { 3000, 4096, 3000 },
	};
	uint64_t random = 3;
	struct any_capture m;
	struct seen s;
	size_t i;
	int k;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (k = 0; k < 6; k++) {
			any_capture(&m, rows[i].packets, &random);
			read_pipe(&s, made_bytes(&m.b), rows[i].at_once, rows[i].buffer_len, k % 2);
			assert_truth(&s, &m, true);
			seen_fini(&s);
			any_capture_fini(&m);
		}
	}
}

static void standard_input(void **state)
{
	const struct capture_opts o = { .seed = SEED, .look_at_all = true };
	int before = dup(STDIN_FILENO), fd;
	uint64_t random = 4;
	struct any_capture m;
	struct seen s;

	any_capture(&m, 50, &random);
	write_file(made_bytes(&m.b));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	seen_read(&s, "-", &o, false);
	assert_truth(&s, &m, true);
	dup2(before, STDIN_FILENO);
	close(fd);
	close(before);
	seen_fini(&s);
	any_capture_fini(&m);
}

/* Cut at every byte: the packets that are whole, and an error that says where, but for where a record ends. */
static void check_cut(const struct any_capture *m, size_t len, size_t header_len, const struct seen *s)
{
	char where[64];
	size_t n = 0;

	while (n < m->truth.n && m->ends[n] <= len)
		n++;
	seen_assert_begin(s, &m->truth, n);
	assert_int_equal(s->n, n);
	if (len < header_len) {
		assert_non_null(strstr(s->err.what, path));
		return;
	}
	if (!s->err.what[0])
		return;
	assert_non_null(strstr(s->err.what, path));
	snprintf(where, sizeof(where), ", after packet %zu:", n);
	assert_non_null(strstr(s->err.what, where));
}

/* The places where a capture may end: behind its header, and behind each record or block. */
static bool is_boundary(const struct any_capture *m, size_t len)
{
	struct bytes b = made_bytes(&m->b);
	struct pcapngfile *ng = pcapngfile_new();
	struct pcapngfile_block block;
	bool is = !pcapngfile_is(b) && len == PCAPFILE_HEADER_LEN;
	size_t at = 0, i;

	for (i = 0; !is && i < m->truth.n; i++)
		is = m->ends[i] == len;
	while (!is && at < len && pcapngfile_is(made_bytes(&m->b)) &&
	       pcapngfile_take(ng, bytes_of(m->b.data + at, m->b.len - at), &block) == PCAPNGFILE_OK) {
		at += block.len;
		is = at == len;
	}
	pcapngfile_free(ng);
	return is;
}

static void check_cuts(const struct any_capture *m)
{
	size_t header_len = pcapngfile_is(made_bytes(&m->b)) ? PCAPNGFILE_HEAD_LEN : PCAPFILE_HEADER_LEN, len, i;
	static const size_t lens[] = { 0, 64, 1 };

	write_file(made_bytes(&m->b));
	for (len = m->b.len; len + 1 > 0; len--) {
		assert_int_equal(truncate(path, (off_t)len), 0);
		for (i = 0; i < 3; i++) {
			struct seen s;

			read_as(&s, lens[i], true, false);
			check_cut(m, len, header_len, &s);
			assert_int_equal(!s.err.what[0], is_boundary(m, len));
			seen_fini(&s);
		}
	}
}

static void every_cut(void **state)
{
	uint64_t random = 5;
	struct any_capture m;
	int i;

	for (i = 0; i < 6; i++) {
		m = (struct any_capture){ .latest_ns = 0 };
		if (i % 2)
			any_pcapng(&m, 5, &random);
		else
			any_pcap(&m, &(struct made_pcap){ .magic = 0xa1b2c3d4u, .linktype = 1, .swapped = i > 2 }, 4,
				 &random);
		check_cuts(&m);
		any_capture_fini(&m);
	}
}

/* Back to the begin, and again. */
static void rewound(void **state)
{
	const struct capture_opts o = { .seed = SEED, .look_at_all = true, .buffer_len = 4096 };
	const struct stretch *t;
	uint64_t random = 6;
	struct any_capture m;
	struct capture *c;
	struct err e = { 0 };
	int i, k;

	for (i = 0; i < 10; i++) {
		any_capture(&m, 200, &random);
		write_file(made_bytes(&m.b));
		assert_int_equal(capture_open(path, &o, &c, &e), 0);
		for (k = 0; k < 3; k++) {
			assert_int_equal(capture_begin(c, false, &e), 0);
			assert_int_equal(capture_first_ns(c), m.truth.packets[0].t_ns);
			if (k)
				assert_int_equal(capture_next(c, &t, &e), CAPTURE_STRETCH);
			assert_true(capture_rewind(c));
			assert_int_equal(capture_first_ns(c), m.truth.packets[0].t_ns);
		}
		capture_free(c);
		any_capture_fini(&m);
	}
}

/* A file of events is text, given as it is, whatever way it is read. */
static void events(void **state)
{
	struct buf text = { 0 };
	size_t i, k;

	buf_str(&text, "synsent-events 1\n");
	for (i = 0; i < 300; i++)
		buf_fmt(&text, "# line %zu\n", i);
	write_file(made_bytes(&text));
	for (i = 0; i < N_BUFFER_LENS; i++) {
		const struct capture_opts o = { .buffer_len = buffer_lens[i] };
		struct capture *c;
		struct err e = { 0 };
		struct buf got = { 0 };
		char some[50];
		ssize_t n;

		assert_int_equal(capture_open(path, &o, &c, &e), 0);
		for (k = 0; k < 2; k++) {
			assert_int_equal(capture_begin(c, false, &e), 0);
			assert_true(capture_is_events(c));
			buf_reset(&got);
			while ((n = capture_read_text(c, some, sizeof(some), &e)) > 0)
				buf_add(&got, some, (size_t)n);
			assert_int_equal(n, 0);
			assert_string_equal(buf_text(&got), buf_text(&text));
			assert_true(capture_rewind(c));
		}
		capture_free(c);
		buf_fini(&got);
	}
	buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files),	  cmocka_unit_test(large_files), cmocka_unit_test(pipes),
		cmocka_unit_test(standard_input), cmocka_unit_test(every_cut),	 cmocka_unit_test(rewound),
		cmocka_unit_test(events),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
