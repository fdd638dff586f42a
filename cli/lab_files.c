/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/lab_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/timescale.h"
#include "sinks/diagram.h"
#include "util/buf.h"
#include "util/outfile.h"

#define SNAPLEN 65535

int lab_files_capture(const struct kept_packets *k, const char *path, const struct attempt *a, struct err *e)
{
	struct kept_comments c = { .interface = "lo", .snaplen = SNAPLEN, .attempts = &a, .n = a != NULL };
	char section[600] = "";
	struct verdict v;

	if (a) {
		verdict_make(a, &v);
		snprintf(section, sizeof(section), "synsent: %s: %s (%s)", outcome_word(v.outcome), v.headline,
			 confidence_word(v.confidence));
	}
	c.section = section;
	return kept_packets_write(k, path, &c, e);
}

int lab_files_try(const char *path, struct err *e)
{
	struct outfile *o;
	struct stat st;
	int r;

	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return 0; /* a pipe's reader would take the attempt for the end */
	r = outfile_create(path, &o, e);

	if (!r)
		outfile_abort(o);
	return r;
}

bool lab_is_scaled(const struct attempt *a, const struct verdict *v, const struct lab_config *c)
{
	return c->fast && (a->n_syns > 1 || v->outcome == OUTCOME_TIMED_OUT || v->outcome == OUTCOME_ABANDONED ||
			   v->outcome == OUTCOME_KILLED || v->outcome == OUTCOME_PENDING);
}

void lab_story(const struct attempt *a, const struct verdict *v, const struct lab_config *c, struct story *ret)
{
	struct attempt *scaled = lab_is_scaled(a, v, c) ? malloc(sizeof(*scaled)) : NULL;
	struct verdict of_scaled;
	int i;

	if (scaled)
		timescale_attempt(a, scaled);
	story_make(scaled ? scaled : a, v, ret);
	if (ret->n && c->scenario->route == ROUTES_AS_THEY_ARE)
		snprintf(ret->rows[0].server_state, sizeof(ret->rows[0].server_state), "%s",
			 c->scenario->server == SERVER_STOPS ? "CLOSED" : "LISTEN");
	for (i = 0; scaled && i < ret->n; i++)
		if (ret->rows[i].kind == STORY_END)
			ret->rows[i].real_ns = v->elapsed_ns;
	ret->scaled = scaled != NULL;
	if (scaled) {
		/* the times in its words are to be those of the drawing */
		verdict_make(scaled, &of_scaled);
		if (of_scaled.outcome == v->outcome && of_scaled.gave_up_by == v->gave_up_by)
			snprintf(ret->end_text, sizeof(ret->end_text), "%s", of_scaled.headline);
	}
	free(scaled);
}

int lab_files_svg(const char *path, const struct attempt *a, const struct lab_config *c, struct err *e)
{
	struct story *story = malloc(sizeof(*story));
	struct diagram *d = NULL;
	struct outfile *out;
	struct buf b = { 0 };
	struct verdict v;
	int r = -ENOMEM;

	verdict_make(a, &v);
	if (story) {
		lab_story(a, &v, c, story);
		d = diagram_new(story);
	}
	if (d) {
		diagram_svg(d, &b);
		r = outfile_create(path, &out, e);
		if (!r) {
			outfile_write(out, buf_text(&b), b.len, e);
			r = outfile_close(out, e);
		}
	} else {
		err_sys(e, ENOMEM, "%s", path);
	}
	diagram_free(d);
	buf_fini(&b);
	free(story);
	return r;
}
