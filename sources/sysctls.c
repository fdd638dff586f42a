// SPDX-License-Identifier: GPL-2.0-or-later
#include "sources/sysctls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "sources/jiffies.h"

/* What the kernel accepts, to say so when it does not (net/ipv4/sysctl_net_ipv4.c). */
static const struct {
	const char *name;
	long min, max;
} ranges[] = {
	{ "ipv4/tcp_syn_retries", POLICY_RETRIES_MIN, POLICY_RETRIES_MAX },
	{ "ipv4/tcp_syn_linear_timeouts", 0, POLICY_LINEAR_MAX },
	{ "ipv4/tcp_rto_max_ms", POLICY_RTO_MAX_MS_MIN, POLICY_RTO_MAX_MS_MAX },
	{ "ipv4/tcp_synack_retries", 0, 255 },
	{ "ipv4/tcp_syncookies", 0, 2 },
	{ "ipv4/tcp_timestamps", 0, 2 },
};

/* What kernels do that do not have it yet; its first version. */
static const struct {
	const char *name;
	long value;
} without[] = {
	{ "ipv4/tcp_syn_linear_timeouts", 0 },		  /* 6.5 */
	{ "ipv4/tcp_rto_max_ms", POLICY_RTO_MAX_MS_MAX }, /* 6.15 */
};

static bool does_without(const char *name, long value)
{
	size_t i;

	for (i = 0; i < sizeof(without) / sizeof(without[0]); i++)
		if (!strcmp(without[i].name, name))
			return value == without[i].value;
	return false;
}

static int open_sysctl(const char *name, int flags)
{
	char path[160];
	int n = snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	int fd;

	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* "ipv4/tcp_syn_retries" as sysctl(8) says it: "net.ipv4.tcp_syn_retries". */
static void dotted(const char *name, char *to, size_t len)
{
	snprintf(to, len, "net.%s", name);
	for (; *to; to++)
		if (*to == '/')
			*to = '.';
}

int sysctls_get(const char *name, long *ret)
{
	char text[64], *end;
	ssize_t n;
	long value;
	int fd = open_sysctl(name, O_RDONLY);

	if (fd < 0)
		return fd;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return (int)n;
	text[n] = '\0';
	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || end == text)
		return -EPROTO;
	*ret = value;
	return 0;
}

static int set_failed(const char *name, long value, int code, struct err *e)
{
	char shown[160];

	dotted(name, shown, sizeof(shown));
	if (code == ENOENT)
		return err_set(e, code, "this kernel has no sysctl %s, so it cannot be set to %ld", shown, value);
	if (code == EINVAL || code == ERANGE) {
		if (e)
			e->exit_code = 2;
		for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
			if (!strcmp(ranges[i].name, name))
				return err_set(e, code, "%s = %ld is out of range: %ld to %ld are valid", shown, value,
					       ranges[i].min, ranges[i].max);
		return err_set(e, code, "the kernel does not accept %s = %ld", shown, value);
	}
	err_sys(e, code, "cannot set %s to %ld", shown, value);
	if (code == EACCES || code == EPERM)
		err_remedy(e, "Only root of the network namespace may: run it as root, or in a lab of its own.");
	else if (code == EROFS)
		err_remedy(e, "/proc/sys is mounted read-only here, as in many containers.");
	return -code;
}

int sysctls_set(const char *name, long value, struct err *e)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%ld\n", value);
	int code = 0;
	int fd = open_sysctl(name, O_WRONLY);

	if (fd == -ENOENT && does_without(name, value))
		return 0;
	if (fd < 0)
		return set_failed(name, value, -fd, e);
	if (write(fd, text, (size_t)len) != len)
		code = errno ? errno : EIO;
	close(fd);
	return code ? set_failed(name, value, code, e) : 0;
}

/* As sysctls_get, but a sysctl that this kernel does not have leaves *ret at its default. */
static int get_known(const char *name, int *ret, struct err *e)
{
	char shown[160];
	long value;
	int r = sysctls_get(name, &value);

	if (r == -ENOENT)
		return 0;
	if (r < 0) {
		dotted(name, shown, sizeof(shown));
		return err_sys(e, -r, "cannot read %s", shown);
	}
	*ret = (int)value;
	return 0;
}

int sysctls_policy(struct policy *ret, struct err *e)
{
	struct policy p = { .rto_max_ms = POLICY_RTO_MAX_MS_MAX };
	char version[32];
	int r;

	r = get_known("ipv4/tcp_syn_retries", &p.retries, e);
	if (!r)
		r = get_known("ipv4/tcp_syn_linear_timeouts", &p.linear, e);
	if (!r)
		r = get_known("ipv4/tcp_rto_max_ms", &p.rto_max_ms, e);
	if (r)
		return r;
	/* Every kernel with IPv4 has this one; without it there is nothing to predict from. */
	if (!p.retries) {
		err_set(e, ENOENT, "this network namespace has no net.ipv4.tcp_syn_retries");
		err_remedy(e, "Is /proc mounted, and does the kernel have TCP?");
		return -ENOENT;
	}
	p.hz = jiffies_hz();
	p.kernel = kernel_version(version, sizeof(version));
	*ret = p;
	return 0;
}

uint32_t kernel_version(char *text, int len)
{
	struct utsname u;
	unsigned int a, b;
	size_t n;

	if (uname(&u))
		u.release[0] = '\0';
	/* "6.18.44-12-amd64" -> "6.18.44", "6.1.-x" -> "6.1" */
	n = strspn(u.release, "0123456789.");
	while (n && u.release[n - 1] == '.')
		n--;
	u.release[n] = '\0';
	if (text && len > 0)
		snprintf(text, (size_t)len, "%s", u.release);
	if (sscanf(u.release, "%3u.%3u", &a, &b) != 2 || a > 255 || b > 255)
		return 0;
	return KERNEL_VERSION_OF(a, b);
}
