/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/diagram_layout.h"

#include <inttypes.h>
#include <stdio.h>

#include "sinks/text.h"

enum diagram_tone diagram_tone_of(enum outcome o)
{
	if (o == OUTCOME_ESTABLISHED)
		return DIAGRAM_GOOD;
	return o == OUTCOME_PENDING || o == OUTCOME_UNANSWERED ? DIAGRAM_NEUTRAL : DIAGRAM_BAD;
}

static void foot_add(struct diagram *d, enum diagram_mark mark, enum diagram_tone tone, const char *text)
{
	struct diagram_foot *f = &d->feet[d->n_feet];

	if (d->n_feet == DIAGRAM_FEET_MAX)
		return;
	d->n_feet++;
	f->mark = mark;
	f->tone = tone;
	diagram_escape(text, &f->text);
}

static void cause_add(struct diagram *d, const struct story_cause *c)
{
	char text[300], count[40] = "";

	if (c->packets)
		snprintf(count, sizeof(count), ", %" PRIu64 " packet%s", c->packets, c->packets == 1 ? "" : "s");
	snprintf(text, sizeof(text), "%s %s at %s%s%s%s%s",
		 c->reply    ? "reply"
		 : c->others ? "packet"
			     : "SYN",
		 c->is_rule && text_rejects(c->text) ? "rejected" : "dropped", drop_place_word(c->place), count,
		 !c->text[0]  ? ""
		 : c->is_rule ? ", by \""
			      : ": ",
		 c->text, c->is_rule ? "\"" : "");
	foot_add(d, DIAGRAM_DROPPED, DIAGRAM_BAD, text);
}

void diagram_feet_add(struct diagram *d, const struct story *s)
{
	const struct story_row *end = NULL;
	bool unanswered = false, unseen = false, nominal = false, lost = false;
	char text[256];
	int i;

	for (i = 0; i < s->n; i++) {
		lost |= s->rows[i].lost != DROP_NONE;
		unanswered |= s->rows[i].unanswered;
		unseen |= s->rows[i].unseen;
		nominal |= s->rows[i].nominal;
		if (s->rows[i].kind == STORY_END)
			end = &s->rows[i];
	}
	for (i = 0; i < s->n_causes; i++)
		cause_add(d, &s->causes[i]);
	if (lost && !s->n_causes)
		foot_add(d, DIAGRAM_DROPPED, DIAGRAM_BAD, "went no further; the answer to it says why");
	if (unanswered)
		foot_add(d, DIAGRAM_UNSEEN, DIAGRAM_NEUTRAL, "no answer came; where it was lost was not seen");
	if (unseen)
		foot_add(d, DIAGRAM_UNSEEN, DIAGRAM_NEUTRAL, "whether it arrived was not seen");
	if (nominal)
		foot_add(d, DIAGRAM_NO_MARK, DIAGRAM_NEUTRAL, "~ nominal: timers may run an eighth longer");
	if (s->more_replies > 0) {
		snprintf(text, sizeof(text), "%d more replies are not shown", s->more_replies);
		foot_add(d, DIAGRAM_NO_MARK, DIAGRAM_NEUTRAL, text);
	}
	if (s->scaled && end) {
		char lab[24], real[24];

		diagram_time(end->t_ns, false, lab);
		diagram_time(end->real_ns, false, real);
		snprintf(text, sizeof(text), "times are scaled: these %s s took %s s", lab, real);
		foot_add(d, DIAGRAM_NO_MARK, DIAGRAM_NEUTRAL, text);
	}
	snprintf(text, sizeof(text), "%s%s%s", outcome_word(s->outcome), s->end_text[0] ? ": " : "", s->end_text);
	foot_add(d, DIAGRAM_NO_MARK, diagram_tone_of(s->outcome), text);
}
