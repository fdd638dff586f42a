/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_metrics.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "cli/options.h"
#include "sinks/metrics_file.h"
#include "sinks/metrics_listen.h"
#include "sinks/metrics_server.h"
#include "util/clock.h"
#include "util/duration.h"
#include "util/outfile.h"

struct watch_metrics {
	struct watch_metrics_opts o;
	struct watch_source *source;
	struct openmetrics *metrics;
	struct metrics_server *server;
	int64_t due_ns; /* CLOCK_MONOTONIC: the file; 0: none */
	bool failing;	/* it could not be written last */
	struct utsname kernel;
};

static void put(struct watch_metrics *m, enum openmetrics_format f, struct buf *to)
{
	const struct openmetrics_build build = { .version = SYNSENT_VERSION, .kernel = m->kernel.release };
	struct watch_summary_loss losses[WATCH_LOSSES_MAX];
	int i, n = watch_source_losses(m->source, losses);

	m->o.refresh(m->o.user);
	for (i = 0; i < n; i++)
		openmetrics_set_lost(m->metrics, losses[i].source, losses[i].n);
	openmetrics_set_pending(m->metrics, watch_source_waiting(m->source));
	openmetrics_text(m->metrics, &build, f, to);
}

static void on_scrape(enum openmetrics_format f, struct buf *to, void *user)
{
	put(user, f, to);
}

static void say_port(const struct watch_metrics *m)
{
	char at[ENDPOINT_TEXT_LEN];
	struct endpoint chosen;

	metrics_server_endpoint(m->server, &chosen);
	endpoint_format(&chosen, at);
	fprintf(stderr, "synsent: watch: metrics at http://%s/metrics\n", at);
}

static int listen_at(struct watch_metrics *m, struct err *e)
{
	struct metrics_server_opts so = { .text = on_scrape, .user = m };
	int r = metrics_listen_parse(m->o.at, &so.at, e);

	if (!r)
		r = metrics_server_open(&so, &m->server, e);
	if (!r && !so.at.port)
		say_port(m);
	return r;
}

#define SUFFIX ".prom"

/* What would fail at the first writing fails before anything is observed.  "-" and devices are nobody's textfiles. */
static int check_file(const char *path, struct err *e)
{
	size_t len = strlen(path), suffix = strlen(SUFFIX);
	struct outfile *o;
	bool direct;
	int r = outfile_create(path, &o, e);

	if (r)
		return r;
	direct = outfile_is_direct(o);
	outfile_abort(o);
	if (!direct && (len < suffix || strcmp(path + len - suffix, SUFFIX)))
		fputs("synsent: watch: --metrics-file: node_exporter's textfile collector reads only files whose names end in " SUFFIX
		      "\n",
		      stderr);
	return 0;
}

int watch_metrics_new(const struct watch_metrics_opts *o, struct watch_metrics **ret, struct err *e)
{
	struct watch_metrics *m = calloc(1, sizeof(*m));
	int r = 0;

	if (!m)
		return err_sys(e, ENOMEM, "metrics");
	m->o = *o;
	uname(&m->kernel);
	m->metrics = openmetrics_new();
	if (!m->metrics)
		r = err_sys(e, ENOMEM, "metrics");
	if (!r && o->path) {
		r = check_file(o->path, e);
		if (r && e)
			e->exit_code = 2;
	}
	if (!r && o->at)
		r = listen_at(m, e);
	if (r) {
		watch_metrics_free(m);
		return r;
	}
	*ret = m;
	return 0;
}

void watch_metrics_free(struct watch_metrics *m)
{
	if (!m)
		return;
	metrics_server_free(m->server);
	openmetrics_free(m->metrics);
	free(m);
}

void watch_metrics_begin(struct watch_metrics *m, struct watch_source *source)
{
	m->source = source;
	m->due_ns = m->o.path ? clock_mono_ns() : 0;
}

void watch_metrics_feed(struct watch_metrics *m, const struct digest *d, uint64_t n)
{
	openmetrics_feed(m->metrics, d, n);
}

int watch_metrics_fds(const struct watch_metrics *m, struct pollfd *fds)
{
	if (!m->server)
		return 0;
	fds[0] = (struct pollfd){ .fd = metrics_server_fd(m->server), .events = POLLIN };
	return 1;
}

int watch_metrics_wait_ms(const struct watch_metrics *m)
{
	int64_t now = clock_mono_ns();
	int ms = m->server ? metrics_server_wait_ms(m->server, now) : -1, due;

	if (!m->due_ns)
		return ms;
	due = m->due_ns > now ? (int)((m->due_ns - now) / NS_PER_MS) + 1 : 0;
	return ms < 0 || due < ms ? due : ms;
}

static int write_file(struct watch_metrics *m, struct err *e)
{
	struct buf b = { 0 };
	int r;

	put(m, PROMETHEUS_TEXT, &b);
	r = b.failed ? err_sys(e, ENOMEM, "%s", m->o.path) : metrics_file_write(m->o.path, &b, e);
	buf_fini(&b);
	return r;
}

void watch_metrics_pump(struct watch_metrics *m)
{
	int64_t now = clock_mono_ns();
	struct err e = { 0 };
	bool failed;

	if (m->server)
		metrics_server_pump(m->server, now);
	if (!m->due_ns || now < m->due_ns)
		return;
	m->due_ns = now + WATCH_METRICS_EVERY_NS;
	failed = write_file(m, &e);
	if (failed && !m->failing && !m->o.silent) {
		err_remedy(&e, "it goes on, and tries again every 10 s");
		report_error("watch", &e, 4);
	}
	m->failing = failed;
}

int watch_metrics_end(struct watch_metrics *m, struct err *e)
{
	int r = m->o.path && m->source ? write_file(m, e) : 0;

	if (r)
		e->exit_code = 4;
	return r;
}
