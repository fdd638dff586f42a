/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_PREDICT_WITHIN_H
#define SYNSENT_CLI_PREDICT_WITHIN_H

#include "core/schedule.h"

#define SETTINGS_MAX 8

/* The narrower a setting's reach, the better of equals. */
enum setting_scope {
	SETTING_APPLICATION,
	SETTING_SOCKET,
	SETTING_SYSCTL,
};

/* One way to give up in time. */
struct setting {
	enum setting_scope scope;
	char name[64];	/* "tcp_syn_retries" */
	char line[128]; /* to paste */
	int n_min, n;	/* SYNs that leave */
	int64_t min_ns, max_ns;
};

/*
 * Settings under which the wait ends by `within_ns` in every phase, each the
 * best value of its kind and everything else as in `p`.  Best first: most SYNs,
 * then the latest end, then the narrowest reach.  What would change nothing is
 * left out.  Returns how many.
 */
int settings_within(const struct policy *p, int64_t within_ns, struct setting ret[SETTINGS_MAX]);

const char *setting_scope_word(enum setting_scope s);

#endif
