/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/openmetrics.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/duration.h"

#define MS NS_PER_MS
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

static const int64_t syns_edges[] = { 1, 2, 3, 4, 6, 8, 11, INT64_MAX };
static const int64_t handshake_edges_ns[] = {
	MS / 10,    MS / 4,	MS / 2,	    MS,		MS * 5 / 2, 5 * MS,	10 * MS,    25 * MS,   50 * MS,
	100 * MS,   250 * MS,	500 * MS,   990 * MS,	1990 * MS,  2990 * MS,	3990 * MS,  4990 * MS, 6990 * MS,
	10990 * MS, 14990 * MS, 18990 * MS, 30990 * MS, 34990 * MS, 62990 * MS, 66990 * MS, INT64_MAX,
};

enum family { FAMILY_IPV4, FAMILY_IPV6, FAMILY_UNKNOWN, FAMILY_N };

/* Both sums stay exact for longer than any process lives. */
struct histogram {
	const int64_t *edges;
	uint64_t n[LENGTH(handshake_edges_ns)]; /* of each bucket alone */
	uint64_t sum;				/* of SYNs; of whole seconds */
	uint64_t sum_ns;			/* ... and what is left of them */
};

struct openmetrics {
	uint64_t attempts[OUTCOME_N][GAVE_UP_N][FAMILY_N];
	uint64_t cancelled;
	struct histogram syns, handshakes;
	int n_sources;
	struct {
		char name[24];
		uint64_t lost;
	} sources[OPENMETRICS_SOURCES_MAX];
	uint64_t pending;
};

_Static_assert(LENGTH(syns_edges) <= LENGTH(handshake_edges_ns), "a histogram has room for either");

const int64_t *openmetrics_handshake_edges_ns(int *ret_n)
{
	*ret_n = (int)LENGTH(handshake_edges_ns);
	return handshake_edges_ns;
}

struct openmetrics *openmetrics_new(void)
{
	struct openmetrics *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->syns.edges = syns_edges;
	m->handshakes.edges = handshake_edges_ns;
	return m;
}

void openmetrics_free(struct openmetrics *m)
{
	free(m);
}

static void count(struct histogram *h, int64_t value, uint64_t n)
{
	int i = 0;

	while (value > h->edges[i])
		i++;
	h->n[i] += n;
}

/* A product of a number of attempts and a time has more than 64 bits. */
static void add_time(struct histogram *h, uint64_t ns, uint64_t n)
{
	uint64_t part = ns % NS_PER_S, low = n % NS_PER_S * part + h->sum_ns;

	h->sum += n * (ns / NS_PER_S) + n / NS_PER_S * part + low / NS_PER_S;
	h->sum_ns = low % NS_PER_S;
}

void openmetrics_feed(struct openmetrics *m, const struct digest *d, uint64_t n)
{
	uint8_t family = d->flow.server.addr.family;
	int64_t took_ns = d->elapsed_ns > 0 ? d->elapsed_ns : 0;

	if (d->outcome == OUTCOME_PENDING)
		return;
	m->attempts[d->outcome][d->gave_up_by][family == 4   ? FAMILY_IPV4
					       : family == 6 ? FAMILY_IPV6
							     : FAMILY_UNKNOWN] += n;
	m->cancelled += d->cancelled ? n : 0;
	count(&m->syns, d->n_syns, n);
	m->syns.sum += (uint64_t)(d->n_syns > 0 ? d->n_syns : 0) * n;
	if (d->outcome != OUTCOME_ESTABLISHED)
		return;
	count(&m->handshakes, took_ns, n);
	add_time(&m->handshakes, (uint64_t)took_ns, n);
}

void openmetrics_set_lost(struct openmetrics *m, const char *source, uint64_t total)
{
	int i = 0;

	while (i < m->n_sources && strcmp(m->sources[i].name, source) != 0)
		i++;
	if (i == m->n_sources) {
		assert(i < OPENMETRICS_SOURCES_MAX && strlen(source) < sizeof(m->sources[i].name));
		snprintf(m->sources[m->n_sources++].name, sizeof(m->sources[i].name), "%s", source);
	}
	if (total > m->sources[i].lost)
		m->sources[i].lost = total;
}

void openmetrics_set_pending(struct openmetrics *m, uint64_t n)
{
	m->pending = n;
}

/* In Prometheus' format a counter's name has its _total in these lines too, and there is no info. */
static void family(struct buf *to, enum openmetrics_format f, const char *name, const char *type, const char *help)
{
	const char *suffix = "";

	if (f == PROMETHEUS_TEXT && !strcmp(type, "counter"))
		suffix = "_total";
	if (f == PROMETHEUS_TEXT && !strcmp(type, "info"))
		suffix = "_info", type = "gauge";
	buf_fmt(to, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, suffix, help, name, suffix, type);
}

static const char *word_or_unknown(const char *word)
{
	return *word ? word : "unknown";
}

/* The series that are there before their first attempt. */
static bool can_be(enum outcome o, enum gave_up_by g, enum family f)
{
	return f != FAMILY_UNKNOWN && o != OUTCOME_PENDING && outcome_goes_with(o, g);
}

