/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct sets {
	uint64_t effective, permitted, inheritable;
};

static int caps_get(struct sets *ret)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];

	memset(d, 0, sizeof(d));
	if (syscall(SYS_capget, &h, d))
		return -errno;
	ret->effective = (uint64_t)d[1].effective << 32 | d[0].effective;
	ret->permitted = (uint64_t)d[1].permitted << 32 | d[0].permitted;
	ret->inheritable = (uint64_t)d[1].inheritable << 32 | d[0].inheritable;
	return 0;
}

static int caps_set(const struct sets *s)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2] = {
		{ (uint32_t)s->effective, (uint32_t)s->permitted, (uint32_t)s->inheritable },
		{ (uint32_t)(s->effective >> 32), (uint32_t)(s->permitted >> 32), (uint32_t)(s->inheritable >> 32) },
	};

	return syscall(SYS_capset, &h, d) ? -errno : 0;
}

uint64_t caps_effective(void)
{
	struct sets s;

	return caps_get(&s) ? 0 : s.effective;
}

bool caps_have(uint64_t mask)
{
	return (caps_effective() & mask) == mask;
}

int caps_keep_over_exec(void)
{
	struct sets s;
	int r, cap;

	r = caps_get(&s);
	if (r)
		return r;
	s.inheritable = s.permitted;
	r = caps_set(&s);
	if (r)
		return r;
	for (cap = 0; cap < 64; cap++)
		if ((s.permitted >> cap & 1) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0))
			return -errno;
	return 0;
}

int caps_drop_all(void)
{
	struct sets none = { 0, 0, 0 };

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
		return -errno;
	return caps_set(&none);
}
