/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/doctor.h"
#include "cli/predict_words.h"

#define LABEL 12  /* columns of a row's label */
#define NAME 14	  /* of a use's name after it */
#define EFFECT 36 /* where a setting's effect begins */

/* Text from outside, a file's name among it, wrapped behind `lead`. */
static void row(struct buf *to, const char *lead, const struct buf *text)
{
	struct buf shown = { 0 };

	buf_escaped(&shown, buf_text(text), text->len);
	add_wrapped(to, lead, buf_text(&shown));
	buf_fini(&shown);
}

static void labelled(struct buf *to, const char *label, struct buf *text)
{
	char lead[LABEL + 2];

	snprintf(lead, sizeof(lead), "%-*s ", LABEL, label);
	row(to, lead, text);
	buf_fini(text);
}

/* ---- the answer ---- */

static int count(const struct doctor *d, enum doctor_status s)
{
	int i, n = 0;

	for (i = 0; i < DOCTOR_USES; i++)
		n += d->uses[i].status == s;
	return n;
}

static void headline(const struct doctor *d, struct buf *to)
{
	int less = count(d, DOCTOR_LESS), cannot = count(d, DOCTOR_CANNOT);
	struct buf b = { 0 };

	buf_fmt(&b, "Linux %s, ", d->host.kernel[0] ? d->host.kernel : "of an unknown version");
	if (d->host.uid)
		buf_fmt(&b, "as user %u: ", d->host.uid);
	else
		buf_str(&b, "as root: ");
	if (!less && !cannot)
		buf_str(&b, "everything works");
	else
		buf_fmt(&b, "%d of %d work", DOCTOR_USES - less - cannot, DOCTOR_USES);
	if (less)
		buf_fmt(&b, ", %d with less", less);
	if (cannot)
		buf_fmt(&b, ", %d cannot", cannot);
	row(to, "", &b);
	buf_fini(&b);
}

static void lack(const struct doctor_use *u, const struct doctor_lack *l, bool named, const char *label, struct buf *to)
{
	char lead[LABEL + NAME + 8];
	struct buf b = { 0 };

	snprintf(lead, sizeof(lead), "%-*s %-*s ", LABEL, label, NAME, named ? u->name : "");
	/* a longer name has a line of its own */
	if (named && strlen(u->name) > NAME) {
		buf_fmt(to, "%-*s %s\n", LABEL, label, u->name);
		snprintf(lead, sizeof(lead), "%*s", LABEL + NAME + 2, "");
	}
	buf_str(&b, l->why);
	if (l->without)
		buf_fmt(&b, ": %s", l->without);
	row(to, lead, &b);
	if (l->allow[0] && !(l > u->lacks && !strcmp(l->allow, l[-1].allow))) {
		buf_reset(&b);
		buf_str(&b, l->allow);
		snprintf(lead, sizeof(lead), "%*s", LABEL + NAME + 4, "");
		row(to, lead, &b);
	}
	buf_fini(&b);
}

static void lacking(const struct doctor *d, enum doctor_status s, const char *label, struct buf *to)
{
	int i, j;

	for (i = 0; i < DOCTOR_USES; i++) {
		const struct doctor_use *u = &d->uses[i];

		if (u->status != s)
			continue;
		for (j = 0; j < u->n; j++) {
			lack(u, &u->lacks[j], j == 0, label, to);
			label = "";
		}
	}
}

static void working(const struct doctor *d, struct buf *to)
{
	struct buf b = { 0 };
	int i;

	for (i = 0; i < DOCTOR_USES; i++)
		if (d->uses[i].status == DOCTOR_WORKS)
			buf_fmt(&b, "%s%s", b.len ? ", " : "", d->uses[i].name);
	if (b.len) {
		char lead[LABEL + 2];

		snprintf(lead, sizeof(lead), "%-*s ", LABEL, "works");
		add_items(to, lead, buf_text(&b));
	}
	buf_fini(&b);
}

/* ---- what was found ---- */

