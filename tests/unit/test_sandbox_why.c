/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "lab/cgroup.h"
#include "lab/sandbox_why.h"

/* The remedy names the setting that is responsible, and no other. */
static void settings(void **state)
{
	static const struct {
		struct sandbox_host host;
		enum sandbox_step step;
		int code;
		bool root;
		const char *remedy;
	} t[] = {
		{ { 0, 9, 9, -1, -1 }, SANDBOX_CLONE, ENOSPC, false, "sysctl -w user.max_user_namespaces=" },
		{ { 9, 0, 9, -1, -1 }, SANDBOX_CLONE, ENOSPC, true, "sysctl -w user.max_net_namespaces=" },
		{ { 9, 9, 0, -1, -1 }, SANDBOX_CLONE, ENOSPC, true, "sysctl -w user.max_pid_namespaces=" },
		{ { 9, 9, 9, 0, -1 }, SANDBOX_CLONE, EPERM, false, "sysctl -w kernel.unprivileged_userns_clone=1" },
		{ { 9, 9, 9, -1, 1 },
		  SANDBOX_CAPS,
		  EPERM,
		  false,
		  "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0" },
		{ { 9, 9, 9, 0, 1 }, SANDBOX_CLONE, EPERM, true, "seccomp" },
		{ { 9, 9, 9, 1, 0 }, SANDBOX_CLONE, EPERM, false, "seccomp" },
		{ { 9, 9, 9, -1, -1 }, SANDBOX_CLONE, ENOSPC, false, "/proc/sys/user/max_*_namespaces" },
		{ { -1, -1, -1, -1, -1 }, SANDBOX_CLONE, EINVAL, true, "CONFIG_USER_NS" },
	};
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		memset(&e, 0, sizeof(e));
		assert_int_equal(sandbox_why(&t[i].host, t[i].step, t[i].code, t[i].root, &e), -t[i].code);
		assert_int_equal(e.exit_code, 77);
		assert_non_null(strstr(e.remedy, t[i].remedy));
		assert_non_null(strstr(e.remedy, "synsent predict"));
		assert_true(strlen(e.what) > 20);
	}
	assert_int_equal(sandbox_why(&t[0].host, SANDBOX_MAP, EPERM, false, NULL), -EPERM);
}

#define MOUNT(root, point) "41 31 0:38 " root " " point " rw,relatime shared:5 - cgroup2 cgroup2 rw\n"
#define OTHERS                                                                                  \
	"22 1 8:1 / / rw - ext4 /dev/vda rw\n31 22 0:30 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n" \
	"32 31 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"

static void cgroups(void **state)
{
	static const struct {
		const char *cgroup, *mountinfo, *path;
	} t[] = {
		{ "0::/\n", MOUNT("/", "/sys/fs/cgroup"), "/sys/fs/cgroup" },
		{ "9:name=systemd:/x\n4:memory:/a/b\n0::/\n", OTHERS MOUNT("/", "/sys/fs/cgroup/unified"),
		  "/sys/fs/cgroup/unified" },
		{ "0::/user.slice/u-1.scope\n", OTHERS MOUNT("/", "/sys/fs/cgroup"),
		  "/sys/fs/cgroup/user.slice/u-1.scope" },
		{ "0::/docker/abc", MOUNT("/docker/abc", "/sys/fs/cgroup"), "/sys/fs/cgroup" },
		{ "0::/docker/abc/x", MOUNT("/docker/abc", "/sys/fs/cgroup"), "/sys/fs/cgroup/x" },
		{ "0::/docker/abcd", MOUNT("/docker/abc", "/a") MOUNT("/", "/b"), "/b/docker/abcd" },
		{ "0::/x", MOUNT("/", "/with\\040blank"), "/with blank/x" },
		{ "0::/x", OTHERS, NULL },
		{ "4:memory:/a\n", MOUNT("/", "/sys/fs/cgroup"), NULL },
		{ "", "", NULL },
		{ "0::/x", "41 31 0:38 - cgroup2 ", NULL },
		{ "0::/other", MOUNT("/docker/abc", "/sys/fs/cgroup"), NULL },
	};
	char path[CGROUP_PATH_LEN];
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(cgroup_path_of(t[i].cgroup, t[i].mountinfo, path), t[i].path ? 0 : -ENOENT);
		if (t[i].path)
			assert_string_equal(path, t[i].path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(settings), cmocka_unit_test(cgroups) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
