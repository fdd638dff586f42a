/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_EXPLAIN_ENTRY_H
#define SYNSENT_EXPLAIN_ENTRY_H

/* What an entry is about; it may be several things, as "rst" is a reply and a fault. */
enum explain_kind {
	EXPLAIN_OUTCOME,
	EXPLAIN_GAVE_UP_BY,
	EXPLAIN_LIMIT,
	EXPLAIN_CONFIDENCE,
	EXPLAIN_DROP,
	EXPLAIN_REPLY,
	EXPLAIN_IGNORED,
	EXPLAIN_FAULT,
	EXPLAIN_ERRNO,
	EXPLAIN_STATE,
	EXPLAIN_SETTING,
	EXPLAIN_COUNTER,
	EXPLAIN_MESSAGE, /* an error text of a program */
	EXPLAIN_KIND_N,
};

/* Made of explain/NAME.txt by tables.py; README.md there says what the fields are.  All lists end with NULL. */
struct explain_entry {
	const char *name;
	unsigned int kinds; /* 1 << enum explain_kind */
	const char *const *words;
	const char *const *texts;
	const char *what, *timer, *wire, *look, *change;
	const char *const *see;
};

extern const struct explain_entry explain_entries[];
extern const int explain_n_entries;

/* "outcome", "gave-up-by", ...; "?" out of range. */
const char *explain_kind_word(enum explain_kind k);

#endif
