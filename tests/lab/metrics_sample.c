/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metrics of known attempts, for programs that read such:
 *   metrics_sample serve AT     says where on stdout and serves them; a line on stdin is one attempt more, its end the
 * end metrics_sample file PATH    writes them for node_exporter
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../unit/metrics_known.h"
#include "sinks/metrics_file.h"
#include "sinks/metrics_listen.h"
#include "sinks/metrics_server.h"
#include "util/clock.h"

static void text(enum openmetrics_format f, struct buf *to, void *user)
{
	openmetrics_text(user, &metrics_known_build, f, to);
}

/* True while stdin goes on. */
static bool more(struct openmetrics *m)
{
	char line[64];
	ssize_t n = read(STDIN_FILENO, line, sizeof(line)), i;

	for (i = 0; i < n; i++)
		if (line[i] == '\n')
			metrics_known_one_more(m);
	return n > 0;
}

static int serve(struct openmetrics *m, const char *where, struct err *e)
{
	struct metrics_server_opts o = { .text = text, .user = m };
	struct pollfd p[2] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .events = POLLIN } };
	char shown[ENDPOINT_TEXT_LEN];
	struct metrics_server *s;
	struct endpoint at;
	int r = metrics_listen_parse(where, &o.at, e);

	if (!r)
		r = metrics_server_open(&o, &s, e);
	if (r)
		return r;
	metrics_server_endpoint(s, &at);
	puts(endpoint_format(&at, shown));
	fflush(stdout);
	p[1].fd = metrics_server_fd(s);
	for (;;) {
		if (poll(p, 2, metrics_server_wait_ms(s, clock_mono_ns())) < 0 || (p[0].revents && !more(m)))
			break;
		metrics_server_pump(s, clock_mono_ns());
	}
	metrics_server_free(s);
	return 0;
}

static int write_file(struct openmetrics *m, const char *path, struct err *e)
{
	struct buf b = { 0 };
	int r;

	text(PROMETHEUS_TEXT, &b, m);
	r = metrics_file_write(path, &b, e);
	buf_fini(&b);
	return r;
}

int main(int argc, char **argv)
{
	struct openmetrics *m = openmetrics_new();
	struct err e = { 0 };
	int r;

	if (!m || argc != 3)
		return 2;
	metrics_known_feed(m);
	r = !strcmp(argv[1], "serve") ? serve(m, argv[2], &e) : write_file(m, argv[2], &e);
	if (r)
		fprintf(stderr, "%s\n%s\n", e.what, e.remedy);
	openmetrics_free(m);
	return r ? 1 : 0;
}
