/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The texts of known attempts are compared with tests/golden/metrics.  Run with
 * SYNSENT_BLESS=1 to write them anew.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metrics_known.h"
#include "sinks/metrics_accept.h"
#include "sinks/metrics_file.h"

#define SECOND 1000000000LL

static void assert_golden(const char *name, enum openmetrics_format f)
{
	struct openmetrics *m = openmetrics_new();
	static char wanted[OPENMETRICS_TEXT_MAX];
	struct buf b = { 0 };
	char path[512];
	FILE *file;

	assert_non_null(m);
	metrics_known_feed(m);
	openmetrics_text(m, &metrics_known_build, f, &b);
	snprintf(path, sizeof(path), "%s/%s", GOLDEN_DIR, name);
	if (getenv("SYNSENT_BLESS")) {
		file = fopen(path, "w");
		assert_non_null(file);
		assert_int_equal(fwrite(b.data, 1, b.len, file), b.len);
	} else {
		file = fopen(path, "r");
		assert_non_null(file);
		wanted[fread(wanted, 1, sizeof(wanted) - 1, file)] = 0;
		assert_string_equal(buf_text(&b), wanted);
	}
	fclose(file);
	buf_fini(&b);
	openmetrics_free(m);
}

static void golden(void **state)
{
	assert_golden("known.openmetrics", OPENMETRICS);
	assert_golden("known.prom", PROMETHEUS_TEXT);
}

static bool has(enum openmetrics_format f, const struct openmetrics *m, const char *line)
{
	struct openmetrics_build build = { "1", "2" };
	struct buf b = { 0 };
	bool found;

	openmetrics_text(m, &build, f, &b);
	found = strstr(buf_text(&b), line) != NULL;
	buf_fini(&b);
	return found;
}

/* How often that is in a text. */
static int occurrences(const char *text, const char *of)
{
	int n = 0;

	while ((text = strstr(text, of))) {
		text += strlen(of);
		n++;
	}
	return n;
}

/* Each combination that can be has its 0 before anything came, and no other is there. */
static void from_the_beginning(void **state)
{
	static const char *const can_be[] = {
		"outcome=\"established\",gave_up_by=\"nobody\"",    "outcome=\"refused\",gave_up_by=\"peer\"",
		"outcome=\"refused\",gave_up_by=\"network\"",	    "outcome=\"unreachable\",gave_up_by=\"network\"",
		"outcome=\"unreachable\",gave_up_by=\"kernel\"",    "outcome=\"timed-out\",gave_up_by=\"kernel\"",
		"outcome=\"abandoned\",gave_up_by=\"application\"", "outcome=\"abandoned\",gave_up_by=\"unknown\"",
		"outcome=\"killed\",gave_up_by=\"signal\"",	    "outcome=\"failed\",gave_up_by=\"kernel\"",
		"outcome=\"unanswered\",gave_up_by=\"unknown\"",
	};
	struct openmetrics *m = openmetrics_new();
	char line[256];
	struct buf b = { 0 };
	size_t i;

	openmetrics_set_lost(m, "ebpf", 0);
	openmetrics_text(m, &metrics_known_build, PROMETHEUS_TEXT, &b);
	for (i = 0; i < sizeof(can_be) / sizeof(can_be[0]); i++) {
		snprintf(line, sizeof(line), "\nsynsent_connect_attempts_total{%s,family=\"ipv4\"} 0\n", can_be[i]);
		assert_int_equal(occurrences(buf_text(&b), line), 1);
		snprintf(line, sizeof(line), "\nsynsent_connect_attempts_total{%s,family=\"ipv6\"} 0\n", can_be[i]);
		assert_int_equal(occurrences(buf_text(&b), line), 1);
	}
	assert_int_equal(occurrences(buf_text(&b), "\nsynsent_connect_attempts_total{"), 2 * i);
	assert_int_equal(occurrences(buf_text(&b), "\nsynsent_events_lost_total{source=\"ebpf\"} 0\n"), 1);
	buf_fini(&b);
	openmetrics_free(m);
}

