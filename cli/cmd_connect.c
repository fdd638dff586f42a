/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/connect_try.h"
#include "cli/show.h"
#include "core/sockaddr.h"
#include "sinks/attempt_json.h"
#include "sinks/figures.h"
#include "sinks/text.h"
#include "sources/sysctls.h"
#include "util/duration.h"
#include "util/signals.h"

struct connect_opts {
	int64_t timeout_ns, user_timeout_ns;
	int syncnt;
	struct addr source;
	bool only4, only6, json, quiet, verbose;
	const char *color;
};

#define AT(field) offsetof(struct connect_opts, field)

static const struct option_row rows[] = {
	{ 0, "timeout", OPT_DURATION, AT(timeout_ns), NS_PER_MS, 86400 * NS_PER_S, "TIME",
	  "Give up after TIME, per address, by a timer of our own. Without it the kernel's limit counts", NULL },
	{ 0, "syncnt", OPT_INT, AT(syncnt), 1, POLICY_RETRIES_MAX, "N", "Set the socket option TCP_SYNCNT", NULL },
	{ 0, "user-timeout", OPT_DURATION, AT(user_timeout_ns), NS_PER_MS, 596 * 3600 * NS_PER_S, "TIME",
	  "Set the socket option TCP_USER_TIMEOUT", NULL },
	{ 0, "source", OPT_ADDR, AT(source), 0, 0, "A", "Connect from this address of this host", NULL },
	{ '4', "ipv4", OPT_FLAG, AT(only4), 0, 0, NULL, "Try IPv4 addresses only", NULL },
	{ '6', "ipv6", OPT_FLAG, AT(only6), 0, 0, NULL, "Try IPv6 addresses only", NULL },
	{ 'j', "json", OPT_FLAG, AT(json), 0, 0, NULL, "Print one JSON object per address tried, and nothing else",
	  NULL },
	{ 'q', "quiet", OPT_FLAG, AT(quiet), 0, 0, NULL, "Print the verdict only", NULL },
	{ 'v', "verbose", OPT_FLAG, AT(verbose), 0, 0, NULL, "Print the table and the diagram of a success too", NULL },
	{ 0, "color", OPT_STRING, AT(color), 0, 0, "WHEN", "always, auto or never", terminal_color_words },
	{ .name = NULL },
};

static int resolve(const struct connect_opts *o, const char *host, const char *port, struct addrinfo **ret,
		   struct err *e)
{
	int family = o->source.family ? o->source.family == 6 ? AF_INET6 : AF_INET : AF_UNSPEC;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_family = family };
	char *rest;
	long number = strtol(port, &rest, 10);
	int r;

	/* getaddrinfo() would take the low 16 bits of any number */
	if (!*rest && (number < 1 || number > 65535)) {
		e->exit_code = 2;
		return err_set(e, EINVAL, "port %s: must be 1 to 65535", port);
	}

	if (o->only4 || o->only6)
		hints.ai_family = o->only6 ? AF_INET6 : AF_INET;
	r = getaddrinfo(host, port, &hints, ret);
	if (!r)
		return 0;
	err_set(e, EINVAL, "%s port %s: %s", host, port, r == EAI_SYSTEM ? errno_text(errno) : gai_strerror(r));
	e->exit_code = r == EAI_SERVICE || r == EAI_ADDRFAMILY ? 2 : 1;
	if (r == EAI_ADDRFAMILY)
		err_remedy(e, "it has no address of the family that -4, -6 or --source asks for");
	else if (r == EAI_SERVICE)
		err_remedy(e, "the port is a number from 1 to 65535 or a name of /etc/services");
	else
		err_remedy(e,
			   "the name did not resolve, so no connection was attempted; `getent ahosts %s` asks the same",
			   host);
	return -EINVAL;
}

static void print_json(const struct attempt *a, const struct verdict *v)
{
	struct attempt_json_opts jo = { .source = "connect" };
	struct buf b = { 0 };

	attempt_json(a, v, &jo, &b);
	terminal_write(buf_text(&b), b.len);
	buf_fini(&b);
}

