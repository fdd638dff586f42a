// SPDX-License-Identifier: GPL-2.0-or-later
#include "sources/unpack.h"

#include <errno.h>
#include <stdlib.h>

#include "sources/unpack_ahead.h"
#include "sources/unpack_codec.h"
#include "sources/unpack_input.h"
#include "sources/unpack_stream.h"

struct unpack {
	struct unpack_input input;
	struct unpack_stream *stream;
	struct unpack_ahead *ahead; /* NULL: the caller's thread decodes */
	bool started;
};

const char *packing_name(enum packing p)
{
	static const char *const names[] = { "plain", "gzip", "zstd", "lz4" };

	return names[p];
}

int unpack_new(enum packing p, int fd, const uint8_t *head, size_t head_len, bool threaded, struct unpack **ret,
	       struct err *e)
{
	struct unpack *u = calloc(1, sizeof(*u));
	int r;

	if (!u)
		return err_sys(e, ENOMEM, "cannot unpack %s", packing_name(p));
	unpack_input_init(&u->input, fd, threaded);
	r = unpack_stream_new(p, head, head_len, unpack_input_read, &u->input, &u->stream, e);
	if (!r && threaded)
		r = unpack_ahead_new(u->stream, &u->ahead, e);
	if (r) {
		unpack_free(u);
		return r;
	}
	*ret = u;
	return 0;
}

void unpack_free(struct unpack *u)
{
	if (!u)
		return;
	unpack_input_wake(&u->input);
	unpack_ahead_free(u->ahead);
	unpack_stream_free(u->stream);
	unpack_input_fini(&u->input);
	free(u);
}

void unpack_stop_when(struct unpack *u, const volatile sig_atomic_t *stopped)
{
	u->input.stopped = stopped;
}

ssize_t unpack_read(struct unpack *u, void *to, size_t len, struct err *e)
{
	if (u->ahead && !u->started) {
		u->started = true;
		if (unpack_ahead_start(u->ahead)) {
			unpack_ahead_free(u->ahead);
			u->ahead = NULL;
		}
	}
	return u->ahead ? unpack_ahead_read(u->ahead, to, len, e) : unpack_stream_read(u->stream, to, len, e);
}

bool unpack_ready(struct unpack *u)
{
	return u->ahead && unpack_ahead_ready(u->ahead);
}

uint64_t unpack_taken(const struct unpack *u)
{
	return unpack_stream_taken(u->stream);
}
