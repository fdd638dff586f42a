/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/explain.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/options.h"
#include "sinks/json.h"
#include "util/confine.h"

#define LINE_LEN_MAX ((size_t)1 << 20) /* of a longer line the beginning is looked at, and it is counted */
#define READ_LEN 65536
#define LINE_COLUMNS 200 /* of the line that is quoted */
#define LINE_JSON 4096	 /* bytes of it in JSON */

struct log {
	struct matcher *m;
	bool json;
	struct buf line; /* the one that is being read */
	char *scratch;	 /* LINE_LEN_MAX */
	bool too_long;	 /* the present line */
	uint64_t n_lines, n_known, n_too_long;
	uint64_t *seen;	 /* of each entry: in how many lines it was the first match */
	uint64_t *first; /* ... and in which line first */
	int *order;	 /* the entries, as they came */
	int n_order;
	struct buf out;
};

static int flush(struct log *l, struct err *e)
{
	bool failed = l->out.failed;

	fputs(buf_text(&l->out), stdout);
	buf_reset(&l->out);
	if (fflush(stdout))
		return err_sys(e, errno, "standard output");
	return failed ? err_sys(e, ENOMEM, "an answer") : 0;
}

static int tell(struct log *l, struct answer *a, struct err *e)
{
	if (l->json) {
		if (a->asked_len > LINE_JSON)
			a->asked_len = LINE_JSON;
		explain_json(a, NULL, 0, &l->out);
	} else {
		struct buf head = { 0 };

		buf_fmt(&head, "line %" PRIu64 ": ", a->line);
		explain_quote(a->asked, a->asked_len, LINE_COLUMNS, &head);
		buf_str(&l->out, l->n_order > 1 ? "\n" : "");
		explain_wrap(&l->out, buf_text(&head), 0, 4);
		buf_fini(&head);
		explain_text(a, &l->out);
	}
	return flush(l, e);
}

static int end_line(struct log *l, struct err *e)
{
	struct answer a = { .asked = buf_text(&l->line), .asked_len = l->line.len };
	ptrdiff_t k;
	int r = 0;

	l->n_lines++;
	l->n_too_long += l->too_long;
	a.line = l->n_lines;
	a.n = matcher_line(l->m, a.asked, a.asked_len, l->scratch, a.matches);
	if (a.n) {
		k = a.matches[0].entry - explain_entries;
		l->n_known++;
		if (!l->seen[k]++) {
			l->first[k] = a.line;
			l->order[l->n_order++] = (int)k;
			r = tell(l, &a, e);
		}
	}
	buf_reset(&l->line);
	l->too_long = false;
	return r;
}

static int take(struct log *l, const char *at, size_t len, struct err *e)
{
	const char *eol;
	size_t n, room;
	int r;

	while (len) {
		eol = memchr(at, '\n', len);
		n = eol ? (size_t)(eol - at) : len;
		room = LINE_LEN_MAX - l->line.len;
		l->too_long |= n > room;
		buf_add(&l->line, at, n < room ? n : room);
		if (l->line.failed)
			return err_sys(e, ENOMEM, "a line of standard input");
		n += eol != NULL;
		at += n;
		len -= n;
		r = eol ? end_line(l, e) : 0;
		if (r)
			return r;
	}
	return 0;
}

static int read_all(struct log *l, struct err *e)
{
	char some[READ_LEN];
	ssize_t n;
	int r = 0;

	while (!r) {
		n = read(STDIN_FILENO, some, sizeof(some));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			r = err_sys(e, errno, "standard input");
			e->exit_code = 3;
			return r;
		}
		if (!n)
			return l->line.len || l->too_long ? end_line(l, e) : 0;
		r = take(l, some, (size_t)n, e);
	}
	return r;
}

static void count_json(const struct log *l, struct buf *to)
{
	struct json j;
	int i;

	json_init(&j, to);
	json_begin_object(&j);
	json_key_int(&j, "v", 1);
	json_key_int(&j, "lines", (int64_t)l->n_lines);
	json_key_int(&j, "lines_known", (int64_t)l->n_known);
	json_key_int(&j, "lines_cut", (int64_t)l->n_too_long);
	json_key(&j, "known");
	json_begin_array(&j);
	for (i = 0; i < l->n_order; i++) {
		json_begin_object(&j);
		json_key_string(&j, "name", explain_entries[l->order[i]].name);
		json_key_int(&j, "lines", (int64_t)l->seen[l->order[i]]);
		json_key_int(&j, "first_line", (int64_t)l->first[l->order[i]]);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
	buf_char(to, '\n');
}

static void count_text(const struct log *l, struct buf *to)
{
	int i;

	if (l->n_order)
		buf_fmt(to, "\n%" PRIu64 " of %" PRIu64 " line%s known\n", l->n_known, l->n_lines,
			l->n_lines == 1 ? "" : "s");
	for (i = 0; i < l->n_order; i++)
		buf_fmt(to, "%8" PRIu64 "  %s, first in line %" PRIu64 "\n", l->seen[l->order[i]],
			explain_entries[l->order[i]].name, l->first[l->order[i]]);
}

/* What is left to say at the end; the exit status. */
static int conclude(struct log *l, struct err *e)
{
	int r;

	if (l->json)
		count_json(l, &l->out);
	else
		count_text(l, &l->out);
	r = flush(l, e);
	if (r)
		return r;
	if (l->n_too_long) {
		err_set(e, EFBIG, "%" PRIu64 " line%s longer than 1 MiB: only the beginning was looked at",
			l->n_too_long, l->n_too_long == 1 ? " was" : "s were");
		return report_error("explain", e, 4);
	}
	if (l->n_order)
		return 0;
	err_set(e, ENOENT, "standard input has no text that is known, in %" PRIu64 " line%s", l->n_lines,
		l->n_lines == 1 ? "" : "s");
	err_remedy(e, "`synsent explain --list` lists what is known");
	return report_error("explain", e, 1);
}

int explain_log(struct matcher *m, bool json, struct err *e)
{
	size_t n = (size_t)explain_n_entries;
	struct log l = { .m = m, .json = json };
	struct confined confined;
	int r;

	l.scratch = malloc(LINE_LEN_MAX);
	l.seen = calloc(n, sizeof(*l.seen));
	l.first = calloc(n, sizeof(*l.first));
	l.order = calloc(n, sizeof(*l.order));
	r = l.scratch && l.seen && l.first && l.order ? 0 : err_sys(e, ENOMEM, "standard input");
	if (!r)
		r = confine(CONFINE_TRY, &confined, e);
	if (!r)
		r = read_all(&l, e);
	if (!r)
		r = conclude(&l, e);
	buf_fini(&l.line);
	buf_fini(&l.out);
	free(l.scratch);
	free(l.seen);
	free(l.first);
	free(l.order);
	return r;
}
