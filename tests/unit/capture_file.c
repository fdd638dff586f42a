/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/capture_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const size_t buffer_lens[N_BUFFER_LENS] = { 1, 7, 100, 4096, 0 };

#define DIRECTORY "/tmp/synsent-capture-XXXXXX"

char directory[] = DIRECTORY, path[sizeof(DIRECTORY) + 16];

int set_up(void **state)
{
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/capture", directory);
	return 0;
}

int tear_down(void **state)
{
	unlink(path);
	return rmdir(directory);
}

void write_file(struct bytes b)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(b.p, 1, b.len, f), b.len);
	assert_int_equal(fclose(f), 0);
}

void read_as(struct seen *s, size_t buffer_len, bool look_at_all, bool threaded)
{
	const struct capture_opts o = { .seed = SEED, .buffer_len = buffer_len, .look_at_all = look_at_all };

	seen_read(s, path, &o, threaded);
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

void read_pipe(struct seen *s, struct bytes b, size_t at_once, size_t buffer_len, bool threaded)
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
