/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/read_run_inside.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/options.h"
#include "cli/read_tell.h"
#include "util/clock.h"
#include "util/duration.h"
#include "util/signals.h"

static volatile sig_atomic_t stopped;
static volatile int64_t stopped_ns;

/* Sooner it is no second one: what is sent to the group reaches this process from the parent too. */
#define SECOND_AFTER_NS (250 * NS_PER_MS)

/* What does not end at the first, for it waits somewhere, ends at the second; the parent takes outputs away. */
static void on_signal(int signal)
{
	if (stopped && clock_mono_ns() - stopped_ns >= SECOND_AFTER_NS)
		_exit(128 + signal);
	if (!stopped)
		stopped_ns = clock_mono_ns();
	stopped = signal;
}

void read_run_error(const struct err *e, void *user)
{
	struct read_run *r = user;

	terminal_progress(&r->terminal, "");
	report_error("read", e, 3);
	r->status = 3;
}

int read_run_new(const struct read_opts *o, const struct read_files *files, uint64_t seed, struct read_run **ret,
		 struct err *e)
{
	struct read_run *r = calloc(1, sizeof(*r));
	struct read_show_opts so;
	int s;

	if (!r)
		return err_sys(e, ENOMEM, "read");
	*ret = r;
	r->o = o;
	r->files = files;
	r->seed = seed;
	r->stopped = &stopped;
	tzset();
	s = terminal_init(&r->terminal, o->color, e);
	if (!s && files->filter)
		s = filter_new(files->filter, &r->filter, e);
	if (s)
		e->exit_code = 2;
	if (!s)
		s = read_run_open_outputs(r, e);
	so = (struct read_show_opts){
		.o = o, .files = files, .terminal = r->terminal, .write = r->write, .svg = r->svg, .seed = seed
	};
	if (!s)
		s = read_show_new(&so, &r->show, e);
	if (!s)
		s = read_run_open_inputs(r, e);
	return s;
}

void read_run_free(struct read_run *r)
{
	size_t i;

	if (!r)
		return;
	while (r->n_written)
		outfile_abort(r->written[--r->n_written]);
	for (i = 0; r->timelines && i < r->n_timelines; i++)
		timeline_free(r->timelines[i]);
	free(r->timelines);
	filter_free(r->filter);
	read_write_free(r->write);
	read_show_free(r->show);
	free(r);
}

static void add_taken(const struct capture *c, uint64_t *taken, uint64_t *size)
{
	struct capture_info info;

	if (!c)
		return;
	capture_info(c, &info);
	*taken += info.taken;
	*size += info.size;
}

static void taken(const struct read_run *r, uint64_t *ret_taken, uint64_t *ret_size)
{
	size_t i;

	*ret_taken = *ret_size = 0;
	for (i = 0; i < r->files->n; i++)
		add_taken(timeline_capture(r->timelines[r->n_timelines > 1 ? i : 0], r->n_timelines > 1 ? 0 : i),
			  ret_taken, ret_size);
	for (i = 0; i < r->n_events; i++)
		add_taken(r->events[i].capture, ret_taken, ret_size);
}

static bool any_opened(const struct read_run *r)
{
	size_t i;

	for (i = 0; i < r->files->n; i++)
		if (timeline_capture(r->timelines[r->n_timelines > 1 ? i : 0], r->n_timelines > 1 ? 0 : i))
			return true;
	return r->n_events > 0;
}

static void progress(struct read_run *r)
{
	uint64_t done, size;

	if (!read_progress_due(&r->progress))
		return;
	taken(r, &done, &size);
	read_progress_show(&r->progress, done, size);
}

/* Lines that wait in a buffer while nothing comes are of no use to anybody. */
static void idle(struct read_run *r, struct read_job *j)
{
	int64_t now = clock_mono_ns();

	if (!r->idle_since_ns)
		r->idle_since_ns = now;
	if (r->o->follow)
		read_job_idle(j, now - r->idle_since_ns);
	terminal_flush();
}

static int limits(const struct read_run *r, struct read_job_opts *jo, struct err *e)
{
	int64_t first = timeline_first_ns(jo->timeline);

	return read_when_limits(r->o->since, r->o->until, first, &jo->since_ns, &jo->until_ns, e);
}

static void pump(struct read_run *r, struct read_job *j)
{
	enum read_step step = READ_ON;

	while (!stopped && step != READ_END) {
		step = read_job_step(j);
		if (step == READ_IDLE)
			idle(r, j);
		else
			r->idle_since_ns = 0;
		if (r->o->follow && step == READ_ON && clock_mono_ns() - r->flushed_ns > NS_PER_S / 10) {
			terminal_flush();
			r->flushed_ns = clock_mono_ns();
		}
		progress(r);
	}
	read_job_finish(j);
	terminal_progress(&r->terminal, "");
}

