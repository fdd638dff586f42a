/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <string.h>

#include "sinks/diff.h"
#include "sinks/figures.h"
#include "sinks/line.h"

#define FLOW_WIDTH 38

static void put_flow(const struct flow *f, struct buf *to)
{
	char text[ENDPOINT_TEXT_LEN];

	buf_str(to, endpoint_format(&f->client, text));
	buf_str(to, " > ");
	buf_str(to, endpoint_format(&f->server, text));
}

static bool is_rewritten(const struct pair_report *r)
{
	return !endpoint_equal(&r->client_flow.client, &r->server_flow.client) ||
	       !endpoint_equal(&r->client_flow.server, &r->server_flow.server);
}

void diff_line(const struct pair_report *r, const struct pair_words *w, const struct diff_line_look *look,
	       struct buf *to)
{
	enum outcome o = r->client_outcome != OUTCOME_NONE ? r->client_outcome : r->server_outcome;
	const char *word = o == OUTCOME_NONE ? "unknown" : outcome_word(o);
	bool color = look->color && o != OUTCOME_NONE && o != OUTCOME_PENDING;
	size_t start;

	buf_fmt(to, "%5" PRIu32 "  ", r->number);
	figures_clock(r->start_ns, CLOCK_MS | (look->date ? CLOCK_DATE : 0), to);
	buf_str(to, "  ");
	start = to->len;
	put_flow(&r->client_flow, to);
	if (is_rewritten(r)) {
		buf_str(to, " [");
		put_flow(&r->server_flow, to);
		buf_char(to, ']');
	}
	line_gap(to->len - start, FLOW_WIDTH, to);
	buf_fmt(to, "%s%s%s", color ? o == OUTCOME_ESTABLISHED ? "\033[32m" : "\033[31m" : "", word,
		color ? "\033[0m" : "");
	line_gap(strlen(word), LINE_OUTCOME_WIDTH, to);
	buf_str(to, w->headline);
	if (r->confidence != CONFIDENCE_CERTAIN && (r->sort == PAIR_LOST || r->sort == PAIR_BOTH))
		buf_fmt(to, "  (%s)", confidence_word(r->confidence));
	buf_char(to, '\n');
}
