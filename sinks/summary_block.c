/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/summary_block.h"

#include <string.h>

#include "sinks/diagram_layout.h"

int block_width(const char *text)
{
	return diagram_columns(text, strlen(text));
}

void block_row(struct block *b, const char *label)
{
	buf_fmt(b->to, "%-*s", BLOCK_LABEL, label);
	b->column = b->indent = BLOCK_LABEL;
	b->started = false;
}

void block_end(struct block *b)
{
	while (b->to->len && b->to->data[b->to->len - 1] == ' ')
		b->to->data[--b->to->len] = 0;
	buf_char(b->to, '\n');
	b->lines++;
	b->column = 0;
}

void block_newline(struct block *b, int indent)
{
	block_end(b);
	buf_repeat(b->to, " ", (size_t)indent);
	b->column = b->indent = indent;
	b->started = false;
}

void block_piece(struct block *b, const char *gap, const char *text, const char *pen)
{
	int width = block_width(text);
	size_t sign = strcspn(gap, " ");

	/* a sign of the next gap may have to stand after it */
	if (b->started && b->column + (int)strlen(gap) + width >= BLOCK_COLUMNS) {
		buf_add(b->to, gap, sign);
		block_newline(b, b->indent);
	} else if (b->started) {
		buf_str(b->to, gap);
		b->column += (int)strlen(gap);
	}
	if (b->look->color && *pen)
		buf_fmt(b->to, "%s%s%s", pen, text, PEN_END);
	else
		buf_str(b->to, text);
	b->column += width;
	b->started = true;
}

void block_take(struct block *b, const char *gap, struct buf *text, const char *pen)
{
	block_piece(b, gap, buf_text(text), pen);
	buf_reset(text);
}

/* Bytes of as many whole characters as fit. */
static size_t bytes_that_fit(const char *text, size_t len, int columns)
{
	while (len && diagram_columns(text, len) > columns)
		do
			len--;
		while (len && ((unsigned char)text[len] & 0xc0) == 0x80);
	return len;
}

void block_words(struct block *b, const char *text)
{
	struct buf word = { 0 };
	size_t len, fits;

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		len = strcspn(text, " ");
		fits = bytes_that_fit(text, len, BLOCK_COLUMNS - b->indent - 1);
		buf_reset(&word);
		buf_add(&word, text, fits ? fits : len);
		block_piece(b, " ", buf_text(&word), PEN_NONE);
		text += fits ? fits : len;
	}
	buf_fini(&word);
}

void block_cut(const char *text, int columns, struct buf *to)
{
	struct buf escaped = { 0 };

	buf_escaped(&escaped, text, strlen(text));
	if (block_width(buf_text(&escaped)) <= columns) {
		buf_str(to, buf_text(&escaped));
	} else {
		buf_add(to, buf_text(&escaped), bytes_that_fit(buf_text(&escaped), escaped.len, columns - 3));
		buf_str(to, "...");
	}
	buf_fini(&escaped);
}

const char *block_word(enum outcome o)
{
	return o == OUTCOME_NONE ? "unknown" : outcome_word(o);
}

const char *block_pen(enum outcome o)
{
	return o == OUTCOME_ESTABLISHED ? PEN_GREEN : o == OUTCOME_PENDING ? PEN_NONE : PEN_RED;
}

int block_outcomes(const uint64_t n[OUTCOME_N], enum outcome ret[OUTCOME_N])
{
	int o, at, count = 0;

	for (o = 0; o < OUTCOME_N; o++) {
		if (!n[o])
			continue;
		for (at = count++; at && n[ret[at - 1]] < n[o]; at--)
			ret[at] = ret[at - 1];
		ret[at] = (enum outcome)o;
	}
	return count;
}
