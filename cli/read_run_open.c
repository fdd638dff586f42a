/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/read_run_inside.h"

#include <errno.h>
#include <stdlib.h>

int read_run_open_outputs(struct read_run *r, struct err *e)
{
	int s = read_check_output(r->o->write, r->files, e);

	if (!s)
		s = read_check_output(r->o->svg, r->files, e);
	if (!s && r->o->svg) {
		s = outfile_create(r->o->svg, &r->svg, e);
		if (!s)
			r->written[r->n_written++] = r->svg;
	}
	if (!s && r->o->write) {
		s = read_write_new(r->o->write, r->o->memory, &r->write, e);
		if (!s)
			r->written[r->n_written++] = read_write_outfile(r->write);
	}
	if (s && !e->exit_code)
		e->exit_code = 4; /* the inputs are not to blame */
	return s;
}

static void on_remark(const struct capture_remark *remark, void *user)
{
	struct read_run *r = user;

	read_show_remark(remark, r->show);
}

int read_run_open_inputs(struct read_run *r, struct err *e)
{
	const char *buffer = getenv("SYNSENT_BUFFER"); /* for tests */
	struct timeline_opts to = { .capture = { .seed = r->seed,
						 .follow = r->o->follow,
						 .look_at_all = r->o->max_packets > 0,
						 .stopped = r->stopped,
						 .buffer_len = buffer ? strtoul(buffer, NULL, 0) : 0 },
				    .on_error = read_run_error,
				    .on_events = read_run_on_events,
				    .on_remark = on_remark,
				    .user = r };
	bool each = r->o->json && *r->o->json;
	const char *const *paths = (const char *const *)r->files->paths;
	size_t i;
	int s = 0;

	r->n_timelines = each ? r->files->n : 1;
	r->timelines = calloc(r->n_timelines, sizeof(struct timeline *));
	if (!r->timelines)
		return err_sys(e, ENOMEM, "read");
	for (i = 0; !s && i < r->n_timelines; i++)
		s = timeline_open(paths + i, each ? 1 : r->files->n, &to, &r->timelines[i], e);
	return s;
}
