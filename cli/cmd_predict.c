/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/predict.h"
#include "sources/sysctls.h"
#include "util/buf.h"
#include "util/duration.h"

#define SYNACK_RETRIES 5 /* TCP_SYNACK_RETRIES, include/net/tcp.h */

/* -1 and 0 where not given; see the rows. */
struct options {
	int retries, linear, syncnt, hz;
	int64_t user_timeout_ns, rto_max_ns, app_ns, within_ns;
	uint32_t kernel;
	const char *phase;
	bool synack, json;
};

#define ROW(member) offsetof(struct options, member)

static const struct option_row rows[] = {
	{ 0, "retries", OPT_INT, ROW(retries), POLICY_RETRIES_MIN, POLICY_RETRIES_MAX, "N",
	  "net.ipv4.tcp_syn_retries; with --synack net.ipv4.tcp_synack_retries", NULL },
	{ 0, "linear", OPT_INT, ROW(linear), 0, POLICY_LINEAR_MAX, "N",
	  "net.ipv4.tcp_syn_linear_timeouts (since Linux 6.5): so many retransmissions before the RTO doubles", NULL },
	{ 0, "syncnt", OPT_INT, ROW(syncnt), POLICY_RETRIES_MIN, POLICY_RETRIES_MAX, "N",
	  "The socket's TCP_SYNCNT, which takes the place of the retries", NULL },
	{ 0, "user-timeout", OPT_DURATION, ROW(user_timeout_ns), NS_PER_MS, POLICY_USER_TIMEOUT_MS_MAX *NS_PER_MS,
	  "TIME", "The socket's TCP_USER_TIMEOUT, in whole milliseconds", NULL },
	{ 0, "rto-max", OPT_DURATION, ROW(rto_max_ns), POLICY_RTO_MAX_MS_MIN *NS_PER_MS,
	  POLICY_RTO_MAX_MS_MAX *NS_PER_MS, "TIME",
	  "net.ipv4.tcp_rto_max_ms or the socket's TCP_RTO_MAX_MS (since Linux 6.15): the longest wait between two SYNs",
	  NULL },
	{ 0, "hz", OPT_INT, ROW(hz), POLICY_HZ_MIN, POLICY_HZ_MAX, "N",
	  "The kernel's HZ, which decides how far its timers are late", NULL },
	{ 0, "kernel", OPT_KERNEL, ROW(kernel), 0, 0, "VERSION",
	  "What that version of Linux does, with its own defaults, instead of this host's policy", NULL },
	{ 0, "app-timeout", OPT_DURATION, ROW(app_ns), NS_PER_MS, 24 * 3600 * NS_PER_S, "TIME",
	  "The application gives up by a timer of its own: say which SYNs leave until then, and warn when it is close",
	  NULL },
	{ 0, "within", OPT_DURATION, ROW(within_ns), NS_PER_MS, 24 * 3600 * NS_PER_S, "TIME",
	  "List the settings that end the wait by then in the worst case, best first, as lines to paste", NULL },
	{ 0, "synack", OPT_FLAG, ROW(synack), 0, 0, NULL,
	  "The server's side: when it sends its SYN-ACK again, and when it forgets the half-open connection", NULL },
	{ 0, "phase", OPT_STRING, ROW(phase), 0, 0, "J",
	  "Jiffies at the moment of connect(): adds the times that this gives, exact to the jiffy", NULL },
	{ 'j', "json", OPT_FLAG, ROW(json), 0, 0, NULL, "One JSON object instead of text", NULL },
	{ .name = NULL },
};

int64_t predict_first_rto_ns(const struct predict *p)
{
	return schedule_jiffies_ns(p->nominal.n > 1 ? p->nominal.syn[1] : p->nominal.end, p->policy.hz);
}

void predict_make(struct predict *p)
{
	const struct policy *o = &p->policy;
	int synacks = o->syncnt ? o->syncnt : o->retries;

	if (p->synack) {
		schedule_synack(synacks, o->rto_max_ms, o->hz, -1, &p->nominal);
		schedule_synack_range(synacks, o->rto_max_ms, o->hz, &p->range);
		/* only the low bits matter, and the sign must not */
		schedule_synack(synacks, o->rto_max_ms, o->hz, (int64_t)(p->phase & INT32_MAX), &p->exact);
		return;
	}
	schedule_nominal(o, &p->nominal);
	schedule_range(o, &p->range);
	schedule_exact(o, p->phase, &p->exact);
}

static int misuse(struct err *e, const char *what, const char *remedy)
{
	err_set(e, EINVAL, "%s", what);
	err_remedy(e, "%s", remedy);
	e->exit_code = 2;
	return -EINVAL;
}

static int phase_parse(const char *text, uint64_t *ret, struct err *e)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 10);
	if (errno || text[0] < '0' || text[0] > '9' || *end) {
		err_set(e, EINVAL, "--phase %s: must be 0 to 18446744073709551615 (jiffies)", text);
		e->exit_code = 2;
		return -EINVAL;
	}
	return 0;
}

