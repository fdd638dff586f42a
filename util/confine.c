/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/confine.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/confine_filter.h"
#include "util/confine_landlock.h"

/* A sanitizer's end of a process forks, traces and opens /proc. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* Being confined is a state of the process, which can no longer ask the kernel for it. */
static bool is_confined;
static struct confined in_force;

static void miss(struct confined *c, const char *what, const char *why)
{
	size_t len = strlen(c->missing);

	snprintf(c->missing + len, sizeof(c->missing) - len, "%s%s: %s", len ? "; " : "", what, why);
}

static void miss_code(struct confined *c, const char *what, int code)
{
	const char *text = strerrordesc_np(code);

	switch (code) {
	case ENOSYS:
	case EINVAL:
		miss(c, what, "this kernel has none, or a container hides it");
		break;
	case EOPNOTSUPP:
		miss(c, what, "not enabled in this kernel (lsm=)");
		break;
	case ENOEXEC:
		miss(c, what, "there is no filter for this processor");
		break;
	case EPERM:
	case EACCES:
		miss(c, what, "forbidden here, perhaps by a container");
		break;
	case E2BIG:
		miss(c, what, "nested too deeply");
		break;
	default:
		miss(c, what, text ? text : "unknown error");
	}
}

void confine_probe(struct confined *ret)
{
	int abi, r;

	if (is_confined) {
		*ret = in_force;
		return;
	}
	*ret = (struct confined){ .capabilities = true };
	abi = confine_landlock_abi();
	if (abi > 0)
		ret->landlock_abi = abi;
	if (SANITIZED) {
		miss(ret, "landlock, seccomp", "left out of a build with sanitizers");
		return;
	}
	ret->landlock = abi > 0;
	if (abi < 0)
		miss_code(ret, "landlock", -abi);
	r = confine_filter_probe();
	ret->seccomp = r == 0;
	if (r < 0)
		miss_code(ret, "seccomp", -r);
}

static bool no_capability(void)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];

	memset(d, 0xff, sizeof(d));
	return !syscall(SYS_capget, &h, d) && !(d[0].permitted | d[0].effective | d[0].inheritable) &&
	       !(d[1].permitted | d[1].effective | d[1].inheritable);
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
	unsigned long cap;

	/* The bounding set first: lowering it takes CAP_SETPCAP.  Who lacks that has no_new_privs against gaining any.
	 */
	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			break;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); /* falls with the permitted set at the latest */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_capset, &h, none))
		return -errno;
	return no_capability() ? 0 : -EPERM;
}

/* With other threads the confinement would hold for one of them.  unshare(2): this flag does nothing but ask. */
static bool other_threads(void)
{
	return !SANITIZED && unshare(CLONE_THREAD) && errno == EINVAL;
}

/* Each step that fails after all leaves its reason.  Seccomp last, since it forbids the others. */
static void take(struct confined *c)
{
	int r;

	r = drop_capabilities();
	c->capabilities = r == 0;
	if (r < 0)
		miss_code(c, "capabilities", -r);
	if (!SANITIZED)
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (c->landlock) {
		r = confine_landlock(c->landlock_abi);
		c->landlock = r == 0;
		if (r < 0)
			miss_code(c, "landlock", -r);
	}
	if (c->seccomp) {
		r = confine_filter_load();
		c->seccomp = r == 0;
		if (r < 0)
			miss_code(c, "seccomp", -r);
	}
}

static int required(enum confine_mode mode, const struct confined *c, struct err *e)
{
	if (mode != CONFINE_REQUIRE || !*c->missing)
		return 0;
	err_set(e, EOPNOTSUPP, "this process cannot be confined: %s", c->missing);
	err_remedy(e, "`--sandbox=try` goes on with what there is");
	if (e)
		e->exit_code = 77;
	return -EOPNOTSUPP;
}

int confine(enum confine_mode mode, struct confined *ret, struct err *e)
{
	struct confined c;
	int r;

	confine_probe(&c);
	r = required(mode, &c, e);
	if (r < 0)
		return r;
	if (mode == CONFINE_OFF && !is_confined)
		c = (struct confined){ .landlock_abi = c.landlock_abi, .missing = "all of it: switched off" };
	else if (!is_confined) {
		if (other_threads())
			return err_set(e, EBUSY, "this process cannot be confined: it has several threads");
		take(&c);
		in_force = c;
		is_confined = true;
		r = required(mode, &c, e);
		if (r < 0)
			return r;
	}
	*ret = c;
	return 0;
}
