/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_REPORT_FORMS_H
#define SYNSENT_SINKS_REPORT_FORMS_H

#include "sinks/report.h"
#include "util/buf.h"
#include "util/outfile.h"

/* Where a form goes: what is in `text` moves on to the file when it has become much. */
struct report_out {
	struct buf text;
	struct outfile *file;
	struct err *e;
	int error; /* the first; nothing is written after it */
};

/* To be called now and then. */
void report_flow(struct report_out *o);

void report_json(const struct report *r, struct report_out *o);
void report_xml(const struct report *r, struct report_out *o);
void report_tap(const struct report *r, struct report_out *o);

#endif
