/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose a thread is, also where the mounted /proc is another PID namespace's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sources/procs.h"

static pthread_barrier_t barrier;
static int32_t second;

static void *wait_in_thread(void *unused)
{
	second = (int32_t)syscall(SYS_gettid);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return NULL;
}

/* Of this process's second thread, and of its first. */
static bool finds_itself(void)
{
	int32_t self = procs_self();
	pthread_t thread;
	bool found = true;
	int i, fd;

	pthread_barrier_init(&barrier, NULL, 2);
	if (pthread_create(&thread, NULL, wait_in_thread, NULL))
		return false;
	pthread_barrier_wait(&barrier);
	for (i = 0; i < 2; i++) {
		fd = procs_open_process_of(i ? second : getpid());
		found &= fd >= 0 && procs_of_pidfd(fd) == self;
		if (fd >= 0)
			close(fd);
	}
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	return found;
}

static void test_own_proc(void **state)
{
	assert_true(finds_itself());
	assert_true(procs_open_process_of(0x7ffffff0) < 0);
	assert_int_equal(procs_of_pidfd(-1), 0);
	assert_int_equal(procs_of_pidfd(0), 0);
}

#define CANNOT 77

static int in_another(void)
{
	pid_t pid;
	int status;

	if (unshare(CLONE_NEWUSER | CLONE_NEWPID))
		return CANNOT;
	pid = fork();
	if (!pid)
		_exit(getpid() != 1 || procs_self() == 1 ? 2 : !finds_itself());
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}

static void test_proc_of_another(void **state)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(in_another());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CANNOT)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_proc),
		cmocka_unit_test(test_proc_of_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
