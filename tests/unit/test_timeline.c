/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several captures as one: in whatever order they are named, their packets come by time, and all are counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "made.h"
#include "packet/decode.h"
#include "random.h"
#include "sources/timeline.h"

#define FILES_MAX 6
#define PACKETS_MAX 4000
#define NS INT64_C(1000000000)

static char directory[] = "/tmp/synsent-timeline-XXXXXX";
static const struct made_pcap pcap = { .magic = 0xa1b23c4du, .linktype = LINK_RAW };

/* A packet: which it is, when, and whether it is an entry of its stretch. */
struct item {
	size_t file;
	uint64_t number; /* 0: not known, for it is not to be looked at */
	int64_t t_ns;
	bool is_entry;
};

/* Files as they are meant, by a letter each. */
struct file {
	char path[64];
	size_t n;
	struct item items[PACKETS_MAX];
};

static struct file files[FILES_MAX];

static struct item merged[FILES_MAX * PACKETS_MAX], got[FILES_MAX * PACKETS_MAX];
static size_t n_merged, n_got, n_errors;
static uint64_t counted[FILES_MAX];

enum kind { SYN, ACK, UDP, N_KINDS };

static void add_packet(struct buf *to, int64_t t_ns, enum kind kind)
{
	struct made_frame f = { .linktype = LINK_RAW,
				.version = 4,
				.protocol = kind == UDP ? 17 : 6,
				.sport = 40000,
				.dport = 80,
				.flags = kind == SYN ? 2 : 0x10,
				.payload = 20 };
	struct buf frame = { 0 };

	made_frame(&frame, &f);
	made_pcap_record(to, &pcap, (struct made_time){ (uint32_t)(t_ns / NS), (uint32_t)(t_ns % NS) },
			 made_bytes(&frame), 0);
	buf_fini(&frame);
}

static void write_bytes(const char *path, struct bytes b)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(b.p, 1, b.len, f), b.len);
	assert_int_equal(fclose(f), 0);
}

static struct file *begin_file(size_t i, struct buf *b)
{
	snprintf(files[i].path, sizeof(files[i].path), "%s/%c", directory, (char)('a' + i));
	files[i].n = 0;
	buf_reset(b);
	made_pcap_header(b, &pcap);
	return &files[i];
}

static void add(struct file *f, struct buf *b, int64_t t_ns, enum kind kind)
{
	add_packet(b, t_ns, kind);
	f->items[f->n] = (struct item){ (size_t)(f - files), f->n + 1, t_ns, kind != UDP };
	f->n++;
}

/* How its times go. */
enum pattern { RISING, EQUAL, BACK_AND_FORTH, LATER, N_PATTERNS };

static void make_file(size_t i, enum pattern pattern, size_t n, bool mixed, uint64_t *random)
{
	int64_t t_ns = 1000 * NS + random_below(random, 3) * NS;
	struct buf b = { 0 };
	struct file *f = begin_file(i, &b);
	enum kind kind = SYN;

	if (pattern == LATER)
		t_ns += (int64_t)(i + 1) * 1000 * NS;
	while (n--) {
		if (mixed && random_once_in(random, 40)) /* long rows of one kind: stretches without entries */
			kind = (enum kind)random_below(random, N_KINDS);
		add(f, &b, t_ns, kind);
		if (pattern == BACK_AND_FORTH)
			t_ns += (int64_t)random_below(random, 1000) - 400;
		else if (pattern != EQUAL || random_once_in(random, 20))
			t_ns += random_below(random, 1000);
	}
	write_bytes(f->path, made_bytes(&b));
	buf_fini(&b);
}

/* The merge by its definition: the least of the packets at hand, of equal ones that of the file that begins first. */
static size_t next_entry(const struct file *f, size_t at)
{
	while (at < f->n && !f->items[at].is_entry)
		at++;
	return at;
}

static int64_t first_ns(const struct file *f)
{
	return f->n ? f->items[0].t_ns : INT64_MAX;
}

