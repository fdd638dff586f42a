/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/run_setup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/run_here.h"
#include "cli/run_policy.h"

static int bad_usage(struct err *e, const char *remedy)
{
	e->exit_code = 2;
	err_remedy(e, "%s", remedy);
	return -EINVAL;
}

/* On the real network a name has the addresses that this host finds; each is asked for once. */
static int ask_host(struct run_setup *s, const char *host, struct err *e)
{
	int i, r;

	for (i = 0; i < s->n_asked; i++)
		if (!strcasecmp(s->asked[i], host))
			return 0;
	r = run_here_names(s->c.names, host, e);
	if (!r)
		snprintf(s->asked[s->n_asked++], sizeof(s->asked[0]), "%s", host);
	return r;
}

/* The addresses of a scope's name; a literal has itself. */
static int resolve_scope(struct run_setup *s, struct fault_scope *to, struct err *e)
{
	int count, r;

	if (!to->host[0] || to->n_addrs)
		return 0;
	r = s->o.here ? ask_host(s, to->host, e) : 0;
	if (r)
		return r;
	count = names_addrs(s->c.names, to->host, to->family, to->addrs, FAULT_ADDRS_MAX);
	if (count < 0) {
		err_set(e, ENOENT, "%s: there is no such name in this run", to->host);
		return bad_usage(e, "give it an address: --resolve NAME=ADDR");
	}
	to->n_addrs = count;
	return 0;
}

static int set_faults(struct run_setup *s, struct err *e)
{
	struct fault_scope to = { 0 };
	int i, r = s->o.to ? fault_scope_parse(s->o.to, &to, e) : 0;

	if (s->o.faults.n > FAULTS_MAX) {
		err_set(e, E2BIG, "more than %d faults", FAULTS_MAX);
		return bad_usage(e, "leave some out");
	}
	if (!r)
		r = resolve_scope(s, &to, e);
	for (i = 0; !r && i < s->o.faults.n; i++) {
		struct fault *f = &s->faults[i];

		r = fault_parse(s->o.faults.v[i], f, e);
		if (!r && s->o.to && !f->scope.host[0] && !f->scope.port) {
			to.family = f->scope.family;
			f->scope = to;
		}
		if (!r)
			r = resolve_scope(s, &f->scope, e);
	}
	s->c.faults = s->faults;
	s->c.n_faults = s->o.faults.n;
	return r;
}

static int set_names(struct run_setup *s, struct err *e)
{
	int fd = s->o.ipv4 ? -1 : socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), i, r = 0;

	s->c.names = names_new(fd >= 0);
	if (fd >= 0)
		close(fd);
	if (!s->c.names)
		return err_sys(e, ENOMEM, "names");
	for (i = 0; !r && i < s->o.resolves.n; i++)
		r = names_resolve(s->c.names, s->o.resolves.v[i], e);
	if (!r && s->o.only) {
		r = fault_scope_parse(s->o.only, &s->only, e);
		if (!r)
			r = resolve_scope(s, &s->only, e);
		s->c.only = &s->only;
	}
	return r;
}

/* "--serve -- SERVER [ARG]... -- CMD": what stands before the second "--" is the server. */
static int set_commands(struct run_setup *s, char **argv, struct err *e)
{
	int what;

	s->c.argv = argv;
	if (s->o.serve && !strcmp(s->o.serve, "--")) {
		s->c.serve_argv = argv;
		while (*s->c.argv && strcmp(*s->c.argv, "--"))
			s->c.argv++;
		if (!*s->c.argv || s->c.argv == argv) {
			err_set(e, EINVAL,
				"--serve --: the server's command and the command to run are not told apart");
			return bad_usage(e, "write --serve -- SERVER [ARG]... -- CMD [ARG]...");
		}
		*s->c.argv++ = NULL;
	} else if (s->o.serve) {
		what = far_serve_of(s->o.serve);
		if (what < 0) {
			err_set(e, EINVAL, "--serve %s: there is no such thing", s->o.serve);
			return bad_usage(e, "auto, echo, close, hang, http, sink, or -- SERVER [ARG]... --");
		}
		s->c.serve = (enum far_serve)what;
	}
	if (*s->c.argv)
		return 0;
	err_set(e, EINVAL, "what is to be run is missing");
	return bad_usage(e, "put it after the options: synsent run --fault syn-drop -- curl http://db.internal/");
}

static int set_seed(struct run_setup *s, struct err *e)
{
	char *end;

	s->c.seed = 1;
	if (!s->o.seed)
		return 0;
	errno = 0;
	s->c.seed = strtoull(s->o.seed, &end, 0);
	if (!errno && end != s->o.seed && !*end && *s->o.seed != '-')
		return 0;
	err_set(e, EINVAL, "--seed %s: not a number", s->o.seed);
	return bad_usage(e, "a whole number, 0 to 18446744073709551615");
}

static int set_expect(struct run_setup *s, struct err *e)
{
	int i, r = 0;

	for (i = 0; !r && i < s->o.expects.n; i++)
		r = expect_add(&s->expect, s->o.expects.v[i], e);
	s->so.expect = &s->expect;
	return r;
}

/* What is a world's, and there is none with --here. */
static int set_here(struct run_setup *s, struct err *e)
{
	const struct {
		const char *name;
		bool given;
	} worlds[] = {
		{ "serve", s->o.serve != NULL },
		{ "only", s->o.only != NULL },
		{ "resolve", s->o.resolves.n > 0 },
		{ "policy", s->o.policies.n > 0 },
		{ "fast", s->o.fast },
		{ "ipv4", s->o.ipv4 },
		{ "user-namespace", s->o.user_namespace },
	};
	size_t i;

	s->c.here = s->o.here;
	for (i = 0; s->o.here && i < sizeof(worlds) / sizeof(worlds[0]); i++)
		if (worlds[i].given) {
			err_set(e, EINVAL, "--here is the real network, where --%s has no place", worlds[i].name);
			return bad_usage(e, "leave out one of the two");
		}
	return s->o.here ? run_here_check(e) : 0;
}

int run_setup_make(struct run_setup *s, char **argv, struct err *e)
{
	int r = set_commands(s, argv, e);

	if (!r)
		r = set_here(s, e);
	if (!r)
		r = set_names(s, e);
	if (!r)
		r = set_faults(s, e);
	if (!r)
		r = run_policy(&s->o.policies, &s->inherit, &s->c, e);
	if (!r)
		r = set_seed(s, e);
	if (!r)
		r = set_expect(s, e);
	s->c.fast = s->o.fast;
	s->c.time_limit_ns = s->o.time_limit_ns;
	s->c.wait_for_left = s->o.wait;
	s->so.c = &s->c;
	s->so.quiet = s->o.quiet;
	s->so.verbose = s->o.verbose;
	s->so.json = s->o.json != NULL;
	s->so.json_file = s->o.json && *s->o.json ? s->o.json : NULL;
	s->so.log_file = s->o.log;
	s->so.capture = s->o.capture;
	s->so.svg = s->o.svg;
	s->so.events = s->o.events;
	s->so.reports = s->o.reports;
	if (!r && s->o.reports.n > RUN_REPORTS_MAX) {
		err_set(e, E2BIG, "more than %d reports", RUN_REPORTS_MAX);
		return bad_usage(e, "leave some out");
	}
	return r;
}

void run_setup_free(struct run_setup *s)
{
	names_free(s->c.names);
	free(s->o.faults.v);
	free(s->o.policies.v);
	free(s->o.resolves.v);
	free(s->o.expects.v);
	free(s->o.reports.v);
	free(s);
}
