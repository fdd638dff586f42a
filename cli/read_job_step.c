/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What becomes of a packet, and how most are counted without a look at them. */
#include "cli/read_job_inside.h"

#include <string.h>

#include "packet/sight.h"

/* Of segments without SYN and RST fewer: what they complete makes that those after them are not awaited any more. */
#define BATCH_AWAITED 4
/* The thread that made them left them in another processor's cache. */
#define SIGHTINGS_AHEAD 8
#define ENTRIES_AHEAD 64

static uint16_t file_of(const struct timeline_run *run)
{
	return run->file < UINT16_MAX ? (uint16_t)run->file : UINT16_MAX;
}

static void give_packets(struct read_job *j)
{
	const struct batch *b = &j->batch;
	struct read_packet p;
	size_t i;

	for (i = 0; j->opts.on_packet && i < b->n; i++) {
		p = (struct read_packet){ &b->captured[i], b->sightings[i] };
		j->opts.on_packet(&p, j->opts.user);
	}
}

static bool was_not_asked(const struct sighting *s)
{
	return !s->duplicate && (s->unasked || (s->joins_only && !s->attempt));
}

static void flush(struct read_job *j)
{
	struct batch *b = &j->batch;
	uint64_t duplicates = handshakes_feed(j->handshakes, b->sightings, b->n), filtered = 0;
	size_t i;

	for (i = 0; j->selects && i < b->n; i++)
		filtered += was_not_asked(b->sightings[i]);
	j->ledger.duplicates += duplicates;
	j->ledger.filtered += filtered;
	j->ledger.counted += b->n_looked - duplicates - filtered;
	give_packets(j);
	b->n = b->n_looked = 0;
	memset(b->pending, 0, sizeof(b->pending));
}

