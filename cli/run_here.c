/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/run_here.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/sockaddr.h"

static int unknown(const char *host, const char *why, struct err *e)
{
	err_set(e, ENOENT, "%s: %s", host, why);
	err_remedy(e, "give its address instead; with --here names are those of this host");
	e->exit_code = 2;
	return -ENOENT;
}

static void add_address(const struct addrinfo *a, struct buf *to)
{
	struct sockaddr_storage ss = { 0 };
	char text[ADDR_TEXT_LEN];
	struct endpoint at;

	memcpy(&ss, a->ai_addr, a->ai_addrlen < sizeof(ss) ? a->ai_addrlen : sizeof(ss));
	sockaddr_endpoint(&ss, &at);
	buf_fmt(to, "%s%s", buf_text(to)[to->len - 1] == '=' ? "" : ",", addr_format(&at.addr, text));
}

int run_here_names(struct names *n, const char *host, struct err *e)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *all, *a;
	struct buf rule = { 0 };
	int i, r = getaddrinfo(host, NULL, &hints, &all);

	if (r)
		return unknown(host, gai_strerror(r), e);
	buf_fmt(&rule, "%s=", host);
	for (a = all, i = 0; a && i < NAMES_ADDRS_MAX; a = a->ai_next, i++)
		add_address(a, &rule);
	freeaddrinfo(all);
	r = rule.failed ? err_sys(e, ENOMEM, "%s", host) : names_resolve(n, buf_text(&rule), e);
	buf_fini(&rule);
	return r;
}
