/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sources/rulecounts_list.h"

/*
 * iptables-save(8) -c: "*TABLE", ":CHAIN POLICY [PACKETS:BYTES]", and
 * "[PACKETS:BYTES] -A CHAIN MATCHES -j TARGET".  Words that hold blanks stand in
 * double quotes, with a backslash before what is special.
 */
struct save {
	const char *family;
	struct buf table, chain; /* chain: of the last rule */
	int number;
	struct rulecounts_list *to;
};

/* One word, unquoted; where it ends, or NULL at the end of the text. */
static const char *word(const char *at, struct buf *to)
{
	bool quoted = false;

	buf_reset(to);
	at += strspn(at, " ");
	if (!*at)
		return NULL;
	for (; *at && (quoted || *at != ' '); at++) {
		if (*at == '"') {
			quoted = !quoted;
			continue;
		}
		if (*at == '\\' && quoted && at[1])
			at++;
		buf_char(to, *at);
	}
	return at;
}

static bool is(const struct buf *b, const char *text)
{
	return !strcmp(buf_text(b), text);
}

static bool packets(const char *text, uint64_t *ret)
{
	char *end;

	if (*text != '[')
		return false;
	*ret = strtoull(text + 1, &end, 10);
	return end > text + 1 && *end == ':' && strchr(end, ']');
}

static int chain_line(struct save *s, const char *line)
{
	struct rulecount c = { .maker = RULE_IPTABLES_LEGACY, .policy = true };
	struct buf name = { 0 }, policy = { 0 };
	const char *at = word(line, &name);
	int r = 0;

	at = at ? word(at, &policy) : NULL;
	if (at && is(&policy, "DROP") && packets(at + strspn(at, " "), &c.packets)) {
		c.family = (char *)(uintptr_t)s->family;
		c.table = s->table.data;
		c.chain = name.data;
		r = name.failed ? -ENOMEM : rulecounts_list_add(s->to, &c);
	}
	buf_fini(&name);
	buf_fini(&policy);
	return r;
}

struct words {
	struct buf text, comment, target, word;
};

/* What stands between is the rule's text, as it is; a comment is taken out of it. */
static void take_words(const char *at, struct words *w)
{
	const char *next;

	while ((next = word(at, &w->word))) {
		if (!strncmp(at, " -m comment --comment ", 22)) {
			next = word(at + 21, &w->comment);
			at = next ? next : at + 22;
			continue;
		}
		if (is(&w->word, "-j") || is(&w->word, "-g"))
			word(next, &w->target);
		buf_add(&w->text, at, (size_t)(next - at));
		at = next;
	}
}

static bool drops(const struct buf *target)
{
	return is(target, "DROP") || is(target, "REJECT") || is(target, "TARPIT");
}

/* iptables-extensions(8): REJECT answers with an ICMP error, but for --reject-with tcp-reset.  TARPIT may do either. */
static enum rule_answer answer(const struct words *w, bool reject)
{
	if (reject)
		return strstr(buf_text(&w->text), "--reject-with tcp-reset") ? RULE_ANSWER_RST : RULE_ANSWER_ICMP;
	return is(&w->target, "DROP") ? RULE_ANSWER_NONE : RULE_ANSWER_ANY;
}

static int add_rule(struct save *s, struct words *w, uint64_t count)
{
	struct rulecount c = { .maker = RULE_IPTABLES_LEGACY, .number = s->number, .packets = count };

	if (w->text.failed || w->comment.failed || w->target.failed || w->word.failed || s->chain.failed)
		return -ENOMEM;
	s->to->translates |= is(&w->target, "DNAT") || is(&w->target, "REDIRECT");
	if (!drops(&w->target))
		return 0;
	c.reject = is(&w->target, "REJECT");
	c.answer = answer(w, c.reject);
	c.family = (char *)(uintptr_t)s->family;
	c.table = s->table.data;
	c.chain = s->chain.data;
	c.comment = w->comment.data;
	c.text = w->text.data + strspn(w->text.data, " ");
	return rulecounts_list_add(s->to, &c);
}

static int rule_line(struct save *s, const char *line)
{
	const char *at = strchr(line, ']');
	struct words w = { 0 };
	uint64_t count;
	int r = 0;

	if (!at || !packets(line, &count) || !(at = word(at + 1, &w.word)) || !is(&w.word, "-A") ||
	    !(at = word(at, &w.word)))
		goto out;
	if (!is(&s->chain, buf_text(&w.word))) {
		buf_reset(&s->chain);
		buf_str(&s->chain, buf_text(&w.word));
		s->number = 0;
	}
	s->number++;
	take_words(at, &w);
	r = add_rule(s, &w, count);
out:
	buf_fini(&w.text);
	buf_fini(&w.comment);
	buf_fini(&w.target);
	buf_fini(&w.word);
	return r;
}

static int take_line(struct save *s, const char *line)
{
	if (*line == '*') {
		buf_reset(&s->table);
		buf_str(&s->table, line + 1);
		buf_reset(&s->chain);
		s->number = 0;
		return s->table.failed ? -ENOMEM : 0;
	}
	if (!s->table.len)
		return 0;
	return *line == ':' ? chain_line(s, line + 1) : *line == '[' ? rule_line(s, line) : 0;
}

int rulecounts_from_save(const char *text, const char *family, struct rulecounts_list *to)
{
	struct save s = { .family = family, .to = to };
	int r = 0;

	while (*text && !r) {
		size_t len = strcspn(text, "\n");
		char *line = strndup(text, len);

		r = line ? take_line(&s, line) : -ENOMEM;
		free(line);
		text += len + (text[len] == '\n');
	}
	buf_fini(&s.table);
	buf_fini(&s.chain);
	return r;
}
