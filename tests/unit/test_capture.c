/* SPDX-License-Identifier: GPL-2.0-or-later */
/* However a capture is read, it holds the same packets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "any_capture.h"
#include "random.h"
#include "sources/pcapfile.h"
#include "sources/pcapngfile.h"

#define SEED 99

static char directory[] = "/tmp/synsent-capture-XXXXXX";
static char path[sizeof(directory) + 16];

static void write_file(struct bytes b)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(b.p, 1, b.len, f), b.len);
	assert_int_equal(fclose(f), 0);
}

static void read_as(struct seen *s, size_t buffer_len, bool look_at_all, bool threaded)
{
	const struct capture_opts o = { .seed = SEED, .buffer_len = buffer_len, .look_at_all = look_at_all };

	seen_read(s, path, &o, threaded);
}

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

static const size_t buffer_lens[] = { 1, 7, 100, 4096, 0 };
#define N_BUFFER_LENS (sizeof(buffer_lens) / sizeof(buffer_lens[0]))

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

/* A pipe that is written so many bytes at a time. */
struct writer {
	int fd;
	struct bytes b;
	size_t at_once;
};

static void *write_pipe(void *arg)
{
	struct writer *w = arg;
	struct bytes some;

	while (w->b.len) {
		if (!bytes_take(&w->b, w->at_once < w->b.len ? w->at_once : w->b.len, &some) ||
		    write(w->fd, some.p, some.len) != (ssize_t)some.len)
			break;
	}
	close(w->fd);
	return NULL;
}

static void read_pipe(struct seen *s, struct bytes b, size_t at_once, size_t buffer_len, bool threaded)
{
	const struct capture_opts o = { .seed = SEED, .buffer_len = buffer_len, .look_at_all = true };
	struct writer w = { .b = b, .at_once = at_once };
	pthread_t thread;
	int fds[2];
	char name[32];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	w.fd = fds[1];
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fds[0]);
	assert_int_equal(pthread_create(&thread, NULL, write_pipe, &w), 0);
	seen_read(s, name, &o, threaded);
	assert_int_equal(pthread_join(thread, NULL), 0);
	close(fds[0]);
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

/* The byte that an error names is where the record begins that could not be read. */
static void errors_say_where(void **state)
{
	struct made_pcap p = { .magic = 0xa1b2c3d4u, .linktype = 1 };
	struct made_time t = { 1700000000, 0 };
	struct bytes frame = bytes_of("0123456789abcdef", 16);
	struct buf b = { 0 };
	struct seen s;
	size_t i;

	made_pcap_header(&b, &p);
	made_pcap_record(&b, &p, t, frame, 0);
	made_pcap_record(&b, &p, t, frame, 0);
	made_u64(&b, false, 0);
	made_u64(&b, false, UINT64_MAX);
	made_zeros(&b, 100);
	write_file(made_bytes(&b));
	for (i = 0; i < N_BUFFER_LENS; i++) {
		read_as(&s, buffer_lens[i], true, false);
		assert_int_equal(s.n, 2);
		assert_non_null(strstr(s.err.what, ": byte 88, after packet 2: a packet of 4294967295 bytes"));
		seen_fini(&s);
	}
	buf_reset(&b);
	made_section(&b, true, bytes_of("", 0));
	made_interface(&b, true, 1, 0, bytes_of("", 0));
	made_epb(&b, true, 0, 1, frame, bytes_of("", 0));
	made_epb(&b, true, 1, 1, frame, bytes_of("", 0));
	write_file(made_bytes(&b));
	for (i = 0; i < N_BUFFER_LENS; i++) {
		read_as(&s, buffer_lens[i], true, true);
		assert_int_equal(s.n, 1);
		assert_non_null(strstr(s.err.what, ": byte 96, after packet 1: a packet of an interface that is not"));
		seen_fini(&s);
	}
	buf_fini(&b);
}

static void no_captures(void **state)
{
	const struct capture_opts o = { .seed = SEED };
	struct seen s;

	write_file(bytes_of("", 0));
	assert_false(capture_is_one(path));
	read_as(&s, 0, true, false);
	assert_non_null(strstr(s.err.what, "it is empty"));
	write_file(bytes_of("this is no capture, but some text", 33));
	assert_false(capture_is_one(path));
	read_as(&s, 0, true, true);
	assert_non_null(strstr(s.err.what, "neither pcap nor pcapng"));
	seen_read(&s, directory, &o, false);
	assert_non_null(strstr(s.err.what, "directory"));
	assert_non_null(strstr(s.err.remedy, "-R"));
	assert_false(capture_is_one(directory));
	seen_read(&s, "/nonexistent/capture", &o, false);
	assert_non_null(strstr(s.err.what, "/nonexistent/capture"));
	assert_false(capture_is_one("/nonexistent/capture"));
}

