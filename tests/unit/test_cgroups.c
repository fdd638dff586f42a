/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Containers by the paths of their cgroups; cgroups by their path and by their id. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "sources/cgroups.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

static void containers(void **test)
{
	static const struct {
		const char *path, *id;
	} cases[] = {
		/* Docker, by systemd and by itself */
		{ "/system.slice/docker-" ID ".scope", "0123456789ab" },
		{ "/docker/" ID, "0123456789ab" },
		/* Podman; what it runs lies below */
		{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope/container",
		  "0123456789ab" },
		{ "/machine.slice/libpod-" ID ".scope", "0123456789ab" },
		/* Kubernetes, by containerd, CRI-O, and without systemd */
		{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1f2e_3d.slice/cri-containerd-" ID
		  ".scope",
		  "0123456789ab" },
		{ "/kubepods.slice/kubepods-pod1f2e.slice/crio-" ID ".scope", "0123456789ab" },
		{ "/kubepods/besteffort/pod12345678-1234-1234-1234-123456789abc/" ID, "0123456789ab" },
		/* one in another */
		{ "/docker/" ID "/docker/" OTHER "/init", "fedcba987654" },
		{ ID, "0123456789ab" },
		/* none */
		{ "", "" },
		{ "/", "" },
		{ "/system.slice/cron.service", "" },
		{ "/docker/0123456789abcdef", "" },
		/* a digit more or less; digits that are part of a longer word */
		{ "/docker/" ID "0", "" },
		{ "/docker/" ID "z", "" },
		{ "/docker/xy" ID, "" },
		{ "/docker/" ID OTHER, "" },
		/* the digits of an id, in capitals, are those of something else or of none: as they come */
		{ "/docker/ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef0123456789", "ABCDEF012345" },
	};
	char id[CONTAINER_ID_LEN];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(id, 'x', sizeof(id));
		cgroups_container(cases[i].path, id);
		if (strcmp(id, cases[i].id))
			fail_msg("%s: \"%s\", not \"%s\"", cases[i].path, id, cases[i].id);
	}
}

/* This process's path, below the mount of cgroup v2.  False: it has none. */
static bool own_path(char *ret, size_t size)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	bool found = false;

	while (f && !found && fgets(ret, (int)size, f))
		found = !strncmp(ret, "0::", 3);
	if (f)
		fclose(f);
	if (!found)
		return false;
	ret[strcspn(ret, "\n")] = 0;
	memmove(ret, ret + 3, strlen(ret + 3) + 1);
	return true;
}

static int slashes(const char *path)
{
	int n = 0;

	for (; *path; path++)
		n += *path == '/' && path[1];
	return n;
}

static void by_path_and_by_id(void **test)
{
	struct cgroups *c = cgroups_new();
	struct err e = { 0 };
	char path[CGROUP_TEXT_LEN];
	uint64_t root = 0, id = 0;
	int level = -1, r;

	assert_non_null(c);
	assert_string_equal(cgroups_path(c, 0), "");
	r = cgroups_find(c, "/", &root, &level, &e);
	if (r == -ENOENT) {
		print_message("left out: cgroup v2 is not mounted here: %s\n", e.what);
		cgroups_free(c);
		return;
	}
	assert_int_equal(r, 0);
	assert_int_equal(level, 0);
	assert_int_not_equal(root, 0);
	if (own_path(path, sizeof(path)) && !cgroups_find(c, path, &id, &level, &e)) {
		const char *back = cgroups_path(c, id);

		assert_int_equal(level, slashes(path));
		/* who may not open by id knows none */
		if (*back)
			assert_string_equal(back, path);
		else
			print_message("not compared: a cgroup's path is not told to this user\n");
	} else {
		print_message("not compared: this process's cgroup lies outside of the mount\n");
	}
	assert_int_equal(cgroups_find(c, "/no/such/cgroup/here", &id, &level, &e), -ENOENT);
	assert_non_null(strstr(e.what, "/no/such/cgroup/here"));
	/* an id that nothing has */
	assert_string_equal(cgroups_path(c, UINT64_MAX - 1), "");
	cgroups_free(c);
}

static void nothing_to_free(void **test)
{
	cgroups_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(containers),
		cmocka_unit_test(by_path_and_by_id),
		cmocka_unit_test(nothing_to_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
