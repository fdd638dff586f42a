/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/run_list.h"

#include <stdio.h>
#include <string.h>

#include "cli/run_policy.h"
#include "core/schedule.h"
#include "sinks/figures.h"
#include "sources/sysctls.h"

/* The policy that a run would have: the host's, or the defaults, with what is set. */
static void policy_of(const struct run_config *c, struct policy *p)
{
	int i;

	policy_default(0, p);
	if (c->inherit)
		sysctls_policy(p, NULL);
	for (i = 0; i < c->n_settings; i++) {
		const struct run_setting *s = &c->settings[i];

		if (!strcmp(s->name, "ipv4/tcp_syn_retries"))
			p->retries = (int)s->value;
		else if (!strcmp(s->name, "ipv4/tcp_syn_linear_timeouts"))
			p->linear = (int)s->value;
		else if (!strcmp(s->name, "ipv4/tcp_rto_max_ms"))
			p->rto_max_ms = (int)s->value;
	}
}

static void add_when(const struct fault_effect *f, const struct schedule *s, const struct policy *p, struct buf *to)
{
	struct fault fault;

	switch (f->when) {
	case WHEN_AT_ONCE:
		buf_str(to, "at once");
		break;
	case WHEN_SCHEDULE_ENDS:
		buf_str(to, "after ");
		figures_elapsed(schedule_jiffies_ns(s->end, p->hz), to);
		break;
	case WHEN_SCHEDULE_EARLY:
		buf_str(to, "after ");
		figures_elapsed(schedule_jiffies_ns(s->end - p->hz, p->hz), to);
		break;
	case WHEN_NEIGHBOUR_FAILS:
		buf_str(to, "after 3 s");
		break;
	case WHEN_RETRANSMITTED:
		buf_fmt(to, "at SYN %d, ", f->syns - 1);
		figures_elapsed(schedule_jiffies_ns(f->syns - 1 < s->n ? s->syn[f->syns - 1] : s->end, p->hz), to);
		break;
	case WHEN_DELAYED:
		buf_str(to, "after ");
		figures_elapsed(fault_parse(f->text, &fault, NULL) ? 0 : 2 * fault.delay_ns, to);
		break;
	case WHEN_CHANCE:
		buf_str(to, "as luck has it");
		break;
	}
}

static const char *errno_or(int error)
{
	return error < 0 ? "-" : error ? errno_name(error) : "connects";
}

static void add_errors(const struct fault_effect *f, struct buf *to)
{
	if (f->error4 == f->error6)
		buf_str(to, errno_or(f->error4));
	else
		buf_fmt(to, "%s, IPv6 %s", errno_or(f->error4), errno_or(f->error6));
}

int run_list(const struct option_list *policies)
{
	const struct fault_effect *f;
	struct run_config c = { 0 };
	struct schedule s;
	struct inherit in;
	struct policy p;
	struct err e = { 0 };

	if (run_policy(policies, &in, &c, &e))
		return report_error("run", &e, 2);
	policy_of(&c, &p);
	schedule_nominal(&p, &s);
	printf("tcp_syn_retries %d, tcp_syn_linear_timeouts %d: the kernel gives up after %.0f s, nominal\n\n",
	       p.retries, p.linear, (double)schedule_jiffies_ns(s.end, p.hz) / 1e9);
	for (f = fault_effects; f->text; f++) {
		struct buf b = { 0 };

		buf_fmt(&b, "%-22s %s\n%-22s   connect(): ", f->form, f->what, "");
		add_errors(f, &b);
		buf_str(&b, ", ");
		add_when(f, &s, &p, &b);
		puts(buf_text(&b));
		buf_fini(&b);
	}
	return 0;
}