static void attempts(const struct openmetrics *m, enum openmetrics_format f, struct buf *to)
{
	static const char *const families[FAMILY_N] = { "ipv4", "ipv6", "unknown" };
	int o, g, k;

	family(to, f, "synsent_connect_attempts", "counter",
	       "TCP connection attempts that have ended, by how, by who gave up, and by IP version.");
	for (o = 0; o < OUTCOME_N; o++)
		for (g = 0; g < GAVE_UP_N; g++)
			for (k = 0; k < FAMILY_N; k++)
				if (m->attempts[o][g][k] || can_be(o, g, k))
					buf_fmt(to,
						"synsent_connect_attempts_total{outcome=\"%s\",gave_up_by=\"%s\","
						"family=\"%s\"} %" PRIu64 "\n",
						word_or_unknown(outcome_word(o)), word_or_unknown(gave_up_by_word(g)),
						families[k], m->attempts[o][g][k]);
}

/* An edge as OpenMetrics wants numbers: "0.001", "1.0", "+Inf". */
static void edge(struct buf *to, int64_t value, int64_t unit)
{
	int digits = 1;
	int64_t rest = value % unit * 10, whole = value / unit;

	if (value == INT64_MAX) {
		buf_str(to, "+Inf");
		return;
	}
	buf_fmt(to, "%" PRId64 ".", whole);
	do {
		buf_fmt(to, "%d", (int)(rest / unit));
		rest = rest % unit * 10;
	} while (rest && digits++ < 9);
}

static void histogram(const struct histogram *h, const char *name, int64_t unit, struct buf *to)
{
	uint64_t all = 0;
	int i = -1;

	do {
		all += h->n[++i];
		buf_fmt(to, "%s_bucket{le=\"", name);
		edge(to, h->edges[i], unit);
		buf_fmt(to, "\"} %" PRIu64 "\n", all);
	} while (h->edges[i] != INT64_MAX);
	buf_fmt(to, "%s_count %" PRIu64 "\n%s_sum %" PRIu64, name, all, name, h->sum);
	if (unit == NS_PER_S)
		buf_fmt(to, ".%09" PRIu64, h->sum_ns);
	buf_char(to, '\n');
}

static void lost(const struct openmetrics *m, enum openmetrics_format f, struct buf *to)
{
	int i;

	family(to, f, "synsent_events_lost", "counter",
	       "Events that a source lost, so that what they told had to be inferred.");
	for (i = 0; i < m->n_sources; i++)
		buf_fmt(to, "synsent_events_lost_total{source=\"%s\"} %" PRIu64 "\n", m->sources[i].name,
			m->sources[i].lost);
}

/* A label's value from outside: no control characters, valid UTF-8, and the three escapes of the format. */
static void label(struct buf *to, const char *value)
{
	struct buf plain = { 0 };
	const char *s;

	buf_escaped(&plain, value, strlen(value));
	for (s = buf_text(&plain); *s; s++) {
		if (*s == '"' || *s == '\\')
			buf_char(to, '\\');
		buf_char(to, *s);
	}
	to->failed |= plain.failed;
	buf_fini(&plain);
}

static void build(const struct openmetrics_build *b, enum openmetrics_format f, struct buf *to)
{
	family(to, f, "synsent_build", "info", "The version of synsent that counts here, and the kernel it watches.");
	buf_str(to, "synsent_build_info{version=\"");
	label(to, b->version);
	buf_str(to, "\",kernel=\"");
	label(to, b->kernel);
	buf_str(to, "\"} 1\n");
}

const char *openmetrics_type(enum openmetrics_format f)
{
	return f == OPENMETRICS ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
				: "text/plain; version=0.0.4; charset=utf-8";
}

void openmetrics_text(const struct openmetrics *m, const struct openmetrics_build *b, enum openmetrics_format f,
		      struct buf *out)
{
	attempts(m, f, out);
	family(out, f, "synsent_connect_cancelled", "counter",
	       "Abandoned attempts that likely were cancelled, since another address won (RFC 8305).");
	buf_fmt(out, "synsent_connect_cancelled_total %" PRIu64 "\n", m->cancelled);
	family(out, f, "synsent_syns_per_attempt", "histogram",
	       "SYNs that an attempt sent; 0 when none left the host.");
	histogram(&m->syns, "synsent_syns_per_attempt", 1, out);
	family(out, f, "synsent_handshake_seconds", "histogram",
	       "From the first SYN of an attempt to its being established.");
	if (f == OPENMETRICS)
		buf_str(out, "# UNIT synsent_handshake_seconds seconds\n");
	histogram(&m->handshakes, "synsent_handshake_seconds", NS_PER_S, out);
	lost(m, f, out);
	family(out, f, "synsent_attempts_pending", "gauge", "Attempts that wait for an answer now.");
	buf_fmt(out, "synsent_attempts_pending %" PRIu64 "\n", m->pending);
	build(b, f, out);
	if (f == OPENMETRICS)
		buf_str(out, "# EOF\n");
}
