/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/confine_task.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

const enum confine_mode every_mode[N_MODES] = { CONFINE_TRY, CONFINE_OFF };

void tell_pid(const struct task *t)
{
	pid_t pid = getpid();

	if (write(t->told[1], &pid, sizeof(pid)) != sizeof(pid))
		abort();
}

pid_t hear_pid(const struct task *t)
{
	struct pollfd p = { t->told[0], POLLIN, 0 };
	pid_t pid = 0;

	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_int_equal(read(t->told[0], &pid, sizeof(pid)), sizeof(pid));
	return pid;
}

void open_task(struct task *t, enum confine_mode mode, int (*work)(void *, const struct confined *))
{
	*t = (struct task){ .mode = mode, .work = work };
	assert_int_equal(pipe2(t->told, O_CLOEXEC), 0);
}

void close_task(struct task *t)
{
	close(t->told[0]);
	close(t->told[1]);
}

int forever(void *user, const struct confined *c)
{
	tell_pid(user);
	while (poll(NULL, 0, -1) < 0)
		continue;
	return 0;
}

int end_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void reset_signals(void)
{
	signal(SIGHUP, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
}
