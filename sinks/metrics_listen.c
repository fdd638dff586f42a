/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/metrics_listen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/sockaddr.h"
#include "util/buf.h"

#define BACKLOG 16

int metrics_listen_parse(const char *text, struct endpoint *ret, struct err *e)
{
	static const char local[] = "localhost:";
	const char *port = !strncmp(text, local, strlen(local)) ? text + strlen(local)
			   : *text == ':'			? text + 1
			   : strchr(text, ':')			? NULL
								: text;
	char whole[ENDPOINT_TEXT_LEN];
	struct buf shown = { 0 };
	struct endpoint at;
	int len = snprintf(whole, sizeof(whole), "%s%s", port ? "127.0.0.1:" : "", port ? port : text);

	if (len > 0 && len < (int)sizeof(whole) && !endpoint_parse(whole, &at) && at.addr.family) {
		*ret = at;
		return 0;
	}
	buf_escaped(&shown, text, strlen(text));
	err_set(e, EINVAL, "%s is not where metrics can be served", buf_text(&shown));
	err_remedy(e, "for example :9464 (this host alone), 192.0.2.1:9464, [2001:db8::1]:9464, or 0.0.0.0:9464 for "
		      "all of IPv4");
	buf_fini(&shown);
	if (e)
		e->exit_code = 2;
	return -EINVAL;
}

static int fail(int code, const struct endpoint *at, struct err *e)
{
	char text[ENDPOINT_TEXT_LEN];

	err_sys(e, code, "cannot serve metrics on %s", endpoint_format(at, text));
	if (code == EADDRINUSE)
		err_remedy(e, "`ss -ltnp` shows who listens there; choose another port, or 0 for any");
	else if (code == EADDRNOTAVAIL)
		err_remedy(e, "`ip address` shows the addresses of this host");
	else if (code == EACCES)
		err_remedy(e, "ports below net.ipv4.ip_unprivileged_port_start are root's; choose a larger one");
	return -code;
}

int metrics_listen_open(const struct endpoint *at, struct err *e)
{
	struct sockaddr_storage ss;
	socklen_t len = sockaddr_of(at, &ss);
	int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, saved;

	if (fd >= 0 && !setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) &&
	    !bind(fd, (struct sockaddr *)&ss, len) && !listen(fd, BACKLOG))
		return fd;
	saved = errno;
	if (fd >= 0)
		close(fd);
	return fail(saved, at, e);
}
