// SPDX-License-Identifier: GPL-2.0-or-later
#include "sources/unpack_input.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define LOOK_MS 100

void unpack_input_init(struct unpack_input *in, int fd, bool threaded)
{
	in->fd = fd;
	in->stopped = NULL;
	/* A sandbox may refuse it, and a pipe that is silent at the end is rare. */
	in->wake_fd = threaded ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
	atomic_init(&in->ended, false);
}

void unpack_input_fini(struct unpack_input *in)
{
	if (in->wake_fd >= 0)
		close(in->wake_fd);
}

void unpack_input_wake(struct unpack_input *in)
{
	uint64_t one = 1;
	ssize_t n;

	atomic_store(&in->ended, true);
	if (in->wake_fd < 0)
		return;
	/* It cannot fail: a counter at its maximum, which blocks, would wake too. */
	n = write(in->wake_fd, &one, sizeof(one));
	(void)n;
}

/* 1 when fd can be read, or -errno. */
static int ready(struct unpack_input *in, bool wait, struct err *e)
{
	/* poll() leaves out negative descriptors. */
	struct pollfd p[] = {
		{ .fd = in->fd, .events = POLLIN },
		{ .fd = in->wake_fd, .events = POLLIN },
	};
	int timeout_ms = !wait ? 0 : in->wake_fd < 0 || in->stopped ? LOOK_MS : -1;

	for (;;) {
		int n = poll(p, sizeof(p) / sizeof(p[0]), timeout_ms);

		if (atomic_load(&in->ended))
			return err_sys(e, ECANCELED, "cannot read");
		if (n < 0 && errno != EINTR)
			return err_sys(e, errno, "cannot wait for input");
		if (in->stopped && *in->stopped)
			return err_set(e, EINTR, "interrupted");
		if (n > 0)
			return 1;
		if (!wait)
			return -EAGAIN;
	}
}

ssize_t unpack_input_read(void *from, void *to, size_t len, bool wait, struct err *e)
{
	struct unpack_input *in = from;

	for (;;) {
		ssize_t n = ready(in, wait, e);

		if (n < 0)
			return n;
		n = read(in->fd, to, len);
		if (n >= 0)
			return n;
		/* EAGAIN after poll(): somebody else was quicker at the same pipe. */
		if (errno != EINTR && errno != EAGAIN)
			return err_sys(e, errno, "cannot read");
	}
}
