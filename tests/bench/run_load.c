/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads for the wire of `synsent run`, each printing one figure:
 *
 *   run_load send HOST PORT SECONDS       bits per second that one connection carries
 *   run_load connect HOST PORT N RATE     connections per second that were made, N in all and at most RATE a second
 *   run_load sink PORT                    a server on 127.0.0.1 that reads and throws away, the peer of `send`; prints
 *                                         nothing, and says that it listens by closing its standard output
 */
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CHUNK (256 << 10)

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static struct addrinfo *look_up(const char *host, const char *port)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *ai;
	int r = getaddrinfo(host, port, &hints, &ai);

	if (r) {
		fprintf(stderr, "%s: %s\n", host, gai_strerror(r));
		exit(1);
	}
	return ai;
}

static int connected(const struct addrinfo *ai)
{
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, ai->ai_addr, ai->ai_addrlen))
		fail("connect");
	return fd;
}

static int do_send(const struct addrinfo *ai, double seconds)
{
	char *chunk = calloc(1, CHUNK), byte;
	int fd = connected(ai);
	double begun = now(), took, bytes = 0;
	ssize_t n;

	while (now() - begun < seconds && (n = write(fd, chunk, CHUNK)) > 0)
		bytes += (double)n;
	/* What is on its way counts when the other side has it all. */
	shutdown(fd, SHUT_WR);
	while (read(fd, &byte, 1) > 0)
		;
	took = now() - begun;
	printf("%.0f\n", bytes * 8 / took);
	free(chunk);
	return 0;
}

static int do_connect(const struct addrinfo *ai, int n, double rate)
{
	double begun = now();
	int i;

	for (i = 0; i < n; i++) {
		double ahead = begun + i / rate - now();
		struct timespec wait = { .tv_nsec = (long)(ahead * 1e9) };

		if (ahead > 0)
			nanosleep(&wait, NULL);
		close(connected(ai));
	}
	printf("%.0f\n", n / (now() - begun));
	return 0;
}

static int do_sink(const char *port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)atoi(port)),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), c;
	char *chunk = calloc(1, CHUNK);

	if (fd < 0 || bind(fd, (struct sockaddr *)&in, sizeof(in)) || listen(fd, 16))
		fail("sink");
	fclose(stdout);
	c = accept(fd, NULL, NULL);
	while (c >= 0 && read(c, chunk, CHUNK) > 0)
		;
	free(chunk);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "send"))
		return do_send(look_up(argv[2], argv[3]), atof(argv[4]));
	if (argc == 6 && !strcmp(argv[1], "connect"))
		return do_connect(look_up(argv[2], argv[3]), atoi(argv[4]), atof(argv[5]));
	if (argc == 3 && !strcmp(argv[1], "sink"))
		return do_sink(argv[2]);
	fprintf(stderr, "see the head of run_load.c\n");
	return 2;
}