static const char *const *paths_of(const struct read_run *r, size_t timeline)
{
	return (const char *const *)r->files->paths + (r->n_timelines > 1 ? timeline : 0);
}

/* Without an attempt nothing is printed, and no word of why. */
static bool says_nothing(const struct read_opts *o)
{
	bool lists = o->all || o->failures || o->packets || (o->json && !*o->json && !o->by);

	return lists && !o->summary && !o->follow;
}

static void tell_nothing(const struct read_run *r, const struct read_job *j)
{
	struct ledger l;

	read_job_ledger(j, &l);
	if (l.filtered)
		read_say("read", "no attempt is chosen; %" PRIu64 " handshake packets are of others", l.filtered);
	else if (l.seen && !r->o->packets)
		read_say("read", "no attempt is in it: there is no SYN that opens a connection");
}

/* What a user must know of what was read. */
static void tell(struct read_run *r, size_t timeline, const struct read_job *j, const struct ledger *l,
		 const struct confined *c)
{
	read_tell_notes("read", j, r->filter, paths_of(r, timeline));
	if (says_nothing(r->o) && !r->n_attempts)
		tell_nothing(r, j);
	if (read_tell_lost("read", j, r->o->memory) && !r->status)
		r->status = 4;
	if (!r->o->verbose)
		return;
	read_tell_ledger("read", j, l);
	read_tell_sandbox("read", c);
}

static int read_one(struct read_run *r, size_t i, const struct confined *c, bool counts)
{
	struct read_job_opts jo = { .timeline = r->timelines[i],
				    .filter = r->filter,
				    .seed = r->seed,
				    .memory = r->o->memory,
				    .at_once = r->o->follow,
				    .max_packets = (uint64_t)r->o->max_packets,
				    .on_digest = read_show_digest,
				    .on_packet = r->o->packets || r->write ? read_show_packet : NULL,
				    .user = r->show };
	struct read_end end = { .interrupted = false };
	struct handshakes_counts c_counts;
	struct read_job *j = NULL;
	struct err e = { 0 };
	int s;

	r->n_events = 0;
	timeline_begin(jo.timeline);
	s = limits(r, &jo, &e);
	if (!s)
		s = read_job_new(&jo, &j, &e);
	if (s)
		return r->status = report_error("read", &e, 4);
	read_show_of(r->show, j);
	pump(r, j);
	read_job_ledger(j, &end.ledger);
	read_job_counts(j, &c_counts);
	r->n_attempts = (uint32_t)c_counts.attempts;
	end.first_ns = read_job_first_ns(j);
	end.last_ns = read_job_last_ns(j);
	read_run_play_events(r, i, &end);
	if (counts) {
		read_show_counts(r->show, r->files->paths[i]);
	} else {
		taken(r, &end.bytes, &end.size);
		end.took_ns = clock_mono_ns() - r->progress.begun_ns;
		end.since_ns = jo.since_ns;
		end.until_ns = jo.until_ns;
		end.interrupted = stopped && !r->o->follow;
		end.nothing = !stopped && !any_opened(r);
		s = read_show_end(r->show, &end, &e);
	}
	tell(r, i, j, &end.ledger, c);
	if (!ledger_adds_up(&end.ledger)) { /* a defect of ours: no figure is to be trusted */
		read_say("read",
			 "the packets that were seen are not the sum of what became of them; please report this");
		r->status = 4;
	}
	read_job_free(j);
	if (s)
		r->status = report_error("read", &e, s < 0 ? 4 : s);
	return r->status;
}

/* In the process that is confined; what stdio itself could not write is told by confined_run(). */
static int written(int status)
{
	struct err e = { 0 };

	if (!terminal_flush() || ferror(stdout))
		return status;
	terminal_error(terminal_failed(), &e);
	return report_error("read", &e, 4);
}

int read_run_work(void *user, const struct confined *c)
{
	struct read_run *r = user;
	size_t i;

	signals_catch(on_signal);
	signals_let();
	r->progress = (struct read_progress){ .terminal = &r->terminal,
					      .endless = r->o->follow,
					      .begun_ns = clock_mono_ns() };
	for (i = 0; i < r->n_timelines && !stopped; i++)
		read_one(r, i, c, r->o->json && *r->o->json);
	r->status = written(r->status);
	/* what is followed has no other end */
	return stopped && !(r->o->follow && stopped == SIGINT) ? 128 + stopped : r->status;
}

int read_run_commit(struct read_run *r, int status, struct err *e)
{
	struct err why = { 0 };
	int i, s = 0, committed;

	for (i = 0; i < r->n_written; i++) {
		committed = outfile_commit(r->written[i], &why);
		if (committed && !s && status == 0) {
			s = committed;
			*e = why;
		}
	}
	r->n_written = 0;
	return s;
}
