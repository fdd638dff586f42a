/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is printed when all is read: the summary, the lines that waited for it, and the files. */
#include "cli/read_show_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sinks/json.h"

/* NULL: none. */
static const char *refused(struct read_show *s, const struct read_notes *n)
{
	if (!n->n_refused_types)
		return NULL;
	return read_linktype(n->refused[0].type, s->refused);
}

static void facts(struct read_show *s, const struct read_end *end, struct summary_facts *ret)
{
	struct handshakes_counts c;
	const struct ledger *l = &end->ledger;
	struct read_notes n;

	read_job_notes(s->job, &n);
	read_job_counts(s->job, &c);
	*ret = (struct summary_facts){
		.files = (const char *const *)s->opts.files->paths,
		.n_files = s->opts.files->n,
		.bytes = s->o->max_packets ? 0 : end->bytes, /* not known to the packet */
		.packets = l->seen,
		.start_ns = end->first_ns,
		.end_ns = end->last_ns,
		.took_ns = end->took_ns,
		.comments = (const char *const *)s->comments,
		.n_comments = s->n_comments,
		.more_comments = s->more_comments,
		.refused = refused(s, &n),
		.filter = s->opts.files->filter,
		.has_since = end->since_ns != INT64_MIN,
		.has_until = end->until_ns != INT64_MAX,
		.since_ns = end->since_ns,
		.until_ns = end->until_ns,
		.interrupted = end->interrupted,
		.size = end->size,
		.ledger = { .seen = l->seen,
			    .counted = l->counted,
			    .duplicates = l->duplicates,
			    .filtered = l->filtered,
			    .truncated = l->truncated,
			    .malformed = l->malformed,
			    .not_tcp = l->other },
		.unmatched = c.unmatched,
		.evicted = c.evicted,
	};
}

static void print_summary(struct read_show *s, const struct summary_facts *f)
{
	const struct summary_look look = { .color = s->opts.terminal.color, .utf8 = s->opts.terminal.utf8 };
	struct summary_counts c;
	enum summary_by by = 0;

	buf_reset(&s->line);
	summary_counts(s->summary, &c);
	if (!is_json(s) && lists_at_once(s->o) && s->n_lines)
		terminal_lines("\n", 1); /* between them and the list */
	if (s->o->by && (is_json(s) || c.attempts)) {
		while (strcmp(summary_by_words()[by], s->o->by))
			by++;
		if (is_json(s))
			summary_table_json(s->summary, by, 0, &s->line);
		else
			summary_table(s->summary, by, s->o->all ? 0 : 20, &look, &s->line);
	} else if (is_json(s)) {
		summary_json(s->summary, f, &s->line);
	} else {
		summary_text(s->summary, f, &look, &s->line);
	}
	terminal_lines(buf_text(&s->line), s->line.len);
}

static void print_lines(struct read_show *s)
{
	struct summary_counts c;

	if (!s->lines.len)
		return;
	summary_counts(s->summary, &c);
	if (c.failures > s->n_lines)
		buf_fmt(&s->lines, "... and %" PRIu64 " more failed attempts; --failures lists them all\n",
			c.failures - s->n_lines);
	terminal_lines("\n", 1);
	terminal_lines(buf_text(&s->lines), s->lines.len);
}

/* The default output, --summary and --by; what is listed at once has no summary unless it is asked for. */
static bool has_summary(const struct read_opts *o)
{
	if (writes_to_stdout(o))
		return false;
	if (o->by || o->summary)
		return true;
	return !o->packets && !o->diagram && !o->json && (!lists_at_once(o) || o->follow);
}

int read_show_end(struct read_show *s, const struct read_end *end, struct err *e)
{
	struct summary_facts f;
	char comment[200];
	int r = 0;

	facts(s, end, &f);
	if (has_summary(s->o) && !end->nothing)
		print_summary(s, &f);
	print_lines(s);
	terminal_flush();
	if (s->pick)
		r = read_pick_show(s->pick, &s->opts.terminal, s->opts.svg, s->o->svg && !strcmp(s->o->svg, "-"), e);
	if (!r && s->opts.write) {
		snprintf(comment, sizeof(comment), "synsent read: the packets of %s attempts%s",
			 s->o->all ? "all" : "failed", s->opts.files->filter ? " that a filter chose" : "");
		r = read_write_end(s->opts.write, comment, e);
		r = r ? e->exit_code ? e->exit_code : 4 : 0;
	}
	return r;
}

void read_show_counts(struct read_show *s, const char *file)
{
	struct json j;

	buf_reset(&s->line);
	json_init(&j, &s->line);
	json_begin_object(&j);
	json_key(&j, "file");
	json_text(&j, file);
	json_key_int(&j, "attempts", (int64_t)s->n_attempts);
	json_key_int(&j, "syn_retrans", (int64_t)(s->n_syns - s->n_attempts));
	json_key_int(&j, "by_synack", (int64_t)s->answers[REPLY_SYN_ACK]);
	json_key_int(&j, "by_rst", (int64_t)s->answers[REPLY_RST]);
	json_key_int(&j, "by_icmp", (int64_t)s->answers[REPLY_ICMP]);
	json_key_int(&j, "unanswered", (int64_t)s->answers[REPLY_NONE]);
	json_end(&j);
	buf_char(&s->line, '\n');
	terminal_lines(buf_text(&s->line), s->line.len);
}
