/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/bpf_lacks.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/capability.h of Linux 5.8 */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF 39
#endif

static bool is_in(uint64_t set, int cap)
{
	return set >> cap & 1;
}

const char *bpf_lacks(bool perfmon)
{
	static const char *const texts[] = {
		"this user has them in a user namespace only, or a security policy forbids it",
		"this user lacks CAP_BPF",
		"this user lacks CAP_PERFMON",
		"this user lacks CAP_BPF and CAP_PERFMON",
		"this user lacks CAP_NET_ADMIN",
		"this user lacks CAP_BPF and CAP_NET_ADMIN",
		"this user lacks CAP_PERFMON and CAP_NET_ADMIN",
		"this user has none of them",
	};
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2] = { 0 };
	unsigned int n = 0;
	uint64_t has;

	syscall(SYS_capget, &h, d);
	has = (uint64_t)d[1].effective << 32 | d[0].effective;
	if (!is_in(has, CAP_SYS_ADMIN)) {
		n |= is_in(has, CAP_BPF) ? 0 : 1;
		n |= is_in(has, CAP_PERFMON) || !perfmon ? 0 : 2;
	}
	n |= is_in(has, CAP_NET_ADMIN) ? 0 : 4;
	return n == 5 && !perfmon ? texts[7] : texts[n];
}

bool bpf_lacks_privilege(int code)
{
	return code == EPERM || (code == EACCES && geteuid());
}

bool bpf_lacks_sysfs(void)
{
	return access("/sys/kernel", F_OK) != 0;
}
