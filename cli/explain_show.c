/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/explain.h"

#include <string.h>

#include "sinks/json.h"

#define COLUMNS 80
#define LABEL_COLUMN 15 /* where what is said begins, as in a verdict */
#define HEAD_INDENT 4	/* tells a headline that goes on from a row */
#define LIST_COLUMN 28

size_t explain_cut(const char *text, size_t n)
{
	size_t i = 0;

	while (text[i] && n--)
		for (i++; ((unsigned char)text[i] & 0xc0) == 0x80; i++)
			;
	return i;
}

void explain_quote(const char *asked, size_t len, size_t columns, struct buf *to)
{
	struct buf b = { 0 };
	const char *text;
	size_t fits;

	/* no more of it is looked at than can be shown */
	buf_escaped(&b, asked, len < columns * 4 ? len : columns * 4);
	text = buf_text(&b);
	fits = explain_cut(text, columns - 2);
	buf_char(to, '"');
	if (text[fits]) {
		buf_add(to, text, explain_cut(text, columns - 5));
		buf_str(to, "...");
	} else {
		buf_str(to, text);
	}
	buf_char(to, '"');
	buf_fini(&b);
}

void explain_wrap(struct buf *to, const char *text, size_t at, size_t indent)
{
	size_t len, room = at;

	while (*text) {
		len = strcspn(text, " ");
		if (len > COLUMNS - indent)
			len = explain_cut(text, COLUMNS - indent); /* of a text from outside */
		if (room > at && room + 1 + len > COLUMNS) {
			buf_char(to, '\n');
			buf_repeat(to, " ", indent);
			room = at = indent;
		}
		if (room > at) {
			buf_char(to, ' ');
			room++;
		}
		buf_add(to, text, len);
		room += len;
		text += len + strspn(text + len, " ");
	}
	buf_char(to, '\n');
}

static void row(struct buf *to, const char *label, const char *text)
{
	buf_fmt(to, "  %-*s", LABEL_COLUMN - 2, label);
	explain_wrap(to, text, LABEL_COLUMN, LABEL_COLUMN);
}

static void join(struct buf *to, const char *name)
{
	buf_fmt(to, "%s%s", to->len ? ", " : "", name);
}

void explain_text(const struct answer *a, struct buf *to)
{
	const struct explain_entry *e = a->matches[0].entry;
	struct buf names = { 0 };
	int i;

	buf_fmt(to, "%s: ", e->name);
	explain_wrap(to, e->what, strlen(e->name) + 2, HEAD_INDENT);
	row(to, "timer", e->timer);
	row(to, "on the wire", e->wire);
	row(to, "look at", e->look);
	row(to, "to change it", e->change);
	for (i = 0; e->see[i]; i++)
		join(&names, e->see[i]);
	row(to, "see also", buf_text(&names));
	buf_reset(&names);
	for (i = 1; i < a->n; i++)
		join(&names, a->matches[i].entry->name);
	if (a->n > 1)
		row(to, a->line ? "also in it" : "it is also", buf_text(&names));
	buf_fini(&names);
}

static void strings(struct json *j, const char *key, const char *const *list)
{
	json_key(j, key);
	json_begin_array(j);
	for (; *list; list++)
		json_text(j, *list);
	json_end(j);
}

static void write_entry(struct json *j, const struct explain_entry *e)
{
	int k;

	json_key_string(j, "name", e->name);
	json_key(j, "kinds");
	json_begin_array(j);
	for (k = 0; k < EXPLAIN_KIND_N; k++)
		if (e->kinds & 1U << k)
			json_text(j, explain_kind_word((enum explain_kind)k));
	json_end(j);
	strings(j, "words", e->words);
	strings(j, "texts", e->texts);
	json_key_string(j, "what", e->what);
	json_key_string(j, "timer", e->timer);
	json_key_string(j, "wire", e->wire);
	json_key_string(j, "look", e->look);
	json_key_string(j, "change", e->change);
	strings(j, "see", e->see);
}

void explain_json(const struct answer *a, const struct explain_entry *const *near, int n_near, struct buf *to)
{
	struct buf asked = { 0 };
	struct json j;
	int i;

	buf_add(&asked, a->asked, a->asked_len);
	json_init(&j, to);
	json_begin_object(&j);
	json_key_int(&j, "v", 1);
	json_key(&j, "asked");
	json_text(&j, buf_text(&asked));
	if (a->line)
		json_key_int(&j, "line", (int64_t)a->line);
	if (a->n) {
		write_entry(&j, a->matches[0].entry);
		json_key(&j, "also");
		json_begin_array(&j);
		for (i = 1; i < a->n; i++)
			json_text(&j, a->matches[i].entry->name);
	} else {
		json_key(&j, "nearest");
		json_begin_array(&j);
		for (i = 0; i < n_near; i++)
			json_text(&j, near[i]->name);
	}
	json_end(&j);
	json_end(&j);
	buf_char(to, '\n');
	buf_fini(&asked);
}

static void list_json(struct buf *to)
{
	struct json j;
	int i;

	for (i = 0; i < explain_n_entries; i++) {
		json_init(&j, to);
		json_begin_object(&j);
		json_key_int(&j, "v", 1);
		write_entry(&j, &explain_entries[i]);
		json_end(&j);
		buf_char(to, '\n');
	}
}

static void list_row(const struct explain_entry *e, struct buf *to)
{
	size_t len = strlen(e->name);

	buf_fmt(to, "  %s", e->name);
	if (len + 4 > LIST_COLUMN) {
		buf_char(to, '\n');
		len = 0;
		buf_repeat(to, " ", LIST_COLUMN);
	} else {
		buf_repeat(to, " ", LIST_COLUMN - 2 - len);
	}
	explain_wrap(to, e->what, LIST_COLUMN, LIST_COLUMN);
}

void explain_list(bool json, struct buf *to)
{
	int i, k;

	if (json) {
		list_json(to);
		return;
	}
	for (k = 0; k < EXPLAIN_KIND_N; k++) {
		buf_fmt(to, "%s%s\n", k ? "\n" : "", explain_kind_word((enum explain_kind)k));
		for (i = 0; i < explain_n_entries; i++)
			if (explain_entries[i].kinds & 1U << k)
				list_row(&explain_entries[i], to);
	}
}
