/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/watch.h"
#include "cli/watch_check.h"
#include "sources/procs.h"
#include "util/buf.h"
#include "util/duration.h"

#define ATTEMPTS_MIN 16
#define ATTEMPTS_MAX 4194304

/* The setup, and what becomes of it the filters and the terminal. */
struct watch_opts {
	struct watch_setup s;
	struct option_list pids, comms, uids, cgroups, containers, netns;
	const char *color;
	int64_t slow_ns;
	bool failures;
};

#define AT(field) offsetof(struct watch_opts, field)

_Static_assert(WATCH_WANT_MAX == 16, "as the rows have it");
static const struct option_row rows[] = {
	{ 0, "failures", OPT_FLAG, AT(failures), 0, 0, NULL,
	  "Show what did not connect; the others are counted, in the kernel", NULL },
	{ 0, "slow", OPT_DURATION, AT(slow_ns), NS_PER_MS, 86400 * NS_PER_S, "TIME",
	  "Show what took TIME or longer; with --failures, failures of any length too", NULL },
	{ 'p', "pid", OPT_LIST, AT(pids), 0, 0, "PID", "Attempts of this process. May be repeated, up to 16 times",
	  NULL },
	{ 0, "comm", OPT_LIST, AT(comms), 0, 0, "NAME",
	  "Attempts of processes of this name (its first 15 bytes). May be repeated, up to 16 times", NULL },
	{ 0, "uid", OPT_LIST, AT(uids), 0, 0, "USER",
	  "Attempts of this user, a name or a number. May be repeated, up to 16 times", NULL },
	{ 0, "cgroup", OPT_LIST, AT(cgroups), 0, 0, "PATH",
	  "Attempts of the processes of this cgroup (v2), and of those below it; only one", NULL },
	{ 0, "container", OPT_LIST, AT(containers), 0, 0, "ID",
	  "Attempts of the container whose id begins so. May be repeated, up to 16 times", NULL },
	{ 0, "netns", OPT_LIST, AT(netns), 0, 0, "NS",
	  "Attempts in this network namespace: a file, a name of `ip netns`, or a process in it. May be repeated, up to 16 times",
	  NULL },
	{ 0, "for", OPT_DURATION, AT(s.for_ns), NS_PER_MS, 366 * 86400 * NS_PER_S, "TIME", "Stop after TIME", NULL },
	{ 'c', "count", OPT_INT, AT(s.count), 1, INT32_MAX, "N",
	  "Stop after N attempts that are shown, or would be but for -q", NULL },
	{ 0, "pending", OPT_FLAG, AT(s.pending), 0, 0, NULL,
	  "At the end, and on SIGUSR1, show the attempts that wait still", NULL },
	{ 0, "metrics", OPT_STRING, AT(s.metrics), 0, 0, "[ADDR:]PORT",
	  "Serve metrics to Prometheus at http://ADDR:PORT/metrics. The default of ADDR is 127.0.0.1", NULL },
	{ 0, "metrics-file", OPT_STRING, AT(s.metrics_file), 0, 0, "FILE",
	  "Write the metrics to FILE, every 10 s and at the end, for node_exporter's textfile collector (NAME.prom)",
	  NULL },
	{ 'j', "json", OPT_FLAG, AT(s.json), 0, 0, NULL,
	  "One JSON object per attempt on standard output; with CMD on standard error, in place of the text", NULL },
	{ 'q', "quiet", OPT_FLAG, AT(s.quiet), 0, 0, NULL, "The summary only", NULL },
	{ 'v', "verbose", OPT_FLAG, AT(s.verbose), 0, 0, NULL,
	  "The evidence under each attempt, and what to change or to look at", NULL },
	{ 0, "top", OPT_FLAG, AT(s.top), 0, 0, NULL,
	  "A full screen: what waits, with a countdown to the next SYN and to the give-up, what failed, and the servers. "
	  "`h` there tells the keys",
	  NULL },
	{ 0, "rules", OPT_FLAG, AT(s.rules), 0, 0, NULL,
	  "Name the very rule that dropped a packet. This adds tables to the ruleset of this network namespace (of those of "
	  "--netns) that trace handshakes, and changes no rule; they go with this process, however it ends. Without it rules "
	  "are named by their counters, where they have some",
	  NULL },
	{ 0, "packets", OPT_FLAG, AT(s.packets), 0, 0, NULL,
	  "Look at the packets of handshakes, too, in this network namespace (in those of --netns): the TTL of replies, the "
	  "sender of an ICMP, the ISN",
	  NULL },
	{ 0, "inbound", OPT_FLAG, AT(s.inbound), 0, 0, NULL,
	  "Also show SYNs that came to this network namespace (to those of --netns) and were answered late, refused or "
	  "ignored, and why",
	  NULL },
	{ 0, "max-attempts", OPT_INT, AT(s.max_attempts), ATTEMPTS_MIN, ATTEMPTS_MAX, "N",
	  "Room for N attempts that wait at once, beside the first 4096 (1 MiB): 384 bytes for each, and as much again for those "
	  "whose SYNs are lost. The default is 32768 (12 MiB)",
	  NULL },
	{ 0, "no-bpf", OPT_FLAG, AT(s.no_bpf), 0, 0, NULL,
	  "Do without eBPF: this network namespace only, by its packets and sock_diag, as far as they may be seen",
	  NULL },
	{ 0, "color", OPT_STRING, AT(color), 0, 0, "WHEN", "always, auto or never", terminal_color_words },
	{ .name = NULL },
};

