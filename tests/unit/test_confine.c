/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/in_child.h"
#include "util/confine.h"

static void expect_signal(void (*f)(void), int sig)
{
	int status = in_child(f);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), sig);
}

static void take_all(void)
{
	struct confined c;
	struct err e = { "" };

	CHECK(confine(*here.missing ? CONFINE_TRY : CONFINE_REQUIRE, &c, &e) == 0);
	CHECK(c.capabilities && c.landlock == here.landlock && c.seccomp && !strcmp(c.missing, here.missing));
}

static void paths_and_sockets(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int s = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(s >= 0);
	take_all();
	CHECK_FAILS(open(scratch, O_RDONLY), EPERM);
	CHECK_FAILS(syscall(SYS_openat, AT_FDCWD, "/", O_PATH, 0), EPERM);
	CHECK_FAILS(truncate(scratch, 0), EPERM);
	CHECK_FAILS(unlink(scratch), EPERM);
	CHECK_FAILS(rename(scratch, "/tmp/x"), EPERM);
	CHECK_FAILS(socket(AF_INET, SOCK_STREAM, 0), EPERM);
	CHECK_FAILS(connect(s, (struct sockaddr *)&to, sizeof(to)), EPERM);
	CHECK_FAILS(syscall(SYS_clone3, NULL, 0), ENOSYS);
	CHECK_FAILS(syscall(9999), ENOSYS);
}

static void processes_and_memory(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct rlimit limit = { 1, 1 };

	CHECK(page != MAP_FAILED);
	take_all();
	CHECK_FAILS(fork(), EPERM);
	CHECK_FAILS(syscall(SYS_clone, SIGCHLD | CLONE_VM, 0, 0, 0, 0), EPERM);
	CHECK_FAILS(kill(getpid(), 0), EPERM);
	CHECK_FAILS(syscall(SYS_tgkill, 1, 1, 0), EPERM);
	CHECK_FAILS(mprotect(page, 4096, PROT_READ | PROT_EXEC), EPERM);
	CHECK(mmap(NULL, 4096, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EPERM);
	CHECK_FAILS(setrlimit(RLIMIT_CORE, &limit), EPERM);
	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > 1);
	CHECK_FAILS(fcntl(1, F_SETFL, O_NONBLOCK), EPERM);
	CHECK_FAILS(ioctl(0, TIOCSTI, "x"), EPERM);
	CHECK_FAILS(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), EPERM);
}

static void forbidden(void **state)
{
	need(here.seccomp);
	expect_exit(paths_and_sockets, 0);
	expect_exit(processes_and_memory, 0);
}

static void do_exec(void)
{
	char name[] = "true", *const argv[] = { name, NULL };

	take_all();
	execv("/bin/true", argv);
}

static void do_ptrace(void)
{
	take_all();
	syscall(SYS_ptrace, 0, 0, 0, 0);
}

static void do_setuid(void)
{
	take_all();
	syscall(SYS_setuid, getuid());
}

#ifdef __x86_64__
static void do_x32(void)
{
	take_all();
	syscall(0x40000000 | SYS_getpid);
}

static void do_i386(void)
{
	long nr = 20; /* getpid() there, writev() here */

	take_all();
	__asm__ volatile("int $0x80" : "+a"(nr)::"memory", "r8", "r9", "r10", "r11");
}
#endif

static void hostile(void **state)
{
	need(here.seccomp);
	expect_signal(do_exec, SIGSYS);
	expect_signal(do_ptrace, SIGSYS);
	expect_signal(do_setuid, SIGSYS);
#ifdef __x86_64__
	expect_signal(do_x32, SIGSYS);
	{
		int status = in_child(do_i386);

		assert_true(WIFSIGNALED(status));
		/* SIGSEGV: a kernel without IA32_EMULATION has no such gate */
		assert_true(WTERMSIG(status) == SIGSYS || WTERMSIG(status) == SIGSEGV);
	}
#endif
}

static int by_number(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(uint32_t));
}

/* Big and small blocks, in heaps that grow and shrink, as glibc does with arenas of threads. */
static void use_memory(void)
{
	static const size_t sizes[] = { 100, 60000, 4 << 20, 100 << 20 };
	void *blocks[64], *area = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i, j;

	CHECK(area != MAP_FAILED);
	area = mremap(area, 8192, 1 << 20, MREMAP_MAYMOVE);
	CHECK(area != MAP_FAILED && madvise(area, 1 << 20, MADV_DONTNEED) == 0 && munmap(area, 1 << 20) == 0);

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *p = malloc(sizes[i]);

		CHECK(p);
		memset(p, 1, sizes[i] < 4096 ? sizes[i] : 4096);
		p = realloc(p, 2 * sizes[i]);
		CHECK(p);
		free(p);
	}
	for (j = 0; j < 64; j++) {
		blocks[j] = malloc(100000);
		CHECK(blocks[j]);
		memset(blocks[j], 1, 100000);
	}
	for (j = 64; j > 0; j--)
		free(blocks[j - 1]);
}

