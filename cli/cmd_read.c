/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/read.h"
#include "cli/read_pick.h"
#include "cli/read_run.h"
#include "cli/read_tell.h"
#include "sinks/summary.h"
#include "util/confine_child.h"
#include "util/signals.h"

#define MEMORY (256u << 20)
#define MEMORY_LEAST (1u << 20)

#define AT(field) offsetof(struct read_opts, field)

static const struct option_row rows[] = {
	{ 0, "summary", OPT_FLAG, AT(summary), 0, 0, NULL, "Print the summary only", NULL },
	{ 0, "failures", OPT_FLAG, AT(failures), 0, 0, NULL,
	  "List every attempt that failed, a line each, and no summary unless --summary is given too", NULL },
	{ 0, "all", OPT_FLAG, AT(all), 0, 0, NULL, "The same for every attempt", NULL },
	{ 0, "by", OPT_STRING, AT(by), 0, 0, "KEY", "A table of attempts by server, client, outcome or minute",
	  summary_by_words },
	{ 0, "packets", OPT_FLAG, AT(packets), 0, 0, NULL,
	  "Print the packets with SYN or RST as `tcpdump -nn` does; with a FILTER, those of the attempts it chooses",
	  NULL },
	{ 'S', "absolute", OPT_FLAG, AT(absolute), 0, 0, NULL, "With --packets: absolute sequence numbers", NULL },
	{ 0, "diagram", OPT_STRING, AT(diagram), 0, 0, "N|TUPLE",
	  "Explain and draw one attempt, by an endpoint of it, as 10.0.0.2:40000, or by its number in the list of the "
	  "same FILTER and times",
	  NULL },
	{ 0, "svg", OPT_STRING, AT(svg), 0, 0, "FILE", "With --diagram: the same drawing as SVG", NULL },
	{ 'j', "json", OPT_MAYBE, AT(json), 0, 0, "[=counts]",
	  "One JSON object per attempt and line; with --summary or --by, of those; =counts: six numbers per file",
	  NULL },
	{ 'w', "write", OPT_STRING, AT(write), 0, 0, "FILE",
	  "Write the packets of the attempts that failed (with --all: of all) as pcapng, the verdicts as comments",
	  NULL },
	{ 0, "since", OPT_STRING, AT(since), 0, 0, "TIME",
	  "Only attempts that begin then or later: 17:02:13 (by TZ), 2026-11-26T17:02:13Z, @1700000000, +30s (after "
	  "the first packet)",
	  NULL },
	{ 0, "until", OPT_STRING, AT(until), 0, 0, "TIME", "Only attempts that begin before", NULL },
	{ 'c', "count", OPT_INT, AT(max_packets), 1, INT32_MAX, "N", "Stop after N packets", NULL },
	{ 'R', "recursive", OPT_FLAG, AT(recursive), 0, 0, NULL, "Read the captures in directories, and theirs", NULL },
	{ 0, "follow", OPT_FLAG, AT(follow), 0, 0, NULL,
	  "Go on when the file grows, and list attempts as soon as they are decided, until Ctrl-C", NULL },
	{ 0, "memory", OPT_SIZE, AT(memory), 0, 0, "SIZE",
	  "At most so much for attempts that are followed at once (256M): the oldest give way, and are counted", NULL },
	{ 0, "sandbox", OPT_STRING, AT(sandbox), 0, 0, "WHEN",
	  "Parse without privileges, files and system calls: require, try or off", read_sandbox_words },
	{ 'v', "verbose", OPT_FLAG, AT(verbose), 0, 0, NULL, "Say on stderr what became of every packet", NULL },
	{ 0, "color", OPT_STRING, AT(color), 0, 0, "WHEN", "always, auto or never", terminal_color_words },
	{ .name = NULL },
};

static int check_words(const struct read_opts *o, struct err *e)
{
	if (o->json && *o->json && strcmp(o->json, "counts"))
		return read_misuse(e, "--json= takes counts only", "--json alone gives one object per attempt");
	if (o->by && !read_is_word(o->by, summary_by_words()))
		return read_misuse(e, "--by: must be server, client, outcome or minute", "for example --by server");
	if (!read_is_word(o->sandbox, read_sandbox_words()))
		return read_misuse(e, "--sandbox: must be require, try or off", "try is the default");
	if (o->diagram && read_pick_check(o->diagram, e))
		return -EINVAL;
	return read_when_check(o->since, o->until, e);
}

static bool is_stdout(const char *path)
{
	return path && !strcmp(path, "-");
}