static bool is_syn(const struct sighting *s)
{
	return s->kind == SIGHTING_SEGMENT && (s->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
}

/* A SYN that was not asked for begins no attempt; but that of an earlier one is known, lest its retransmissions begin
 * another. */
static bool is_wanted(struct read_job *j, const struct captured *p, struct sighting *s)
{
	int match;

	if (!is_syn(s))
		return true;
	s->unasked = s->t_ns < j->opts.since_ns;
	s->joins_only = s->t_ns >= j->opts.until_ns;
	if (!j->opts.filter)
		return true;
	match = filter_match(j->opts.filter, p->linktype, p->frame, p->on_wire);
	if (match < 0) {
		j->notes.not_filtered++;
		j->notes.not_filtered_type = p->linktype;
	}
	return match > 0;
}

static void note_refused(struct read_job *j, int linktype, uint32_t file)
{
	struct read_notes *n = &j->notes;
	int i = 0;

	n->n_refused++;
	while (i < n->n_refused_types && n->refused[i].type != linktype)
		i++;
	if (i < n->n_refused_types || i == (int)(sizeof(n->refused) / sizeof(n->refused[0])))
		return;
	n->refused[i].type = linktype;
	n->refused[i].file = file;
	n->n_refused_types++;
}

static void note_odd(struct read_job *j, const struct captured *p)
{
	j->notes.odd_times += p->odd_time;
	j->notes.odd_lens += p->odd_len;
	j->notes.no_times += p->no_time;
}

static inline void set_pending(struct batch *b, uint32_t class)
{
	b->pending[class % PENDING_BITS / 64] |= UINT64_C(1) << class % 64;
}

static inline void add(struct read_job *j, struct sighting *s, bool looked)
{
	struct batch *b = &j->batch;

	b->sightings[b->n++] = s;
	b->n_looked += looked;
	handshakes_expect(j->handshakes, s);
	if (is_syn(s))
		set_pending(b, sighting_class(s));
	if (b->n == BATCH || b->n - b->n_looked == BATCH_AWAITED)
		flush(j);
}

static void add_captured(struct read_job *j, struct sighting *s, const struct captured *p, bool looked)
{
	if (j->opts.on_packet)
		j->batch.captured[j->batch.n] = *p;
	add(j, s, looked);
}

static bool may_be_awaited(const struct read_job *j, uint32_t class)
{
	return j->awaited[class % FLOW_CLASSES] || j->batch.pending[class % PENDING_BITS / 64] >> class % 64 & 1;
}

static void count_undecoded(struct read_job *j, int linktype, uint32_t file, enum decode_result r)
{
	j->ledger.truncated += r == DECODE_TRUNCATED;
	j->ledger.malformed += r == DECODE_MALFORMED;
	j->ledger.other += r == DECODE_NOT_OURS;
	if (r == DECODE_NOT_OURS && !linktype_is_decoded(linktype))
		note_refused(j, linktype, file);
}

/* A packet that did not come as a sighting; not `look`: a segment that is counted already. */
static void take_packet(struct read_job *j, const struct timeline_run *run, const struct captured *p, bool look)
{
	struct sighting *s = &j->batch.own[j->batch.n];
	enum decode_result r = sight(p->linktype, p->frame, p->on_wire, j->opts.seed, j->paths, s);

	if (look)
		note_odd(j, p);
	if (!capture_is_intact(run->capture, p))
		r = DECODE_TRUNCATED;
	if (r != DECODE_OK) {
		if (look)
			count_undecoded(j, p->linktype, run->file, r);
		return;
	}
	if (look && s->kind == SIGHTING_SEGMENT && !(s->flags & (TCP_SYN | TCP_RST))) {
		look = false;
		j->ledger.counted++;
		if (!may_be_awaited(j, sighting_class(s)))
			return;
	}
	s->t_ns = p->t_ns;
	s->packet = p->number;
	s->file = file_of(run);
	if (look && !is_wanted(j, p, s))
		j->ledger.filtered++;
	else
		add_captured(j, s, p, look);
}

/* The packet itself is needed only where somebody asks for it. */
static void take_sighting(struct read_job *j, struct timeline_run *run, struct sighting *s)
{
	struct captured p = { .linktype = -1 };

	s->file = file_of(run);
	if (j->opts.on_packet || j->opts.filter)
		capture_packet(run->capture, run->stretch, &run->stretch->walk.lists[run->list], run->entry, &p);
	if (j->selects && !is_wanted(j, &p, s))
		j->ledger.filtered++;
	else
		add_captured(j, s, &p, true);
}

/* Its packets are counted at once, but for those that are to be looked at; with a limit, one by one. */
static void begin_stretch(struct read_job *j, struct timeline_run *run)
{
	const struct walk *w = &run->stretch->walk;
	int64_t first_ns = capture_first_ns(run->capture);
	int i;

	run->begins = false;
	if (!j->any || first_ns < j->first_ns)
		j->first_ns = first_ns;
	if (!j->any)
		j->last_ns = first_ns;
	j->any = true;
	if (j->opts.max_packets)
		return;
	if (run->stretch->time_max_ns > j->last_ns)
		j->last_ns = run->stretch->time_max_ns;
	j->ledger.seen += run->stretch->packets;
	for (i = 0; i < w->n_lists; i++) {
		j->ledger.counted += w->lists[i].tcp;
		j->ledger.other += w->lists[i].other;
		j->ledger.malformed += w->lists[i].empty;
	}
}

/* With a limit of packets the observation ends with the last of them. */
static void note_time(struct read_job *j, int64_t t_ns)
{
	if (j->opts.max_packets && t_ns > j->last_ns)
		j->last_ns = t_ns;
}

/* What a run's entry is; false: it is not to be taken now, for another file's packet comes first. */
static bool take_entry(struct read_job *j, struct timeline_run *run, uint64_t entry)
{
	bool look = entry & WALK_LOOK;
	struct sighting *s = look && run->stretch->sightings ? &run->stretch->sightings[run->look] : NULL;
	struct captured p;

	if (s && s->kind != SIGHTING_NONE) {
		__builtin_prefetch(s + SIGHTINGS_AHEAD, 1);
		if (run->limited && s->t_ns > run->limit_ns)
			return false;
		note_time(j, s->t_ns);
		take_sighting(j, run, s);
	} else if (look || run->limited || may_be_awaited(j, (uint32_t)entry)) {
		capture_packet(run->capture, run->stretch, &run->stretch->walk.lists[run->list], run->entry, &p);
		if (run->limited && p.t_ns > run->limit_ns)
			return false;
		note_time(j, p.t_ns);
		if (p.options.len && look)
			capture_packet_remarks(run->capture, &p);
		if (look || may_be_awaited(j, (uint32_t)entry))
			take_packet(j, run, &p, look);
	}
	run->look += look;
	return true;
}

/* True when the limit of packets was reached. */
static bool take_run(struct read_job *j, struct timeline_run *run)
{
	for (; timeline_run_more(run); run->entry++) {
		uint64_t entry = run->stretch->walk.lists[run->list].entries[run->entry];

		if (j->opts.max_packets && j->ledger.seen == j->opts.max_packets)
			return true;
		if (!take_entry(j, run, entry))
			return false;
		j->ledger.seen += j->opts.max_packets != 0;
	}
	return false;
}

/* The same where nothing is asked but for every attempt of one file: of most packets an entry is all that is looked at.
 */
static void take_whole_run(struct read_job *j, struct timeline_run *run)
{
	uint16_t file = file_of(run);

	while (timeline_run_more(run)) {
		const struct walk_list *l = &run->stretch->walk.lists[run->list];
		const uint64_t *entry = &l->entries[run->entry], *end = &l->entries[l->n];
		struct sighting *s;

		for (; entry < end; entry++) {
			__builtin_prefetch(entry + ENTRIES_AHEAD);
			if (*entry & WALK_LOOK) {
				s = &run->stretch->sightings[run->look];
				__builtin_prefetch(s + SIGHTINGS_AHEAD, 1);
				if (s->kind != SIGHTING_NONE) {
					run->look++;
					s->file = file;
					add(j, s, true);
					continue;
				}
			} else if (!may_be_awaited(j, (uint32_t)*entry)) {
				continue;
			}
			run->entry = (uint32_t)(entry - l->entries);
			take_entry(j, run, *entry);
		}
		run->entry = l->n;
	}
}

static bool takes_whole(const struct read_job *j, const struct timeline_run *run)
{
	return !j->selects && !j->opts.on_packet && !j->opts.max_packets && !run->limited && run->stretch->sightings;
}

enum read_step read_job_step(struct read_job *j)
{
	struct timeline_run *run;
	bool end = false;

	switch (timeline_next(j->opts.timeline, &run)) {
	case TIMELINE_RUN:
		break;
	case TIMELINE_IDLE:
		return READ_IDLE;
	default:
		return READ_END;
	}
	if (run->begins)
		begin_stretch(j, run);
	if (takes_whole(j, run))
		take_whole_run(j, run);
	else
		end = take_run(j, run);
	flush(j); /* its packets' bytes are there until the next run */
	return end ? READ_END : READ_ON;
}
