/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/commands.h"
#include "cli/diff_run.h"
#include "cli/read_pick.h"
#include "util/confine_child.h"
#include "util/signals.h"

#define MEMORY (512u << 20)
#define MEMORY_LEAST (8u << 20)

#define AT(field) offsetof(struct diff_opts, field)

static const struct option_row rows[] = {
	{ 0, "summary", OPT_FLAG, AT(summary), 0, 0, NULL, "Print the head only: clocks, NAT, and what was lost",
	  NULL },
	{ 0, "all", OPT_FLAG, AT(all), 0, 0, NULL,
	  "List every attempt, and not only those of which something died, or that failed", NULL },
	{ 0, "diagram", OPT_STRING, AT(diagram), 0, 0, "N|TUPLE",
	  "Explain and draw one attempt, by its number or an endpoint of it, as 10.0.0.2:40000", NULL },
	{ 0, "svg", OPT_STRING, AT(svg), 0, 0, "FILE", "With --diagram: the same drawing as SVG", NULL },
	{ 'j', "json", OPT_FLAG, AT(json), 0, 0, NULL,
	  "One JSON object per attempt and line; with --summary one of the head", NULL },
	{ 0, "since", OPT_STRING, AT(since), 0, 0, "TIME",
	  "Only attempts that begin then or later, by the client's clock: 17:02:13, 2026-11-26T17:02:13Z, @1700000000, "
	  "+30s",
	  NULL },
	{ 0, "until", OPT_STRING, AT(until), 0, 0, "TIME", "Only attempts that begin before", NULL },
	{ 0, "memory", OPT_SIZE, AT(memory), 0, 0, "SIZE",
	  "At most so much for the attempts of both captures (512M): what comes after is counted, and not compared",
	  NULL },
	{ 0, "sandbox", OPT_STRING, AT(sandbox), 0, 0, "WHEN",
	  "Parse without privileges, files and system calls: require, try or off", read_sandbox_words },
	{ 'v', "verbose", OPT_FLAG, AT(verbose), 0, 0, NULL, "Say on stderr what became of every packet", NULL },
	{ 0, "color", OPT_STRING, AT(color), 0, 0, "WHEN", "always, auto or never", terminal_color_words },
	{ .name = NULL },
};

static int check(const struct diff_opts *o, struct err *e)
{
	if (!read_is_word(o->sandbox, read_sandbox_words()))
		return read_misuse(e, "--sandbox: must be require, try or off", "try is the default");
	if (o->memory < MEMORY_LEAST)
		return read_misuse(e, "--memory: must be 8M or more", "512M is the default");
	if (o->diagram && read_pick_check(o->diagram, e))
		return -EINVAL;
	if (o->diagram && (o->json || o->summary || o->all))
		return read_misuse(e, "--diagram is of one attempt, and text", "leave --json, --summary and --all out");
	if (o->svg && !o->diagram)
		return read_misuse(e, "--svg needs to know which attempt",
				   "--diagram N names it; --all lists their numbers");
	if (o->summary && o->all)
		return read_misuse(e, "--summary lists no attempts", "leave --all or --summary out");
	return read_when_check(o->since, o->until, e);
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	if (!strcmp(a, "-") || !strcmp(b, "-"))
		return !strcmp(a, b);
	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino && S_ISREG(x.st_mode);
}

static int wants_two(struct err *e)
{
	return read_misuse(e, "two captures are wanted, the client's and the server's",
			   "for example `synsent diff client.pcap server.pcap`");
}

static int check_directories(const struct read_files *f, struct err *e)
{
	struct stat st;
	size_t i;

	for (i = 0; i < f->n; i++) {
		if (!strcmp(f->paths[i], "-") || stat(f->paths[i], &st) || !S_ISDIR(st.st_mode))
			continue;
		err_set(e, EISDIR, "%s: a directory, and a capture is wanted", f->paths[i]);
		err_remedy(e, "name one file of it; `mergecap -w one.pcap FILE...` makes one of several");
		e->exit_code = 3;
		return -EISDIR;
	}
	return 0;
}

