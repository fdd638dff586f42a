/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/diff_run.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/diff_show.h"
#include "cli/options.h"
#include "cli/read_job.h"
#include "cli/read_progress.h"
#include "cli/read_tell.h"
#include "util/clock.h"
#include "util/signals.h"

struct diff_run {
	const struct diff_opts *o;
	const struct read_files *files;
	uint64_t seed;
	struct terminal terminal;
	struct filter *filter;
	struct outfile *svg;
	struct timeline *timelines[2];
	struct pairing_side *sides[2];
	struct diff_show_opts show;
	struct read_progress progress;
	struct pairing_side *at; /* that is read */
	bool cut;		 /* it could not be read to its end */
	uint64_t not_filtered;
	int not_filtered_type;
	int status;
};

static volatile sig_atomic_t has_progress;

/* Half a comparison is none, and a wait for standard input may be long.  What is written, the parent takes away. */
static void on_signal(int signal)
{
	static const char clear[] = "\r\033[K";
	ssize_t n = has_progress ? write(STDERR_FILENO, clear, sizeof(clear) - 1) : 0;

	(void)n;
	_exit(128 + signal);
}

static void on_error(const struct err *e, void *user)
{
	struct diff_run *r = user;

	terminal_progress(&r->terminal, "");
	report_error("diff", e, 3);
	r->status = 3;
	r->cut = true;
}

static void on_events(struct capture *c, uint32_t file, void *user)
{
	struct diff_run *r = user;
	struct capture_info info;
	struct err e = { 0 };

	(void)file;
	capture_info(c, &info);
	err_set(&e, ENOTSUP, "%s: a file of events, and captures are wanted", info.path);
	on_error(&e, r);
}

static int open_inputs(struct diff_run *r, struct err *e)
{
	struct timeline_opts to = {
		.capture = { .seed = r->seed }, .on_error = on_error, .on_events = on_events, .user = r
	};
	const char *const *paths = (const char *const *)r->files->paths;
	int s = 0, i;

	for (i = 0; !s && i < 2; i++)
		s = timeline_open(paths + i, 1, &to, &r->timelines[i], e);
	return s;
}

int diff_run_new(const struct diff_opts *o, const struct read_files *files, uint64_t seed, struct diff_run **ret,
		 struct err *e)
{
	struct diff_run *r = calloc(1, sizeof(*r));
	int s;

	if (!r)
		return err_sys(e, ENOMEM, "diff");
	*ret = r;
	r->o = o;
	r->files = files;
	r->seed = seed;
	tzset();
	s = terminal_init(&r->terminal, o->color, e);
	if (!s && files->filter)
		s = filter_new(files->filter, &r->filter, e);
	if (s)
		e->exit_code = 2;
	if (!s)
		s = read_check_output(o->svg, files, e);
	if (!s && o->svg) {
		s = outfile_create(o->svg, &r->svg, e);
		if (s && !e->exit_code)
			e->exit_code = 4; /* the inputs are not to blame */
	}
	if (!s)
		s = open_inputs(r, e);
	return s;
}

void diff_run_free(struct diff_run *r)
{
	int i;

	if (!r)
		return;
	outfile_abort(r->svg);
	for (i = 0; i < 2; i++) {
		timeline_free(r->timelines[i]);
		pairing_side_free(r->sides[i]);
	}
	filter_free(r->filter);
	free(r);
}

static void on_digest(const struct digest *d, void *user)
{
	struct diff_run *r = user;

	pairing_side_judge(r->at, d);
}

/* A filter chooses attempts by their SYNs; whatever it does not choose helps to align the clocks. */
static bool is_chosen(struct diff_run *r, const struct read_packet *p)
{
	const struct sighting *s = p->sighting;
	int match;

	if (!r->filter || s->kind != SIGHTING_SEGMENT || (s->flags & (TCP_SYN | TCP_ACK)) != TCP_SYN)
		return false;
	match = filter_match(r->filter, p->captured->linktype, p->captured->frame, p->captured->on_wire);
	if (match < 0) {
		r->not_filtered++;
		r->not_filtered_type = p->captured->linktype;
	}
	return match > 0;
}

static void on_packet(const struct read_packet *p, void *user)
{
	struct diff_run *r = user;

	pairing_side_feed(r->at, p->sighting, is_chosen(r, p));
}

static void progress(struct diff_run *r)
{
	const struct capture *c;
	struct capture_info info;
	uint64_t done = 0, size = 0;
	int i;

	if (!read_progress_due(&r->progress))
		return;
	for (i = 0; i < 2; i++) {
		c = timeline_capture(r->timelines[i], 0);
		if (!c)
			continue;
		capture_info(c, &info);
		done += info.taken;
		size += info.size;
	}
	read_progress_show(&r->progress, done, size);
}

static void verbose(const struct diff_run *r, const struct read_job *j, const struct ledger *l,
		    const struct diff_side *side)
{
	const struct pairing_side_counts *c = &side->counts;

	read_tell_ledger("diff", j, l);
	read_say("diff",
		 "%" PRIu64 " attempts with %" PRIu64 " packets are compared, in %.1f MiB; %" PRIu64
		 " begin by an answer, and %" PRIu64 " packets were too many of one attempt",
		 c->attempts, c->packets, (double)pairing_side_memory(r->at) / (1 << 20), c->answers, c->dropped);
}