/* names[]: the files in the order in which they are named. */
static void merge(const size_t *names, size_t n, bool look_at_all)
{
	size_t at[FILES_MAX] = { 0 }, i, best;

	n_merged = 0;
	for (;;) {
		best = n;
		for (i = 0; i < n; i++) {
			const struct file *f = &files[names[i]], *b = best < n ? &files[names[best]] : NULL;
			int64_t t, t_best;

			if (!look_at_all)
				at[i] = next_entry(f, at[i]);
			if (at[i] >= f->n)
				continue;
			t = f->items[at[i]].t_ns;
			t_best = b ? b->items[at[best]].t_ns : 0;
			if (!b || t < t_best || (t == t_best && first_ns(f) < first_ns(b)))
				best = i;
		}
		if (best == n)
			return;
		merged[n_merged++] = files[names[best]].items[at[best]++];
	}
}

static void on_error(const struct err *e, void *user)
{
	assert_true(e->what[0]);
	n_errors++;
}

static struct timeline *opened(const char *const *paths, size_t n, struct capture_opts o)
{
	const struct timeline_opts to = { .capture = o, .on_error = on_error };
	struct timeline *t;
	struct err e = { 0 };

	n_got = n_errors = 0;
	memset(counted, 0, sizeof(counted));
	assert_int_equal(timeline_open(paths, n, &to, &t, &e), 0);
	timeline_begin(t);
	return t;
}

/* Takes what a run has, up to `most` packets. */
static void take_run(struct timeline_run *run, size_t file, size_t most)
{
	struct captured p;
	bool look;

	assert_int_equal(run->begins, run->stretch->first_number > counted[file]);
	if (run->begins) {
		assert_int_equal(run->stretch->first_number, counted[file] + 1);
		counted[file] += run->stretch->packets;
		run->begins = false;
	}
	for (; most-- && timeline_run_more(run); run->entry++) {
		const struct walk_list *l = &run->stretch->walk.lists[run->list];

		look = l->entries[run->entry] & WALK_LOOK;
		capture_packet(run->capture, run->stretch, l, run->entry, &p);
		if (run->limited && p.t_ns > run->limit_ns)
			return;
		assert_true(run->limited || p.t_ns <= run->limit_ns || run->limit_ns == 0);
		assert_true(n_got < FILES_MAX * PACKETS_MAX);
		got[n_got++] = (struct item){ file, look ? p.number : 0, p.t_ns, true };
	}
}

static void assert_merged(void)
{
	size_t i;

	for (i = 0; i < n_got && i < n_merged; i++) {
		if (got[i].file != merged[i].file || got[i].t_ns != merged[i].t_ns ||
		    (got[i].number && got[i].number != merged[i].number))
			fail_msg("packet %zu: file %c, number %llu, not file %c, number %llu", i,
				 (char)('a' + got[i].file), (unsigned long long)got[i].number,
				 (char)('a' + merged[i].file), (unsigned long long)merged[i].number);
	}
	assert_int_equal(n_got, n_merged);
}

/* Reads them named in that order; the caller may stop in the middle of a run, as one that has enough for now. */
static void check(const size_t *names, size_t n, struct capture_opts o, uint64_t *random)
{
	const char *paths[FILES_MAX];
	enum timeline_result r;
	struct timeline_run *run;
	struct timeline *t;
	size_t i, most;

	for (i = 0; i < n; i++)
		paths[i] = files[names[i]].path;
	t = opened(paths, n, o);
	while ((r = timeline_next(t, &run)) != TIMELINE_END) {
		most = random && random_once_in(random, 4) ? random_below(random, 20) : SIZE_MAX;
		if (r == TIMELINE_RUN)
			take_run(run, names[run->file], most);
	}
	merge(names, n, o.look_at_all);
	assert_merged();
	assert_int_equal(n_errors, 0);
	for (i = 0; i < n; i++)
		assert_int_equal(counted[names[i]], files[names[i]].n);
	timeline_free(t);
}

static void shuffle(size_t *names, size_t n, uint64_t *random)
{
	size_t i, k, swap;

	for (i = 0; i < n; i++)
		names[i] = i;
	for (i = n; i > 1; i--) {
		k = random_below(random, (uint32_t)i);
		swap = names[i - 1];
		names[i - 1] = names[k];
		names[k] = swap;
	}
}

