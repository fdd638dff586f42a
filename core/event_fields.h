/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_EVENT_FIELDS_H
#define SYNSENT_CORE_EVENT_FIELDS_H

#include "core/event.h"

/*
 * The text form of events as a table: each kind's word, and for each of its
 * fields the name, the place in struct event and the type.  Writer and reader
 * both go by it, so that a field is named once.
 */
enum field_type {
	FIELD_UINT,
	FIELD_INT,
	FIELD_BOOL,
	FIELD_STRING, /* char array, NUL-terminated */
	FIELD_ADDR,
	FIELD_FLAGS,  /* TCP flags in tcpdump's letters */
	FIELD_ERRNO,  /* "ETIMEDOUT" */
	FIELD_PLACE,  /* "local-input" */
	FIELD_CAUSE,  /* "application" */
	FIELD_STATE,  /* "SYN-SENT" */
	FIELD_KERNEL, /* "6.18" */
};

struct event_field {
	const char *name;
	enum field_type type;
	uint16_t offset; /* in struct event */
	uint16_t size;
	uint16_t guard;	  /* offset of the has_... that says whether the field means anything; 0: always */
	bool shown;	  /* shown at its default too, when guarded: it carries the guard */
	int dflt;	  /* the value that is left out */
	int64_t min, max; /* accepted by the reader; for numbers of less than 64 bits only if narrower than the type */
};

struct event_form {
	const char *word;   /* NULL: this kind has no text */
	bool has_flow;	    /* "A > B" follows the word ... */
	bool flow_optional; /* ... unless neither end is known */
	uint16_t from, to;  /* offsets of its two endpoints */
	const struct event_field *fields;
	int n_fields;
};

/* NULL for a kind that has no text. */
const struct event_form *event_form_of(enum event_kind kind);

/* The field that every kind has: the packet's ordinal. */
extern const struct event_field event_field_packet;

/* The word of a value, or NULL when there is none; and the reverse, -1 for a word that is none. */
const char *event_field_word(enum field_type type, int64_t value);
int event_field_value(enum field_type type, const char *word);

#define EVENT_ERRNO_MAX 4095	/* MAX_ERRNO, include/linux/err.h */
#define EVENT_FLAGS "FSRP.UEWe" /* TCP flags from 0x001 up, in tcpdump's letters */

/* A number of any width out of, and into, a struct event. */
int64_t event_field_get(const struct event *ev, const struct event_field *f);
void event_field_set(struct event *ev, const struct event_field *f, int64_t value);

/* Times that the reader accepts: 0 to 2^62 ns (the year 2116), lengths within +-2^61, so that sums and differences of
 * them cannot overflow. */
#define EVENT_TIME_MAX (INT64_C(1) << 62)
#define EVENT_LENGTH_MAX (INT64_C(1) << 61)

#endif
