/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How processes ended, asked by one that is not their parent's wait(). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sources/fates.h"
#include "sources/procs.h"

static int told_signal, told_status, n_told;

static void on_fate(int32_t pid, int signal, int status, void *user)
{
	assert_int_equal(pid, *(pid_t *)user);
	told_signal = signal;
	told_status = status;
	n_told++;
}

/* A child that waits until `go` is closed, and then exits with 7. */
static pid_t child(int *ret_go)
{
	int p[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(p), 0);
	pid = fork();
	if (!pid) {
		close(p[1]);
		_exit(read(p[0], &byte, 1) ? 8 : 7);
	}
	close(p[0]);
	*ret_go = p[1];
	return pid;
}

/* It has ended, and is a zombie. */
static void await(pid_t pid)
{
	siginfo_t si;

	assert_int_equal(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT), 0);
}

static void by_signal(void **state)
{
	struct fates *f = fates_new();
	int go, status;
	pid_t pid = child(&go);

	n_told = 0;
	assert_non_null(f);
	fates_watch(f, pid);
	fates_watch(f, pid);
	fates_pump(f, on_fate, &pid);
	assert_int_equal(n_told, 0);
	assert_false(procs_is_ending(pid));
	kill(pid, SIGTERM);
	await(pid);
	assert_true(procs_is_ending(pid));
	fates_pump(f, on_fate, &pid);
	fates_pump(f, on_fate, &pid);
	assert_int_equal(n_told, 1);
	assert_int_equal(told_signal, SIGTERM);
	assert_false(fates_unsettled(f));
	waitpid(pid, &status, 0);
	assert_true(procs_is_ending(pid));
	close(go);
	fates_free(f);
}

static void by_exit(void **state)
{
	struct fates *f = fates_new();
	int go;
	pid_t pid = child(&go);

	n_told = 0;
	fates_watch(f, pid);
	close(go);
	await(pid);
	fates_pump(f, on_fate, &pid);
	assert_int_equal(n_told, 1);
	assert_int_equal(told_signal, 0);
	assert_int_equal(told_status, 7);
	waitpid(pid, NULL, 0);
	fates_free(f);
}

/* Its parent was quicker: since Linux 6.15 the kernel tells nevertheless, before it is unknown, never wrong. */
static void reaped(void **state)
{
	struct fates *f = fates_new();
	int go;
	pid_t pid = child(&go);

	n_told = 0;
	fates_watch(f, pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	fates_pump(f, on_fate, &pid);
	assert_int_equal(n_told, 1);
	if (told_signal)
		assert_int_equal(told_signal, SIGKILL);
	else
		assert_int_equal(told_status, -1);
	close(go);
	fates_free(f);
}

static void pid_here(void **state)
{
	int32_t here = 0;

	assert_int_equal(procs_pid_here(getpid(), &here), 0);
	assert_int_equal(here, getpid());
	assert_int_equal(procs_pid_here(0x7ffffff0, &here), -ENOENT);
}

static void owners(void **state)
{
	int a = socket(AF_INET, SOCK_STREAM, 0), b = socket(AF_INET, SOCK_STREAM, 0);
	struct procs_wanted w[3] = { 0 };
	struct stat st;

	assert_int_equal(fstat(a, &st), 0);
	w[0].inode = (uint32_t)st.st_ino;
	assert_int_equal(fstat(b, &st), 0);
	w[2].inode = (uint32_t)st.st_ino;
	assert_int_equal(procs_socket_owners(w, 1, getpid()), 1);
	assert_int_equal(w[0].pid, getpid());
	assert_int_equal(strncmp(w[0].comm, "test_fates", 15), 0);
	w[1].inode = 0;
	assert_int_equal(procs_socket_owners(w, 3, 0), 2);
	assert_int_equal(w[2].pid, getpid());
	assert_int_equal(w[1].pid, 0);
	close(a);
	close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_signal), cmocka_unit_test(by_exit), cmocka_unit_test(reaped),
		cmocka_unit_test(pid_here),  cmocka_unit_test(owners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
