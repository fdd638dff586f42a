/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inside.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t inside_start(int (*fn)(const struct sandbox *sb))
{
	struct sandbox_opts o = { 0 };
	struct sandbox sb;
	struct err e = { 0 };
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;
	/* A group of its own with a parent in another: what a shell's job is. */
	setpgid(0, 0);
	if (sandbox_enter(&o, &sb, &e)) {
		fprintf(stderr, "skipped: no sandbox can be made here: %s: %s\n", e.what, e.remedy);
		_exit(77);
	}
	_exit(fn(&sb));
}

int inside_wait(pid_t outer)
{
	struct pollfd p = { (int)syscall(SYS_pidfd_open, outer, 0), POLLIN, 0 };
	int status;

	if (poll(&p, 1, 20000) != 1) {
		fprintf(stderr, "a sandbox did not end within 20 s\n");
		kill(outer, SIGKILL);
	}
	close(p.fd);
	return waitpid(outer, &status, 0) == outer ? status : -1;
}

int inside(int (*fn)(const struct sandbox *sb))
{
	int status = inside_wait(inside_start(fn));

	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void inside_become_nobody(void)
{
	if (geteuid() != 0) {
		fprintf(stderr, "skipped: only root can become nobody\n");
		exit(77);
	}
	/* The change of user makes /proc/self root's, until this says otherwise. */
	if (setgroups(0, NULL) || setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534) ||
	    prctl(PR_SET_DUMPABLE, 1)) {
		perror("becoming nobody");
		exit(1);
	}
}

static int nothing(const struct sandbox *sb)
{
	return 0;
}

bool inside_possible(void)
{
	return inside(nothing) == 0;
}

void inside_say(const char *file, int line, const char *cond)
{
	fprintf(stderr, "%s:%d: does not hold: %s (errno %d: %s)\n", file, line, cond, errno, strerror(errno));
}
