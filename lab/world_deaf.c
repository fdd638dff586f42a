/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/world_deaf.h"

#include <errno.h>
#include <unistd.h>

#include "core/sockaddr.h"

/* A listen(0) holds one connection (net/core/sock.h sk_acceptq_is_full()): this is it. */
static int fill(const struct world *w, int family, int *ret_fd, struct err *e)
{
	struct endpoint at = { .port = WORLD_PORT_BACKLOG_FULL };
	struct sockaddr_storage ss;
	socklen_t len;
	int code, back;

	addr_parse(family == 6 ? "::1" : "127.0.0.1", &at.addr);
	len = sockaddr_of(&at, &ss);
	code = world_go(w, true, e);
	if (code)
		return code;
	*ret_fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*ret_fd < 0 || connect(*ret_fd, (struct sockaddr *)&ss, len))
		code = err_sys(e, errno, "cannot fill the far end's backlog");
	back = world_go(w, false, code ? NULL : e);
	return code ? code : back;
}

int world_listen_full(const struct world *w, int family, int ret_fds[2], struct err *e)
{
	int r;

	ret_fds[0] = ret_fds[1] = -1;
	r = world_listen(w, family, WORLD_PORT_BACKLOG_FULL, 0, &ret_fds[0], e);
	return r ? r : fill(w, family, &ret_fds[1], e);
}
