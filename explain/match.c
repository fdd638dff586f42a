/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain/match.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "explain/pattern.h"

#define MATCH_ANCHOR 4 /* TEXT_LITERAL_MIN of tables.py */
#define BUCKETS 4096
#define NONE (-1)

struct text {
	const struct explain_entry *entry;
	char *plain;	/* of matcher.plain */
	size_t anchor;	/* where in it the characters are by which it is noticed */
	int next;	/* of the same bucket, or NONE */
	uint64_t tried; /* matcher.line when it was last looked for: once a line is enough */
};

struct matcher {
	struct text *texts;
	char *plain;
	int n;
	uint64_t line;
	int bucket[BUCKETS];
};

static unsigned int hash(const char *at)
{
	uint32_t four;

	memcpy(&four, at, sizeof(four));
	return four * 2654435761U >> 20;
}

static size_t texts_len(int *ret_n)
{
	const char *const *t;
	size_t len = 0;
	int i, n = 0;

	for (i = 0; i < explain_n_entries; i++) {
		for (t = explain_entries[i].texts; *t; t++) {
			len += strlen(*t) + 1;
			n++;
		}
	}
	*ret_n = n;
	return len;
}

/* The four characters of the text that the fewest texts have so far: few lines are then looked at in vain. */
static void notice(struct matcher *m, struct text *t, const int *users)
{
	size_t i, len = strlen(t->plain);
	int least = INT32_MAX;
	unsigned int b;

	for (i = 0; i + MATCH_ANCHOR <= len; i++) {
		if (memchr(t->plain + i, '*', MATCH_ANCHOR) || memchr(t->plain + i, '#', MATCH_ANCHOR))
			continue;
		b = hash(t->plain + i);
		if (users[b] < least) {
			least = users[b];
			t->anchor = i;
		}
	}
	b = hash(t->plain + t->anchor);
	t->next = m->bucket[b];
	m->bucket[b] = (int)(t - m->texts);
}

static void count_users(const struct matcher *m, int *users)
{
	size_t j, len;
	int i;

	for (i = 0; i < m->n; i++) {
		len = strlen(m->texts[i].plain);
		for (j = 0; j + MATCH_ANCHOR <= len; j++)
			users[hash(m->texts[i].plain + j)]++;
	}
}

static void fill(struct matcher *m, int *users)
{
	const char *const *t;
	char *to = m->plain;
	int i, n = 0;
	size_t len;

	for (i = 0; i < explain_n_entries; i++) {
		for (t = explain_entries[i].texts; *t; t++) {
			len = pattern_plain(*t, strlen(*t), to);
			to[len] = '\0';
			m->texts[n++] = (struct text){ .entry = &explain_entries[i], .plain = to };
			to += len + 1;
		}
	}
	for (i = 0; i < BUCKETS; i++)
		m->bucket[i] = NONE;
	count_users(m, users);
	for (i = 0; i < n; i++)
		notice(m, &m->texts[i], users);
}

struct matcher *matcher_new(void)
{
	struct matcher *m = calloc(1, sizeof(*m));
	int *users = calloc(BUCKETS, sizeof(*users));
	size_t len;

	if (m) {
		len = texts_len(&m->n);
		m->texts = calloc((size_t)m->n + 1, sizeof(*m->texts));
		m->plain = malloc(len + 1);
	}
	if (!m || !users || !m->texts || !m->plain) {
		matcher_free(m);
		m = NULL;
	} else {
		fill(m, users);
	}
	free(users);
	return m;
}

void matcher_free(struct matcher *m)
{
	if (!m)
		return;
	free(m->texts);
	free(m->plain);
	free(m);
}

/* Puts the entry where it belongs among the n; of one that is there already the weightier text counts. */
static int insert(struct explain_match *ret, int n, const struct explain_entry *entry, int weight)
{
	struct explain_match m = { entry, weight };
	int i;

	for (i = 0; i < n && ret[i].entry != entry; i++)
		;
	if (i < n && ret[i].weight >= weight)
		return n;
	if (i == n && n == MATCHES_MAX) {
		if (ret[--i].weight >= weight)
			return n;
	} else if (i == n) {
		n++;
	}
	/* entries point into one table: where they weigh the same the earlier one is first */
	for (; i && (ret[i - 1].weight < weight || (ret[i - 1].weight == weight && ret[i - 1].entry > entry)); i--)
		ret[i] = ret[i - 1];
	ret[i] = m;
	return n;
}

int matcher_line(struct matcher *m, const char *line, size_t len, char *scratch, struct explain_match ret[MATCHES_MAX])
{
	struct text *t;
	size_t i;
	int n = 0, k;

	len = pattern_plain(line, len, scratch);
	m->line++;
	for (i = 0; i + MATCH_ANCHOR <= len; i++) {
		for (k = m->bucket[hash(scratch + i)]; k != NONE; k = m->texts[k].next) {
			t = &m->texts[k];
			if (t->tried == m->line || memcmp(t->plain + t->anchor, scratch + i, MATCH_ANCHOR) != 0)
				continue;
			t->tried = m->line;
			if (pattern_in(t->plain, scratch, len))
				n = insert(ret, n, t->entry, pattern_weight(t->plain));
		}
	}
	return n;
}
