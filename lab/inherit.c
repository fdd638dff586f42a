/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/inherit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Under /proc/sys/net, and of the network namespace (Documentation/networking/ip-sysctl.rst). */
static const char *const names[] = {
	"ipv4/tcp_syn_retries",
	"ipv4/tcp_syn_linear_timeouts",
	"ipv4/tcp_rto_max_ms",
	"ipv4/tcp_rto_min_us",
	"ipv4/tcp_synack_retries",
	"ipv4/tcp_timestamps",
	"ipv4/tcp_sack",
	"ipv4/tcp_window_scaling",
	"ipv4/tcp_ecn",
	"ipv4/tcp_fastopen",
	"ipv4/tcp_tw_reuse",
	"ipv4/tcp_fin_timeout",
	"ipv4/tcp_retries1",
	"ipv4/tcp_retries2",
	"ipv4/tcp_mtu_probing",
	"ipv4/tcp_autocorking",
	"ipv4/ip_local_port_range",
	"ipv4/ip_local_reserved_ports",
	"core/txrehash",
	"mptcp/enabled",
	"mptcp/syn_retrans_before_tcp_fallback",
};

#define N (sizeof(names) / sizeof(names[0]))
_Static_assert(N <= INHERIT_MAX, "room for every setting");

static int open_setting(const char *name, int flags)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	return open(path, flags | O_CLOEXEC);
}

void inherit_read(struct inherit *ret)
{
	size_t i;

	memset(ret, 0, sizeof(*ret));
	for (i = 0; i < N; i++) {
		int fd = open_setting(names[i], O_RDONLY);
		ssize_t n = fd < 0 ? -1 : read(fd, ret->values[i], sizeof(ret->values[i]) - 1);

		if (n < 0)
			n = 0;
		ret->values[i][n] = 0;
		/* One that does not fit (a long list of ports) would be cut: rather none. */
		if (n == (ssize_t)sizeof(ret->values[i]) - 1)
			ret->values[i][0] = 0;
		if (fd >= 0)
			close(fd);
	}
}

void inherit_write(const struct inherit *in)
{
	size_t i;

	for (i = 0; i < N; i++) {
		size_t len = strlen(in->values[i]);
		int fd = len > 1 || (len && in->values[i][0] != '\n') ? open_setting(names[i], O_WRONLY) : -1;

		if (fd < 0)
			continue;
		if (write(fd, in->values[i], len) < 0) {
			/* It keeps the kernel's default; what is in force is read back. */
		}
		close(fd);
	}
}
