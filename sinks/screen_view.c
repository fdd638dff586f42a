/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/screen_model.h"

#include <stdlib.h>
#include <string.h>

/* Orders: below 0 says that the first of the two stands first.  What is equal stands in the order of its id. */

static int compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare_servers(const struct endpoint *a, const struct endpoint *b)
{
	int by = compare(a->addr.family, b->addr.family);

	if (!by)
		by = memcmp(a->addr.b, b->addr.b, sizeof(a->addr.b));
	return by ? by : compare(a->port, b->port);
}

/* What is not known stands last. */
static int64_t due(int64_t t_ns)
{
	return t_ns ? t_ns : INT64_MAX;
}

static int pending_by_end(const void *a, const void *b)
{
	const struct screen_pending *x = a, *y = b;

	return compare(due(x->end_ns), due(y->end_ns));
}

static int pending_by_next(const void *a, const void *b)
{
	const struct screen_pending *x = a, *y = b;

	return compare(due(x->next_ns), due(y->next_ns));
}

static int pending_by_start(const void *a, const void *b)
{
	const struct screen_pending *x = a, *y = b;

	return compare(x->start_ns, y->start_ns);
}

static int pending_by_server(const void *a, const void *b)
{
	const struct screen_pending *x = a, *y = b;

	return compare_servers(&x->a.flow.server, &y->a.flow.server);
}

static int pending_by_process(const void *a, const void *b)
{
	const struct screen_pending *x = a, *y = b;
	int by = strncmp(x->a.comm, y->a.comm, sizeof(x->a.comm));

	return by ? by : compare(x->a.pid, y->a.pid);
}

static int failures_by_time(const void *a, const void *b)
{
	const struct screen_failure *x = a, *y = b;

	return compare((int64_t)y->id, (int64_t)x->id);
}

static int failures_by_elapsed(const void *a, const void *b)
{
	const struct screen_failure *x = a, *y = b;

	return compare(y->elapsed_ns, x->elapsed_ns);
}

static int failures_by_outcome(const void *a, const void *b)
{
	const struct screen_failure *x = a, *y = b;
	int by = strcmp(outcome_word(x->outcome), outcome_word(y->outcome));

	return by ? by : failures_by_time(a, b);
}

static int failures_by_server(const void *a, const void *b)
{
	const struct screen_failure *x = a, *y = b;
	int by = compare_servers(&x->server, &y->server);

	return by ? by : failures_by_time(a, b);
}

static int failures_by_process(const void *a, const void *b)
{
	const struct screen_failure *x = a, *y = b;
	int by = strncmp(x->comm, y->comm, sizeof(x->comm));

	if (!by)
		by = compare(x->pid, y->pid);
	return by ? by : failures_by_time(a, b);
}

static int servers_by_rate(const void *a, const void *b)
{
	const struct screen_rate *x = a, *y = b;
	int by = compare(y->attempts_10, x->attempts_10);

	if (!by)
		by = compare(y->attempts_60, x->attempts_60);
	return by ? by : compare((int64_t)y->attempts, (int64_t)x->attempts);
}

static int servers_by_failed_of_late(const void *a, const void *b)
{
	const struct screen_rate *x = a, *y = b;
	/* x.failed / x.attempts > y.failed / y.attempts, without a division */
	int by = compare((int64_t)y->failed_60 * x->attempts_60, (int64_t)x->failed_60 * y->attempts_60);

	if (!x->attempts_60 || !y->attempts_60)
		by = compare(!x->attempts_60, !y->attempts_60);
	return by ? by : compare(y->failed_60, x->failed_60);
}

static int servers_by_failed(const void *a, const void *b)
{
	const struct screen_rate *x = a, *y = b;

	return compare((int64_t)y->failed, (int64_t)x->failed);
}

static int servers_by_median(const void *a, const void *b)
{
	const struct screen_rate *x = a, *y = b;

	return compare(y->median_ns, x->median_ns);
}

static int servers_by_server(const void *a, const void *b)
{
	const struct screen_rate *x = a, *y = b;

	return compare_servers(&x->server, &y->server);
}

