/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/names.h"

#include <string.h>

#include "lab/names_inside.h"

#define BLANKS " \t\r\v\f"

/* Takes the next word of a line that ends at `end`; false: there is none. */
static bool next_word(const char **at, const char *end, const char **ret, size_t *ret_len)
{
	const char *p = *at;

	while (p < end && strchr(BLANKS, *p))
		p++;
	*ret = p;
	while (p < end && !strchr(BLANKS, *p))
		p++;
	*ret_len = (size_t)(p - *ret);
	*at = p;
	return *ret_len > 0;
}

/* A rule has the say over it, or this file's own first lines. */
static bool is_ours(const struct names *n, const char *word, size_t len)
{
	char name[NAME_LEN], canonical[NAME_LEN];

	if (len >= sizeof(name))
		return true;
	memcpy(name, word, len);
	name[len] = 0;
	if (names_canonical(name, canonical))
		return true;
	return names_is_localhost(canonical) || names_rule_for(n, canonical);
}

static void copy_line(const struct names *n, const char *line, const char *end, struct buf *to)
{
	const char *address, *word;
	size_t address_len, len;
	bool any = false;

	if (!next_word(&line, end, &address, &address_len))
		return;
	while (next_word(&line, end, &word, &len)) {
		if (is_ours(n, word, len))
			continue;
		if (!any)
			buf_add(to, address, address_len);
		any = true;
		buf_char(to, ' ');
		buf_add(to, word, len);
	}
	if (any)
		buf_char(to, '\n');
}

static bool says_localhost(const struct names *n)
{
	const struct names_rule *r = names_rule_for(n, "localhost");

	return r && r->name[0];
}

void names_hosts(const struct names *n, const char *host_file, struct buf *to)
{
	if (!says_localhost(n))
		buf_fmt(to, "127.0.0.1 localhost\n%s", n->ipv6 ? "::1 localhost\n" : "");
	while (host_file && *host_file) {
		size_t len = strcspn(host_file, "\n");

		copy_line(n, host_file, host_file + strcspn(host_file, "#\n"), to);
		host_file += len + (host_file[len] == '\n');
	}
}
