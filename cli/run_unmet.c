/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/run_show.h"

/* What goes over lo passes neither the wire nor a route: there only a rule of the firewall that names it acts.  Faults
 * on the real network are at the sockets. */
static bool meets(const struct run_show *s, const struct fault *f, const struct endpoint *server)
{
	if (!s->o.c->here && addr_is_loopback(&server->addr) && (f->kind != FAULT_FIREWALL || !f->scope.host[0]))
		return false;
	return fault_concerns(&f->scope, server);
}

/* One met it; else *ret_at_home says that there was one which only stayed at home. */
static bool is_met(const struct run_show *s, const struct fault *f, bool *ret_at_home)
{
	size_t i;

	*ret_at_home = false;
	for (i = 0; i < s->n_tried; i++) {
		const struct endpoint *server = &s->tried[i].flow.server;

		if (meets(s, f, server))
			return true;
		*ret_at_home |= fault_concerns(&f->scope, server);
	}
	return false;
}

void run_unmet(const struct run_show *s)
{
	bool at_home;
	int k;

	for (k = 0; s->n_tried && k < s->o.c->n_faults; k++) {
		const struct fault *f = &s->o.c->faults[k];
		struct buf b = { 0 };

		if (is_met(s, f, &at_home))
			continue;
		buf_str(&b, "         the fault \"");
		buf_escaped(&b, f->text, strlen(f->text));
		buf_fmt(&b, "\" met nothing: %s\n",
			at_home ? "connections to localhost do not pass the wire"
				: "no connection was to where it acts");
		fputs(buf_text(&b), stderr);
		buf_fini(&b);
	}
}
