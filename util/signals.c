/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>

int signals_open(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static const int ends[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };
#define ENDS_N (sizeof(ends) / sizeof(ends[0]))

static void change(int how)
{
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < ENDS_N; i++)
		sigaddset(&set, ends[i]);
	sigprocmask(how, &set, NULL);
}

void signals_defer(void)
{
	change(SIG_BLOCK);
}

void signals_let(void)
{
	change(SIG_UNBLOCK);
}

int signals_deferred(void)
{
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	sigpending(&set);
	for (i = 0; i < ENDS_N; i++)
		if (sigismember(&set, ends[i]))
			return ends[i];
	return 0;
}

void signals_catch(void (*fn)(int))
{
	static const int caught[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = fn }, before;
	size_t i;

	for (i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		if (!sigaction(caught[i], NULL, &before) && before.sa_handler != SIG_IGN)
			sigaction(caught[i], &sa, NULL);
}
