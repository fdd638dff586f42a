// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How fast unpacking is: `unpack_rate FILE [here]` reads a compressed file to its
 * end, with the thread or `here` without, and prints what came out and how long
 * it took.  Beside it: `igzip -dc`, `zstd -dc`, `lz4 -dc` with >/dev/null.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sources/unpack.h"

#define BUFFER_BYTES (1 << 20)

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	uint8_t head[UNPACK_HEAD], *buffer = aligned_alloc(4096, BUFFER_BYTES);
	bool threaded = argc < 3 || strcmp(argv[2], "here") != 0;
	struct unpack *u = NULL;
	struct err e = { "" };
	double began = now();
	uint64_t total = 0;
	ssize_t n;

	n = fd < 0 ? -1 : read(fd, head, sizeof(head));
	if (n < 0 || !buffer) {
		fprintf(stderr, "usage: unpack_rate FILE [here]\n");
		return 2;
	}
	if (unpack_new(packing_of(head, (size_t)n), fd, head, (size_t)n, threaded, &u, &e)) {
		fprintf(stderr, "%s\n", e.what);
		return 3;
	}
	while ((n = unpack_read(u, buffer, BUFFER_BYTES, &e)) > 0)
		total += (uint64_t)n;
	if (n < 0)
		fprintf(stderr, "%s\n", e.what);
	began = now() - began;
	printf("%llu bytes of %llu in %.3f s, %.0f MB/s\n", (unsigned long long)total,
	       (unsigned long long)unpack_taken(u), began, (double)total / began / 1e6);
	unpack_free(u);
	free(buffer);
	close(fd);
	return n < 0 ? 3 : 0;
}
