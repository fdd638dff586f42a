/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/in_child.h"
#include "util/confine.h"
#include "util/confine_landlock.h"

/* A filter such as a container has: system call `nr` fails with `code`. */
static void deny(long nr, int code)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)code),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(f) / sizeof(f[0]), f };

	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == 0);
}

/* /proc/self/status, opened before. */
static void check_status(int fd, bool root)
{
	char text[8192], *line;
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	static const char *const empty[] = { "CapInh:", "CapPrm:", "CapEff:", "CapAmb:", "CapBnd:" };
	size_t i;

	CHECK(n > 0);
	text[n] = 0;
	for (i = 0; i < sizeof(empty) / sizeof(empty[0]) - !root; i++) {
		line = strstr(text, empty[i]);
		CHECK(line && !strtoull(line + 7, NULL, 16));
	}
	line = strstr(text, "NoNewPrivs:");
	CHECK(line && atoi(line + 11) == 1);
}

static void drop_as_root(void)
{
	int fd = open("/proc/self/status", O_RDONLY);
	struct confined c;

	CHECK(fd >= 0 && confine(CONFINE_TRY, &c, NULL) == 0);
	CHECK(c.capabilities);
	check_status(fd, true);
}

static void drop_as_user(void)
{
	struct confined c;
	int fd;

	CHECK(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
	fd = open("/proc/self/status", O_RDONLY);
	CHECK(fd >= 0 && confine(CONFINE_TRY, &c, NULL) == 0);
	CHECK(!strcmp(c.missing, here.missing) && c.landlock == here.landlock && c.seccomp == here.seccomp);
	CHECK(c.capabilities);
	check_status(fd, false);
	if (c.seccomp)
		CHECK_FAILS(open("/dev/null", O_RDONLY), EPERM);
}

static void capabilities(void **state)
{
	if (geteuid()) {
		print_message("not root: nothing to drop\n");
		skip();
	}
	expect_exit(drop_as_root, 0);
	expect_exit(drop_as_user, 0);
}

static void change_nothing(void)
{
	struct confined c, probed;
	struct err e = { "" };
	struct stat st;
	int fd, status;
	pid_t pid;

	CHECK(confine(CONFINE_OFF, &c, &e) == 0);
	CHECK(!c.capabilities && !c.landlock && !c.seccomp && *c.missing);
	confine_probe(&probed);
	CHECK(!strcmp(probed.missing, here.missing) && probed.landlock_abi == here.landlock_abi);
	fd = open(scratch, O_RDONLY);
	CHECK(fd >= 0 && fstat(fd, &st) == 0 && socket(AF_INET, SOCK_STREAM, 0) >= 0);
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1);
	pid = fork();
	if (!pid)
		_exit(7);
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7);
}

static void twice(void)
{
	struct confined first, again;
	struct err e = { "" };

	CHECK(confine(CONFINE_TRY, &first, &e) == 0);
	CHECK(confine(CONFINE_TRY, &again, &e) == 0 && !memcmp(&first, &again, sizeof(first)));
	CHECK(confine(CONFINE_OFF, &again, &e) == 0 && !memcmp(&first, &again, sizeof(first)));
	CHECK(confine(CONFINE_REQUIRE, &again, &e) == (*first.missing ? -EOPNOTSUPP : 0));
	confine_probe(&again);
	CHECK(!memcmp(&first, &again, sizeof(first)));
}

static void *sleep_on(void *unused)
{
	pause();
	return NULL;
}

static void with_threads(void)
{
	struct confined c;
	pthread_t t;
	struct err e = { "" };

	CHECK(pthread_create(&t, NULL, sleep_on, NULL) == 0);
	CHECK(confine(CONFINE_TRY, &c, &e) == -EBUSY && strstr(e.what, "threads"));
}

static void modes(void **state)
{
	expect_exit(change_nothing, 0);
	expect_exit(twice, 0);
	need(here.landlock || here.seccomp);
	expect_exit(with_threads, 0);
}