static int check_files(const struct read_files *f, struct err *e)
{
	if (f->n == 1 && f->filter) {
		err_set(e, ENOENT, "%s: no such file", f->filter);
		err_remedy(e, "or, if it is a filter: after it two captures are wanted, the client's and the server's");
		e->exit_code = 2;
		return -EINVAL;
	}
	if (f->n != 2)
		return wants_two(e);
	if (is_same_file(f->paths[0], f->paths[1]))
		return read_misuse(e, "both captures are the same file",
				   "name the client's and the server's; one of them may be - for standard input");
	return check_directories(f, e);
}

static int find(char **words, int n, struct read_files *ret, struct err *e)
{
	int r = read_files_find(words, n, false, ret, e);

	if (r && !ret->n && ret->filter)
		err_remedy(e, "or, if it is a filter: after it two captures are wanted, the client's and the server's");
	return r;
}

static int go(struct diff_run *run, const struct diff_opts *o, struct err *e)
{
	int status = confined_run(diff_run_work, run, read_sandbox_mode(o->sandbox), e), r;

	r = diff_run_commit(run, status, e);
	return read_exit_status("diff", status, r, e);
}

static int run(const struct command *c, int argc, char **argv)
{
	struct diff_opts o = { .memory = MEMORY, .sandbox = "try" };
	struct read_files files = { .n = 0 };
	struct diff_run *job = NULL;
	struct err e = { 0 };
	int first, status, r = options_parse(c, argc, argv, &o, &first, &e);

	if (r == 1)
		return 0;
	if (!r)
		r = check(&o, &e);
	if (!r && first == argc)
		r = wants_two(&e);
	if (!r)
		r = find(argv + first, argc - first, &files, &e);
	if (!r)
		r = check_files(&files, &e);
	signals_defer(); /* what is written must not be left behind half */
	if (!r)
		r = diff_run_new(&o, &files, read_seed(), &job, &e);
	if (r)
		status = report_error("diff", &e, 3);
	else if (signals_deferred())
		status = 128 + signals_deferred();
	else
		status = go(job, &o, &e);
	diff_run_free(job);
	read_files_fini(&files);
	return status;
}

const struct command command_diff = {
	.name = "diff",
	.usage = "[OPTION]... [FILTER] CLIENT SERVER",
	.summary = "two captures of one incident: what died, on which way",
	.about =
		"Compares two captures of the same time, one taken at the client's side and one at the server's, attempt "
		"by attempt and packet by packet: what arrived, what died on which way, and what something in between "
		"sent. The clocks are aligned by the packets themselves, whatever they show; addresses and ports may be "
		"rewritten in between (NAT, load balancers). Which file is whose is found out, should they be swapped.\n"
		"\n"
		"It prints what it found about clocks, NAT and losses, then every attempt of which something died, or "
		"that failed or needed more than one SYN, a line each.\n"
		"\n"
		"FILTER, in the language of pcap-filter(7), is applied to the SYNs of both captures: an attempt is chosen "
		"if it is on either side. CLIENT and SERVER are pcap or pcapng, also compressed; one may be - for "
		"standard input. Exit status 1 when nothing is in both captures.",
	.examples = "synsent diff client.pcap server.pcap\n"
		    "    what died between the two\n"
		    "synsent diff --diagram 17 client.pcap server.pcap\n"
		    "    one attempt, with both sides and the time on the way\n"
		    "synsent diff 'host 10.0.0.9' client.pcap server.pcap.gz\n"
		    "    attempts to one server\n"
		    "synsent diff -j c.pcap s.pcap | jq .synsent.headline | sort | uniq -c\n"
		    "    as JSON, an object per attempt\n"
		    "ssh server cat /tmp/server.pcap | synsent diff client.pcap -\n"
		    "    a capture that lies elsewhere\n",
	.rows = rows,
	.run = run,
};
