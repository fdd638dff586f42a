/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/doctor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NEEDS_MAX 8
#define WANTS_MAX 4
#define END HOST_TRIAL_N

/* What each use stands on, in the order in which it meets it; and what it can do without. */
static const struct row {
	const char *name;
	const char *command; /* to be run as root */
	enum host_trial_kind needs[NEEDS_MAX];
	struct want {
		enum host_trial_kind trial;
		const char *without;
	} wants[WANTS_MAX];
} rows[DOCTOR_USES] = {
	{ "lab",
	  "synsent lab",
	  { HOST_NAMESPACES, HOST_POLICY, HOST_JIFFIES, HOST_BOX_PACKETS, HOST_BOX_FIREWALL, HOST_BOX_SYSCTLS, END },
	  { { END, NULL } } },
	{ "lab --fast",
	  "synsent lab --fast",
	  { HOST_NAMESPACES, HOST_JIFFIES, HOST_BOX_PACKETS, HOST_BOX_FIREWALL, HOST_BOX_SYSCTLS, HOST_FAST, END },
	  { { END, NULL } } },
	{ "run",
	  "synsent run",
	  { HOST_NAMESPACES, HOST_POLICY, HOST_JIFFIES, HOST_BOX_FIREWALL, HOST_BOX_WORLD, END },
	  { { HOST_BOX_ANNOUNCE, "calls that fail before a SYN are not seen" }, { END, NULL } } },
	{ "run --here",
	  "synsent run --here",
	  { HOST_HERE, HOST_POLICY, HOST_JIFFIES, HOST_PACKETS, END },
	  { { HOST_BOX_ANNOUNCE, "calls that fail before a SYN are not seen" }, { END, NULL } } },
	{ "watch",
	  "synsent watch",
	  { HOST_POLICY, HOST_SOCK_DIAG, END },
	  { { HOST_TRACING, "only this network namespace, by its sockets; less is certain" },
	    { HOST_DROPS, "not all packets that this host loses are seen" },
	    { HOST_PACKETS, "replies are not seen; --packets and --inbound are refused" },
	    { END, NULL } } },
	{ "watch --rules",
	  "synsent watch --rules",
	  { HOST_TRACING, HOST_RULESET, HOST_BOX_NFTRACE, END },
	  { { END, NULL } } },
	{ "read", NULL, { END }, { { HOST_CONFINE, "files are parsed less confined" }, { END, NULL } } },
	{ "diff", NULL, { END }, { { HOST_CONFINE, "files are parsed less confined" }, { END, NULL } } },
	{ "predict", NULL, { HOST_POLICY, END }, { { END, NULL } } },
	{ "connect",
	  "synsent connect",
	  { HOST_POLICY, HOST_JIFFIES, HOST_SOCK_DIAG, END },
	  { { HOST_PACKETS, "replies are not seen, and SYN times are the kernel's count" }, { END, NULL } } },
	{ "listen",
	  "synsent listen",
	  { END },
	  { { HOST_LOW_PORTS, "ports below ip_unprivileged_port_start are refused" }, { END, NULL } } },
	{ "explain", NULL, { END }, { { END, NULL } } },
	{ "doctor --self-test",
	  "synsent doctor --self-test",
	  { HOST_NAMESPACES, HOST_POLICY, HOST_JIFFIES, HOST_BOX_PACKETS, HOST_BOX_FIREWALL, HOST_BOX_WORLD,
	    HOST_BOX_SYSCTLS, END },
	  { { END, NULL } } },
};

/* Of those that are capabilities over the host: what a container would have to be given. */
static const char *capabilities(enum host_trial_kind k)
{
	switch (k) {
	case HOST_PACKETS:
		return "CAP_NET_RAW";
	case HOST_LOW_PORTS:
		return "CAP_NET_BIND_SERVICE";
	case HOST_TRACING:
		return "CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN";
	case HOST_RULESET:
		return "CAP_NET_ADMIN";
	case HOST_FAST:
		return "CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF";
	case HOST_HERE:
		return "CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF and CAP_PERFMON";
	default:
		return NULL;
	}
}

/* Those whose failure root alone would not mend have a remedy of their own. */
static void say_allow(const struct host *h, const struct row *row, enum host_trial_kind k, char *to, size_t len)
{
	const struct host_trial *t = &h->trials[k];
	bool forbidden = t->code == EPERM || t->code == EACCES;
	const char *caps = capabilities(k);

	if (forbidden && caps && h->uid && !h->container)
		snprintf(to, len, "sudo %s", row->command);
	else if (forbidden && caps)
		snprintf(to, len, "%s %s", h->container ? "outside of this user namespace, with" : "give this process",
			 caps);
	else
		snprintf(to, len, "%s", t->remedy);
}

static void add(const struct host *h, const struct row *row, enum host_trial_kind k, const char *without,
		struct doctor_use *u)
{
	struct doctor_lack *l = &u->lacks[u->n++];

	*l = (struct doctor_lack){ .trial = k, .why = h->trials[k].what, .without = without };
	say_allow(h, row, k, l->allow, sizeof(l->allow));
}

/* On the host it is the real thing, which is not tried; so where no sandbox could be had, nothing speaks against it. */
static bool fails(const struct host *h, enum host_trial_kind k)
{
	return h->trials[k].code && !(k == HOST_BOX_NFTRACE && h->trials[k].code == ECANCELED);
}

/* ... by what it stands on. */
static bool is_told_of(const struct host *h, enum host_trial_kind k)
{
	return k == HOST_DROPS && h->trials[k].code == ECANCELED;
}

static void judge(const struct host *h, const struct row *row, struct doctor_use *u)
{
	const enum host_trial_kind *need;
	const struct want *want;

	*u = (struct doctor_use){ .name = row->name };
	for (need = row->needs; *need != END; need++) {
		if (!fails(h, *need))
			continue;
		u->status = DOCTOR_CANNOT;
		add(h, row, *need, NULL, u);
		return;
	}
	for (want = row->wants; want->trial != END; want++) {
		if (!h->trials[want->trial].code || is_told_of(h, want->trial))
			continue;
		u->status = DOCTOR_LESS;
		add(h, row, want->trial, want->without, u);
	}
}

void doctor_judge(struct doctor *d)
{
	int i;

	for (i = 0; i < DOCTOR_USES; i++)
		judge(&d->host, &rows[i], &d->uses[i]);
}

bool doctor_is_well(const struct doctor *d)
{
	int i;

	for (i = 0; i < DOCTOR_USES; i++)
		if (d->uses[i].status != DOCTOR_WORKS)
			return false;
	for (i = 0; d->tested && i < d->test.n; i++)
		if (!d->test.cases[i].held)
			return false;
	return true;
}

const char *doctor_status_word(enum doctor_status s)
{
	static const char *const words[] = {
		[DOCTOR_WORKS] = "works", [DOCTOR_LESS] = "less", [DOCTOR_CANNOT] = "cannot"
	};

	return words[s];
}
