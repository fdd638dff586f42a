/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/explain.h"
#include "util/suggest.h"
#include "explain/near.h"
#include "explain/words.h"

#define NEAREST 4 /* entries that are named for a text that is not known */
#define ASKED_COLUMNS 60

struct options {
	bool list, json;
};

#define ROW(member) offsetof(struct options, member)

static const struct option_row rows[] = {
	{ 0, "list", OPT_FLAG, ROW(list), 0, 0, NULL, "List what is known, by kind", NULL },
	{ 'j', "json", OPT_FLAG, ROW(json), 0, 0, NULL, "One JSON object per text, instead of text", NULL },
	{ .name = NULL },
};

static int misuse(struct err *e, const char *what, const char *remedy)
{
	err_set(e, EINVAL, "%s", what);
	err_remedy(e, "%s", remedy);
	e->exit_code = 2;
	return -EINVAL;
}

/* The arguments as one text, without white space at its ends. */
static void join(char **words, int n, struct buf *to)
{
	static const char blank[] = " \t\r\n";
	struct buf all = { 0 };
	const char *text;
	size_t len;
	int i;

	for (i = 0; i < n; i++)
		buf_fmt(&all, "%s%s", i ? " " : "", words[i]);
	text = buf_text(&all) + strspn(buf_text(&all), blank);
	for (len = strlen(text); len && strchr(blank, text[len - 1]); len--)
		;
	buf_add(to, text, len);
	buf_fini(&all);
}

static bool is_among(const struct explain_entry *e, const struct answer *a, int n)
{
	int i;

	for (i = 0; i < n && a->matches[i].entry != e; i++)
		;
	return i < n;
}

/* First what the text names as a whole, then what is in it. */
static int find(struct matcher *m, struct answer *a)
{
	const struct explain_entry *named[MATCHES_MAX];
	struct explain_match in[MATCHES_MAX];
	char *scratch = malloc(a->asked_len + 1);
	int i, n, n_named;

	if (!scratch)
		return -ENOMEM;
	n_named = explain_words(a->asked, named, MATCHES_MAX);
	for (i = 0; i < n_named; i++)
		a->matches[a->n++].entry = named[i];
	n = matcher_line(m, a->asked, a->asked_len, scratch, in);
	for (i = 0; i < n && a->n < MATCHES_MAX; i++)
		if (!is_among(in[i].entry, a, n_named))
			a->matches[a->n++] = in[i];
	free(scratch);
	return 0;
}

/* The entry whose name or word is nearest by its letters, or NULL. */
static const struct explain_entry *misspelt(const char *asked)
{
	const struct explain_entry *nearest = NULL;
	const char *const *w, *best = NULL;
	struct suggest s;
	int i;

	suggest_init(&s, asked);
	for (i = 0; i < explain_n_entries; i++) {
		suggest_feed(&s, explain_entries[i].name);
		for (w = explain_entries[i].words; *w; w++)
			suggest_feed(&s, *w);
		if (s.best != best)
			nearest = &explain_entries[i];
		best = s.best;
	}
	return nearest;
}

static int find_near(const char *asked, const struct explain_entry *near[NEAREST])
{
	const struct explain_entry *found[NEAREST], *first = misspelt(asked);
	int i, n = 0, n_found = explain_near(asked, found, NEAREST);

	if (first)
		near[n++] = first;
	for (i = 0; i < n_found && n < NEAREST; i++)
		if (found[i] != first)
			near[n++] = found[i];
	return n;
}

static int say_unknown(const struct answer *a, const struct explain_entry *const *near, int n)
{
	size_t len = explain_cut(a->asked, ASKED_COLUMNS);
	struct buf names = { 0 };
	struct err e = { 0 };
	int i;

	/* report_error() escapes it */
	err_set(&e, ENOENT, "\"%.*s%s\" is not known", (int)len, a->asked, a->asked[len] ? "..." : "");
	if (n)
		buf_str(&names, "the nearest:\n");
	for (i = 0; i < n; i++)
		buf_fmt(&names, "  synsent explain \"%s\"\n", near[i]->name);
	err_remedy(&e, "%s`synsent explain --list` lists what is known", buf_text(&names));
	buf_fini(&names);
	return report_error("explain", &e, 1);
}

static int put(struct buf *out, int status)
{
	fputs(buf_text(out), stdout);
	if (out->failed)
		status = 4;
	buf_fini(out);
	return status;
}

/* The exit status, or -errno. */
static int explain(struct matcher *m, const char *asked, bool json)
{
	struct answer a = { .asked = asked, .asked_len = strlen(asked) };
	const struct explain_entry *near[NEAREST];
	struct buf out = { 0 };
	int n_near, r = find(m, &a);

	if (r)
		return r;
	n_near = a.n ? 0 : find_near(asked, near);
	if (json)
		explain_json(&a, near, n_near, &out);
	else if (a.n)
		explain_text(&a, &out);
	else
		return say_unknown(&a, near, n_near);
	return put(&out, a.n ? 0 : 1);
}

static int answer(const struct options *o, char **words, int n, struct err *e)
{
	struct matcher *m = matcher_new();
	struct buf asked = { 0 };
	int r;

	if (!m)
		return err_sys(e, ENOMEM, "the texts that are known");
	join(words, n, &asked);
	if (!strcmp(buf_text(&asked), "-"))
		r = explain_log(m, o->json, e);
	else if (!asked.len)
		r = misuse(e, "a text is wanted", "`synsent explain ETIMEDOUT`, or `synsent explain --list`");
	else
		r = explain(m, buf_text(&asked), o->json);
	if (r == -ENOMEM && !e->what[0])
		err_sys(e, ENOMEM, "the text");
	buf_fini(&asked);
	matcher_free(m);
	return r;
}

static int run(const struct command *c, int argc, char **argv)
{
	struct options o = { false };
	struct buf out = { 0 };
	struct err e = { 0 };
	int first, r;

	r = options_parse(c, argc, argv, &o, &first, &e);
	if (r > 0)
		return 0;
	if (!r && o.list && first < argc)
		r = misuse(&e, "--list does not go with a text", "leave one of them out");
	if (!r && o.list) {
		explain_list(o.json, &out);
		return put(&out, 0);
	}
	if (!r)
		r = answer(&o, argv + first, argc - first, &e);
	return r < 0 ? report_error(c->name, &e, 4) : r;
}

const struct command command_explain = {
	.name = "explain",
	.usage = "[OPTION]... WORD|TEXT...",
	.summary = "what a verdict, an errno or an error text means, and what to do",
	.about =
		"Says of a word or an error text which timer it is about, what happened on the wire, what to look at and "
		"what to change. It knows the words of a verdict, faults, errnos and their numbers, the kernel's settings, "
		"states and counters, and what programs print when a connection fails. Addresses, ports and "
		"numbers in a text do not matter, nor does case.\n"
		"\n"
		"Of several meanings the most specific is explained, and the others are named. With - as TEXT it reads "
		"standard input, such as a log, and explains each known text once. Exit status 1 when nothing is known; "
		"then the nearest entries are named.",
	.examples = "synsent explain ETIMEDOUT\n"
		    "    or 110, or timed-out: the kernel's limit, or a program's\n"
		    "synsent explain 'dial tcp 10.0.0.1:443: i/o timeout'\n"
		    "    which of Go's timers that is, and how it is set\n"
		    "journalctl -u nginx | synsent explain -\n"
		    "    every text of a log that is known, explained once and counted\n"
		    "synsent explain -j 'curl: (28)'\n"
		    "    the same as JSON\n",
	.rows = rows,
	.run = run,
};
