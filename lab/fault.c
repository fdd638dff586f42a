/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/fault.h"

#include <errno.h>
#include <string.h>

#include "lab/fault_args.h"
#include "util/duration.h"

#define REORDER_NS (20 * NS_PER_MS)

/* name, kind, needs an argument, how that is read (NULL: takes none) */
/* clang-format off */
#define WORDS(row) \
	row("syn-drop", FAULT_SYN_DROP, false, fault_read_count) \
	row("synack-drop", FAULT_SYN_ACK_DROP, false, fault_read_count) \
	row("ack-drop", FAULT_ACK_DROP, false, fault_read_count) \
	row("rst", FAULT_RST, false, fault_read_bad_ack) \
	row("synack", FAULT_SYN_ACK_BAD, true, fault_read_bad_ack) \
	row("icmp", FAULT_ICMP, true, fault_read_icmp) \
	row("delay", FAULT_DELAY, true, fault_read_delay) \
	row("delay-all", FAULT_DELAY_ALL, true, fault_read_delay) \
	row("loss", FAULT_LOSS, true, fault_read_loss) \
	row("loss-all", FAULT_LOSS_ALL, true, fault_read_loss) \
	row("duplicate", FAULT_DUPLICATE, false, NULL) \
	row("reorder", FAULT_REORDER, false, NULL) \
	row("conntrack-stale", FAULT_CONNTRACK_STALE, false, NULL) \
	row("strip", FAULT_STRIP, true, fault_read_option) \
	row("drop-option", FAULT_DROP_OPTION, true, fault_read_option) \
	row("backlog-full", FAULT_BACKLOG_FULL, false, NULL) \
	row("no-accept", FAULT_NO_ACCEPT, false, NULL) \
	row("no-route", FAULT_NO_ROUTE, false, NULL) \
	row("no-neighbour", FAULT_NO_NEIGHBOUR, false, NULL) \
	row("blackhole-route", FAULT_BLACKHOLE_ROUTE, false, NULL) \
	row("prohibit-route", FAULT_PROHIBIT_ROUTE, false, NULL) \
	row("firewall", FAULT_FIREWALL, true, fault_read_firewall)
/* clang-format on */

#define ROW(name, kind, needs_arg, read) { kind, needs_arg, read },
#define NAME(name, kind, needs_arg, read) name,

static const struct word {
	enum fault_kind kind;
	bool needs_arg;
	fault_arg *read;
} words[] = { WORDS(ROW) };

static const char *const names[] = { WORDS(NAME) NULL };

const char *const *fault_names(void)
{
	return names;
}

/* NAME[:ARG] */
static int what_parse(char *text, struct fault *f, struct err *e)
{
	char *colon = strchr(text, ':');
	const struct word *w = words;
	int i;

	if (colon)
		*colon = 0;
	for (i = 0; names[i] && strcmp(names[i], text); i++)
		w++;
	if (!names[i])
		return fault_bad_word("fault", text, names, e);
	f->kind = w->kind;
	if (f->kind == FAULT_REORDER)
		f->delay_ns = REORDER_NS;
	if (!colon && !w->needs_arg)
		return 0;
	if (!w->read)
		return err_set(e, EINVAL, "it takes nothing after its name");
	return w->read(colon ? colon + 1 : "", f, e);
}

static bool is_reachable(const struct fault_scope *s)
{
	return !s->family || !s->n_addrs || s->family == s->addrs[0].family;
}

/* One WHERE.  Several narrow it down, each in its own way. */
static int where_add(const char *text, struct fault_scope *s, struct err *e)
{
	int family = !strcmp(text, "v4") ? 4 : !strcmp(text, "v6") ? 6 : 0, r;
	struct fault_scope more = { 0 };

	if (!family) {
		r = fault_scope_parse(text, &more, e);
		if (r)
			return r;
	}
	if ((family && s->family) || (more.host[0] && s->host[0]) || (more.port && s->port))
		return err_set(e, EINVAL, "'@%s': there is one already; several faults are several --fault", text);
	if (family)
		s->family = family;
	if (more.port)
		s->port = more.port;
	if (more.host[0]) {
		memcpy(s->host, more.host, sizeof(s->host));
		s->n_addrs = more.n_addrs;
		s->addrs[0] = more.addrs[0];
	}
	if (!is_reachable(s))
		return err_set(e, EINVAL, "%s has no IPv%d address", s->host, s->family);
	return 0;
}

static int parse(const char *text, struct fault *f, struct err *e)
{
	char copy[FAULT_TEXT_LEN], *at, *next;
	int r;

	memcpy(f->text, text, strlen(text) + 1);
	memcpy(copy, text, strlen(text) + 1);
	next = strchr(copy, '@');
	if (next)
		*next++ = 0;
	r = what_parse(copy, f, e);
	while (!r && next) {
		at = next;
		next = strchr(at, '@');
		if (next)
			*next++ = 0;
		r = where_add(at, &f->scope, e);
	}
	return r;
}

int fault_parse(const char *text, struct fault *ret, struct err *e)
{
	struct fault f = { 0 };
	int r;

	if (strlen(text) >= sizeof(f.text))
		r = err_set(e, EINVAL, "a fault is shorter than %zu characters", sizeof(f.text));
	else
		r = parse(text, &f, e);
	if (r) {
		if (e)
			e->exit_code = 2;
		err_wrap(e, "%.*s", FAULT_TEXT_LEN - 1, text);
		return r;
	}
	*ret = f;
	return 0;
}
