/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/run_policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the sysctl's names are kept for the run: as long as the process. */
static char names[RUN_SETTINGS_MAX][96];

static const struct {
	const char *word, *name;
} short_names[] = {
	{ "retries", "ipv4/tcp_syn_retries" },
	{ "linear", "ipv4/tcp_syn_linear_timeouts" },
	{ "rto-max", "ipv4/tcp_rto_max_ms" },
	{ "timestamps", "ipv4/tcp_timestamps" },
	{ "sack", "ipv4/tcp_sack" },
	{ "ecn", "ipv4/tcp_ecn" },
	{ "fastopen", "ipv4/tcp_fastopen" },
	{ "mptcp", "mptcp/enabled" },
	{ "syncookies", "ipv4/tcp_syncookies" },
	{ "synack-retries", "ipv4/tcp_synack_retries" },
};

static int bad(struct err *e, const char *text, const char *why)
{
	err_set(e, EINVAL, "--policy %s: %s", text, why);
	err_remedy(
		e,
		"as in --policy retries=2,linear=0 or --policy net.ipv4.tcp_ecn=1; `default` is the kernel's defaults");
	e->exit_code = 2;
	return -EINVAL;
}

/* "net.ipv4.tcp_ecn" is the file ipv4/tcp_ecn; a path out of there is none. */
static bool name_of(const char *word, size_t len, char to[96])
{
	size_t i;

	for (i = 0; i < sizeof(short_names) / sizeof(short_names[0]); i++)
		if (strlen(short_names[i].word) == len && !memcmp(short_names[i].word, word, len)) {
			snprintf(to, 96, "%s", short_names[i].name);
			return true;
		}
	if (len < 5 || len >= 96 || strncmp(word, "net.", 4))
		return false;
	for (i = 4; i < len; i++) {
		bool plain = (word[i] >= 'a' && word[i] <= 'z') || (word[i] >= '0' && word[i] <= '9') || word[i] == '_';

		if (!plain && (word[i] != '.' || word[i - 1] == '.'))
			return false;
		to[i - 4] = word[i] == '.' ? '/' : word[i];
	}
	to[len - 4] = 0;
	return true;
}

static int add(const char *item, size_t len, const char *whole, struct run_config *c, struct err *e)
{
	const char *equals = memchr(item, '=', len);
	struct run_setting *s = &c->settings[c->n_settings];
	char *end;

	if (!equals)
		return bad(e, whole, "NAME=N is wanted");
	if (c->n_settings == RUN_SETTINGS_MAX)
		return bad(e, whole, "too many settings");
	if (!name_of(item, (size_t)(equals - item), names[c->n_settings]))
		return bad(e, whole, "no setting of this name");
	errno = 0;
	s->name = names[c->n_settings];
	s->value = strtol(equals + 1, &end, 10);
	if (errno || end == equals + 1 || end != item + len)
		return bad(e, whole, "not a whole number");
	c->n_settings++;
	return 0;
}

int run_policy(const struct option_list *texts, struct inherit *in, struct run_config *c, struct err *e)
{
	bool defaults = false;
	int i, r = 0;

	for (i = 0; i < texts->n; i++) {
		const char *item = texts->v[i];

		for (;; item++) {
			size_t len = strcspn(item, ",");

			if (len == strlen("default") && !memcmp(item, "default", len))
				defaults = true;
			else
				r = add(item, len, texts->v[i], c, e);
			item += len;
			if (r || !*item)
				break;
		}
		if (r)
			return r;
	}
	inherit_read(in);
	c->inherit = defaults ? NULL : in;
	return 0;
}
