/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/netns.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct call {
	int fd;
	int (*fn)(void *arg);
	void *arg;
	int r, failed; /* failed: errno of setns() */
};

static void *run(void *arg)
{
	struct call *c = arg;

	if (setns(c->fd, CLONE_NEWNET))
		c->failed = errno;
	else
		c->r = c->fn(c->arg);
	return NULL;
}

uint32_t netns_own(void)
{
	struct stat st;

	return stat("/proc/thread-self/ns/net", &st) ? 0 : (uint32_t)st.st_ino;
}

/* To enter that one, too, setns(2) wants CAP_SYS_ADMIN. */
static bool is_own(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && (uint32_t)st.st_ino == netns_own();
}

/* No signal of the program's is for that thread.  0 or an errno. */
static int run_thread(void *(*fn)(void *arg), void *arg)
{
	sigset_t all, before;
	pthread_t thread;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, NULL, fn, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!r)
		pthread_join(thread, NULL);
	return r;
}

int netns_call(int fd, int (*fn)(void *arg), void *arg, struct err *e)
{
	struct call c = { .fd = fd, .fn = fn, .arg = arg };
	int r;

	if (fd < 0 || is_own(fd))
		return fn(arg);
	r = run_thread(run, &c);
	if (r)
		return err_sys(e, r, "cannot start a thread for another network namespace");
	if (!c.failed)
		return c.r;
	err_sys(e, c.failed, "cannot enter the network namespace");
	if (c.failed == EPERM)
		err_remedy(e, "that needs CAP_SYS_ADMIN: run it as root");
	return -c.failed;
}

struct apart {
	void (*fn)(void *arg);
	void *arg;
};

static void *run_apart(void *arg)
{
	struct apart *a = arg;

	a->fn(a->arg);
	return NULL;
}

int netns_apart(void (*fn)(void *arg), void *arg)
{
	struct apart a = { .fn = fn, .arg = arg };

	return -run_thread(run_apart, &a);
}
