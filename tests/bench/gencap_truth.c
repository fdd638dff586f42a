/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is true of the capture: the attempts, one by one as they end, and the totals. */
#include "gencap.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const outcome_name[O_NUM] = { "established", "refused",   "icmp_unreachable", "timed_out",
						 "abandoned",	"half_open", "reset_by_client" };
static const char *const icmp_name[I_NUM] = { "net", "host", "port", "admin" };

struct truth truth;

static FILE *csv;

void open_truth(void)
{
	if (!opt.csv)
		return;
	csv = fopen(opt.csv, "w");
	if (!csv)
		die(opt.csv);
	fputs("client,cport,server,sport,isn,first_syn,outcome,syns,synacks,seconds\n", csv);
}

void close_attempt(struct flow *f, uint64_t t, enum outcome o)
{
	static unsigned char *a;
	if (!f->open)
		return;
	f->open = false;
	truth.open--;
	truth.outcome[o]++;
	if (o == O_ICMP)
		truth.icmp_kind[f->icmp_kind]++;
	if (o == O_TIMEOUT || o == O_ABANDON)
		truth.unanswered_by_syns[f->syns]++;
	if (o == O_EST)
		truth.established_by_syns[f->syns]++;
	if (!csv)
		return;
	for (int side = 0; side < 2; side++) {
		a = side ? f->server : f->client;
		if (f->v6)
			for (int i = 0; i < 16; i += 2)
				fprintf(csv, "%s%x", i ? ":" : "", a[i] << 8 | a[i + 1]);
		else
			fprintf(csv, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
		fprintf(csv, ",%u,", side ? f->sport : f->cport);
	}
	fprintf(csv, "%" PRIu32 ",%" PRIu64 ".%09" PRIu64 ",%s%s%s,%u,%u,%.6f\n", f->cisn,
		(uint64_t)(f->first_syn / NSEC), (uint64_t)(f->first_syn % NSEC), outcome_name[o],
		o == O_ICMP ? ":" : "", o == O_ICMP ? icmp_name[f->icmp_kind] : "", f->syns, f->synacks,
		(double)(t - f->first_syn) / 1e9);
}

static void write_truth(FILE *o)
{
#define U(name) fprintf(o, "  \"" #name "\": %" PRIu64 ",\n", truth.name)
	fprintf(o, "{\n  \"mix\": \"%s\",\n  \"seed\": %" PRIu64 ",\n", opt.mix, opt.seed);
	U(packets);
	U(file_bytes);
	U(wire_bytes);
	U(attempts);
	U(syn);
	U(syn_retrans);
	U(synack);
	U(synack_retrans);
	U(rst);
	U(fin);
	U(icmp);
	U(data);
	U(bogus);
	U(ecn_syn);
	U(v6_attempts);
	U(vlan_attempts);
	U(reused_tuple);
	U(max_open);
	U(first_ts);
	U(last_ts);
	fprintf(o, "  \"outcomes\": {");
	for (int i = 0; i < O_NUM; i++)
		fprintf(o, "%s\"%s\": %" PRIu64, i ? ", " : "", outcome_name[i], truth.outcome[i]);
	fprintf(o, "},\n  \"icmp_unreachable\": {");
	for (int i = 0; i < I_NUM; i++)
		fprintf(o, "%s\"%s\": %" PRIu64, i ? ", " : "", icmp_name[i], truth.icmp_kind[i]);
	fprintf(o, "},\n  \"unanswered_by_syns\": [");
	for (int i = 0; i < 9; i++)
		fprintf(o, "%s%" PRIu64, i ? ", " : "", truth.unanswered_by_syns[i]);
	fprintf(o, "],\n  \"established_by_syns\": [");
	for (int i = 0; i < 9; i++)
		fprintf(o, "%s%" PRIu64, i ? ", " : "", truth.established_by_syns[i]);
	fprintf(o, "]\n}\n");
#undef U
}

void close_truth(void)
{
	char *name = NULL;
	FILE *o;

	if (csv && fclose(csv))
		die(opt.csv);
	if (!opt.truth) {
		if (asprintf(&name, "%s.json", strcmp(opt.out, "-") ? opt.out : "gencap") < 0)
			die("memory");
		opt.truth = name;
	}
	o = fopen(opt.truth, "w");
	if (!o)
		die(opt.truth);
	write_truth(o);
	if (fclose(o))
		die(opt.truth);
	free(name);
}