static const struct screen_order {
	const char *name;
	int (*by)(const void *, const void *);
} orders[SCREEN_PANES][SCREEN_ORDERS] = {
	[SCREEN_PANE_PENDING] = { { "give-up", pending_by_end },
				  { "next SYN", pending_by_next },
				  { "waited", pending_by_start },
				  { "process", pending_by_process },
				  { "server", pending_by_server } },
	[SCREEN_PANE_FAILURES] = { { "newest", failures_by_time },
				   { "after", failures_by_elapsed },
				   { "outcome", failures_by_outcome },
				   { "process", failures_by_process },
				   { "server", failures_by_server } },
	[SCREEN_PANE_SERVERS] = { { "rate", servers_by_rate },
				  { "failed %", servers_by_failed_of_late },
				  { "failed", servers_by_failed },
				  { "connect time", servers_by_median },
				  { "server", servers_by_server } },
};

const char *screen_order_name(enum screen_pane p, int order)
{
	return orders[p][order].name;
}

static int by_order(const void *a, const void *b, void *arg)
{
	const struct screen_item *x = a, *y = b;
	const struct screen_order *o = arg;
	int by = o->by(x->of, y->of);

	return by ? by : (x->id > y->id) - (x->id < y->id);
}

/* comm NULL: it has no process. */
static bool passes(struct screen *s, const char *comm, int32_t pid, const struct endpoint *server)
{
	char text[ENDPOINT_TEXT_LEN];

	if (!s->filter[0] || strcasestr(endpoint_format(server, text), s->filter))
		return true;
	if (!comm)
		return false;
	buf_reset(&s->scratch);
	screen_process(comm, sizeof(s->failures[0].comm), pid, &s->scratch);
	return strcasestr(buf_text(&s->scratch), s->filter) != NULL;
}

static void add(struct screen_list *l, uint64_t id, const void *of, bool shown)
{
	l->all++;
	if (shown)
		l->items[l->n++] = (struct screen_item){ .id = id, .of = of };
}

static void collect(struct screen *s)
{
	struct screen_list *l = s->lists;
	uint64_t id = s->shown_failure > SCREEN_FAILURES_MAX ? s->shown_failure - SCREEN_FAILURES_MAX : 1;
	int i;

	for (i = 0; i < s->n_pending; i++) {
		const struct screen_pending *p = &s->pending[i];

		add(&l[SCREEN_PANE_PENDING], p->id, p, passes(s, p->a.comm, p->a.pid, &p->a.flow.server));
	}
	for (id = id > s->first_failure ? id : s->first_failure; id < s->shown_failure; id++) {
		const struct screen_failure *f = &s->failures[id % SCREEN_FAILURES_MAX];

		if (f->id == id) /* else another took its place while this frame stood still */
			add(&l[SCREEN_PANE_FAILURES], id, f, passes(s, f->comm, f->pid, &f->server));
	}
	for (i = 0; i < s->n_servers; i++) {
		const struct screen_rate *r = &s->servers[i];

		add(&l[SCREEN_PANE_SERVERS], r->id, r, passes(s, NULL, 0, &r->server));
	}
}

static void choose(struct screen_list *l, int at)
{
	l->at = at >= l->n ? l->n - 1 : at;
	l->at = l->at < 0 ? 0 : l->at;
	l->id = l->at ? l->items[l->at].id : 0;
}

/* The chosen item may stand elsewhere now. */
static void follow(struct screen_list *l)
{
	int i;

	for (i = 0; l->id && i < l->n; i++) {
		if (l->items[i].id == l->id) {
			l->at = i;
			return;
		}
	}
	choose(l, l->id ? l->at : 0);
}

void screen_view(struct screen *s)
{
	int i;

	for (i = 0; i < SCREEN_PANES; i++)
		s->lists[i].n = s->lists[i].all = 0;
	collect(s);
	for (i = 0; i < SCREEN_PANES; i++) {
		struct screen_list *l = &s->lists[i];
		struct screen_order by = orders[i][l->order];

		qsort_r(l->items, (size_t)l->n, sizeof(l->items[0]), by_order, &by);
		follow(l);
	}
}

void screen_move(struct screen_list *l, int by)
{
	choose(l, by > l->n - l->at ? l->n - 1 : l->at + by);
}

const struct screen_item *screen_chosen(const struct screen *s)
{
	const struct screen_list *l = &s->lists[s->focus];

	return l->at < l->n ? &l->items[l->at] : NULL;
}
