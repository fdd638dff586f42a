/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/kept_packets.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packet/decode.h"
#include "sinks/pcapng.h"

void kept_packets_add(struct kept_packets *k, const struct live_packet *p, bool told)
{
	struct kept_packet *grown, *to;
	size_t cap = k->cap ? 2 * k->cap : 64;

	if (k->n == k->cap) {
		grown = realloc(k->packets, cap * sizeof(*grown));
		if (!grown) {
			k->missed++;
			return;
		}
		k->packets = grown;
		k->cap = cap;
	}
	to = &k->packets[k->n];
	*to = (struct kept_packet){ .t_ns = p->t_ns, .caplen = p->caplen, .len = p->len, .told = told };
	to->data = malloc(p->caplen ? p->caplen : 1);
	if (!to->data) {
		k->missed++;
		return;
	}
	memcpy(to->data, p->data, p->caplen);
	k->linktype = p->linktype;
	k->n++;
}

/* What there is to say of the packet that left or came at t_ns; "" for the rest. */
static void comment(const struct attempt *a, int64_t t_ns, char *to, size_t len)
{
	const struct drop *d = a->n_drops ? &a->drops[0] : NULL;
	int i;

	*to = 0;
	for (i = 0; i < a->n_syns && i < ATTEMPT_SYNS_MAX; i++)
		if (a->syn_ns[i] == t_ns)
			snprintf(to, len, "SYN %d, %.3f s after SYN 0%s%s%s%s%s", i,
				 (double)(t_ns - a->syn_ns[0]) / 1e9,
				 d && !d->reply && i < (int)d->packets ? "; dropped at " : "",
				 d && !d->reply && i < (int)d->packets ? drop_place_word(d->place) : "",
				 d && !d->reply && i < (int)d->packets && d->rule[0] ? " by \"" : "",
				 d && !d->reply && i < (int)d->packets ? d->rule : "",
				 d && !d->reply && i < (int)d->packets && d->rule[0] ? "\"" : "");
	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (a->replies[i].t_ns == t_ns)
			snprintf(to, len, "%s, %s%s", reply_kind_word(a->replies[i].kind),
				 a->replies[i].ignored ? "ignored: " : "accepted", ignored_word(a->replies[i].ignored));
}

static int write_one(struct pcapng *p, const struct kept_packet *k, const struct kept_comments *c, struct err *e)
{
	char note[400] = "";
	size_t i;

	for (i = 0; k->told && i < c->n && !note[0]; i++)
		comment(c->attempts[i], k->t_ns, note, sizeof(note));
	return pcapng_packet(p, k->t_ns, k->data, k->caplen, k->len, note[0] ? note : NULL, e);
}

int kept_packets_write(const struct kept_packets *k, const char *path, const struct kept_comments *c, struct err *e)
{
	const struct pcapng_opts o = { .path = path,
				       .comment = c->section,
				       .interface = c->interface,
				       .linktype = k->n ? k->linktype : LINK_ETHERNET,
				       .snaplen = c->snaplen };
	struct pcapng *p;
	size_t i;
	int r;

	if (k->missed)
		return err_sys(e, ENOMEM, "%s: %" PRIu64 " packets could not be kept", path, k->missed);
	r = pcapng_create(&o, &p, e);
	if (r)
		return r;
	for (i = 0; !r && i < k->n; i++)
		r = write_one(p, &k->packets[i], c, e);
	if (r) {
		pcapng_abort(p);
		return r;
	}
	return pcapng_close(p, e);
}

void kept_packets_fini(struct kept_packets *k)
{
	size_t i;

	for (i = 0; i < k->n; i++)
		free(k->packets[i].data);
	free(k->packets);
}
