/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/event_text.h"

#include <errno.h>
#include <string.h>

#include "core/event_fields.h"
#include "core/event_values.h"

/* What is left of the line. */
struct cursor {
	const char *p, *end;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(struct cursor *c)
{
	while (c->p < c->end && is_blank(*c->p))
		c->p++;
}

/* Copies the next word, up to a blank or `stop`, NUL-terminated.  False when there is none or it is too long. */
static bool take_word(struct cursor *c, char stop, char *to, size_t size)
{
	size_t n = 0;

	skip_blanks(c);
	while (c->p < c->end && !is_blank(*c->p) && *c->p != stop) {
		if (!*c->p || n + 1 >= size)
			return false;
		to[n++] = *c->p++;
	}
	to[n] = 0;
	return n > 0;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The rest of a quoted value, whose first quote is behind us. */
static bool take_quoted(struct cursor *c, char *to, size_t size)
{
	size_t n = 0;

	while (c->p < c->end && *c->p != '"') {
		char ch = *c->p++;

		if (ch == '\\') {
			size_t left = (size_t)(c->end - c->p);

			if (left >= 1 && (*c->p == '\\' || *c->p == '"')) {
				ch = *c->p++;
			} else if (left >= 3 && *c->p == 'x' && hex(c->p[1]) >= 0 && hex(c->p[2]) >= 0) {
				ch = (char)(hex(c->p[1]) << 4 | hex(c->p[2]));
				c->p += 3;
			} else {
				return false;
			}
		}
		if (!ch || n + 1 >= size)
			return false;
		to[n++] = ch;
	}
	if (c->p == c->end)
		return false;
	c->p++;
	to[n] = 0;
	return c->p == c->end || is_blank(*c->p);
}

static const struct event_field *find_field(const struct event_form *form, const char *name, int *ret_i)
{
	int i;

	*ret_i = form->n_fields;
	if (!strcmp(name, event_field_packet.name))
		return &event_field_packet;
	for (i = 0; i < form->n_fields; i++) {
		if (!strcmp(name, form->fields[i].name)) {
			*ret_i = i;
			return &form->fields[i];
		}
	}
	return NULL;
}

/* Sets the defaults of the fields behind one guard (0: of those that have none). */
static void set_defaults(struct event *ev, const struct event_form *form, uint16_t guard)
{
	int i;

	for (i = 0; i < form->n_fields; i++)
		if (form->fields[i].guard == guard && form->fields[i].dflt)
			event_field_set(ev, &form->fields[i], form->fields[i].dflt);
}

static const char *parse_field(struct cursor *c, const struct event_form *form, uint64_t *seen, struct event *ev)
{
	const struct event_field *f;
	char name[24], value[256];
	bool ok, *guard;
	int i;

	if (!take_word(c, '=', name, sizeof(name)) || c->p == c->end || *c->p != '=')
		return "something that is not name=value";
	c->p++;
	f = find_field(form, name, &i);
	if (!f)
		return "a field that this kind of event does not have";
	if (*seen >> i & 1)
		return "a field given twice";
	*seen |= UINT64_C(1) << i;
	if (f->guard) {
		guard = (bool *)ev + f->guard;
		if (!*guard)
			set_defaults(ev, form, f->guard);
		*guard = true;
	}
	if (c->p < c->end && *c->p == '"') {
		c->p++;
		ok = take_quoted(c, value, sizeof(value));
	} else {
		ok = c->p < c->end && !is_blank(*c->p) && take_word(c, ' ', value, sizeof(value));
	}
	if (!ok || !event_value_set(ev, f, value))
		return "a value that its field cannot hold";
	return NULL;
}

static bool parse_flow(struct cursor *c, const struct event_form *form, struct event *ev)
{
	char text[ENDPOINT_TEXT_LEN];
	struct endpoint *from = (struct endpoint *)((char *)ev + form->from);
	struct endpoint *to = (struct endpoint *)((char *)ev + form->to);

	if (!take_word(c, ' ', text, sizeof(text)) || endpoint_parse(text, from) < 0)
		return false;
	if (!take_word(c, ' ', text, sizeof(text)) || strcmp(text, ">") != 0)
		return false;
	if (!take_word(c, ' ', text, sizeof(text)) || endpoint_parse(text, to) < 0)
		return false;
	return true;
}

/* What comes next is name=value, or nothing. */
static bool at_field(struct cursor *c)
{
	const char *p;

	skip_blanks(c);
	for (p = c->p; p < c->end && !is_blank(*p); p++)
		if (*p == '=')
			return true;
	return p == c->end && p == c->p;
}

static const struct event_form *find_form(const char *word, enum event_kind *ret)
{
	int k;

	for (k = 0; k < EVENT_KIND_N; k++) {
		const struct event_form *form = event_form_of((enum event_kind)k);

		if (form && !strcmp(form->word, word)) {
			*ret = (enum event_kind)k;
			return form;
		}
	}
	return NULL;
}

/* NULL, or why not. */
static const char *parse_event(struct cursor *c, struct event *ev)
{
	const struct event_form *form;
	const char *why = NULL;
	char word[32];
	uint64_t seen = 0;

	if (!take_word(c, ' ', word, sizeof(word)) || !event_time_parse(word, &ev->t_ns))
		return "no time in front: seconds since 1970, with at most 9 decimals";
	if (!take_word(c, ' ', word, sizeof(word)))
		return "no kind of event after the time";
	form = find_form(word, &ev->kind);
	if (!form)
		return "an unknown kind of event";
	if (form->has_flow && !(form->flow_optional && at_field(c)) && !parse_flow(c, form, ev))
		return "no \"ADDRESS:PORT > ADDRESS:PORT\" after the kind";
	set_defaults(ev, form, 0);
	for (skip_blanks(c); !why && c->p < c->end; skip_blanks(c))
		why = parse_field(c, form, &seen, ev);
	if (!why && ev->kind == EVENT_CONNECT && ev->connect.has_policy)
		why = policy_invalid(&ev->connect.policy);
	if (!why && ev->kind == EVENT_STATE && ev->state.has_policy)
		why = policy_invalid(&ev->state.policy);
	return why;
}

int event_parse(const char *line, size_t len, struct event *ret, const char **ret_why)
{
	struct cursor c = { line, line + len };
	struct event ev;
	const char *why;

	skip_blanks(&c);
	if (c.p == c.end || *c.p == '#')
		return 0;
	memset(&ev, 0, sizeof(ev));
	why = parse_event(&c, &ev);
	if (why) {
		*ret_why = why;
		return -EINVAL;
	}
	*ret = ev;
	return 1;
}