static int prepare(struct watch_opts *o, char **words, int n_words, struct err *e)
{
	const struct watch_asked asked = { .pids = &o->pids,
					   .comms = &o->comms,
					   .uids = &o->uids,
					   .cgroups = &o->cgroups,
					   .containers = &o->containers,
					   .netns = &o->netns,
					   .failures = o->failures,
					   .slow_ns = o->slow_ns,
					   .words = words,
					   .n_words = n_words };
	int r = terminal_init(&o->s.terminal, o->color, e);

	if (r)
		return r;
	/* The attempts of CMD go to stderr. */
	if (o->s.argv && !(o->color && !strcmp(o->color, "always")))
		o->s.terminal.color &= o->s.terminal.progress;
	o->s.cgroups = cgroups_new();
	if (!o->s.cgroups)
		return err_sys(e, ENOMEM, "watch");
	r = watch_want_make(&asked, o->s.cgroups, &o->s.want, e);
	if (!r)
		r = watch_check_pids(&o->s.want, e);
	if (o->s.argv)
		o->s.want.tree = procs_self();
	return r;
}

static void free_lists(struct watch_opts *o)
{
	free(o->pids.v);
	free(o->comms.v);
	free(o->uids.v);
	free(o->cgroups.v);
	free(o->containers.v);
	free(o->netns.v);
}

/* What follows "--" is CMD. */
static int cut_command(int argc, char **argv, char ***ret)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++)
		;
	*ret = i + 1 < argc ? argv + i + 1 : NULL;
	return i;
}

/* What the user asked for, for the screen's head: all but the way in which it is shown. */
static void join_words(char **words, int n, struct buf *to)
{
	int i;

	for (i = 1; i < n; i++) {
		if (!strcmp(words[i], "--top"))
			continue;
		buf_str(to, to->len ? " " : "");
		buf_str(to, words[i]);
	}
}

static int check(const struct watch_setup *s, struct err *e)
{
	if (s->top && (s->json || s->quiet || s->verbose))
		err_set(e, EINVAL, "--top shows attempts by itself, and -j, -q or -v in another way");
	else if (s->quiet && s->json)
		err_set(e, EINVAL, "-q shows no attempts, and -j shows them as JSON: the summary is text always");
	else if (s->quiet && s->verbose)
		err_set(e, EINVAL, "-q and -v contradict each other");
	else
		return 0;
	err_remedy(e, "leave one of them out");
	e->exit_code = 2;
	return -EINVAL;
}

static int watch(const struct command *c, int argc, char **argv)
{
	struct watch_opts o = { 0 };
	struct buf what = { 0 };
	struct err e = { 0 };
	int first = 0, r, words = cut_command(argc, argv, &o.s.argv), status = 0;

	if (words < argc && !o.s.argv) {
		err_set(&e, EINVAL, "-- without a command");
		err_remedy(&e, "leave -- out, or let the command follow it");
		return report_error(c->name, &e, 2);
	}
	argv[words] = NULL;
	join_words(argv, words, &what);
	o.s.what = buf_text(&what);
	r = options_parse(c, words, argv, &o, &first, &e);
	if (r > 0)
		return 0;
	if (!r)
		r = check(&o.s, &e);
	if (!r)
		r = prepare(&o, argv + first, words - first, &e);
	if (!r)
		status = watch_run(&o.s, &e);
	if (r || status < 0)
		status = report_error(c->name, &e, 77);
	watch_want_fini(&o.s.want);
	cgroups_free(o.s.cgroups);
	free_lists(&o);
	buf_fini(&what);
	return status;
}

const struct command command_watch = {
	.name = "watch",
	.usage = "[OPTION]... [FILTER] [-- CMD [ARG]...]",
	.summary = "every connection attempt of this host, with who gave up",
	.about =
		"Shows each connection attempt of this host as it ends: the process, the server, how long it took, how "
		"many SYNs left, and why it ended: who gave up, the application or the kernel, and where packets were "
		"lost. As root it sees all processes and network namespaces, by eBPF; any other user sees this network "
		"namespace's sockets, with less certainty, which is said.\n"
		"\n"
		"FILTER is an expression as in tcpdump (pcap-filter(7)), of the SYN: `dst port 443`. With CMD, only it and "
		"its children are watched, standard output is its own, what is shown goes to standard error, and the "
		"observation ends with it. SIGUSR1 prints the summary so far.",
	.examples = "synsent watch --failures\n"
		    "    what does not connect on this host, and why\n"
		    "synsent watch --for 60s -q\n"
		    "    a minute's summary: by outcome, server and process, with the SYNs that were needed\n"
		    "synsent watch -v --comm java dst port 5432\n"
		    "    a program's connections to a database, with the evidence\n"
		    "synsent watch --top\n"
		    "    what waits now, and until when\n"
		    "synsent watch -- curl -m 5 https://db.internal/\n"
		    "    one command and its children\n",
	.rows = rows,
	.run = watch,
};
