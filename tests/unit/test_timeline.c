/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several captures as one: in whatever order they are named, their packets come by time, and all are counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/unit/random.h"
#include "tests/unit/timeline_files.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_files),  cmocka_unit_test(rotated),       cmocka_unit_test(without_entries),
		cmocka_unit_test(unreadable), cmocka_unit_test(with_a_stream), cmocka_unit_test(following),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