/* Options that contradict each other. */
static int check(const struct options *o, struct err *e)
{
	if (o->synack && (o->linear >= 0 || o->user_timeout_ns || o->app_ns || o->within_ns))
		return misuse(e, "--synack does not go with --linear, --user-timeout, --app-timeout or --within",
			      "those are the client's; --retries, --syncnt, --rto-max, --hz and --phase do");
	if (o->app_ns && o->within_ns)
		return misuse(e, "--app-timeout and --within cannot go together",
			      "--app-timeout says what a timer does, --within looks for one");
	if (o->kernel && o->kernel < KERNEL_VERSION_OF(6, 5) && o->linear > 0)
		return misuse(e, "--linear needs Linux 6.5 or newer",
			      "before that every retransmission doubles the RTO");
	if (o->kernel && o->kernel < KERNEL_VERSION_OF(6, 15) && o->rto_max_ns &&
	    o->rto_max_ns != POLICY_RTO_MAX_MS_MAX * NS_PER_MS)
		return misuse(e, "--rto-max needs Linux 6.15 or newer", "before that the RTO goes up to 120s, always");
	if (o->user_timeout_ns % NS_PER_MS || o->rto_max_ns % NS_PER_MS)
		return misuse(e, "--user-timeout and --rto-max take whole milliseconds",
			      "the kernel knows no finer ones");
	return 0;
}

/* This host's policy, or that of the version asked for at this host's HZ. */
static int base_policy(const struct options *o, struct predict *p, struct err *e)
{
	struct policy live;
	long retries = SYNACK_RETRIES;
	int r = sysctls_policy(&live, e);

	if (o->kernel) {
		policy_default(o->kernel, &p->policy);
		if (!r)
			p->policy.hz = live.hz;
		snprintf(p->kernel, sizeof(p->kernel), "%u.%u", o->kernel >> 16, o->kernel >> 8 & 0xff);
		*e = (struct err){ 0 };
	} else {
		if (r)
			return r;
		p->policy = live;
		kernel_version(p->kernel, sizeof(p->kernel));
		if (o->synack)
			sysctls_get("ipv4/tcp_synack_retries", &retries);
	}
	if (o->synack)
		p->policy.retries = (int)retries;
	return 0;
}

static int build(const struct options *o, struct predict *p, struct err *e)
{
	int r = check(o, e);

	if (!r && o->phase) {
		p->has_phase = true;
		r = phase_parse(o->phase, &p->phase, e);
	}
	if (!r)
		r = base_policy(o, p, e);
	if (r)
		return r;
	if (o->retries >= 0)
		p->policy.retries = o->retries;
	if (o->linear >= 0)
		p->policy.linear = o->linear;
	if (o->syncnt >= 0)
		p->policy.syncnt = o->syncnt;
	if (o->hz >= 0)
		p->policy.hz = o->hz;
	if (o->user_timeout_ns)
		p->policy.user_timeout_ms = o->user_timeout_ns / NS_PER_MS;
	if (o->rto_max_ns)
		p->policy.rto_max_ms = (int)(o->rto_max_ns / NS_PER_MS);
	p->synack = o->synack;
	p->app_ns = o->app_ns;
	p->within_ns = o->within_ns;
	return 0;
}

static int run(const struct command *c, int argc, char **argv)
{
	struct options o = { .retries = -1, .linear = -1, .syncnt = -1, .hz = -1 };
	struct predict p = { .has_phase = false };
	struct buf out = { 0 };
	struct err e = { 0 };
	int first, r;

	r = options_parse(c, argc, argv, &o, &first, &e);
	if (r > 0)
		return 0;
	if (!r && first < argc) {
		err_set(&e, EINVAL, "%s: predict takes options only", argv[first]);
		e.exit_code = 2;
		r = -EINVAL;
	}
	if (!r)
		r = build(&o, &p, &e);
	if (r)
		return report_error(c->name, &e, 77);
	predict_make(&p);
	if (o.json)
		predict_json(&p, &out);
	else
		predict_text(&p, &out);
	fputs(buf_text(&out), stdout);
	r = out.failed ? 4 : 0;
	buf_fini(&out);
	return r;
}

const struct command command_predict = {
	.name = "predict",
	.usage = "[OPTION]...",
	.summary = "when SYNs leave and when the kernel gives up, and what to set",
	.about =
		"Says when this host would send the SYNs of a connection attempt that nobody answers, and when it would "
		"give up with ETIMEDOUT. Without options it reads the policy in force: the sysctls, HZ and the kernel's "
		"version. Options replace parts of it.\n"
		"\n"
		"Linux never fires a timer early but up to an eighth late, by rounding it up to a bucket of its timer "
		"wheel; so each time is given as the documentation has it (nominal) and as the range that the wheel "
		"allows. Which time within the range depends on jiffies at connect(): with --phase it is exact.",
	.examples = "synsent predict\n"
		    "    this host's schedule, and what an application's own timer would cut\n"
		    "synsent predict --retries 3 --linear 0\n"
		    "    the same with other sysctls\n"
		    "synsent predict --app-timeout 3s\n"
		    "    which SYNs leave before a timer of 3 s in the application\n"
		    "synsent predict --within 10s\n"
		    "    what to set so that connect() has given up after 10 s\n"
		    "synsent predict --kernel 4.18 --hz 1000 -j\n"
		    "    what another kernel does, as JSON\n",
	.rows = rows,
	.run = run,
};
