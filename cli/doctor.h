/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_DOCTOR_H
#define SYNSENT_CLI_DOCTOR_H

#include <stdbool.h>

#include "lab/conform.h"
#include "lab/host.h"
#include "util/buf.h"

/* What `synsent doctor` says, out of what was found (lab/host.h).  Pure. */

enum doctor_status { DOCTOR_WORKS, DOCTOR_LESS, DOCTOR_CANNOT };

#define DOCTOR_LACKS_MAX 4

struct doctor_lack {
	enum host_trial_kind trial;
	const char *why;     /* what is missing: "no CAP_NET_RAW" */
	const char *without; /* what does not work without it; NULL: nothing works */
	char allow[256];     /* the command, or else the setting, that would allow it; "": not known */
};

struct doctor_use {
	const char *name; /* "lab --fast" */
	enum doctor_status status;
	int n; /* where it cannot, the first that is missing is the only one */
	struct doctor_lack lacks[DOCTOR_LACKS_MAX];
};

#define DOCTOR_USES 13

struct doctor {
	struct host host;
	struct doctor_use uses[DOCTOR_USES];
	bool tested;
	struct conform test;
};

/* Fills in the uses from the host. */
void doctor_judge(struct doctor *d);

/* All that was looked at works, and the self-test, if there was one, found no difference. */
bool doctor_is_well(const struct doctor *d);

/* "works", "less", "cannot" */
const char *doctor_status_word(enum doctor_status s);

/* What the value of that setting means for connections, a few words.  False: this kernel does not have it. */
bool doctor_effect(const struct host *h, const struct host_setting *s, struct buf *to);

/* For people, 80 columns, the answer first. */
void doctor_text(const struct doctor *d, struct buf *to);

/* One object and a newline: docs/doctor.schema.json. */
void doctor_json(const struct doctor *d, struct buf *to);

/* cli/doctor_test.c: the self-test's part of the text. */
void doctor_test_text(const struct conform *c, int hz, struct buf *to);

#endif