static void ebpf(const struct host *h, struct buf *to)
{
	struct buf b = { 0 };
	int i, n = 0, unknown = 0;

	for (i = 0; i < HOST_TRACEPOINTS; i++) {
		n += h->tracepoints[i].is == TRACEPOINT_THERE;
		unknown += h->tracepoints[i].is == TRACEPOINT_UNKNOWN;
	}
	buf_fmt(&b, "built %s, %s", h->bpf_built, h->btf ? "BTF" : "no BTF found");
	if (unknown)
		buf_str(&b, ", tracepoints not known");
	else
		buf_fmt(&b, ", %d of %d tracepoints", n, HOST_TRACEPOINTS);
	for (i = 0; i < HOST_TRACEPOINTS; i++)
		if (h->tracepoints[i].is == TRACEPOINT_ABSENT)
			buf_fmt(&b, ", no %s", h->tracepoints[i].name);
	if (h->trials[HOST_TRACING].code)
		buf_fmt(&b, "; not usable: %s", h->trials[HOST_TRACING].what);
	labelled(to, "eBPF", &b);
}

static void capabilities(const struct host *h, struct buf *to)
{
	struct buf b = { 0 };
	int i;

	for (i = 0; i < 64; i++)
		if (h->caps >> i & 1 && host_cap_name(i))
			buf_fmt(&b, "%s%s", b.len ? ", " : "", host_cap_name(i));
	if (!b.len)
		buf_str(&b, "none that matters here");
	if (h->container)
		buf_str(&b, "; over a user namespace, not over the host");
	labelled(to, "capabilities", &b);
}

static const char *verdict(const struct host_trial *t)
{
	return t->code ? t->what : "yes";
}

static void system_rows(const struct host *h, struct buf *to)
{
	struct buf b = { 0 };

	buf_fmt(&b, "HZ %d: a jiffy is %.3g ms", h->hz, 1000.0 / h->hz);
	if (h->trials[HOST_JIFFIES].code)
		buf_fmt(&b, "; %s", h->trials[HOST_JIFFIES].what);
	labelled(to, "kernel", &b);
	ebpf(h, to);
	capabilities(h, to);
	buf_fmt(&b, "of one's own: %s; as an ordinary user: %s", verdict(&h->trials[HOST_NAMESPACES]),
		verdict(&h->trials[HOST_USER_NAMESPACES]));
	labelled(to, "namespaces", &b);
	buf_fmt(&b, "nft %s; iptables %s%s", h->nft.path[0] ? h->nft.path : "is missing",
		h->iptables.path[0] ? h->iptables.path : "is missing",
		!h->iptables.path[0] ? ""
		: h->iptables.legacy ? " (legacy)"
				     : " (nf_tables)");
	labelled(to, "firewall", &b);
	buf_str(&b, h->cgroup[0] ? h->cgroup : "not mounted");
	labelled(to, "cgroup v2", &b);
}

/* "conf.all.rp_filter" of "ipv4/conf/all/rp_filter" */
static void short_name(const char *name, char *to, size_t len)
{
	const char *slash = strchr(name, '/');
	char *c;

	snprintf(to, len, "%s", slash ? slash + 1 : name);
	for (c = to; *c; c++)
		if (*c == '/')
			*c = '.';
}

static void settings(const struct host *h, struct buf *to)
{
	char name[64], lead[EFFECT + 64];
	struct buf b = { 0 };
	bool any = false;
	int i, n;

	for (i = 0; i < h->n_settings; i++) {
		const struct host_setting *s = &h->settings[i];

		buf_reset(&b);
		if (!doctor_effect(h, s, &b))
			continue;
		short_name(s->name, name, sizeof(name));
		n = snprintf(lead, sizeof(lead), "  %s %ld", name, s->value);
		if (s->second)
			n += snprintf(lead + n, sizeof(lead) - (size_t)n, " %ld", s->second);
		snprintf(lead + n, sizeof(lead) - (size_t)n, "%*s", n < EFFECT - 1 ? EFFECT - n : 2, "");
		add_wrapped(to, lead, buf_text(&b));
		any = true;
	}
	if (!any)
		buf_str(to, "  none can be read: is /proc mounted?\n");
	buf_fini(&b);
}

void doctor_text(const struct doctor *d, struct buf *to)
{
	headline(d, to);
	lacking(d, DOCTOR_CANNOT, "cannot", to);
	lacking(d, DOCTOR_LESS, "with less", to);
	working(d, to);
	if (d->tested)
		doctor_test_text(&d->test, d->host.hz, to);
	buf_char(to, '\n');
	system_rows(&d->host, to);
	buf_str(to, "\nsysctls of this network namespace, and what they mean here\n");
	settings(&d->host, to);
}
