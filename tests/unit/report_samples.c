/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes reports of every shape into a directory, each as N.json, N.xml and N.tap: names and command lines of any
 * bytes, with expectations and without.  The first three are the same each time.  tests/unit/report.py reads them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"
#include "sinks/report.h"
#include "util/duration.h"

#define SAMPLES 60
#define MANY 4000 /* attempts in the last one: more than is written at once */
#define START 1767323045000000006

static uint64_t seed = 20260102;

static uint32_t rnd(uint32_t n)
{
	return random_below(&seed, n);
}

static void random_string(char *to, size_t size)
{
	size_t i, len = rnd(3) ? rnd((uint32_t)size) : 0;

	memset(to, 0, size);
	for (i = 0; i < len; i++)
		to[i] = (char)(1 + rnd(255));
}

static void random_endpoint(struct endpoint *e)
{
	int i;

	memset(e, 0, sizeof(*e));
	e->addr.family = rnd(2) ? 4 : rnd(3) ? 6 : 0;
	for (i = 0; i < (e->addr.family == 4 ? 4 : e->addr.family == 6 ? 16 : 0); i++)
		e->addr.b[i] = (uint8_t)rnd(3);
	e->port = (uint16_t)(rnd(4) ? rnd(3) : 0);
}

static void random_tried(struct tried *t, uint32_t number)
{
	*t = (struct tried){ .number = number,
			     .pid = (int32_t)rnd(3),
			     .start_ns = START + (int64_t)number * 50 * NS_PER_MS,
			     .elapsed_ns = rnd(2000000000),
			     .outcome = (enum outcome)(1 + rnd(OUTCOME_N - 1)),
			     .gave_up_by = (enum gave_up_by)(1 + rnd(GAVE_UP_N - 1)),
			     .limit = (enum limit)rnd(LIMIT_N),
			     .confidence = (enum confidence)rnd(CONFIDENCE_N),
			     .error = rnd(2)   ? 0
				      : rnd(2) ? ETIMEDOUT
					       : 1 + (int)rnd(200),
			     .n_syns = (int)rnd(4),
			     .n_replies = (int)rnd(3) };
	t->end_ns = t->start_ns + t->elapsed_ns;
	t->n_ignored = t->n_replies / 2;
	random_endpoint(&t->flow.client);
	random_endpoint(&t->flow.server);
	random_string(t->name, rnd(2) ? sizeof(t->name) : 1);
	random_string(t->comm, sizeof(t->comm));
}

static int write_all(const char *dir, int number, const struct report *r)
{
	static const char *const endings[] = { "json", "xml", "tap" };
	struct report_file *f;
	struct err e = { 0 };
	char path[512];
	int i;

	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%d.%s", dir, number, endings[i]);
		if (report_create(path, &f, &e) || report_finish(f, r, &e)) {
			fprintf(stderr, "%s\n", e.what);
			return 1;
		}
	}
	return 0;
}

/* Happy Eyeballs, and then a timeout. */
static void fixed_tried(struct tried t[3])
{
	static const char *const servers[3] = { "[2001:db8::1]:80", "198.18.0.1:80", "198.18.0.2:5432" };
	int i;

	for (i = 0; i < 3; i++) {
		t[i] = (struct tried){ .number = (uint32_t)i + 1,
				       .name = "db.internal",
				       .pid = 4121,
				       .comm = "curl",
				       .confidence = CONFIDENCE_CERTAIN,
				       .outcome = OUTCOME_ABANDONED,
				       .gave_up_by = GAVE_UP_APPLICATION,
				       .n_syns = 1 };
		endpoint_parse(servers[i], &t[i].flow.server);
		t[i].start_ns = START + i * 200 * NS_PER_MS;
		t[i].elapsed_ns = 201 * NS_PER_MS;
	}
	t[1].outcome = OUTCOME_ESTABLISHED;
	t[1].gave_up_by = GAVE_UP_NOBODY;
	t[1].elapsed_ns = NS_PER_MS;
	t[2].limit = LIMIT_APP_TIMER;
	t[2].error = ETIMEDOUT;
	t[2].elapsed_ns = 2003 * NS_PER_MS;
	t[2].n_syns = 2;
	strcpy(t[2].name, "a<b>&\"c'\x1b\xff]]>#");
	for (i = 0; i < 3; i++)
		t[i].end_ns = t[i].start_ns + t[i].elapsed_ns;
	logical_group(t, 3);
}