static void any_files(void **state)
{
	static const size_t buffer_lens[] = { 0, 1, 60, 1000, 30000 };
	size_t names[FILES_MAX], i, n;
	uint64_t random = 1;
	bool all;
	int k, order;

	for (k = 0; k < 60; k++) {
		n = 1 + random_below(&random, FILES_MAX);
		all = random_once_in(&random, 2);
		for (i = 0; i < n; i++)
			/* which packets are entries is not known of a file that is not read yet: then times rise */
			make_file(i, (enum pattern)(all ? random_below(&random, N_PATTERNS) : i % 2),
				  random_once_in(&random, 6) ? 0 : random_below(&random, 400), !all, &random);
		for (order = 0; order < 4; order++) {
			struct capture_opts o = { .look_at_all = all,
						  .buffer_len = buffer_lens[random_below(&random, 5)] };

			shuffle(names, n, &random);
			check(names, n, o, &random);
		}
	}
}

/* Rotated, as tcpdump -C does it: whatever the order, the same sequence. */
static void rotated(void **state)
{
	size_t names[4] = { 3, 1, 0, 2 }, i, k;
	struct buf b = { 0 };
	uint64_t random = 2;
	int64_t t_ns = NS;

	for (i = 0; i < 4; i++) {
		struct file *f = begin_file(i, &b);

		for (k = 0; k < 100; k++)
			add(f, &b, t_ns += random_below(&random, 5), SYN);
		write_bytes(f->path, made_bytes(&b));
	}
	buf_fini(&b);
	for (k = 0; k < 30; k++) {
		check(names, 4, (struct capture_opts){ .look_at_all = true }, NULL);
		for (i = 0; i < n_got; i++)
			assert_int_equal(got[i].file * 100 + got[i].number, i + 1);
		shuffle(names, 4, &random);
	}
}

/* Files that hold nothing that is to be looked at are counted all the same, several at once too. */
static void without_entries(void **state)
{
	static const size_t names[] = { 0, 1, 2, 3 };
	struct buf b = { 0 };
	size_t i, k;

	for (i = 0; i < 4; i++) {
		struct file *f = begin_file(i, &b);

		for (k = 0; k < 300; k++)
			add(f, &b, NS + (int64_t)k, i == 3 && k == 299 ? SYN : UDP);
		write_bytes(f->path, made_bytes(&b));
	}
	buf_fini(&b);
	check(names, 4, (struct capture_opts){ .buffer_len = 1000 }, NULL);
	check(names, 4, (struct capture_opts){ .buffer_len = 0 }, NULL);
}

/* What cannot be read is told, once, and left out; what is damaged is told when all before that was given. */
static void unreadable(void **state)
{
	char garbage[64], cut[64], empty[64];
	const char *paths[6];
	uint64_t random = 3;
	struct timeline_run *run;
	struct timeline *t;
	struct buf b = { 0 };
	enum timeline_result r;
	const size_t names[] = { 0, 1 };
	size_t i, file_of[6] = { 2, 2, 0, 2, 1, 2 };

	make_file(0, RISING, 50, false, &random);
	make_file(1, RISING, 50, false, &random);
	snprintf(garbage, sizeof(garbage), "%s/garbage", directory);
	snprintf(cut, sizeof(cut), "%s/cut", directory);
	snprintf(empty, sizeof(empty), "%s/empty", directory);
	write_bytes(garbage, bytes_of("no capture, but a line of text", 30));
	write_bytes(empty, bytes_of("", 0));
	made_pcap_header(&b, &pcap);
	made_zeros(&b, 7);
	write_bytes(cut, made_bytes(&b));
	paths[0] = "/nonexistent/capture";
	paths[1] = garbage;
	paths[2] = files[0].path;
	paths[3] = cut;
	paths[4] = files[1].path;
	paths[5] = empty;
	t = opened(paths, 6, (struct capture_opts){ .look_at_all = true });
	assert_int_equal(n_errors, 3);
	assert_null(timeline_capture(t, 0));
	assert_null(timeline_capture(t, 1));
	assert_non_null(timeline_capture(t, 2));
	assert_int_equal(timeline_first_ns(t),
			 first_ns(&files[0]) < first_ns(&files[1]) ? first_ns(&files[0]) : first_ns(&files[1]));
	while ((r = timeline_next(t, &run)) != TIMELINE_END) {
		if (r == TIMELINE_RUN)
			take_run(run, file_of[run->file], SIZE_MAX);
	}
	assert_int_equal(n_errors, 4);
	merge(names, 2, true);
	assert_merged();
	timeline_free(t);

	t = opened(paths, 2, (struct capture_opts){ .look_at_all = true });
	assert_int_equal(timeline_next(t, &run), TIMELINE_END);
	assert_int_equal(timeline_first_ns(t), 0);
	timeline_free(t);
	for (i = 0; i < 3; i++)
		unlink((const char *[]){ garbage, cut, empty }[i]);
	buf_fini(&b);
}