#define SYN_WAITED_NS ((int64_t)100000000) /* longer than a busy host takes to send it */

/* Packets are seen as they leave the host: what connect() waited before, the figures of the attempt do not hold. */
static void print_wait_before_syn(const struct attempt *a)
{
	int64_t waited = a->connect_ns && a->n_syns && a->syn_ns[0] ? a->syn_ns[0] - a->connect_ns : 0;
	struct buf b = { 0 };

	if (waited < SYN_WAITED_NS)
		return;
	figures_elapsed(waited, &b);
	printf("  before it    SYN 0 left %s after connect() was called: it had waited for the\n"
	       "               neighbour's address (ARP, NDP), or in a queue of this host\n",
	       buf_text(&b));
	buf_fini(&b);
}

static void print_text(const struct connect_opts *o, const struct terminal *t, const struct try_result *r,
		       const struct verdict *v)
{
	struct story *story;
	/* one SYN and its answer need no drawing */
	bool plain = r->attempt.n_syns < 2 && !o->verbose &&
		     (v->outcome == OUTCOME_ESTABLISHED || v->outcome == OUTCOME_REFUSED ||
		      v->outcome == OUTCOME_UNREACHABLE || v->outcome == OUTCOME_FAILED);

	if (!o->quiet)
		putchar('\n');
	show_verdict(&r->attempt, v, NULL, t);
	print_wait_before_syn(&r->attempt);
	if (r->blind)
		printf("  not seen     packets: %s%s\n", r->blind_why,
		       r->attempt.n_syns > 1 ? ";\n               SYN times are the kernel's count (tcp_info)" : "");
	story = o->quiet || plain ? NULL : malloc(sizeof(*story));
	if (story && (r->attempt.n_syns || o->verbose)) {
		putchar('\n');
		show_table(&r->attempt, v, NULL);
		story_make(&r->attempt, v, story);
		show_diagram(story, t);
	}
	free(story);
	fflush(stdout);
}

/*
 * 0.0.0.0 and :: are this host: what connect() makes of them (net/ipv4/route.c ip_route_output_key_hash_rcu(),
 * net/ipv6/tcp_ipv6.c tcp_v6_connect()).  True: it was one of them.
 */
static bool take_this_host(struct addr *server, const struct addr *source)
{
	static const struct addr loopback[] = { { 4, { 127, 0, 0, 1 } }, { 6, { [15] = 1 } } };

	if (!server->family || !addr_is_any(server))
		return false;
	*server = server->family == 4 && source->family == 4 && !addr_is_any(source) ? *source
										     : loopback[server->family == 6];
	return true;
}

/* Each address in turn, as the resolver orders them, until one is connected. */
static int try_all(const struct connect_opts *o, const char *host, const struct addrinfo *ai, struct try_opts *to,
		   struct err *e)
{
	struct try_result *r = malloc(sizeof(*r));
	char text[ENDPOINT_TEXT_LEN];
	struct verdict v;
	int status = 1, failed, i = 0, n = 0;
	const struct addrinfo *each;
	struct addr literal;
	bool is_any;

	if (!r)
		return err_sys(e, ENOMEM, "connect");
	for (each = ai; each; each = each->ai_next)
		n++;
	for (; ai && status == 1; ai = ai->ai_next) {
		struct sockaddr_storage ss = { 0 };

		memcpy(&ss, ai->ai_addr, ai->ai_addrlen);
		sockaddr_endpoint(&ss, &to->server);
		to->scope = ss.ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)&ss)->sin6_scope_id : 0;
		is_any = take_this_host(&to->server.addr, &o->source);
		if (!o->quiet && !o->json && n > 1)
			printf("%s%s, address %d of %d: %s\n", i ? "\n" : "", host, i + 1, n,
			       endpoint_format(&to->server, text));
		else if (!o->quiet && !o->json)
			printf("%s%s%s\n", is_any || addr_parse(host, &literal) ? host : "",
			       is_any			    ? ", this host: "
			       : addr_parse(host, &literal) ? ": "
							    : "",
			       endpoint_format(&to->server, text));
		i++;
		fflush(stdout);
		failed = connect_try(to, r, e);
		if (failed) {
			status = failed;
			break;
		}
		verdict_make(&r->attempt, &v);
		if (o->json)
			print_json(&r->attempt, &v);
		else
			print_text(o, &to->terminal, r, &v);
		if (r->interrupted)
			status = 128 + SIGINT;
		else if (v.outcome == OUTCOME_ESTABLISHED && !v.error)
			status = r->lost ? 4 : 0;
	}
	free(r);
	return status;
}

