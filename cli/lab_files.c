/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/lab_files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/timescale.h"
#include "sinks/diagram.h"
#include "sinks/pcapng.h"
#include "util/buf.h"
#include "util/outfile.h"

#define SNAPLEN 65535

void lab_files_packet(struct lab_files *f, const struct live_packet *p, const struct packet *decoded, bool studied)
{
	struct lab_packet *grown, *k;
	size_t cap = f->cap ? 2 * f->cap : 64;

	if (!f->keep_packets)
		return;
	if (f->n == f->cap) {
		grown = realloc(f->packets, cap * sizeof(*grown));
		if (!grown) {
			f->missed++;
			return;
		}
		f->packets = grown;
		f->cap = cap;
	}
	k = &f->packets[f->n];
	*k = (struct lab_packet){ .t_ns = p->t_ns, .caplen = p->caplen, .len = p->len, .studied = studied };
	k->data = malloc(p->caplen ? p->caplen : 1);
	if (!k->data) {
		f->missed++;
		return;
	}
	memcpy(k->data, p->data, p->caplen);
	f->linktype = p->linktype;
	f->n++;
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

int lab_files_capture(const struct lab_files *f, const char *path, const struct attempt *a, struct err *e)
{
	char section[600] = "", note[400];
	struct pcapng_opts o = {
		.path = path, .comment = section, .interface = "lo", .linktype = f->linktype, .snaplen = SNAPLEN
	};
	struct pcapng *p;
	struct verdict v;
	size_t i;
	int r;

	if (f->missed)
		return err_sys(e, ENOMEM, "%s: %" PRIu64 " packets could not be kept", path, f->missed);
	if (a) {
		verdict_make(a, &v);
		snprintf(section, sizeof(section), "synsent: %s: %s (%s)", outcome_word(v.outcome), v.headline,
			 confidence_word(v.confidence));
	}
	if (!f->n)
		o.linktype = LINK_ETHERNET;
	r = pcapng_create(&o, &p, e);
	if (r)
		return r;
	for (i = 0; !r && i < f->n; i++) {
		const struct lab_packet *k = &f->packets[i];

		note[0] = 0;
		if (a && k->studied)
			comment(a, k->t_ns, note, sizeof(note));
		r = pcapng_packet(p, k->t_ns, k->data, k->caplen, k->len, note[0] ? note : NULL, e);
	}
	if (r) {
		pcapng_abort(p);
		return r;
	}
	return pcapng_close(p, e);
}

int lab_files_try(const char *path, struct err *e)
{
	struct outfile *o;
	struct stat st;
	int r;

	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return 0; /* a pipe's reader would take the attempt for the end */
	r = outfile_create(path, &o, e);

	if (!r)
		outfile_abort(o);
	return r;
}

bool lab_is_scaled(const struct attempt *a, const struct verdict *v, const struct lab_config *c)
{
	return c->fast && (a->n_syns > 1 || v->outcome == OUTCOME_TIMED_OUT || v->outcome == OUTCOME_ABANDONED ||
			   v->outcome == OUTCOME_KILLED || v->outcome == OUTCOME_PENDING);
}

void lab_story(const struct attempt *a, const struct verdict *v, const struct lab_config *c, struct story *ret)
{
	struct attempt *scaled = lab_is_scaled(a, v, c) ? malloc(sizeof(*scaled)) : NULL;
	struct verdict of_scaled;
	int i;

	if (scaled)
		timescale_attempt(a, scaled);
	story_make(scaled ? scaled : a, v, ret);
	if (ret->n && c->scenario->route == ROUTES_AS_THEY_ARE)
		snprintf(ret->rows[0].server_state, sizeof(ret->rows[0].server_state), "%s",
			 c->scenario->server == SERVER_STOPS ? "CLOSED" : "LISTEN");
	for (i = 0; scaled && i < ret->n; i++)
		if (ret->rows[i].kind == STORY_END)
			ret->rows[i].real_ns = v->elapsed_ns;
	ret->scaled = scaled != NULL;
	if (scaled) {
		/* the times in its words are to be those of the drawing */
		verdict_make(scaled, &of_scaled);
		if (of_scaled.outcome == v->outcome && of_scaled.gave_up_by == v->gave_up_by)
			snprintf(ret->end_text, sizeof(ret->end_text), "%s", of_scaled.headline);
	}
	free(scaled);
}

int lab_files_svg(const char *path, const struct attempt *a, const struct lab_config *c, struct err *e)
{
	struct story *story = malloc(sizeof(*story));
	struct diagram *d = NULL;
	struct outfile *out;
	struct buf b = { 0 };
	struct verdict v;
	int r = -ENOMEM;

	verdict_make(a, &v);
	if (story) {
		lab_story(a, &v, c, story);
		d = diagram_new(story);
	}
	if (d) {
		diagram_svg(d, &b);
		r = outfile_create(path, &out, e);
		if (!r) {
			outfile_write(out, buf_text(&b), b.len, e);
			r = outfile_close(out, e);
		}
	} else {
		err_sys(e, ENOMEM, "%s", path);
	}
	diagram_free(d);
	buf_fini(&b);
	free(story);
	return r;
}

void lab_files_fini(struct lab_files *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		free(f->packets[i].data);
	free(f->packets);
}
