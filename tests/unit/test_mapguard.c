/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory of a file that somebody else cuts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sources/mapguard.h"

#define PAGE 4096

static uint8_t *map_of(size_t len, int *ret_fd)
{
	uint8_t *p;

	*ret_fd = memfd_create("map", MFD_CLOEXEC);
	assert_int_equal(ftruncate(*ret_fd, (off_t)len), 0);
	p = mmap(NULL, len, PROT_READ, MAP_SHARED, *ret_fd, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	return p;
}

static uint8_t look(const uint8_t *p)
{
	return *(const volatile uint8_t *)p;
}

static void guarded_map(void **state)
{
	int fd, handle;
	uint8_t *p = map_of(4 * PAGE, &fd);

	assert_int_equal(pwrite(fd, "x", 1, 3 * PAGE), 1);
	handle = mapguard_add(p, 4 * PAGE);
	assert_true(handle >= 0);
	assert_int_equal(look(p + 3 * PAGE), 'x');
	assert_false(mapguard_hit(handle));
	assert_int_equal(ftruncate(fd, 2 * PAGE), 0);
	assert_int_equal(look(p + PAGE), 0);
	assert_false(mapguard_hit(handle));
	assert_int_equal(look(p + 3 * PAGE), 0);
	assert_true(mapguard_hit(handle));
	assert_int_equal(look(p + 4 * PAGE - 1), 0);
	assert_int_equal(look(p + 2 * PAGE), 0);
	mapguard_remove(handle);
	assert_false(mapguard_hit(-1));
	mapguard_remove(-1);
	munmap(p, 4 * PAGE);
	close(fd);
}

static void as_many_as_there_can_be(void **state)
{
	static int handles[MAPGUARD_MAX];
	int fd, i;
	uint8_t *p = map_of(PAGE, &fd);

	for (i = 0; i < MAPGUARD_MAX; i++) {
		handles[i] = mapguard_add(p, PAGE);
		assert_int_equal(handles[i], i);
	}
	assert_int_equal(mapguard_add(p, PAGE), -ENOSPC);
	mapguard_remove(handles[7]);
	assert_int_equal(mapguard_add(p, PAGE), 7);
	for (i = 0; i < MAPGUARD_MAX; i++)
		mapguard_remove(handles[i]);
	munmap(p, PAGE);
	close(fd);
}

/* The signal about memory that is not guarded, or no longer, ends the process as ever. */
static void other_memory(void **state)
{
	int fd, other_fd, status, removed;
	uint8_t *p = map_of(PAGE, &fd), *other = map_of(PAGE, &other_fd);

	for (removed = 0; removed < 2; removed++) {
		pid_t pid = fork();

		if (!pid) {
			int handle = mapguard_add(p, PAGE);

			if (removed)
				mapguard_remove(handle);
			if (ftruncate(fd, 0) || ftruncate(other_fd, 0))
				_exit(1);
			_exit(look(removed ? p : other) + 2);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGBUS);
		assert_int_equal(ftruncate(fd, PAGE), 0);
		assert_int_equal(ftruncate(other_fd, PAGE), 0);
	}
	munmap(p, PAGE);
	munmap(other, PAGE);
	close(fd);
	close(other_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guarded_map),
		cmocka_unit_test(as_many_as_there_can_be),
		cmocka_unit_test(other_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
