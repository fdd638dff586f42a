/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_UNPACK_INPUT_H
#define SYNSENT_SOURCES_UNPACK_INPUT_H

#include <signal.h>
#include <stdatomic.h>

#include "sources/unpack_stream.h"

/* A descriptor as the source of an unpack_stream, with two ways of ending a wait for it. */
struct unpack_input {
	int fd;
	const volatile sig_atomic_t *stopped; /* not 0: -EINTR; NULL: none.  The caller's */
	int wake_fd; /* an eventfd that unpack_input_wake() uses; -1: waits look at `ended` now and then */
	atomic_bool ended;
};

/* `threaded`: unpack_input_wake() is going to be called while another thread reads. */
void unpack_input_init(struct unpack_input *in, int fd, bool threaded);
void unpack_input_fini(struct unpack_input *in);

/* An unpack_source_fn. */
ssize_t unpack_input_read(void *in, void *to, size_t len, bool wait, struct err *e);

/* From another thread: reading ends, now and for good, with -ECANCELED. */
void unpack_input_wake(struct unpack_input *in);

#endif
