/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "lab/server.h"
#include "sinks/json.h"
#include "sinks/rfc3339.h"
#include "util/clock.h"
#include "util/signals.h"

struct listen_opts {
	struct addr address;
	bool ipv6, no_accept, quiet, json;
	int backlog;
};

#define AT(field) offsetof(struct listen_opts, field)

static const struct option_row rows[] = {
	{ 0, "address", OPT_ADDR, AT(address), 0, 0, "A",
	  "Listen on this address only. The default is 127.0.0.1: nothing outside this host reaches it", NULL },
	{ '6', "ipv6", OPT_FLAG, AT(ipv6), 0, 0, NULL, "Listen on ::1 in place of 127.0.0.1", NULL },
	{ 0, "backlog", OPT_INT, AT(backlog), 0, 65535, "N",
	  "Length of the accept queue; the kernel holds N + 1 connections. The default is 128", NULL },
	{ 0, "no-accept", OPT_FLAG, AT(no_accept), 0, 0, NULL,
	  "Accept nothing: the handshakes succeed until the queue is full, then SYNs are ignored in silence", NULL },
	{ 'j', "json", OPT_FLAG, AT(json), 0, 0, NULL, "Print one JSON object per connection opened and closed", NULL },
	{ 'q', "quiet", OPT_FLAG, AT(quiet), 0, 0, NULL, "Print nothing", NULL },
	{ .name = NULL },
};

struct telling {
	const struct listen_opts *o;
	struct endpoint at;
	uint64_t accepted;
	int64_t bytes;
};

static void tell_json(const struct telling *t, const char *what, const struct endpoint *peer, int64_t bytes)
{
	char when[RFC3339_LEN], addr[ADDR_TEXT_LEN];
	struct buf b = { 0 };
	struct json j;

	json_init(&j, &b);
	json_begin_object(&j);
	json_key_int(&j, "v", 1);
	json_key(&j, "event");
	json_begin_object(&j);
	json_key_string(&j, "start", rfc3339(clock_real_ns(), when));
	json_key_string(&j, "action", what);
	json_end(&j);
	json_key(&j, "client");
	json_begin_object(&j);
	json_key_string(&j, "address", addr_format(&peer->addr, addr));
	json_key_int(&j, "port", peer->port);
	json_end(&j);
	json_key(&j, "server");
	json_begin_object(&j);
	json_key_string(&j, "address", addr_format(&t->at.addr, addr));
	json_key_int(&j, "port", t->at.port);
	json_end(&j);
	if (bytes)
		json_key_int(&j, "bytes", bytes);
	json_end(&j);
	puts(buf_text(&b));
	buf_fini(&b);
}

static void on_event(enum server_event what, const struct endpoint *peer, int64_t bytes, void *user)
{
	static const char *const words[] = {
		[SERVER_ACCEPTED] = "accepted", [SERVER_DATA] = "data", [SERVER_CLOSED] = "closed"
	};
	struct telling *t = user;
	char text[ENDPOINT_TEXT_LEN];

	t->accepted += what == SERVER_ACCEPTED;
	t->bytes += bytes;
	if (t->o->quiet)
		return;
	if (t->o->json)
		tell_json(t, words[what], peer, bytes);
	else if (bytes)
		printf("%-8s  %s  %" PRId64 " bytes, echoed\n", words[what], endpoint_format(peer, text), bytes);
	else
		printf("%-8s  %s\n", words[what], endpoint_format(peer, text));
	fflush(stdout);
}

static int serve(struct server *s)
{
	struct pollfd fds[SERVER_FDS_MAX + 1];
	int signals = signals_open(), n;

	if (signals < 0)
		return 4;
	for (;;) {
		fds[0] = (struct pollfd){ .fd = signals, .events = POLLIN };
		n = server_fds(s, fds + 1);
		poll(fds, (nfds_t)n + 1, -1);
		if (fds[0].revents)
			break;
		server_pump(s);
	}
	close(signals);
	return 0;
}

static int port_of(const char *text, struct listen_opts *o, struct server_opts *so, struct err *e)
{
	char *rest;
	long port = strtol(text, &rest, 10);

	if (*rest || !*text || port < 0 || port > 65535) {
		e->exit_code = 2;
		return err_set(e, EINVAL, "port %s: must be 0 to 65535 (0: any free one)", text);
	}
	so->at.port = (uint16_t)port;
	so->at.addr = o->address;
	if (!o->address.family)
		addr_parse(o->ipv6 ? "::1" : "127.0.0.1", &so->at.addr);
	return 0;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct listen_opts o = { .backlog = 128 };
	struct telling t = { .o = &o };
	struct server_opts so = { .on_event = on_event, .user = &t, .echo = true };
	char text[ENDPOINT_TEXT_LEN];
	struct server *s;
	struct err e = { 0 };
	int first, status, r = options_parse(cmd, argc, argv, &o, &first, &e);

	if (r == 1)
		return 0;
	if (!r && argc - first != 1) {
		r = err_set(&e, EINVAL, argc - first ? "one port is wanted" : "which port?");
		err_remedy(&e, "for example `synsent listen 12345`");
		e.exit_code = 2;
	}
	if (!r)
		r = port_of(argv[first], &o, &so, &e);
	so.backlog = o.backlog;
	so.no_accept = o.no_accept;
	if (!r) {
		r = server_start(&so, &s, &e);
		if (r == -EADDRINUSE)
			err_remedy(&e, "`ss -ltnp` shows who listens there; choose another port, or 0 for any");
	}
	if (r)
		return report_error("listen", &e, r == -EACCES ? 77 : 1);
	server_endpoint(s, &t.at);
	if (!o.quiet)
		fprintf(stderr, "listening on %s%s; Ctrl-C ends it\n", endpoint_format(&t.at, text),
			o.no_accept ? ", accepting nothing" : "");
	status = serve(s);
	server_free(s);
	if (!o.quiet)
		fprintf(stderr, "%s%" PRIu64 " connection%s, %" PRId64 " bytes\n", isatty(STDERR_FILENO) ? "\n" : "",
			t.accepted, t.accepted == 1 ? "" : "s", t.bytes);
	return status;
}

const struct command command_listen = {
	.name = "listen",
	.usage = "[OPTION]... PORT",
	.summary = "a TCP server for trying things (nc -l)",
	.about =
		"Accepts connections, prints who connects, and echoes what it gets, until Ctrl-C. With --no-accept it "
		"listens but never accepts: the way to see what a client does when a server hangs with a full accept queue.",
	.examples = "synsent listen 12345\n"
		    "    a server to connect to\n"
		    "synsent listen --no-accept --backlog 0 12345\n"
		    "    one connection fits; the second client's SYNs are ignored in silence\n",
	.rows = rows,
	.run = run,
};