/* Sums beyond 64 bits of nanoseconds stay exact, to the last of them. */
static void large(void **state)
{
	struct openmetrics *m = openmetrics_new();
	struct digest d = { .outcome = OUTCOME_ESTABLISHED,
			    .gave_up_by = GAVE_UP_NOBODY,
			    .flow.server.addr.family = 6,
			    .n_syns = 2,
			    .elapsed_ns = 3 * SECOND + 999999999 };

	openmetrics_feed(m, &d, 1000000000000000001);
	openmetrics_feed(m, &d, 2);
	/* (10^18 + 3) * 3.999999999 s */
	assert_true(has(OPENMETRICS, m, "\nsynsent_handshake_seconds_sum 3999999999000000011.999999997\n"));
	assert_true(has(OPENMETRICS, m, "\nsynsent_syns_per_attempt_sum 2000000000000000006\n"));
	assert_true(has(OPENMETRICS, m, "_bucket{le=\"3.99\"} 0\n"));
	assert_true(has(OPENMETRICS, m, "_bucket{le=\"4.99\"} 1000000000000000003\n"));
	openmetrics_free(m);
}

/* Every SYN of the kernel's schedules begins a bucket, though it be a tick of 10 ms early. */
static void edges(void **state)
{
	static const int at_s[] = { 1, 2, 3, 4, 5, 7, 11, 15, 19, 31, 35, 63, 67 };
	const int64_t *edge;
	size_t i;
	int n, k;

	edge = openmetrics_handshake_edges_ns(&n);
	assert_true(edge[n - 1] == INT64_MAX);
	for (k = 1; k < n; k++)
		assert_true(edge[k] > edge[k - 1]);
	for (i = 0; i < sizeof(at_s) / sizeof(at_s[0]); i++) {
		for (k = 0; edge[k] < at_s[i] * SECOND - SECOND / 100; k++)
			;
		assert_true(edge[k] == at_s[i] * SECOND - SECOND / 100);
	}
}

/* Every word with every other: as large as it gets. */
static void largest(void **state)
{
	struct openmetrics *m = openmetrics_new();
	struct openmetrics_build build = { "0123456789012345678901234567890123456789012345678901234567890123",
					   "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1" };
	struct digest d = { .n_syns = 7, .elapsed_ns = 60 * SECOND };
	struct buf b = { 0 };
	char source[24];
	int o, g, family;

	for (o = 0; o < OUTCOME_N; o++)
		for (g = 0; g < GAVE_UP_N; g++)
			for (family = 0; family <= 6; family += family ? 2 : 4) {
				d.outcome = o;
				d.gave_up_by = g;
				d.flow.server.addr.family = (uint8_t)family;
				openmetrics_feed(m, &d, 10000000000000000u);
			}
	for (o = 0; o < OPENMETRICS_SOURCES_MAX; o++) {
		snprintf(source, sizeof(source), "%022d", o);
		openmetrics_set_lost(m, source, UINT64_MAX);
	}
	openmetrics_text(m, &build, OPENMETRICS, &b);
	assert_false(b.failed);
	assert_in_range(b.len, 20000, OPENMETRICS_TEXT_MAX);
	buf_fini(&b);
	openmetrics_free(m);
}

