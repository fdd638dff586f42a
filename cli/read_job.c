/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/read_job_inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

bool ledger_adds_up(const struct ledger *l)
{
	return l->seen == l->counted + l->duplicates + l->filtered + l->truncated + l->malformed + l->other;
}

static const char *path_text(uint16_t path, const void *paths)
{
	return paths_text(paths, path);
}

int read_job_new(const struct read_job_opts *o, struct read_job **ret, struct err *e)
{
	struct read_job *j = calloc(1, sizeof(*j));
	struct handshakes_config c = { .memory = o->memory,
				       .seed = o->seed,
				       .at_once = o->at_once,
				       .awaited = timeline_await(o->timeline),
				       .fn = o->on_digest,
				       .path_text = path_text,
				       .user = o->user };

	if (j) {
		j->opts = *o;
		j->selects = o->filter || o->since_ns != INT64_MIN || o->until_ns != INT64_MAX;
		c.paths = j->paths = paths_new(o->seed);
		j->handshakes = handshakes_new(&c);
	}
	if (!j || !j->handshakes || !j->paths) {
		read_job_free(j);
		return err_sys(e, ENOMEM, "read");
	}
	j->awaited = handshakes_awaited(j->handshakes);
	*ret = j;
	return 0;
}

void read_job_free(struct read_job *j)
{
	if (!j)
		return;
	handshakes_free(j->handshakes);
	paths_free(j->paths);
	free(j);
}

void read_job_idle(struct read_job *j, int64_t idle_ns)
{
	handshakes_idle(j->handshakes, idle_ns);
}

void read_job_finish(struct read_job *j)
{
	handshakes_finish(j->handshakes, j->last_ns);
}

const struct attempt *read_job_attempt(struct read_job *j)
{
	return handshakes_attempt(j->handshakes);
}

void read_job_ledger(const struct read_job *j, struct ledger *ret)
{
	*ret = j->ledger;
}

void read_job_notes(const struct read_job *j, struct read_notes *ret)
{
	*ret = j->notes;
}

void read_job_counts(const struct read_job *j, struct handshakes_counts *ret)
{
	handshakes_counts(j->handshakes, ret);
}

int64_t read_job_first_ns(const struct read_job *j)
{
	return j->first_ns;
}

int64_t read_job_last_ns(const struct read_job *j)
{
	return j->last_ns;
}

const char *read_linktype(int linktype, char to[READ_LINKTYPE_LEN])
{
	const char *name = linktype_name(linktype);

	snprintf(to, READ_LINKTYPE_LEN, name ? "%d (%s)" : "%d", linktype, name);
	return to;
}
