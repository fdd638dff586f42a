/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What run_faults.py runs, as a client and as a server at the far end.
 *
 *   try_connect HOST PORT [mptcp] [tfo] [from=PORT] [hold=MS] [say=TEXT] [within=MS]
 *
 * One plain blocking connect(); prints "HOST PORT RESULT NS LOCALPORT REPLY",
 * where RESULT is the name of an errno or "connects", and REPLY what came back
 * to what it said within 400 ms (or MS), "-" for nothing and "end" for an
 * end.  Exits with the errno.
 *
 *   try_connect serve PORT
 *
 * Accepts for ever, and answers each connection with the IP and TCP headers of its SYN, in hex, as a line.
 */
#include <errno.h>
#include <linux/tcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/words.h"
#include "util/clock.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#define REPLY_WITHIN_MS 400
#define BAD 255

struct wish {
	bool mptcp, tfo;
	int from, hold_ms, within_ms;
	const char *say;
};

static bool read_wish(const char *word, struct wish *w)
{
	if (!strcmp(word, "mptcp"))
		w->mptcp = true;
	else if (!strcmp(word, "tfo"))
		w->tfo = true;
	else if (!strncmp(word, "from=", 5))
		w->from = atoi(word + 5);
	else if (!strncmp(word, "hold=", 5))
		w->hold_ms = atoi(word + 5);
	else if (!strncmp(word, "say=", 4))
		w->say = word + 4;
	else if (!strncmp(word, "within=", 7))
		w->within_ms = atoi(word + 7);
	else
		return false;
	return true;
}

static int bind_port(int fd, int family, int port)
{
	int on = 1;
	struct sockaddr_in6 any = { .sin6_family = (sa_family_t)family, .sin6_port = htons((uint16_t)port) };

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return bind(fd, (struct sockaddr *)&any,
		    family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
}

static int local_port(int fd)
{
	struct sockaddr_in6 own = { 0 }; /* the port stands at the same place in both families */
	socklen_t len = sizeof(own);

	return getsockname(fd, (struct sockaddr *)&own, &len) ? 0 : ntohs(own.sin6_port);
}

static void print_reply(int fd, const struct wish *w)
{
	struct timeval within = { w->within_ms / 1000, w->within_ms % 1000 * 1000 };
	char reply[4096] = "";
	ssize_t n;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &within, sizeof(within));
	if (*w->say && send(fd, w->say, strlen(w->say), MSG_NOSIGNAL) < 0)
		printf("unsent");
	n = recv(fd, reply, sizeof(reply) - 1, 0);
	if (n < 0)
		printf("-");
	else if (!n)
		printf("end");
	else
		printf("%.*s", (int)strcspn(reply, "\r\n"), reply);
}

static int try(const char *host, const char *port, const struct wish *w)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *to;
	int fd, on = 1, error;
	int64_t began, took;

	if (getaddrinfo(host, port, &hints, &to)) {
		printf("%s %s no-name 0 0 -\n", host, port);
		return BAD;
	}
	fd = socket(to->ai_family, SOCK_STREAM, w->mptcp ? IPPROTO_MPTCP : 0);
	if (fd < 0 || (w->tfo && setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof(on))) ||
	    (w->from && bind_port(fd, to->ai_family, w->from)))
		return BAD;
	began = clock_mono_ns();
	error = connect(fd, to->ai_addr, to->ai_addrlen) ? errno : 0;
	took = clock_mono_ns() - began;
	freeaddrinfo(to);
	printf("%s %s %s %lld %d ", host, port, error ? errno_name(error) : "connects", (long long)took,
	       local_port(fd));
	if (!error && w->say)
		print_reply(fd, w);
	else
		printf("-");
	printf("\n");
	fflush(stdout);
	if (!error && w->hold_ms)
		usleep((useconds_t)w->hold_ms * 1000);
	close(fd);
	return error;
}

static void answer_syn(int fd)
{
	unsigned char syn[256];
	char hex[2 * sizeof(syn) + 2];
	socklen_t len = sizeof(syn), i;

	if (getsockopt(fd, IPPROTO_TCP, TCP_SAVED_SYN, syn, &len))
		len = 0;
	for (i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", syn[i]);
	snprintf(hex + 2 * len, 2, "\n");
	send(fd, hex, 2 * len + 1, MSG_NOSIGNAL);
}

static int serve(const char *port)
{
	struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(port)) };
	int listener = socket(AF_INET6, SOCK_STREAM, 0), on = 1, fd;

	if (listener < 0 || setsockopt(listener, IPPROTO_TCP, TCP_SAVE_SYN, &on, sizeof(on)) ||
	    bind(listener, (struct sockaddr *)&at, sizeof(at)) || listen(listener, 64)) {
		perror("serve");
		return BAD;
	}
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		answer_syn(fd);
		close(fd);
	}
	return BAD;
}

int main(int argc, char **argv)
{
	struct wish w = { .within_ms = REPLY_WITHIN_MS };
	int i;

	if (argc == 3 && !strcmp(argv[1], "serve"))
		return serve(argv[2]);
	for (i = 3; i < argc; i++)
		if (!read_wish(argv[i], &w))
			return BAD;
	return argc < 3 ? BAD : try(argv[1], argv[2], &w);
}
