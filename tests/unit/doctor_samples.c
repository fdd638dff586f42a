/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints what `doctor --json` says of hosts of every kind: each trial works and fails, each optional part is there and
 * absent.  tests/unit/schema.py holds them against docs/doctor.schema.json. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor.h"
#include "tests/unit/random.h"

#define SAMPLES 120

static uint64_t random_state = 20261127;

static uint64_t rnd(uint64_t n)
{
	return random_u64(&random_state) % n;
}

static void random_string(char *to, size_t size)
{
	size_t i, len = 1 + rnd(size - 1);

	memset(to, 0, size);
	for (i = 0; i < len; i++)
		to[i] = (char)(1 + rnd(255));
}

static void random_trials(struct host *h, uint64_t one_in)
{
	static const int codes[] = { EPERM, EACCES, ENOENT, ENOSYS, ECANCELED };
	int i;

	for (i = 0; i < HOST_TRIAL_N; i++) {
		struct host_trial *t = &h->trials[i];

		if (rnd(one_in))
			continue;
		t->code = codes[rnd(5)];
		random_string(t->what, sizeof(t->what));
		if (rnd(2))
			random_string(t->remedy, sizeof(t->remedy));
	}
}

static void random_host(struct host *h)
{
	static const char *const settings[] = { "ipv4/tcp_syn_retries", "ipv4/ip_local_port_range", "core/somaxconn",
						"netfilter/nf_conntrack_max", "ipv4/unknown_to_doctor" };
	static const char *const tracepoints[HOST_TRACEPOINTS] = {
		"inet_sock_set_state",
		"tcp_retransmit_skb",
		"inet_sk_error_report",
		"tcp_receive_reset",
		"tcp_destroy_sock",
		"kfree_skb",
		"sys_exit",
		"tcp_retransmit_synack",
		"tcp_send_reset",
	};
	int i;

	if (rnd(4))
		strcpy(h->kernel, "6.18.44");
	h->hz = 250;
	h->uid = rnd(2) ? 0 : (uint32_t)rnd(UINT32_MAX);
	h->caps = rnd(1ULL << 41);
	h->container = rnd(2);
	h->bpf_built = rnd(2) ? "without eBPF" : "with eBPF (libbpf 1.1)";
	h->btf = rnd(2);
	for (i = 0; i < HOST_TRACEPOINTS; i++) {
		h->tracepoints[i].name = tracepoints[i];
		h->tracepoints[i].is = (unsigned int)rnd(3);
	}
	if (rnd(2))
		random_string(h->nft.path, sizeof(h->nft.path));
	if (rnd(2))
		random_string(h->iptables.path, sizeof(h->iptables.path));
	h->iptables.legacy = rnd(2);
	if (rnd(2))
		random_string(h->cgroup, sizeof(h->cgroup));
	policy_default(0, &h->policy);
	for (i = 0; i < 5; i++)
		h->settings[h->n_settings++] = (struct host_setting){
			.name = settings[i], .there = rnd(3), .value = (long)rnd(3), .second = i == 1 ? 60999 : 0
		};
}

static void random_test(struct conform *c)
{
	int i;

	c->took_ns = (int64_t)rnd(20000000000ULL);
	c->n = 1 + (int)rnd(3);
	for (i = 0; i < c->n; i++) {
		struct conform_case *k = &c->cases[i];

		k->kind = (enum conform_kind)rnd(CONFORM_KIND_N);
		k->family = rnd(2) ? 4 : 6;
		strcpy(k->name, "rst:bad-ack");
		k->held = rnd(2);
		k->again = rnd(2);
		if (!rnd(4)) {
			strcpy(k->skipped, "this kernel has no tcp_rto_max_ms");
			continue;
		}
		strcpy(k->expected, "ETIMEDOUT after 6.0 s");
		strcpy(k->observed, "no end after 12.0 s");
	}
}

int main(void)
{
	struct buf b = { 0 };
	int i;

	for (i = 0; i < SAMPLES; i++) {
		struct doctor *d = calloc(1, sizeof(*d));

		if (!d)
			return 1;
		random_host(&d->host);
		random_trials(&d->host, i % 2 ? 3 : 40);
		d->tested = i % 3 == 0;
		if (d->tested)
			random_test(&d->test);
		doctor_judge(d);
		doctor_json(d, &b);
		free(d);
	}
	fputs(buf_text(&b), stdout);
	buf_fini(&b);
	return 0;
}
