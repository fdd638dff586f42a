/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "packed.h"
#include "util/bytes.h"

/* Files, pipes and the thread.  What comes out of which bytes is test_unpack.c's. */
struct result {
	struct buf out;
	int end;
	struct err err;
};

static struct bytes all(const struct buf *b)
{
	return bytes_of(buf_text(b), b->len);
}

static int file_of(struct bytes in)
{
	int fd = memfd_create("packed", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, in.p, in.len), in.len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* Ends with u freed. */
static void read_all(struct unpack *u, size_t at_once, uint64_t taken, struct result *ret)
{
	uint8_t *to = malloc(at_once);
	ssize_t n;

	memset(ret, 0, sizeof(*ret));
	while ((n = unpack_read(u, to, at_once, &ret->err)) > 0)
		buf_add(&ret->out, to, (size_t)n);
	ret->end = (int)n;
	assert_int_equal(unpack_read(u, to, at_once, &ret->err), n);
	if (ret->end != -EBADMSG)
		assert_int_equal(unpack_taken(u), taken);
	unpack_free(u);
	free(to);
}

static struct unpack *open_fd(enum packing p, int fd, struct bytes head, bool threaded)
{
	struct unpack *u = NULL;
	struct err e = { "" };

	assert_int_equal(unpack_new(p, fd, head.p, head.len, threaded, &u, &e), 0);
	return u;
}

static void expect_same(const struct result *r, const struct result *whole)
{
	assert_int_equal(r->out.len, whole->out.len);
	assert_memory_equal(buf_text(&r->out), buf_text(&whole->out), whole->out.len);
	assert_int_equal(r->end, whole->end);
	assert_string_equal(r->err.what, whole->err.what);
}

static void unpack_file(enum packing p, struct bytes in, size_t head_len, bool threaded, size_t at_once,
			struct result *ret)
{
	int fd = file_of(in);

	assert_int_equal(lseek(fd, (off_t)head_len, SEEK_SET), head_len);
	read_all(open_fd(p, fd, bytes_of(in.p, head_len), threaded), at_once, in.len, ret);
	close(fd);
}

struct writer {
	int fd;
	struct bytes in;
	size_t at_once;
};

static void *write_all(void *arg)
{
	struct writer *w = arg;
	struct bytes piece;

	while (w->in.len && bytes_take(&w->in, w->at_once < w->in.len ? w->at_once : w->in.len, &piece)) {
		if (write(w->fd, piece.p, piece.len) < 0)
			break;
	}
	close(w->fd);
	return NULL;
}

/* Every read(2) gives exactly `in_at_once` bytes: so it is with packets in a pipe. */
static void unpack_pipe(enum packing p, struct bytes in, size_t in_at_once, bool threaded, size_t out_at_once,
			struct result *ret)
{
	struct writer w = { .in = in, .at_once = in_at_once };
	int fds[2];
	pthread_t thread;

	assert_int_equal(pipe2(fds, O_CLOEXEC | O_DIRECT), 0);
	w.fd = fds[1];
	assert_int_equal(pthread_create(&thread, NULL, write_all, &w), 0);
	read_all(open_fd(p, fds[0], bytes_of("", 0), threaded), out_at_once, in.len, ret);
	close(fds[0]);
	pthread_join(thread, NULL);
}

/* A file, with and without the thread and a head; a pipe in any pieces: the same bytes, and the same end. */
static void any_way(enum packing p, struct bytes in, struct result *ret)
{
	static const size_t pieces[][2] = { { 1, 1 }, { 1, 4096 }, { 7, 3 }, { 1000, 1 }, { 4096, 100000 } };
	struct result r;

	unpack_file(p, in, 0, false, 1 << 20, ret);
	for (size_t i = 0; i < 10; i++) {
		unpack_pipe(p, in, pieces[i % 5][0], i < 5, pieces[i % 5][1], &r);
		expect_same(&r, ret);
		buf_fini(&r.out);
	}
	for (size_t i = 0; i < 8; i++) {
		unpack_file(p, in, i & 4 ? in.len : i & 2 ? 4 : 0, i & 1, 1 + i * 1000, &r);
		expect_same(&r, ret);
		buf_fini(&r.out);
	}
}

static void any_way_any_end(void **state)
{
	for (size_t i = 0; i < n_packers; i++) {
		const struct packer *p = &packers[i];
		struct buf content = { 0 }, packed = { 0 };
		struct result r;

		packed_content(&content, 3000);
		p->pack(&packed, all(&content).p, 2000);
		p->pack(&packed, all(&content).p + 2000, 1000);
		any_way(p->packing, all(&packed), &r);
		assert_int_equal(r.end, 0);
		assert_int_equal(r.out.len, content.len);
		assert_memory_equal(r.out.data, content.data, content.len);
		buf_fini(&r.out);
		any_way(p->packing, bytes_of(packed.data, packed.len - 3), &r);
		assert_int_equal(r.end, -ENODATA);
		buf_fini(&r.out);
		buf_str(&packed, "a tail");
		any_way(p->packing, all(&packed), &r);
		assert_int_equal(r.end, -EBADMSG);
		assert_int_equal(r.out.len, content.len);
		buf_fini(&r.out);
		for (size_t n = 0; n < 9; n++)
			packed.data[packed.len / 2 + n] ^= 0x5a;
		any_way(p->packing, all(&packed), &r);
		assert_int_equal(r.end, -EBADMSG);
		buf_fini(&r.out);
		buf_fini(&content);
		buf_fini(&packed);
	}
}

static void large_by_the_thread(void **state)
{
	for (size_t i = 0; i < n_packers; i++) {
		struct buf content = { 0 }, packed = { 0 };
		struct result r;

		packed_content(&content, 10000000);
		packers[i].pack(&packed, all(&content).p, content.len);
		unpack_file(packers[i].packing, all(&packed), 4, true, 1000003, &r);
		assert_int_equal(r.end, 0);
		assert_int_equal(r.out.len, content.len);
		assert_memory_equal(r.out.data, content.data, content.len);
		buf_fini(&r.out);
		buf_fini(&content);
		buf_fini(&packed);
	}
}

/* A little that becomes much. */
static void bombs(void **state)
{
	const size_t len = 64 << 20;
	uint8_t *zeros = calloc(1, len), *to = malloc(1 << 20);

	for (size_t i = 0; i < n_packers; i++) {
		struct buf packed = { 0 };
		struct err e = { "" };
		struct unpack *u;
		size_t got = 0;
		ssize_t n;
		int fd;

		packers[i].pack(&packed, zeros, len);
		fd = file_of(all(&packed));
		u = open_fd(packers[i].packing, fd, bytes_of("", 0), true);
		while ((n = unpack_read(u, to, 1 << 20, &e)) > 0) {
			assert_memory_equal(to, zeros, n);
			got += (size_t)n;
		}
		assert_int_equal(n, 0);
		assert_int_equal(got, len);
		unpack_free(u);
		close(fd);
		buf_fini(&packed);
	}
	free(zeros);
	free(to);
}

static int entries(const char *path)
{
	DIR *d = opendir(path);
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* Waits until no thread is left but this one.  pthread_join() returns before the kernel takes the other one out of
 * /proc. */
static void until_alone(void)
{
	while (entries("/proc/self/task") != 3) /* with . and .. */
		sched_yield();
}

static void pack_some(const struct packer *p, struct buf *packed, size_t len)
{
	struct buf content = { 0 };

	packed_content(&content, len);
	p->pack(packed, all(&content).p, content.len);
	buf_fini(&content);
}

/* Freed before, in and after the work; while the thread waits for a pipe, or for somebody to take what it has. */
static void freed_at_any_moment(void **state)
{
	int before = entries("/proc/self/fd");
	struct buf packed = { 0 };
	struct err e = { "" };

	pack_some(&packers[2], &packed, 5000000);
	for (size_t reads = 0; reads < 12; reads++) {
		int fds[2], file = file_of(all(&packed));
		struct unpack *u = open_fd(PACKING_ZSTD, file, bytes_of("", 0), true);
		uint8_t to[1000];

		for (size_t i = 0; i < reads; i++)
			assert_true(unpack_read(u, to, sizeof(to), &e) > 0);
		unpack_free(u);
		close(file);

		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		assert_int_equal(write(fds[1], packed.data, 60000), 60000);
		u = open_fd(PACKING_ZSTD, fds[0], bytes_of("", 0), true);
		for (size_t i = 0; i < reads; i++)
			assert_true(unpack_read(u, to, sizeof(to), &e) > 0);
		unpack_free(u);
		close(fds[0]);
		close(fds[1]);
	}
	unpack_free(NULL);
	assert_int_equal(entries("/proc/self/fd"), before);
	until_alone();
	buf_fini(&packed);
}

/* Waits until the other thread does: it has nothing to wait for but its pipe. */
static void until_it_waits(void)
{
	char path[64], text[256] = "";
	struct dirent *entry;
	DIR *d;

	for (;;) {
		d = opendir("/proc/self/task");
		assert_non_null(d);
		while ((entry = readdir(d))) {
			int fd;

			if (entry->d_name[0] == '.' || atoi(entry->d_name) == getpid())
				continue;
			snprintf(path, sizeof(path), "/proc/self/task/%d/stat", atoi(entry->d_name));
			fd = open(path, O_RDONLY | O_CLOEXEC);
			assert_true(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
			close(fd);
		}
		closedir(d);
		if (strstr(text, ") S "))
			return;
		sched_yield();
	}
}

/* No descriptor is left for the one that wakes the thread. */
static void freed_without_eventfd(void **state)
{
	struct rlimit old, low;
	struct buf packed = { 0 };
	int fds[2];
	int gaps[64], n_gaps = 0;
	uint8_t to[100];
	struct err e = { "" };
	struct unpack *u;

	until_alone();
	pack_some(&packers[0], &packed, 100);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(write(fds[1], packed.data, packed.len), packed.len);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = (struct rlimit){ .rlim_cur = (rlim_t)fds[1] + 3, .rlim_max = old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	while (n_gaps < 64 && (gaps[n_gaps] = dup(fds[0])) >= 0)
		n_gaps++;
	assert_int_equal(errno, EMFILE);
	u = open_fd(PACKING_GZIP, fds[0], bytes_of("", 0), true);
	assert_int_equal(unpack_read(u, to, sizeof(to), &e), 100);
	close(gaps[--n_gaps]);
	close(gaps[--n_gaps]);
	until_it_waits();
	unpack_free(u);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	while (n_gaps)
		close(gaps[--n_gaps]);
	close(fds[0]);
	close(fds[1]);
	buf_fini(&packed);
}

/* What has come is given before the rest comes. */
static void slow_pipe(void **state)
{
	for (size_t i = 0; i < 2 * n_packers; i++) {
		const struct packer *p = &packers[i % n_packers];
		bool threaded = i < n_packers;
		struct buf packed = { 0 };
		uint8_t to[1000];
		struct err e = { "" };
		struct unpack *u;
		int fds[2];

		pack_some(p, &packed, 100);
		assert_int_equal(pipe2(fds, O_CLOEXEC | (i & 1 ? O_NONBLOCK : 0)), 0);
		u = open_fd(p->packing, fds[0], bytes_of("", 0), threaded);
		for (size_t n = 0; n < 3; n++) {
			assert_int_equal(write(fds[1], packed.data, packed.len), packed.len);
			for (size_t got = 0; got < 100;) {
				ssize_t r = unpack_read(u, to + got, sizeof(to) - got, &e);

				assert_true(r > 0);
				got += (size_t)r;
			}
		}
		close(fds[1]);
		assert_int_equal(unpack_read(u, to, sizeof(to), &e), 0);
		unpack_free(u);
		close(fds[0]);
		buf_fini(&packed);
	}
}

static void stopped(void **state)
{
	for (int threaded = 0; threaded < 2; threaded++) {
		struct buf packed = { 0 };
		uint8_t to[1000];
		struct err e = { "" };
		struct unpack *u;
		volatile sig_atomic_t stop = 0;
		int fds[2];

		pack_some(&packers[0], &packed, 100);
		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		u = open_fd(PACKING_GZIP, fds[0], bytes_of("", 0), threaded);
		unpack_stop_when(u, &stop);
		assert_int_equal(write(fds[1], packed.data, packed.len), packed.len);
		assert_int_equal(unpack_read(u, to, sizeof(to), &e), 100);
		stop = 1;
		assert_int_equal(unpack_read(u, to, sizeof(to), &e), -EINTR);
		assert_int_equal(unpack_read(u, to, sizeof(to), &e), -EINTR);
		assert_string_equal(e.what, "interrupted");
		unpack_free(u);
		close(fds[0]);
		close(fds[1]);
		buf_fini(&packed);
	}
}

static void unreadable(void **state)
{
	int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int threaded = 0; threaded < 2; threaded++) {
		struct unpack *u = open_fd(PACKING_GZIP, dir, bytes_of("", 0), threaded);
		struct err e = { "" };
		uint8_t to[10];

		assert_int_equal(unpack_read(u, to, sizeof(to), &e), -EISDIR);
		assert_string_equal(e.what, "cannot read: Is a directory");
		assert_int_equal(unpack_read(u, to, sizeof(to), NULL), -EISDIR);
		unpack_free(u);
	}
	close(dir);
}

/* A wait that does not end is a failure. */
static int begin(void **state)
{
	alarm(60);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(any_way_any_end, begin),
		cmocka_unit_test_setup(large_by_the_thread, begin),
		cmocka_unit_test_setup(bombs, begin),
		cmocka_unit_test_setup(freed_at_any_moment, begin),
		cmocka_unit_test_setup(freed_without_eventfd, begin),
		cmocka_unit_test_setup(slow_pipe, begin),
		cmocka_unit_test_setup(stopped, begin),
		cmocka_unit_test_setup(unreadable, begin),
	};

	/* A writer may find that nobody reads on after an error. */
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
