/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/diff_show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/read_pick.h"
#include "cli/show.h"
#include "core/pairing_story.h"
#include "sinks/figures.h"

#define LINES_MAX 1000 /* that are listed if not all are asked for */

struct show {
	const struct pairing *p;
	const struct diff_show_opts *opts;
	const struct diff_opts *o;
	int64_t since_ns, until_ns;
	struct pairing_totals *totals;
	struct pair_report report;
	struct pair_words words;
	struct buf line;
	uint64_t listed, left_out;
};

static int limits(struct show *s, struct err *e)
{
	int64_t first = s->opts->sides[pairing_swapped(s->p)].first_ns;

	return read_when_limits(s->o->since, s->o->until, first, &s->since_ns, &s->until_ns, e);
}

/* The next that was asked for, from *i on; false: there is none. */
static bool next(struct show *s, size_t *i)
{
	const struct pair_report *r = &s->report;

	for (; *i < pairing_n(s->p); ++*i) {
		pairing_get(s->p, *i, &s->report);
		if (r->start_ns < s->since_ns || r->start_ns >= s->until_ns || (s->opts->filter && !r->chosen))
			continue;
		++*i;
		return true;
	}
	return false;
}

/* Into s->line.  The day of the client's capture is told by the head. */
static void line(struct show *s)
{
	int64_t day_ns = s->opts->sides[pairing_swapped(s->p)].first_ns;
	const struct diff_line_look look = { .color = s->opts->terminal->color,
					     .date = day_ns && !figures_same_day(day_ns, s->report.start_ns) };

	diff_line(&s->report, &s->words, &look, &s->line);
}

static void print(struct buf *b)
{
	fwrite(b->data, 1, b->len, stdout);
	buf_reset(b);
}

static void list(struct show *s)
{
	size_t i = 0;

	while (next(s, &i)) {
		if (!s->o->json && !s->o->all && !pair_is_notable(&s->report))
			continue;
		if (!s->o->json && !s->o->all && s->listed == LINES_MAX) {
			s->left_out++;
			continue;
		}
		if (!s->o->json && !s->listed)
			putchar('\n');
		s->listed++;
		pair_words(&s->report, &s->words);
		if (s->o->json)
			diff_json(&s->report, &s->words, &s->line);
		else
			line(s);
		print(&s->line);
	}
	if (s->left_out)
		printf("... and %" PRIu64 " more; --all lists every attempt\n", s->left_out);
}

static void facts(const struct show *s, struct diff_facts *ret)
{
	bool swapped = pairing_swapped(s->p);

	*ret = (struct diff_facts){ .client = s->opts->sides[swapped],
				    .server = s->opts->sides[!swapped],
				    .swapped = swapped,
				    .clock = pairing_clock(s->p),
				    .nat = pairing_nat(s->p),
				    .holes = pairing_holes(s->p),
				    .totals = s->totals,
				    .filter = s->opts->filter,
				    .has_since = s->since_ns != INT64_MIN,
				    .has_until = s->until_ns != INT64_MAX,
				    .since_ns = s->since_ns,
				    .until_ns = s->until_ns,
				    .same_servers = pairing_same_servers(s->p) };
}

static void head(struct show *s)
{
	const struct summary_look look = { .color = s->opts->terminal->color, .utf8 = s->opts->terminal->utf8 };
	struct diff_facts f;
	size_t i = 0;

	while (next(s, &i))
		pairing_totals_add(s->totals, &s->report);
	facts(s, &f);
	if (s->o->json)
		diff_summary_json(&f, &s->line);
	else
		diff_text(&f, &look, &s->line);
	print(&s->line);
}

/* What the diagram shows, in words. */
static void explain(const struct show *s)
{
	int i;

	for (i = 0; i < s->words.n_evidence; i++)
		printf("       %s\n", s->words.evidence[i]);
	if (s->words.advice[0])
		printf("       look at %s\n", s->words.advice);
	putchar('\n');
}

static bool find(struct show *s, const struct read_pick *pick)
{
	struct digest d = { 0 };
	bool found = false, notable = false;
	size_t i = 0, best = 0;

	while (!notable && next(s, &i)) {
		d.number = s->report.number;
		d.flow = s->report.client_flow;
		if (!read_pick_matches(pick, &d)) {
			d.flow = s->report.server_flow;
			if (!read_pick_matches(pick, &d))
				continue;
		}
		notable = pair_is_notable(&s->report);
		if (!found || notable)
			best = i - 1;
		found = true;
	}
	if (found)
		pairing_get(s->p, best, &s->report);
	return found;
}

/* Where standard output is not the drawing's. */
static void show_text(struct show *s, const struct story *story)
{
	line(s);
	print(&s->line);
	explain(s);
	show_diagram(story, s->opts->terminal);
}

static int draw(struct show *s, struct err *e)
{
	struct read_pick *pick = read_pick_new(s->o->diagram);
	struct story *story = malloc(sizeof(*story));
	int r = 0;

	if (!pick || !story) {
		r = -err_sys(e, ENOMEM, "--diagram");
	} else if (!find(s, pick)) {
		err_set(e, ENOENT, "there is no attempt %s among %zu", s->o->diagram, pairing_n(s->p));
		err_remedy(e, "--all lists them with their numbers");
		r = 1;
	} else {
		pair_words(&s->report, &s->words);
		pair_story(&s->report, &s->words, story);
		if (!s->o->svg || strcmp(s->o->svg, "-"))
			show_text(s, story);
		if (s->opts->svg && show_svg(story, s->opts->svg, e))
			r = 4;
	}
	if (s->opts->svg && r)
		outfile_abort(s->opts->svg);
	read_pick_free(pick);
	free(story);
	return r;
}

int diff_show(const struct pairing *p, const struct diff_show_opts *o, struct err *e)
{
	struct show *s = calloc(1, sizeof(*s));
	int r = 0;

	if (s)
		s->totals = malloc(sizeof(*s->totals));
	if (!s || !s->totals || !pairing_totals_init(s->totals)) {
		free(s ? s->totals : NULL);
		free(s);
		return -err_sys(e, ENOMEM, "diff");
	}
	s->p = p;
	s->opts = o;
	s->o = o->o;
	if (limits(s, e)) {
		r = 2;
	} else if (s->o->diagram) {
		r = draw(s, e);
	} else {
		if (!s->o->json || s->o->summary)
			head(s);
		if (!s->o->summary)
			list(s);
	}
	if (!r && !pairing_nat(p)->paired)
		r = DIFF_NOTHING;
	pairing_totals_fini(s->totals);
	free(s->totals);
	buf_fini(&s->line);
	free(s);
	return r;
}
