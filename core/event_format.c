/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/event_text.h"

#include <string.h>

#include "core/event_fields.h"
#include "util/buf.h"

static void add_string(struct buf *to, const char *s, size_t size)
{
	size_t i, len = strnlen(s, size - 1);
	bool plain = true;

	for (i = 0; i < len; i++)
		if (s[i] <= ' ' || s[i] >= 0x7f || s[i] == '"' || s[i] == '\\')
			plain = false;
	if (plain) {
		buf_add(to, s, len);
		return;
	}
	buf_char(to, '"');
	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\')
			buf_fmt(to, "\\%c", c);
		else if (c < ' ' || c >= 0x7f)
			buf_fmt(to, "\\x%02x", c);
		else
			buf_char(to, (char)c);
	}
	buf_char(to, '"');
}

static void add_flags(struct buf *to, uint64_t v)
{
	size_t i, n = sizeof(EVENT_FLAGS) - 1;

	if (!v || v >> n) {
		buf_fmt(to, "%llu", (unsigned long long)v);
		return;
	}
	for (i = 0; i < n; i++)
		if (v >> i & 1)
			buf_char(to, EVENT_FLAGS[i]);
}

static void add_kernel(struct buf *to, uint32_t v)
{
	buf_fmt(to, "%u.%u", v >> 16, v >> 8 & 0xff);
	if (v & 0xff)
		buf_fmt(to, ".%u", v & 0xff);
}

static void add_value(struct buf *to, const struct event *ev, const struct event_field *f)
{
	const char *at = (const char *)ev + f->offset, *word;
	char text[ADDR_TEXT_LEN];
	struct addr a;
	int64_t v;

	if (f->type == FIELD_STRING) {
		add_string(to, at, f->size);
		return;
	}
	if (f->type == FIELD_ADDR) {
		memcpy(&a, at, sizeof(a));
		buf_str(to, addr_format(&a, text));
		return;
	}
	v = event_field_get(ev, f);
	word = event_field_word(f->type, v);
	if (word)
		buf_str(to, word);
	else if (f->type == FIELD_FLAGS)
		add_flags(to, (uint64_t)v);
	else if (f->type == FIELD_KERNEL)
		add_kernel(to, (uint32_t)v);
	else if (f->type == FIELD_UINT)
		buf_fmt(to, "%llu", (unsigned long long)v);
	else
		buf_fmt(to, "%lld", (long long)v);
}

static bool is_default(const struct event *ev, const struct event_field *f)
{
	const char *at = (const char *)ev + f->offset;

	if (f->type == FIELD_STRING || f->type == FIELD_ADDR)
		return !*at; /* "", and the family "none" */
	return event_field_get(ev, f) == f->dflt;
}

static void add_field(struct buf *to, const struct event *ev, const struct event_field *f)
{
	bool guarded = f->guard && *((const bool *)ev + f->guard);

	if (f->guard && !guarded)
		return;
	if (is_default(ev, f) && !(guarded && f->shown))
		return;
	buf_fmt(to, " %s=", f->name);
	add_value(to, ev, f);
}

void event_format(const struct event *ev, struct buf *to)
{
	const struct event_form *form = event_form_of(ev->kind);
	uint64_t t = ev->t_ns < 0 ? -(uint64_t)ev->t_ns : (uint64_t)ev->t_ns;
	char from[ENDPOINT_TEXT_LEN], dst[ENDPOINT_TEXT_LEN];
	struct endpoint a, b;
	int i;

	if (!form)
		return;
	buf_fmt(to, "%s%llu.%09llu %s", ev->t_ns < 0 ? "-" : "", (unsigned long long)(t / 1000000000),
		(unsigned long long)(t % 1000000000), form->word);
	if (form->has_flow) {
		memcpy(&a, (const char *)ev + form->from, sizeof(a));
		memcpy(&b, (const char *)ev + form->to, sizeof(b));
		if (!form->flow_optional || a.addr.family || a.port || b.addr.family || b.port)
			buf_fmt(to, " %s > %s", endpoint_format(&a, from), endpoint_format(&b, dst));
	}
	for (i = 0; i < form->n_fields; i++)
		add_field(to, ev, &form->fields[i]);
	add_field(to, ev, &event_field_packet);
	buf_char(to, '\n');
}
