/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/rules_value.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

bool word_next(const char **at, struct word *w)
{
	const char *p = *at + strspn(*at, " ");
	bool quoted = false;
	int depth = 0;

	w->at = p;
	for (; *p && (quoted || depth || *p != ' '); p++) {
		if (quoted && *p == '\\' && p[1])
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (!quoted && *p == '{')
			depth++;
		else if (!quoted && *p == '}' && depth)
			depth--;
	}
	w->len = (size_t)(p - w->at);
	*at = p;
	return w->len > 0;
}

bool word_is(const struct word *w, const char *text)
{
	return w->len == strlen(text) && !memcmp(w->at, text, w->len);
}

bool word_is_one_of(const struct word *w, const char *const *texts)
{
	while (*texts && !word_is(w, *texts))
		texts++;
	return *texts;
}

static bool number(const char *text, int64_t max, int64_t *ret)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	*ret = strtoll(text, &end, 10);
	return !*end && *ret <= max;
}

/* "80", "1-1024" of nft, "1:1024" of iptables-save. */
static enum truth number_is(char *text, int64_t max, uint32_t n)
{
	char *to = strpbrk(text, "-:");
	int64_t first, last;

	if (to)
		*to++ = 0;
	if (!number(text, max, &first) || !number(to ? to : text, max, &last))
		return UNKNOWN;
	return n >= first && n <= last;
}

static int compare(const struct addr *a, const struct addr *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}

static bool same_prefix(const struct addr *a, const struct addr *b, int64_t bits)
{
	size_t whole = (size_t)bits / 8;
	int rest = (int)(bits % 8);

	return !memcmp(a->b, b->b, whole) && (!rest || (a->b[whole] ^ b->b[whole]) >> (8 - rest) == 0);
}

/* "10.0.0.1", "10.0.0.0/8", "10.0.0.1-10.0.0.9" */
static enum truth addr_is(char *text, const struct addr *a)
{
	char *to = strchr(text, '-'), *bits = strchr(text, '/');
	struct addr first, last;
	int64_t n;

	if (to)
		*to++ = 0;
	if (bits)
		*bits++ = 0;
	if (addr_parse(text, &first) || (to && addr_parse(to, &last)) || (to && bits))
		return UNKNOWN;
	if (first.family != a->family)
		return NO;
	if (bits)
		return number(bits, a->family == 4 ? 32 : 128, &n) ? same_prefix(a, &first, n) : UNKNOWN;
	return to ? compare(a, &first) >= 0 && compare(a, &last) <= 0 : !compare(a, &first);
}

static const char *const other_protocols[] = { "udp",  "udplite", "sctp",      "dccp", "icmp", "icmpv6",
					       "igmp", "esp",	  "ipv6-icmp", "gre",  "ah",   NULL };

bool word_is_other_protocol(const struct word *w)
{
	return word_is_one_of(w, other_protocols);
}

static enum truth protocol_is(const char *text)
{
	const struct word w = { text, strlen(text) };
	int64_t n;

	if (!strcmp(text, "tcp") || !strcmp(text, "all"))
		return YES;
	if (number(text, 255, &n))
		return n == 6 ? YES : NO;
	return word_is_other_protocol(&w) ? NO : UNKNOWN;
}

enum truth value_is_family(const char *text, int family)
{
	if (!strcmp(text, "ip") || !strcmp(text, "ipv4"))
		return family == 4;
	if (!strcmp(text, "ip6") || !strcmp(text, "ipv6"))
		return family == 6;
	return strcmp(text, "arp") ? UNKNOWN : NO;
}

/* Of devices only lo is told apart.  "eth*" of nft, "eth+" of iptables */
static enum truth device_is(const char *text, enum rules_device d)
{
	size_t len = strlen(text);

	if (d == RULES_DEVICE_ANY || !len || text[len - 1] == '*' || text[len - 1] == '+')
		return UNKNOWN;
	if (!strcmp(text, "lo"))
		return d == RULES_DEVICE_LO;
	return d == RULES_DEVICE_LO ? NO : UNKNOWN;
}

static enum truth one_is(enum field f, char *text, const struct rules_case *k)
{
	switch (f) {
	case FIELD_SPORT:
		return number_is(text, UINT16_MAX, k->src.port);
	case FIELD_DPORT:
		return number_is(text, UINT16_MAX, k->dst.port);
	case FIELD_SADDR:
		return addr_is(text, &k->src.addr);
	case FIELD_DADDR:
		return addr_is(text, &k->dst.addr);
	case FIELD_PROTOCOL:
		return protocol_is(text);
	case FIELD_FAMILY:
		return value_is_family(text, k->dst.addr.family);
	case FIELD_IN:
		return device_is(text, k->way == RULES_WAY_IN ? k->device : RULES_DEVICE_ANY);
	case FIELD_OUT:
		return device_is(text, k->way == RULES_WAY_OUT ? k->device : RULES_DEVICE_ANY);
	case FIELD_UID:
		return k->has_uid ? number_is(text, UINT32_MAX, k->uid) : UNKNOWN;
	}
	return UNKNOWN;
}

/* One element, in quotes or not. */
static enum truth element_is(enum field f, const char *at, size_t len, const struct rules_case *k)
{
	char text[128];

	while (len && *at == ' ')
		at++, len--;
	while (len && at[len - 1] == ' ')
		len--;
	if (len >= 2 && *at == '"' && at[len - 1] == '"')
		at++, len -= 2;
	if (!len || len >= sizeof(text))
		return UNKNOWN;
	snprintf(text, sizeof(text), "%.*s", (int)len, at);
	return one_is(f, text, k);
}

enum truth value_is(enum field f, struct word w, const struct rules_case *k)
{
	enum truth all = NO;

	if (w.len >= 2 && *w.at == '{' && w.at[w.len - 1] == '}')
		w = (struct word){ w.at + 1, w.len - 2 };
	for (;;) {
		const char *comma = memchr(w.at, ',', w.len);
		size_t len = comma ? (size_t)(comma - w.at) : w.len;
		enum truth t = element_is(f, w.at, len, k);

		if (t == YES)
			return YES;
		if (t == UNKNOWN)
			all = UNKNOWN;
		if (!comma)
			return all;
		w = (struct word){ comma + 1, w.len - len - 1 };
	}
}

enum truth value_is_beyond(enum field f, char sign, bool equal, const struct word *w, const struct rules_case *k)
{
	int64_t max = f == FIELD_UID ? UINT32_MAX : UINT16_MAX, n;
	uint32_t own = f == FIELD_UID ? k->uid : f == FIELD_SPORT ? k->src.port : k->dst.port;
	char text[16];

	snprintf(text, sizeof(text), "%.*s", (int)w->len, w->at);
	if ((f != FIELD_SPORT && f != FIELD_DPORT && (f != FIELD_UID || !k->has_uid)) || w->len >= sizeof(text) ||
	    !number(text, max, &n))
		return UNKNOWN;
	return (equal && own == n) || (sign == '<' ? own < n : own > n);
}