/* A stream among files: it cannot be read twice. */
static void with_a_stream(void **state)
{
	static const size_t names[] = { 0, 1, 2 };
	char name[32];
	const char *paths[3];
	uint64_t random = 4;
	struct timeline_run *run;
	struct timeline *t;
	enum timeline_result r;
	char bytes[60000];
	int fds[2], fd;
	ssize_t len;
	size_t i;

	for (i = 0; i < 3; i++)
		make_file(i, (enum pattern)(i % 2), 300, false, &random);
	fd = open(files[1].path, O_RDONLY | O_CLOEXEC);
	len = read(fd, bytes, sizeof(bytes));
	close(fd);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(write(fds[1], bytes, (size_t)len), len);
	close(fds[1]);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fds[0]);
	paths[0] = files[0].path;
	paths[1] = name;
	paths[2] = files[2].path;
	t = opened(paths, 3, (struct capture_opts){ .look_at_all = true, .buffer_len = 500 });
	close(fds[0]);
	while ((r = timeline_next(t, &run)) != TIMELINE_END)
		if (r == TIMELINE_RUN)
			take_run(run, run->file, SIZE_MAX);
	merge(names, 3, true);
	assert_merged();
	timeline_free(t);
}

/* Takes what comes, until nothing does. */
static void take_until_idle(struct timeline *t)
{
	struct timeline_run *run;
	enum timeline_result r;

	while ((r = timeline_next(t, &run)) == TIMELINE_RUN)
		take_run(run, run->file, SIZE_MAX);
	assert_int_equal(r, TIMELINE_IDLE);
}

static void append(const char *path, int64_t t_ns)
{
	struct buf b = { 0 };
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	add_packet(&b, t_ns, SYN);
	assert_int_equal(write(fd, b.data, b.len), b.len);
	close(fd);
	buf_fini(&b);
}

/* Of several files that are followed, one to which nothing is added does not keep the others. */
static void following(void **state)
{
	const char *paths[2];
	uint64_t random = 5;
	struct timeline *t;

	make_file(0, RISING, 10, false, &random);
	make_file(1, LATER, 10, false, &random);
	paths[0] = files[0].path;
	paths[1] = files[1].path;
	t = opened(paths, 2, (struct capture_opts){ .look_at_all = true, .follow = true });
	take_until_idle(t);
	assert_int_equal(n_got, 20);
	append(paths[1], 10000 * NS);
	take_until_idle(t);
	assert_int_equal(n_got, 21);
	append(paths[0], 20000 * NS);
	append(paths[1], 10001 * NS);
	take_until_idle(t);
	assert_int_equal(n_got, 23);
	append(paths[0], 20001 * NS);
	take_until_idle(t);
	assert_int_equal(n_got, 24);
	timeline_free(t);
}

static int set_up(void **state)
{
	return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state)
{
	size_t i;

	for (i = 0; i < FILES_MAX; i++)
		unlink(files[i].path);
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_files),  cmocka_unit_test(rotated),       cmocka_unit_test(without_entries),
		cmocka_unit_test(unreadable), cmocka_unit_test(with_a_stream), cmocka_unit_test(following),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
