/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/rules.h"

#include <string.h>

static void add(struct buf *to, const char *text)
{
	buf_escaped(to, text, strlen(text));
}

static void add_name(const struct rule_hit *h, struct buf *to)
{
	if (h->maker == RULE_NFT) {
		buf_str(to, "nft ");
		add(to, h->family);
		buf_char(to, ' ');
	} else {
		buf_str(to, strcmp(h->family, "ip6") ? "iptables-legacy " : "ip6tables-legacy ");
	}
	add(to, h->table);
	buf_char(to, ' ');
	add(to, h->chain);
}

void rule_format(const struct rule_hit *h, struct buf *to)
{
	add_name(h, to);
	if (h->policy) {
		buf_str(to, " policy drop");
		return;
	}
	if (h->maker == RULE_NFT)
		buf_fmt(to, " handle %llu", (unsigned long long)h->handle);
	else
		buf_fmt(to, " rule %d", h->number);
	if (h->text[0]) {
		buf_str(to, ": ");
		add(to, h->text);
	}
	if (h->comment[0]) {
		buf_str(to, " comment \"");
		add(to, h->comment);
		buf_char(to, '"');
	}
}