/* The same error, whatever way it is read. */
static void assert_error(const char *what)
{
	struct seen s;
	size_t k;

	for (k = 2; k < N_BUFFER_LENS; k++) {
		read_as(&s, buffer_lens[k], true, k % 2);
		assert_int_equal(s.n, 2);
		if (!strstr(s.err.what, what))
			fail_msg("\"%s\" is not \"%s\"", s.err.what, what);
		seen_fini(&s);
	}
}

/* A block longer than any buffer, of a kind that nobody knows, between packets. */
static void long_blocks(void **state)
{
	static const uint32_t lens[] = { 4096, PCAPNGFILE_BLOCK_MAX - 12, PCAPNGFILE_BLOCK_MAX, 5u << 20 };
	struct bytes frame = bytes_of("0123456789abcdef", 16);
	struct buf b = { 0 }, zeros = { 0 };
	struct seen s;
	char where[96];
	size_t i, k;

	for (i = 0; i < 4; i++) {
		buf_reset(&b);
		buf_reset(&zeros);
		made_zeros(&zeros, lens[i]);
		made_section(&b, false, bytes_of("", 0));
		made_interface(&b, false, 1, 0, bytes_of("", 0));
		made_epb(&b, false, 0, 1, frame, bytes_of("", 0));
		made_block(&b, false, 0x0bad, made_bytes(&zeros));
		made_epb(&b, false, 0, 2, frame, bytes_of("", 0));
		made_block(&b, false, 0x0bad, made_bytes(&zeros));
		write_file(made_bytes(&b));
		for (k = 2; k < N_BUFFER_LENS; k++) {
			read_as(&s, buffer_lens[k], true, k % 2);
			assert_int_equal(s.n, 2);
			assert_string_equal(s.err.what, "");
			seen_fini(&s);
			read_pipe(&s, made_bytes(&b), 65536, buffer_lens[k], k % 2);
			assert_int_equal(s.n, 2);
			assert_string_equal(s.err.what, "");
			seen_fini(&s);
		}
		made_u64(&b, false, 0);
		made_u64(&b, false, 0);
		write_file(made_bytes(&b));
		snprintf(where, sizeof(where), ": byte %zu, after packet 2: a block of an impossible", b.len - 16);
		assert_error(where);
		b.len -= 20;
		write_file(made_bytes(&b));
		assert_error("after packet 2: the file ends in the middle of a block");
	}
	buf_fini(&b);
	buf_fini(&zeros);
}

/* More packets than a list holds, in a section that is not walked since its interfaces differ. */
static void many_blocks(void **state)
{
	struct buf b = { 0 }, option = { 0 };
	struct seen s;
	size_t i;

	made_option(&option, false, 9, bytes_of("\x09", 1));
	made_section(&b, false, bytes_of("", 0));
	made_interface(&b, false, 1, 0, bytes_of("", 0));
	made_interface(&b, false, 1, 0, made_bytes(&option));
	for (i = 0; i < 3 * WALK_LIST_MAX; i++)
		made_epb(&b, false, i % 2, i, bytes_of("", 0), bytes_of("", 0));
	write_file(made_bytes(&b));
	for (i = 2; i < N_BUFFER_LENS; i++) {
		read_as(&s, buffer_lens[i], i % 2, false);
		assert_int_equal(s.n, 3 * WALK_LIST_MAX);
		assert_int_equal(s.packets[5].t_ns, 5);
		assert_int_equal(s.packets[70000].t_ns, 70000000);
		seen_fini(&s);
	}
	buf_fini(&b);
	buf_fini(&option);
}

/* Remarks without end take no memory without end; and what comes after them is read. */
static void many_remarks(void **state)
{
	struct buf b = { 0 }, options = { 0 };
	char text[1000];
	struct seen s;
	int i;

	memset(text, 'x', sizeof(text));
	made_option(&options, true, 1, bytes_of(text, sizeof(text)));
	for (i = 0; i < 5000; i++)
		made_section(&b, true, made_bytes(&options));
	made_interface(&b, true, 1, 0, bytes_of("", 0));
	made_epb(&b, true, 0, 1, bytes_of("0123456789", 10), bytes_of("", 0));
	write_file(made_bytes(&b));
	read_as(&s, 0, true, false);
	assert_string_equal(s.err.what, "");
	assert_int_equal(s.n, 1);
	assert_in_range(s.remarks.len, 1 << 19, 2 << 20);
	seen_fini(&s);
	buf_fini(&b);
	buf_fini(&options);
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

static int set_up(void **state)
{
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/capture", directory);
	return 0;
}

static int tear_down(void **state)
{
	unlink(path);
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files),	  cmocka_unit_test(large_files), cmocka_unit_test(pipes),
		cmocka_unit_test(standard_input), cmocka_unit_test(every_cut),	 cmocka_unit_test(errors_say_where),
		cmocka_unit_test(no_captures),	  cmocka_unit_test(long_blocks), cmocka_unit_test(many_blocks),
		cmocka_unit_test(rewound),	  cmocka_unit_test(events),	 cmocka_unit_test(many_remarks),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