/* What is tried leaves out what is forbidden and says so; what is required fails, and takes nothing. */
static void expect_missing(bool landlock, bool seccomp, const char *missing)
{
	struct confined c;
	struct err e = { "" };

	confine_probe(&c);
	CHECK(c.landlock == landlock && c.seccomp == seccomp && !strcmp(c.missing, missing));
	CHECK(confine(CONFINE_REQUIRE, &c, &e) == -EOPNOTSUPP);
	CHECK(e.exit_code == 77 && strstr(e.what, missing) && *e.remedy);
	CHECK(open(scratch, O_RDONLY) >= 0);
	CHECK(confine(CONFINE_TRY, &c, &e) == 0);
	CHECK(c.capabilities && c.landlock == landlock && c.seccomp == seccomp && !strcmp(c.missing, missing));
	CHECK(confine(CONFINE_REQUIRE, &c, &e) == -EOPNOTSUPP);
}

static void landlock_alone(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int s = socket(AF_INET, SOCK_STREAM, 0), fd = open(scratch, O_RDWR), abi = confine_landlock_abi();

	deny(SYS_seccomp, EPERM);
	expect_missing(true, false, "seccomp: forbidden here, perhaps by a container");
	CHECK(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	CHECK_FAILS(open(scratch, O_RDONLY), EACCES);
	CHECK_FAILS(open("/", O_RDONLY | O_DIRECTORY), EACCES);
	CHECK_FAILS(unlink(scratch), EACCES);
	CHECK_FAILS(mkdir("/tmp/synsent-that-nobody-makes", 0700), EACCES);
	CHECK(write(fd, "x", 1) == 1 && ftruncate(fd, 0) == 0);
	if (abi >= 3)
		CHECK_FAILS(truncate(scratch, 0), EACCES);
	if (abi >= 4)
		CHECK_FAILS(connect(s, (struct sockaddr *)&to, sizeof(to)), EACCES);
	if (abi >= 6)
		CHECK_FAILS(kill(getppid(), 0), EPERM);
}

static void seccomp_alone(void)
{
	deny(SYS_landlock_create_ruleset, EOPNOTSUPP);
	expect_missing(false, true, "landlock: not enabled in this kernel (lsm=)");
	CHECK_FAILS(open(scratch, O_RDONLY), EPERM);
}

static void neither(void)
{
	deny(SYS_landlock_create_ruleset, ENOSYS);
	deny(SYS_seccomp, EINVAL);
	expect_missing(false, false,
		       "landlock: this kernel has none, or a container hides it; "
		       "seccomp: this kernel has none, or a container hides it");
	CHECK(open(scratch, O_RDONLY) >= 0);
}

/* What the probe promised fails all the same. */
static void later_failure(void)
{
	struct confined c;
	struct err e = { "" };

	deny(SYS_landlock_restrict_self, EPERM);
	confine_probe(&c);
	CHECK(c.landlock && c.seccomp);
	CHECK(confine(CONFINE_REQUIRE, &c, &e) == -EOPNOTSUPP && e.exit_code == 77);
	CHECK(confine(CONFINE_TRY, &c, &e) == 0);
	CHECK(!c.landlock && c.seccomp && !strcmp(c.missing, "landlock: forbidden here, perhaps by a container"));
	CHECK_FAILS(open(scratch, O_RDONLY), EPERM);
}

static void blocked(void **state)
{
	need(here.landlock && here.seccomp);
	expect_exit(landlock_alone, 0);
	expect_exit(seccomp_alone, 0);
	expect_exit(neither, 0);
	expect_exit(later_failure, 0);
}

/* What the kernel's header calls the last right of each ABI; those that this machine's header knows are compared. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif
#ifndef LANDLOCK_ACCESS_FS_RESOLVE_UNIX
#define LANDLOCK_ACCESS_FS_RESOLVE_UNIX (1ULL << 16)
#endif
#ifndef LANDLOCK_ACCESS_NET_CONNECT_TCP
#define LANDLOCK_ACCESS_NET_CONNECT_TCP (1ULL << 1)
#endif
#ifndef LANDLOCK_ACCESS_NET_CONNECT_SEND_UDP
#define LANDLOCK_ACCESS_NET_CONNECT_SEND_UDP (1ULL << 3)
#endif
#ifndef LANDLOCK_SCOPE_SIGNAL
#define LANDLOCK_SCOPE_SIGNAL (1ULL << 1)
#endif

static void landlock_numbers(void **state)
{
	static const struct {
		int abi;
		uint64_t last_fs, last_net, last_scope;
	} t[] = {
		{ 1, LANDLOCK_ACCESS_FS_MAKE_SYM, 0, 0 },
		{ 2, LANDLOCK_ACCESS_FS_REFER, 0, 0 },
		{ 3, LANDLOCK_ACCESS_FS_TRUNCATE, 0, 0 },
		{ 4, LANDLOCK_ACCESS_FS_TRUNCATE, LANDLOCK_ACCESS_NET_CONNECT_TCP, 0 },
		{ 5, LANDLOCK_ACCESS_FS_IOCTL_DEV, LANDLOCK_ACCESS_NET_CONNECT_TCP, 0 },
		{ 6, LANDLOCK_ACCESS_FS_IOCTL_DEV, LANDLOCK_ACCESS_NET_CONNECT_TCP, LANDLOCK_SCOPE_SIGNAL },
		{ 8, LANDLOCK_ACCESS_FS_IOCTL_DEV, LANDLOCK_ACCESS_NET_CONNECT_TCP, LANDLOCK_SCOPE_SIGNAL },
		{ 9, LANDLOCK_ACCESS_FS_RESOLVE_UNIX, LANDLOCK_ACCESS_NET_CONNECT_TCP, LANDLOCK_SCOPE_SIGNAL },
		{ 10, LANDLOCK_ACCESS_FS_RESOLVE_UNIX, LANDLOCK_ACCESS_NET_CONNECT_SEND_UDP, LANDLOCK_SCOPE_SIGNAL },
		{ 99, LANDLOCK_ACCESS_FS_RESOLVE_UNIX, LANDLOCK_ACCESS_NET_CONNECT_SEND_UDP, LANDLOCK_SCOPE_SIGNAL },
	};
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct confine_rights r = confine_landlock_rights(t[i].abi);

		/* every bit up to the last */
		assert_int_equal(r.fs, 2 * t[i].last_fs - 1);
		assert_int_equal(r.net, t[i].last_net ? 2 * t[i].last_net - 1 : 0);
		assert_int_equal(r.scoped, t[i].last_scope ? 2 * t[i].last_scope - 1 : 0);
	}
	assert_int_equal(confine_landlock_rights(0).fs, 0);
	assert_int_equal(confine_landlock_rights(-EOPNOTSUPP).fs, 0);
	assert_true(sizeof(struct landlock_ruleset_attr) % sizeof(uint64_t) == 0);
	assert_int_equal(offsetof(struct landlock_ruleset_attr, handled_access_fs),
			 offsetof(struct confine_rights, fs));
}

/* Every ABI up to this kernel's can be asked for, and what a later ABI brings is refused. */
static void landlock_abis(void **state)
{
	int abi = confine_landlock_abi(), i;
	struct confine_rights known, next;
	long fd;

	if (abi < 0) {
		print_message("landlock: %s\n", strerror(-abi));
		skip();
	}
	for (i = 1; i <= CONFINE_LANDLOCK_ABI_KNOWN; i++) {
		known = confine_landlock_rights(abi);
		next = confine_landlock_rights(i);
		fd = syscall(SYS_landlock_create_ruleset, &next, sizeof(next), 0);
		if (i <= abi || !memcmp(&known, &next, sizeof(known)))
			assert_true(fd >= 0);
		else
			assert_true(fd < 0 && (errno == EINVAL || errno == E2BIG));
		if (fd >= 0)
			close((int)fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(capabilities), cmocka_unit_test(modes),
					    cmocka_unit_test(blocked), cmocka_unit_test(landlock_numbers),
					    cmocka_unit_test(landlock_abis) };

	return run_with_scratch(tests, sizeof(tests) / sizeof(tests[0]));
}