static int configure(const struct connect_opts *o, struct try_opts *to, struct err *e)
{
	int r = terminal_init(&to->terminal, o->color, e);

	if (!r)
		r = sysctls_policy(&to->policy, e);
	if (r)
		return r;
	to->source.addr = o->source;
	to->policy.syncnt = o->syncnt;
	to->policy.user_timeout_ms = (o->user_timeout_ns + NS_PER_MS - 1) / NS_PER_MS;
	to->timeout_ns = o->timeout_ns;
	to->packets = !o->quiet && !o->json;
	to->progress = !o->quiet;
	to->signals = signals_open();
	return 0;
}

static int check(const struct connect_opts *o, int n_words, struct err *e)
{
	e->exit_code = 2;
	if (n_words != 2) {
		err_set(e, EINVAL, n_words > 2 ? "one host and one port are wanted" : "a host and a port are wanted");
		err_remedy(e, "for example `synsent connect 192.0.2.7 443`");
	} else if (o->only4 && o->only6) {
		err_set(e, EINVAL, "-4 and -6 leave no address to try");
		err_remedy(e, "leave both out to try both");
	} else if (o->source.family && (o->source.family == 4 ? o->only6 : o->only4)) {
		err_set(e, EINVAL, "--source is an IPv%d address, and -%d is given", o->source.family,
			o->source.family == 4 ? 6 : 4);
		err_remedy(e, "leave one of them out");
	} else if (o->quiet && o->verbose) {
		err_set(e, EINVAL, "-q and -v contradict each other");
		err_remedy(e, "leave one of them out");
	} else {
		e->exit_code = 0;
		return 0;
	}
	return -EINVAL;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct connect_opts o = { 0 };
	struct try_opts to = { 0 };
	struct addrinfo *ai = NULL;
	struct err e = { 0 };
	int first, status, r = options_parse(cmd, argc, argv, &o, &first, &e);

	if (r == 1)
		return 0;
	if (!r)
		r = check(&o, argc - first, &e);
	if (!r)
		r = configure(&o, &to, &e);
	if (!r)
		r = resolve(&o, argv[first], argv[first + 1], &ai, &e);
	if (r)
		return report_error("connect", &e, 77);
	status = try_all(&o, argv[first], ai, &to, &e);
	freeaddrinfo(ai);
	return status < 0 ? report_error("connect", &e, 1) : status;
}

const struct command command_connect = {
	.name = "connect",
	.usage = "[OPTION]... HOST PORT",
	.summary = "one attempt, watched as telnet, time, tcpdump and netstat would",
	.about =
		"Resolves HOST, tries each of its addresses in turn, and shows every SYN, what came back, what the kernel "
		"says of the socket, and who gave up: the kernel, by which limit, or the timer that --timeout sets. Exit "
		"status 0 when connected, 1 when not.\n"
		"Works without privilege. The packets themselves are seen as root or with CAP_NET_RAW; otherwise SYN times "
		"are the kernel's count, and the verdict says so.",
	.examples = "synsent connect db.example 5432\n"
		    "    what happens, SYN by SYN, until the kernel gives up\n"
		    "synsent connect --timeout 3s 192.0.2.7 443\n"
		    "    what a client with a 3 s timeout would see\n"
		    "synsent connect --syncnt 2 -j ::1 80\n"
		    "    as JSON; the kernel gives up after 7 s, nominally\n",
	.rows = rows,
	.run = run,
};