static void accept_fields(void **state)
{
	static const struct {
		const char *first, *second;
		enum openmetrics_format want;
	} t[] = {
		/* Prometheus 2.42, 2.53 and 3.1; curl; a browser; Grafana Alloy's neighbours */
		{ "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
		  "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		  "", OPENMETRICS },
		{ "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
		  "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
		  "", OPENMETRICS },
		{ "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
		  "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;"
		  "q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
		  "", OPENMETRICS },
		{ "*/*", "", PROMETHEUS_TEXT },
		{ "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "", PROMETHEUS_TEXT },
		{ "", "", PROMETHEUS_TEXT },
		{ "application/openmetrics-text", "", OPENMETRICS },
		{ "Application/OpenMetrics-Text ; charset=utf-8 ; Version = \"1.0.0\"", "", OPENMETRICS },
		{ "application/openmetrics-text; version=0.0.1", "", PROMETHEUS_TEXT },
		{ "application/openmetrics-text; version=2.0.0", "", PROMETHEUS_TEXT },
		{ "application/openmetrics-text;q=0", "", PROMETHEUS_TEXT },
		{ "application/openmetrics-text;q=0.000, text/plain;q=0", "", PROMETHEUS_TEXT },
		{ "application/openmetrics-text;q=0.001, text/plain;q=0", "", OPENMETRICS },
		{ "application/openmetrics-text;q=0.5, text/plain", "", PROMETHEUS_TEXT },
		{ "application/openmetrics-text;q=0.5, text/plain;q=0.49", "", OPENMETRICS },
		{ "application/openmetrics-text;q=0.5, text/plain;q=0.1, */*", "", OPENMETRICS },
		{ "application/openmetrics-text;q=0.5, */*", "", PROMETHEUS_TEXT },
		{ "application/openmetrics-text;q=2", "", PROMETHEUS_TEXT },
		{ "application/openmetrics-text;q=1.001", "", PROMETHEUS_TEXT },
		{ "application/openmetrics-text;q=-1", "", PROMETHEUS_TEXT },
		{ "application/openmetrics-text;q=0.1234", "", PROMETHEUS_TEXT },
		{ "application/openmetrics-text;q", "", PROMETHEUS_TEXT },
		{ "application/openmetrics-text;q=1.", "", OPENMETRICS },
		{ "application/openmetrics-texts", "", PROMETHEUS_TEXT },
		{ ", ,;q=1,application/openmetrics-text,", "", OPENMETRICS },
		{ "text/plain;q=0.3", "application/openmetrics-text", OPENMETRICS },
		{ "application/openmetrics-text;q=0.3", "text/plain", PROMETHEUS_TEXT },
		{ "", "application/openmetrics-text", OPENMETRICS },
	};
	struct metrics_accept a;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		memset(&a, 0, sizeof(a));
		metrics_accept_feed(&a, t[i].first, false);
		metrics_accept_feed(&a, t[i].second, false);
		if (metrics_accept_choice(&a) != t[i].want)
			fail_msg("%s and %s", t[i].first, t[i].second);
	}
	/* of what was cut the last is not known */
	memset(&a, 0, sizeof(a));
	metrics_accept_feed(&a, "text/plain;q=0.1, application/openmetrics-text", true);
	assert_int_equal(metrics_accept_choice(&a), PROMETHEUS_TEXT);
	metrics_accept_feed(&a, "application/openmetrics-text;version=1.0.0, text/plain", true);
	assert_int_equal(metrics_accept_choice(&a), OPENMETRICS);
}

static void file(void **state)
{
	char dir[] = "/tmp/synsent-metrics-XXXXXX", path[64], text[32] = "";
	struct buf one = { 0 }, failed = { .failed = true };
	struct err e = { 0 };
	struct stat st;
	FILE *f;

	umask(022);
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/synsent.prom", dir);
	buf_str(&one, "first\n");
	assert_int_equal(metrics_file_write(path, &one, &e), 0);
	buf_str(&one, "second\n");
	assert_int_equal(metrics_file_write(path, &one, &e), 0);
	/* no memory for the text: the file stays */
	assert_int_equal(metrics_file_write(path, &failed, &e), -ENOMEM);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fread(text, 1, sizeof(text) - 1, f), one.len);
	fclose(f);
	assert_string_equal(text, "first\nsecond\n");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644); /* another user may read it */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0); /* nothing else is left there */
	assert_int_equal(metrics_file_write(path, &one, &e), -ENOENT);
	assert_non_null(strstr(e.what, path));
	assert_true(e.remedy[0]);
	buf_fini(&one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden),  cmocka_unit_test(from_the_beginning),
		cmocka_unit_test(large),   cmocka_unit_test(edges),
		cmocka_unit_test(largest), cmocka_unit_test(accept_fields),
		cmocka_unit_test(file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
