/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/events.h"

#include <errno.h>
#include <stdlib.h>

#include "core/event_text.h"
#include "util/buf.h"
#include "util/outfile.h"

struct events {
	struct outfile *file;
	struct buf line;
	bool no_memory; /* a line was lost: the file must not appear */
};

static int out_of_memory(struct err *e)
{
	err_sys(e, ENOMEM, "cannot record events");
	err_remedy(e, "free memory, or leave --events out");
	return -ENOMEM;
}

static int put_line(struct events *w, struct err *e)
{
	int r;

	if (w->line.failed || w->no_memory) {
		w->no_memory = true;
		return out_of_memory(e);
	}
	r = outfile_write(w->file, w->line.data, w->line.len, e);
	if (r == 0 && outfile_is_direct(w->file))
		r = outfile_flush(w->file, e);
	return r;
}

int events_create(const char *path, struct events **ret, struct err *e)
{
	struct events *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return out_of_memory(e);
	r = outfile_create(path, &w->file, e);
	if (r < 0)
		goto fail;
	buf_str(&w->line, EVENT_TEXT_HEADER "\n");
	r = put_line(w, e);
	if (r < 0)
		goto fail;
	*ret = w;
	return 0;
fail:
	events_abort(w);
	return r;
}

int events_write(struct events *w, const struct event *ev, struct err *e)
{
	buf_reset(&w->line);
	event_format(ev, &w->line);
	if (!w->line.len && !w->line.failed)
		return 0; /* EVENT_NONE */
	return put_line(w, e);
}

int events_close(struct events *w, struct err *e)
{
	int r;

	if (w->no_memory) {
		events_abort(w);
		return out_of_memory(e);
	}
	r = outfile_close(w->file, e);
	w->file = NULL;
	events_abort(w);
	return r;
}

void events_abort(struct events *w)
{
	if (!w)
		return;
	outfile_abort(w->file);
	buf_fini(&w->line);
	free(w);
}