static int fixed(const char *dir)
{
	static const char *const argv[] = { "curl", "-sS", "http://db.internal/?a=1&b=<2>#c", "" };
	static const char *const faults[] = { "syn-drop:2@v6", "loss:30%" };
	struct policy policy;
	struct tried t[3];
	struct expect x = { 0 };
	struct expect_row rows[EXPECT_MAX];
	struct report r = { .argv = argv,
			    .argc = 4,
			    .faults = faults,
			    .n_faults = 2,
			    .seed = UINT64_MAX,
			    .policy = &policy,
			    .started_ns = START,
			    .duration_ns = 2500 * NS_PER_MS,
			    .exit_status = 28,
			    .tried = t,
			    .n = 3 };

	policy_default(0, &policy);
	fixed_tried(t);
	if (write_all(dir, 0, &r))
		return 1;
	if (expect_add(&x, "exit=28,within=1s..1.5s,name=db.internal", NULL))
		return 1;
	expect_judge(&x, &(struct expect_run){ .tried = t, .n = 3, .exit_status = 28 }, rows);
	r.rows = rows;
	r.n_rows = x.n;
	r.exit_status = -1;
	r.exit_signal = 9;
	r.timed_out = true;
	if (write_all(dir, 1, &r))
		return 1;
	r.n = 0;
	r.n_rows = 0;
	r.argc = r.n_faults = r.exit_signal = 0;
	r.policy = NULL;
	r.timed_out = false;
	return write_all(dir, 2, &r);
}

static int random_report(const char *dir, int number, struct tried *t)
{
	static const char *const expressions[] = {
		"outcome=refused",
		"outcome!=refused,exit=0..3",
		"name=a\x1b[31m<b>#\xff",
		"within<1s,syns<=2,replies=0,ignored<2",
		"port<2,limit!=none",
		"attempts>3,connects<9",
		"address=1.0.0.0/8,errno=none",
		"gave-up!=peer,confidence>unknown",
		"signal=none,process!=x",
	};
	char words[3][40], fault[40];
	const char *argv[] = { words[0], words[1], words[2] }, *faults[] = { fault };
	struct expect x = { 0 };
	struct expect_row rows[EXPECT_MAX];
	struct report r = { .argv = argv,
			    .argc = (int)rnd(4),
			    .faults = faults,
			    .seed = random_u64(&seed),
			    .started_ns = START,
			    .duration_ns = random_below(&seed, UINT32_MAX),
			    .exit_status = (int)rnd(256),
			    .exit_signal = rnd(2) ? 0 : (int)rnd(65),
			    .timed_out = rnd(2),
			    .tried = t,
			    .n = number == SAMPLES - 1 ? MANY : rnd(12) };
	size_t i;

	for (i = 0; i < 3; i++)
		random_string(words[i], sizeof(words[i]));
	random_string(fault, sizeof(fault));
	r.n_faults = fault[0] ? 1 : 0;
	for (i = 0; i < r.n; i++)
		random_tried(&t[i], (uint32_t)i + 1);
	logical_group(t, r.n);
	for (i = 0; number % 2 && i < 4; i++)
		if (expect_add(&x, expressions[rnd(sizeof(expressions) / sizeof(expressions[0]))], NULL))
			return 1;
	expect_judge(&x, &(struct expect_run){ t, r.n, r.exit_signal ? -1 : r.exit_status, r.exit_signal }, rows);
	r.rows = rows;
	r.n_rows = x.n;
	return write_all(dir, number, &r);
}

int main(int argc, char **argv)
{
	struct tried *t = calloc(MANY, sizeof(*t));
	int i, failed;

	if (argc != 2 || !t)
		return 2;
	failed = fixed(argv[1]);
	for (i = 3; !failed && i < SAMPLES; i++)
		failed = random_report(argv[1], i, t);
	free(t);
	return failed;
}
