/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/path.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const kind_words[PATH_KIND_N] = {
	[PATH_NONE] = "?",	  [PATH_VLAN] = "vlan",	 [PATH_MPLS] = "mpls",	   [PATH_PPPOE] = "pppoe",
	[PATH_IPIP] = "ipip",	  [PATH_GRE] = "gre",	 [PATH_ERSPAN] = "erspan", [PATH_VXLAN] = "vxlan",
	[PATH_GENEVE] = "geneve", [PATH_GTPU] = "gtp-u",
};

void path_add(struct path *p, const struct path_step *s)
{
	if (p->n < PATH_STEPS_MAX)
		p->steps[p->n] = *s;
	p->n++;
	p->n_tunnels += s->src.family != 0;
}

/* Text that is cut where `to` ends. */
struct text {
	char *to;
	size_t len, used;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format, ...)
{
	size_t left = t->len - t->used;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->to + t->used, left, format, args);
	va_end(args);
	if (n > 0)
		t->used += (size_t)n < left ? (size_t)n : left - 1;
}

char *path_format(const struct path *p, char *to, size_t len)
{
	struct text t = { .to = to, .len = len };
	char src[ADDR_TEXT_LEN], dst[ADDR_TEXT_LEN];
	int i;

	if (!len)
		return to;
	to[0] = '\0';
	for (i = 0; i < p->n && i < PATH_STEPS_MAX; i++) {
		const struct path_step *s = &p->steps[i];

		add(&t, "%s%s", i ? " / " : "", kind_words[s->kind]);
		if (s->has_id)
			add(&t, " %u", s->id);
		if (s->src.family)
			add(&t, " %s > %s", addr_format(&s->src, src), addr_format(&s->dst, dst));
	}
	if (p->n > PATH_STEPS_MAX)
		add(&t, " / %d more", p->n - PATH_STEPS_MAX);
	return to;
}
