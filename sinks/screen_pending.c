/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/screen_model.h"

void screen_pending_predict(struct screen_pending *p)
{
	int64_t syns_ns[SCHEDULE_SYNS_MAX], end_ns = 0;
	const struct attempt *a = &p->a;
	bool exact = false;
	int n = verdict_predict(a, syns_ns, SCHEDULE_SYNS_MAX, &end_ns, &exact), next;

	p->n_syns = attempt_syns_sent(a);
	if (p->n_syns < 1) /* it waits: SYN 0 was there, whether or not it was seen */
		p->n_syns = 1;
	next = p->n_syns > a->retransmits + 1 ? p->n_syns : a->retransmits + 1;
	p->n_due = n;
	p->exact = exact;
	p->next_ns = p->end_ns = 0;
	if (next < n)
		p->next_ns = p->start_ns + syns_ns[next];
	if (n)
		p->end_ns = p->start_ns + end_ns;
	if (a->own_timer && (!n || a->own_timer_ns < end_ns)) {
		p->end_ns = p->start_ns + a->own_timer_ns;
		if (p->next_ns > p->end_ns)
			p->next_ns = 0;
	}
}

void screen_pending_begin(struct screen *s)
{
	s->pending_all = 0;
	if (!s->paused)
		s->n_pending = 0;
	s->latest = -1;
	s->detail.seen = false;
}

/* Where to put it: beyond the limit, in the place of the one that began last, if this one began before it. */
static struct screen_pending *place(struct screen *s, int64_t start_ns)
{
	int i;

	if (s->n_pending < SCREEN_PENDING_MAX)
		return &s->pending[s->n_pending++];
	if (s->latest < 0) {
		s->latest = 0;
		for (i = 1; i < SCREEN_PENDING_MAX; i++)
			if (s->pending[i].start_ns > s->pending[s->latest].start_ns)
				s->latest = i;
	}
	return start_ns < s->pending[s->latest].start_ns ? &s->pending[s->latest] : NULL;
}

void screen_pending_add(struct screen *s, const struct attempt *a)
{
	int64_t start_ns = attempt_start_ns(a);
	uint64_t id = screen_attempt_id(a);
	struct screen_pending *p;

	s->pending_all++;
	if (s->paused)
		return;
	if (s->detail.open && s->detail.waits && s->detail.id == id) {
		s->detail.a = *a;
		s->detail.seen = true;
	}
	p = place(s, start_ns);
	if (!p)
		return;
	p->a = *a;
	p->start_ns = start_ns;
	p->id = id;
	s->latest = -1;
}

void screen_pending_end(struct screen *s, bool all)
{
	struct screen_detail *d = &s->detail;
	int i;

	s->dirty |= s->counts.pending != s->pending_all;
	s->counts.pending = s->pending_all;
	if (s->paused)
		return;
	for (i = 0; i < s->n_pending; i++)
		screen_pending_predict(&s->pending[i]);
	/* what has ended may be told of a little later */
	d->gone = d->open && d->waits && !d->seen && (all || d->gone);
}