static void *in_thread(void *failed)
{
	use_memory();
	CHECK_FAILS(open("/dev/null", O_RDONLY), EPERM);
	CHECK_FAILS(socket(AF_INET, SOCK_STREAM, 0), EPERM);
	CHECK_FAILS(fork(), EPERM);
	*(int *)failed = 0;
	return NULL;
}

static void use_threads(void)
{
	pthread_t t[4];
	int failed[4] = { 1, 1, 1, 1 }, i;

	for (i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, in_thread, &failed[i]) == 0);
	for (i = 0; i < 4; i++) {
		CHECK(pthread_join(t[i], NULL) == 0);
		CHECK(failed[i] == 0);
	}
}

static void use_clocks(void)
{
	const struct timespec ms = { 0, 1000000 };
	struct pollfd nothing = { -1, POLLIN, 0 };
	struct timespec ts;
	time_t t = 0;
	struct tm tm;

	CHECK(clock_gettime(CLOCK_MONOTONIC, &ts) == 0);
	CHECK(syscall(SYS_clock_gettime, CLOCK_REALTIME, &ts) == 0); /* as without a vDSO */
	CHECK(nanosleep(&ms, NULL) == 0);
	CHECK(poll(&nothing, 1, 1) == 0);
	CHECK(ppoll(&nothing, 1, &ms, NULL) == 0);
	CHECK(localtime_r(&t, &tm) && tm.tm_year >= 69);
}

static void use_library(void)
{
	size_t n = 300000, i;
	uint32_t *v = malloc(n * sizeof(*v));
	struct sysinfo info;
	cpu_set_t cpus;
	char text[512];

	CHECK(v);
	for (i = 0; i < n; i++)
		v[i] = (uint32_t)(i * 2654435761U);
	qsort(v, n, sizeof(*v), by_number);
	for (i = 1; i < n; i++)
		CHECK(by_number(&v[i - 1], &v[i]) <= 0);
	free(v);
	snprintf(text, sizeof(text), "%.3f %g %Lf", 1.0 / 3, 6.02e23, 1e300L);
	CHECK(!strncmp(text, "0.333 6.02e+23 1", 16));
	CHECK(sched_getaffinity(0, sizeof(cpus), &cpus) == 0 && sysconf(_SC_NPROCESSORS_ONLN) > 0);
	CHECK(sysinfo(&info) == 0 && info.totalram > 0);
}

static void use_files(void)
{
	int fd = open(scratch, O_RDWR), p[2], event;
	struct winsize size;
	struct stat st;
	char text[8];

	CHECK(fd >= 0 && pipe(p) == 0);
	take_all();
	CHECK(write(fd, "12345678", 8) == 8);
	CHECK(ftruncate(fd, 4) == 0 && fsync(fd) == 0);
	CHECK(fstat(fd, &st) == 0 && st.st_size == 4);
	CHECK(lseek(fd, 0, SEEK_SET) == 0 && read(fd, text, 8) == 4 && pread(fd, text, 8, 2) == 2);
	CHECK(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL) == 0);
	CHECK(fcntl(p[1], F_SETPIPE_SZ, 65536) >= 65536 && fcntl(p[1], F_GETPIPE_SZ) >= 65536);
	CHECK((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
	CHECK(fcntl(fd, F_GETLEASE) == F_UNLCK);
	CHECK(ioctl(p[0], TIOCGWINSZ, &size) == -1 && errno == ENOTTY);
	CHECK(isatty(p[0]) == 0 && errno == ENOTTY);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED);
	event = eventfd(0, EFD_CLOEXEC);
	CHECK(event >= 0 && write(event, "\1\0\0\0\0\0\0\0", 8) == 8);
	CHECK(close(fd) == 0);
}

static void use_rest(void)
{
	FILE *f = fdopen(open(scratch, O_WRONLY | O_TRUNC), "w");

	CHECK(f);
	tzset();
	take_all();
	CHECK(fprintf(f, "%d\n", 1) == 2 && fflush(f) == 0); /* its buffer comes now, by fstat() */
	CHECK(printf(" ") == 1 && fflush(stdout) == 0);
	use_memory();
	use_threads();
	use_clocks();
	use_library();
}

static void do_abort(void)
{
	take_all();
	abort();
}

static sigjmp_buf jump;

static void on_bus(int sig)
{
	siglongjmp(jump, 1);
}

/* A mapped file that somebody truncates: the handler gets its SIGBUS and can jump out. */
static void meet_sigbus(void)
{
	struct sigaction act = { .sa_handler = on_bus };
	int fd = open(scratch, O_RDWR | O_TRUNC);
	volatile char *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	volatile int seen = 0;

	CHECK(fd >= 0 && p != MAP_FAILED);
	take_all();
	CHECK(sigaction(SIGBUS, &act, NULL) == 0);
	if (!sigsetjmp(jump, 1))
		seen = p[0] + 1;
	CHECK(!seen);
}

static void still_works(void **state)
{
	need(here.seccomp);
	expect_exit(use_files, 0);
	expect_exit(use_rest, 0);
	expect_exit(meet_sigbus, 0);
	expect_signal(do_abort, SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(forbidden), cmocka_unit_test(hostile),
					    cmocka_unit_test(still_works) };

	return run_with_scratch(tests, sizeof(tests) / sizeof(tests[0]));
}
