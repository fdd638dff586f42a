/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of events, among the captures. */
#include "cli/read_run_inside.h"

#include <errno.h>
#include <inttypes.h>

#include "cli/read_events.h"
#include "cli/read_tell.h"

/* What was asked that only packets can answer, and a file of events holds none. */
static const char *of_packets(const struct read_run *r)
{
	const struct read_opts *o = r->o;
	const struct {
		bool asked;
		const char *what;
	} all[] = { { r->filter, "a filter" },	  { o->since, "--since" }, { o->until, "--until" },
		    { o->packets, "--packets" },  { o->write, "--write" }, { o->follow, "--follow" },
		    { o->max_packets, "--count" } };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].asked)
			return all[i].what;
	return NULL;
}

void read_run_on_events(struct capture *c, uint32_t file, void *user)
{
	struct read_run *r = user;
	const char *packets = of_packets(r);
	struct err e = { 0 };

	if (packets) {
		err_set(&e, ENOTSUP, "%s: %s is for captures, and this is a file of events; left out",
			r->files->paths[file], packets);
		read_run_error(&e, r);
		return;
	}
	if (r->n_events == EVENT_FILES_MAX) {
		err_set(&e, E2BIG, "%s: more than %d files of events", r->files->paths[file], EVENT_FILES_MAX);
		err_remedy(&e, "read them by several commands");
		read_run_error(&e, r);
		return;
	}
	r->events[r->n_events].capture = c;
	r->events[r->n_events++].file = file;
}

static void on_attempt(const struct attempt *a, void *user)
{
	static struct attempt numbered; /* 5 KiB */
	struct read_run *r = user;

	numbered = *a;
	numbered.number = ++r->n_attempts;
	numbered.file = r->events_file;
	read_show_attempt(r->show, &numbered);
}

void read_run_play_events(struct read_run *r, size_t timeline, struct read_end *end)
{
	struct read_events_opts o = { .memory = r->o->memory, .seed = r->seed, .on_attempt = on_attempt, .user = r };
	struct read_events_result result;
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < r->n_events && !*r->stopped; i++) {
		r->events_file = r->n_timelines > 1 ? (uint32_t)timeline : r->events[i].file;
		o.path = r->files->paths[r->events_file];
		if (read_events(r->events[i].capture, &o, &result, &e))
			read_run_error(&e, r);
		end->ledger.seen += result.packets;
		end->ledger.duplicates += result.duplicates;
		end->ledger.counted += result.packets - result.duplicates;
		if (!end->first_ns || (result.first_ns && result.first_ns < end->first_ns))
			end->first_ns = result.first_ns;
		if (result.last_ns > end->last_ns)
			end->last_ns = result.last_ns;
		if (result.lost)
			read_say("read",
				 "%s: %" PRIu64 " events were lost when it was recorded, and verdicts may miss them",
				 o.path, result.lost);
		if (result.evicted)
			read_say("read",
				 "%s: %" PRIu64
				 " attempts were given up undecided, too many at once; --memory makes room",
				 o.path, result.evicted);
		if (result.evicted || result.lost)
			r->status = 4;
	}
}
