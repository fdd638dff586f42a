/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connects and closes on the loopback interface, as fast as it can, in as many processes as asked for.
 *   watch_load refused|established SECONDS PROCESSES [FILE]
 * Prints how many attempts it made, and how many of them were not as they should be.  FILE has the counts meanwhile: of
 * each process COUNTS_BYTES, of which the first eight are its attempts.  To be run in a network namespace of its own,
 * whose loopback interface is up.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES_MAX 16
#define COUNTS_BYTES 128 /* no line of cache is another one's, too */

struct counts {
	uint64_t attempts, wrong;
} __attribute__((aligned(COUNTS_BYTES)));

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Closed by a reset, so that no port stays behind in TIME-WAIT. */
static void close_hard(int fd)
{
	const struct linger l = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	close(fd);
}

static void serve(int listener)
{
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0)
			close_hard(fd);
	}
}

static void load(const struct sockaddr_in *to, bool established, int64_t until_ns, struct counts *c)
{
	while (now_ns() < until_ns) {
		int fd = socket(AF_INET, SOCK_STREAM, 0), r;

		if (fd < 0) {
			c->wrong++;
			continue;
		}
		r = connect(fd, (const struct sockaddr *)to, sizeof(*to)) ? errno : 0;
		c->attempts++;
		/* The server's reset may be here before connect() looks: it connected before. */
		c->wrong += established ? r && r != ECONNRESET : r != ECONNREFUSED;
		close_hard(fd);
	}
}

/* A port where nothing listens, or one that accepts: SECONDS from now on all is over. */
static int open_port(bool established, struct sockaddr_in *ret)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(*ret);

	*ret = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (fd < 0 || bind(fd, (struct sockaddr *)ret, len) || getsockname(fd, (struct sockaddr *)ret, &len) ||
	    (established && listen(fd, 4096))) {
		perror("watch_load");
		exit(1);
	}
	return fd;
}

static struct counts *counts_in(const char *path)
{
	const size_t len = sizeof(struct counts) * PROCESSES_MAX;
	int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
	struct counts *c = MAP_FAILED;

	if (!path || (fd >= 0 && !ftruncate(fd, (off_t)len)))
		c = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | (path ? 0 : MAP_ANONYMOUS), fd, 0);
	if (c == MAP_FAILED) {
		perror("watch_load");
		exit(1);
	}
	return c;
}

int main(int argc, char **argv)
{
	bool established = argc >= 4 && !strcmp(argv[1], "established");
	int n = argc == 4 || argc == 5 ? atoi(argv[3]) : 0, i, listener;
	uint64_t attempts = 0, wrong = 0;
	struct counts *c;
	struct sockaddr_in to;
	pid_t server = 0, pids[PROCESSES_MAX];
	int64_t until_ns;

	if (n < 1 || n > PROCESSES_MAX || atof(argv[2]) <= 0) {
		fprintf(stderr, "watch_load refused|established SECONDS PROCESSES [FILE]\n");
		return 2;
	}
	listener = open_port(established, &to);
	c = counts_in(argv[4]);
	if (established && !(server = fork()))
		serve(listener);
	until_ns = now_ns() + (int64_t)(atof(argv[2]) * 1e9);
	for (i = 0; i < n; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			load(&to, established, until_ns, &c[i]);
			_exit(0);
		}
	}
	for (i = 0; i < n; i++) {
		waitpid(pids[i], NULL, 0);
		attempts += c[i].attempts;
		wrong += c[i].wrong;
	}
	if (server > 0)
		kill(server, SIGKILL);
	printf("%lu %lu\n", (unsigned long)attempts, (unsigned long)wrong);
	return 0;
}