/* What goes to standard output goes there alone. */
static int check_outputs(const struct read_opts *o, struct err *e)
{
	bool prints = o->summary || o->failures || o->by || o->packets || o->diagram || o->json || o->follow;

	if (is_stdout(o->write) && prints)
		return read_misuse(e, "-w - has standard output to itself",
				   "leave out what is to be printed, or write a file");
	if (is_stdout(o->svg) && (o->summary || o->all || o->failures))
		return read_misuse(e, "--svg - has standard output to itself",
				   "leave out what is to be printed, or write a file");
	if (o->svg && o->write && !strcmp(o->svg, o->write))
		return read_misuse(e, "-w and --svg write the same file", "name two");
	return 0;
}

static int check(const struct read_opts *o, struct err *e)
{
	int kinds = (o->by != NULL) + o->packets + (o->diagram != NULL) + (o->json && *o->json);

	if (check_words(o, e) || check_outputs(o, e))
		return -EINVAL;
	if (kinds > 1)
		return read_misuse(e, "--by, --packets, --diagram and --json=counts do not go together", "choose one");
	if (o->svg && !o->diagram)
		return read_misuse(e, "--svg needs to know which attempt",
				   "--diagram N names it; --all lists their numbers");
	if (o->absolute && !o->packets)
		return read_misuse(e, "-S is for --packets", "add --packets, or leave -S out");
	if (o->json && !*o->json && (o->packets || o->diagram))
		return read_misuse(e, "--packets and --diagram are text", "leave --json out");
	if (o->json && *o->json && (o->write || o->follow || o->max_packets))
		return read_misuse(e, "--json=counts does not go with -w, -c or --follow",
				   "run them one after the other");
	return 0;
}

static int go(struct read_run *run, const struct read_opts *o, const struct read_files *files, struct err *e)
{
	int status = confined_run(read_run_work, run, read_sandbox_mode(o->sandbox), e), r;

	if (files->closed.len && !status)
		status = 3;
	r = read_run_commit(run, status, e);
	return read_exit_status("read", status, r, e);
}

static int run(const struct command *c, int argc, char **argv)
{
	struct read_opts o = { .memory = MEMORY, .sandbox = "try" };
	struct read_run *job = NULL;
	struct read_files files = { .n = 0 };
	struct err e = { 0 };
	int first, status, r = options_parse(c, argc, argv, &o, &first, &e);

	if (r == 1)
		return 0;
	if (!r)
		r = check(&o, &e);
	if (!r && o.memory < MEMORY_LEAST)
		r = read_misuse(&e, "--memory: must be 1M or more", "256M is the default");
	if (!r)
		r = read_files_find(argv + first, argc - first, o.recursive, &files, &e);
	if (!r && files.closed.len)
		read_say("read", "%.*s", (int)files.closed.len - 1, buf_text(&files.closed));
	signals_defer(); /* what is written must not be left behind half */
	if (!r)
		r = read_run_new(&o, &files, read_seed(), &job, &e);
	if (r)
		status = report_error("read", &e, 3);
	else if (signals_deferred())
		status = 128 + signals_deferred();
	else
		status = go(job, &o, &files, &e);
	read_run_free(job);
	read_files_fini(&files);
	return status;
}

const struct command command_read = {
	.name = "read",
	.usage = "[OPTION]... [FILTER] FILE...",
	.summary = "the same verdicts from captures, at the speed of the disk",
	.about =
		"Reads captures, and says which connections failed, how, after how many SYNs, who gave up (where packets "
		"can tell), which servers, and since when. Without options it prints a summary that fits a screen, then "
		"the attempts that failed, or wait still after more than one SYN, a line each.\n"
		"\n"
		"FILTER, in the language of pcap-filter(7), is applied to the SYNs: it chooses attempts, with all their "
		"packets. FILE is pcap or pcapng, also compressed with gzip, zstd or lz4, whatever its name; - is standard "
		"input. Several files are one timeline, in any order.\n"
		"\n"
		"The files are parsed in a process that can do nothing else: see --sandbox. Exit status 3 when a file "
		"could not be read, or not to its end: what was read is printed all the same.",
	.examples = "synsent read incident.pcap\n"
		    "    the summary, then every attempt that failed\n"
		    "synsent read 'host 10.0.0.9 and port 443' /var/log/pcap/*.pcap.gz\n"
		    "    attempts to one server, from rotated captures\n"
		    "synsent read --by server incident.pcap\n"
		    "    which servers fail most\n"
		    "synsent read --diagram 17 incident.pcap\n"
		    "    one attempt, packet by packet\n"
		    "synsent read -j --failures incident.pcap | jq .synsent.headline\n"
		    "    as JSON, an object per attempt\n"
		    "synsent read -w failed.pcapng incident.pcap\n"
		    "    their packets, with the verdicts as comments, for Wireshark\n"
		    "tcpdump -i any -w - tcp | synsent read --follow -\n"
		    "    failures as they happen\n",
	.rows = rows,
	.run = run,
};
