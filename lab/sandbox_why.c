/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/sandbox_why.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define WITHOUT "  without it `synsent predict` works: it computes the schedule"

static long read_number(const char *path)
{
	char text[32];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -1;
	text[n] = 0;
	return strtol(text, NULL, 10);
}

void sandbox_host_read(struct sandbox_host *ret)
{
	ret->max_user_namespaces = read_number("/proc/sys/user/max_user_namespaces");
	ret->max_net_namespaces = read_number("/proc/sys/user/max_net_namespaces");
	ret->max_pid_namespaces = read_number("/proc/sys/user/max_pid_namespaces");
	ret->unprivileged_userns_clone = read_number("/proc/sys/kernel/unprivileged_userns_clone");
	ret->apparmor_restrict_unprivileged_userns =
		read_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
}

/* The setting that forbids it, and the value that would allow it. */
static const char *setting(const struct sandbox_host *h, bool root)
{
	if (!h->max_user_namespaces)
		return "user.max_user_namespaces=15000";
	if (!h->max_net_namespaces)
		return "user.max_net_namespaces=15000";
	if (!h->max_pid_namespaces)
		return "user.max_pid_namespaces=15000";
	if (!root && !h->unprivileged_userns_clone)
		return "kernel.unprivileged_userns_clone=1";
	if (!root && h->apparmor_restrict_unprivileged_userns > 0)
		return "kernel.apparmor_restrict_unprivileged_userns=0";
	return NULL;
}

static const char *what(enum sandbox_step step)
{
	switch (step) {
	case SANDBOX_CLONE:
		return "cannot make a network namespace of our own";
	case SANDBOX_MAP:
		return "cannot map this user into a user namespace";
	case SANDBOX_CAPS:
		return "made a user namespace, but the host gives no power over the network in it";
	case SANDBOX_FORK:
		break;
	}
	return "cannot start a process in the sandbox";
}

int sandbox_why(const struct sandbox_host *h, enum sandbox_step step, int code, bool root, struct err *e)
{
	const char *fix = setting(h, root);

	/* The kernel's text for a limit, "No space left on device", would mislead. */
	if (code == ENOSPC || code == EUSERS)
		err_set(e, code, "%s: the limit for namespaces is reached", what(step));
	else
		err_sys(e, code, "%s", what(step));
	if (e)
		e->exit_code = 77;
	if (fix)
		err_remedy(e, "  a kernel setting forbids it; as root: sysctl -w %s%s\n" WITHOUT, fix,
			   root ? "" : " (or run synsent as root)");
	else if (code == ENOSPC || code == EUSERS)
		err_remedy(e, "  too many namespaces: see the limits in /proc/sys/user/max_*_namespaces\n" WITHOUT);
	else if (code == EPERM || code == EACCES)
		err_remedy(e,
			   "  a chroot, or a container's seccomp filter or LSM, forbids it: %s\n"
			   "  a container needs --cap-add=SYS_ADMIN,NET_ADMIN, or a seccomp profile that lets clone() "
			   "make user namespaces\n" WITHOUT,
			   root ? "run synsent outside of it" : "run synsent as root or outside of it");
	else if (code == EINVAL || code == ENOSYS)
		err_remedy(e, "  this kernel was built without namespaces "
			      "(CONFIG_USER_NS, CONFIG_NET_NS, CONFIG_PID_NS)\n" WITHOUT);
	else
		err_remedy(e, WITHOUT);
	return -code;
}