static void take_end(struct diff_run *r, struct read_job *j, struct diff_side *side)
{
	struct pairing_span span;
	struct ledger l;

	read_job_ledger(j, &l);
	side->ledger = (struct summary_ledger){ .seen = l.seen,
						.counted = l.counted,
						.duplicates = l.duplicates,
						.filtered = l.filtered,
						.truncated = l.truncated,
						.malformed = l.malformed,
						.not_tcp = l.other };
	side->first_ns = read_job_first_ns(j);
	side->last_ns = read_job_last_ns(j);
	span = (struct pairing_span){ side->first_ns, side->last_ns, l.seen, r->cut };
	pairing_side_span(r->at, &span);
	pairing_side_counts(r->at, &side->counts);
	side->refused = !read_tell_notes("diff", j, NULL, &side->path);
	if (r->o->verbose)
		verbose(r, j, &l, side);
	if (!ledger_adds_up(&l)) { /* a defect of ours: no figure is to be trusted */
		read_say("diff",
			 "the packets that were seen are not the sum of what became of them; please report this");
		r->status = 4;
	}
}

/* Reads one capture into its side.  0 or -errno. */
static int take(struct diff_run *r, int i, struct err *e)
{
	struct read_job_opts jo = { .timeline = r->timelines[i],
				    .since_ns = INT64_MIN,
				    .until_ns = INT64_MAX,
				    .seed = r->seed,
				    .memory = r->o->memory / 4,
				    .on_digest = on_digest,
				    .on_packet = on_packet,
				    .user = r };
	enum read_step step = READ_ON;
	struct read_job *j = NULL;
	int s;

	r->at = r->sides[i] = pairing_side_new(r->o->memory / 8 * 3);
	if (!r->at)
		return err_sys(e, ENOMEM, "diff");
	r->cut = false;
	timeline_begin(jo.timeline);
	s = read_job_new(&jo, &j, e);
	if (s)
		return s;
	while (step != READ_END) {
		step = read_job_step(j);
		progress(r);
	}
	read_job_finish(j);
	terminal_progress(&r->terminal, "");
	take_end(r, j, &r->show.sides[i]);
	read_job_free(j);
	return 0;
}

static void tell(struct diff_run *r, const struct confined *c)
{
	char type[READ_LINKTYPE_LEN];
	uint64_t lost = r->show.sides[0].counts.lost + r->show.sides[1].counts.lost;

	if (r->not_filtered)
		read_say("diff", "%" PRIu64 " SYNs were not chosen: the filter has no meaning for link type %s: %s",
			 r->not_filtered, read_linktype(r->not_filtered_type, type),
			 filter_why(r->filter, r->not_filtered_type));
	if (lost) {
		read_say("diff",
			 "%" PRIu64 " packets were not compared for want of memory\n"
			 "  --memory gives more; it is %" PRIu64 " MiB now",
			 lost, r->o->memory >> 20);
		if (!r->status)
			r->status = 4;
	}
	if (r->o->verbose)
		read_tell_sandbox("diff", c);
}

static int compare(struct diff_run *r, struct err *e)
{
	struct pairing *p = pairing_new(r->sides[0], r->sides[1], r->seed);
	int s;

	if (!p)
		return -err_sys(e, ENOMEM, "diff");
	s = diff_show(p, &r->show, e);
	pairing_free(p);
	return s;
}

static int nothing_to_compare(void)
{
	struct err e = { 0 };

	err_set(&e, EINVAL, "there is nothing to compare: captures of both sides are needed");
	err_remedy(&e, "`tcpdump -ni any -w FILE tcp or icmp or icmp6` makes one");
	return report_error("diff", &e, 3);
}

int diff_run_work(void *user, const struct confined *c)
{
	struct diff_run *r = user;
	struct err e = { 0 };
	int i, s = 0;

	has_progress = r->terminal.progress;
	signals_catch(on_signal);
	signals_let();
	r->progress = (struct read_progress){ .terminal = &r->terminal, .begun_ns = clock_mono_ns() };
	r->show.o = r->o;
	r->show.terminal = &r->terminal;
	r->show.svg = r->svg;
	r->show.filter = r->files->filter;
	for (i = 0; !s && i < 2; i++) {
		r->show.sides[i].path = r->files->paths[i];
		s = take(r, i, &e);
	}
	if (s)
		return report_error("diff", &e, 4);
	/* what could not be read at all is compared with nothing */
	if (r->status == 3 && !(r->show.sides[0].ledger.seen && r->show.sides[1].ledger.seen))
		return nothing_to_compare();
	s = compare(r, &e);
	tell(r, c);
	if (s && e.what[0])
		return report_error("diff", &e, s);
	return r->status ? r->status : s;
}

int diff_run_commit(struct diff_run *r, int status, struct err *e)
{
	struct err why = { 0 };
	int s;

	if (!r->svg)
		return 0;
	s = outfile_commit(r->svg, &why);
	r->svg = NULL;
	if (!s || status)
		return 0;
	*e = why;
	return s;
}
