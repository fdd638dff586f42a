/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/fates.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sources/procs.h"

/* include/uapi/linux/pidfd.h; the headers of an older build host lack it */
struct exit_info {
	uint64_t mask, cgroupid;
	uint32_t ids[11];
	int32_t exit_code;
};
#define GET_INFO _IOWR(0xFF, 11, struct exit_info)
#define INFO_EXIT (UINT64_C(1) << 3)

struct fate {
	int32_t pid;
	int pidfd;
	bool ended;
};

struct fates {
	int n;
	struct fate all[FATES_MAX];
};

struct fates *fates_new(void)
{
	return calloc(1, sizeof(struct fates));
}

void fates_free(struct fates *f)
{
	int i;

	if (!f)
		return;
	for (i = 0; i < f->n; i++)
		close(f->all[i].pidfd);
	free(f);
}

void fates_watch(struct fates *f, int32_t pid)
{
	int32_t inner;
	int i, fd;

	for (i = 0; i < f->n; i++)
		if (f->all[i].pid == pid)
			return;
	if (f->n == FATES_MAX || procs_pid_here(pid, &inner))
		return;
	fd = (int)syscall(SYS_pidfd_open, inner, 0);
	if (fd >= 0)
		f->all[f->n++] = (struct fate){ .pid = pid, .pidfd = fd };
}

/* What the kernel keeps of one that was reaped (6.15). */
static bool ask(const struct fate *f, int *ret_status)
{
	struct exit_info info = { .mask = INFO_EXIT };

	if (ioctl(f->pidfd, GET_INFO, &info) || !(info.mask & INFO_EXIT))
		return false;
	*ret_status = info.exit_code;
	return true;
}

/* True when its story is over; then *ret_status is as of waitpid(), -1 for unknown. */
static bool learn(struct fate *f, int *ret_status)
{
	struct pollfd p = { .fd = f->pidfd, .events = POLLIN };

	*ret_status = -1;
	if (poll(&p, 1, 0) <= 0)
		return false;
	f->ended = true;
	if (ask(f, ret_status))
		return true;
	/* A zombie tells; when there is none, its parent has been quicker, perhaps just now. */
	if (!procs_zombie_status(f->pid, ret_status))
		return *ret_status >= 0;
	if (*ret_status < 0)
		ask(f, ret_status);
	return true;
}

void fates_pump(struct fates *f, fates_fn *fn, void *user)
{
	int i = 0, status;

	while (i < f->n) {
		int32_t pid = f->all[i].pid;

		if (!learn(&f->all[i], &status)) {
			i++;
			continue;
		}
		close(f->all[i].pidfd);
		f->all[i] = f->all[--f->n];
		if (status < 0)
			fn(pid, 0, -1, user);
		else
			fn(pid, WIFSIGNALED(status) ? WTERMSIG(status) : 0, WIFEXITED(status) ? WEXITSTATUS(status) : 0,
			   user);
	}
}

bool fates_unsettled(const struct fates *f)
{
	int i;

	for (i = 0; i < f->n; i++)
		if (f->all[i].ended)
			return true;
	return false;
}
