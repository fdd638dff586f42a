/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/timeline_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "packet/decode.h"
#include "tests/unit/random.h"

char directory[] = "/tmp/synsent-timeline-XXXXXX";
const struct made_pcap pcap = { .magic = 0xa1b23c4du, .linktype = LINK_RAW };

struct file files[FILES_MAX];
struct item merged[FILES_MAX * PACKETS_MAX], got[FILES_MAX * PACKETS_MAX];
size_t n_merged, n_got, n_errors;
uint64_t counted[FILES_MAX];

int set_up(void **state)
{
	return mkdtemp(directory) ? 0 : -1;
}

int tear_down(void **state)
{
	size_t i;

	for (i = 0; i < FILES_MAX; i++)
		unlink(files[i].path);
	return rmdir(directory);
}

void add_packet(struct buf *to, int64_t t_ns, enum kind kind)
{
	struct made_frame f = { .linktype = LINK_RAW,
				.version = 4,
				.protocol = kind == UDP ? 17 : 6,
				.sport = 40000,
				.dport = 80,
				.flags = kind == SYN ? 2 : 0x10,
				.payload = 20 };
	struct buf frame = { 0 };

	made_frame(&frame, &f);
	made_pcap_record(to, &pcap, (struct made_time){ (uint32_t)(t_ns / NS), (uint32_t)(t_ns % NS) },
			 made_bytes(&frame), 0);
	buf_fini(&frame);
}

void write_bytes(const char *path, struct bytes b)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(b.p, 1, b.len, f), b.len);
	assert_int_equal(fclose(f), 0);
}

struct file *begin_file(size_t i, struct buf *b)
{
	snprintf(files[i].path, sizeof(files[i].path), "%s/%c", directory, (char)('a' + i));
	files[i].n = 0;
	buf_reset(b);
	made_pcap_header(b, &pcap);
	return &files[i];
}

void add(struct file *f, struct buf *b, int64_t t_ns, enum kind kind)
{
	add_packet(b, t_ns, kind);
	f->items[f->n] = (struct item){ (size_t)(f - files), f->n + 1, t_ns, kind != UDP };
	f->n++;
}

void make_file(size_t i, enum pattern pattern, size_t n, bool mixed, uint64_t *random)
{
	int64_t t_ns = 1000 * NS + random_below(random, 3) * NS;
	struct buf b = { 0 };
	struct file *f = begin_file(i, &b);
	enum kind kind = SYN;

	if (pattern == LATER)
		t_ns += (int64_t)(i + 1) * 1000 * NS;
	while (n--) {
		if (mixed && random_once_in(random, 40)) /* long rows of one kind: stretches without entries */
			kind = (enum kind)random_below(random, N_KINDS);
		add(f, &b, t_ns, kind);
		if (pattern == BACK_AND_FORTH)
			t_ns += (int64_t)random_below(random, 1000) - 400;
		else if (pattern != EQUAL || random_once_in(random, 20))
			t_ns += random_below(random, 1000);
	}
	write_bytes(f->path, made_bytes(&b));
	buf_fini(&b);
}

/* The merge by its definition: the least of the packets at hand, of equal ones that of the file that begins first. */
static size_t next_entry(const struct file *f, size_t at)
{
	while (at < f->n && !f->items[at].is_entry)
		at++;
	return at;
}

int64_t first_ns(const struct file *f)
{
	return f->n ? f->items[0].t_ns : INT64_MAX;
}

void merge(const size_t *names, size_t n, bool look_at_all)
{
	size_t at[FILES_MAX] = { 0 }, i, best;

	n_merged = 0;
	for (;;) {
		best = n;
		for (i = 0; i < n; i++) {
			const struct file *f = &files[names[i]], *b = best < n ? &files[names[best]] : NULL;
			int64_t t, t_best;

			if (!look_at_all)
				at[i] = next_entry(f, at[i]);
			if (at[i] >= f->n)
				continue;
			t = f->items[at[i]].t_ns;
			t_best = b ? b->items[at[best]].t_ns : 0;
			if (!b || t < t_best || (t == t_best && first_ns(f) < first_ns(b)))
				best = i;
		}
		if (best == n)
			return;
		merged[n_merged++] = files[names[best]].items[at[best]++];
	}
}

static void on_error(const struct err *e, void *user)
{
	assert_true(e->what[0]);
	n_errors++;
}

struct timeline *opened(const char *const *paths, size_t n, struct capture_opts o)
{
	const struct timeline_opts to = { .capture = o, .on_error = on_error };
	struct timeline *t;
	struct err e = { 0 };

	n_got = n_errors = 0;
	memset(counted, 0, sizeof(counted));
	assert_int_equal(timeline_open(paths, n, &to, &t, &e), 0);
	timeline_begin(t);
	return t;
}

void take_run(struct timeline_run *run, size_t file, size_t most)
{
	struct captured p;
	bool look;

	assert_int_equal(run->begins, run->stretch->first_number > counted[file]);
	if (run->begins) {
		assert_int_equal(run->stretch->first_number, counted[file] + 1);
		counted[file] += run->stretch->packets;
		run->begins = false;
	}
	for (; most-- && timeline_run_more(run); run->entry++) {
		const struct walk_list *l = &run->stretch->walk.lists[run->list];

		look = l->entries[run->entry] & WALK_LOOK;
		capture_packet(run->capture, run->stretch, l, run->entry, &p);
		if (run->limited && p.t_ns > run->limit_ns)
			return;
		assert_true(run->limited || p.t_ns <= run->limit_ns || run->limit_ns == 0);
		assert_true(n_got < FILES_MAX * PACKETS_MAX);
		got[n_got++] = (struct item){ file, look ? p.number : 0, p.t_ns, true };
	}
}

void assert_merged(void)
{
	size_t i;

	for (i = 0; i < n_got && i < n_merged; i++) {
		if (got[i].file != merged[i].file || got[i].t_ns != merged[i].t_ns ||
		    (got[i].number && got[i].number != merged[i].number))
			fail_msg("packet %zu: file %c, number %llu, not file %c, number %llu", i,
				 (char)('a' + got[i].file), (unsigned long long)got[i].number,
				 (char)('a' + merged[i].file), (unsigned long long)merged[i].number);
	}
	assert_int_equal(n_got, n_merged);
}

void check(const size_t *names, size_t n, struct capture_opts o, uint64_t *random)
{
	const char *paths[FILES_MAX];
	enum timeline_result r;
	struct timeline_run *run;
	struct timeline *t;
	size_t i, most;

	for (i = 0; i < n; i++)
		paths[i] = files[names[i]].path;
	t = opened(paths, n, o);
	while ((r = timeline_next(t, &run)) != TIMELINE_END) {
		most = random && random_once_in(random, 4) ? random_below(random, 20) : SIZE_MAX;
		if (r == TIMELINE_RUN)
			take_run(run, names[run->file], most);
	}
	merge(names, n, o.look_at_all);
	assert_merged();
	assert_int_equal(n_errors, 0);
	for (i = 0; i < n; i++)
		assert_int_equal(counted[names[i]], files[names[i]].n);
	timeline_free(t);
}

void shuffle(size_t *names, size_t n, uint64_t *random)
{
	size_t i, k, swap;

	for (i = 0; i < n; i++)
		names[i] = i;
	for (i = n; i > 1; i--) {
		k = random_below(random, (uint32_t)i);
		swap = names[i - 1];
		names[i - 1] = names[k];
		names[k] = swap;
	}
}
