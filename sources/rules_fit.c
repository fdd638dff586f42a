/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/rules_fit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum truth {
	NO,
	YES,
	UNKNOWN,
};

/* A part of the rule's text. */
struct word {
	const char *at;
	size_t len;
};

enum field {
	FIELD_SPORT,
	FIELD_DPORT,
	FIELD_SADDR,
	FIELD_DADDR,
	FIELD_PROTOCOL,
	FIELD_FAMILY,
	FIELD_IN,
	FIELD_OUT,
};

/* The next word; what stands in quotes or braces is one.  False: there is none. */
static bool next_word(const char **at, struct word *w)
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

static bool is(const struct word *w, const char *text)
{
	return w->len == strlen(text) && !memcmp(w->at, text, w->len);
}

static bool is_one_of(const struct word *w, const char *const *texts)
{
	while (*texts && !is(w, *texts))
		texts++;
	return *texts;
}

/* ---- values ---- */

static bool number(const char *text, long max, long *ret)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	*ret = strtol(text, &end, 10);
	return !*end && *ret <= max;
}

/* "80", "1-1024" of nft, "1:1024" of iptables-save. */
static enum truth port_is(char *text, uint16_t port)
{
	char *to = strpbrk(text, "-:");
	long first, last;

	if (to)
		*to++ = 0;
	if (!number(text, UINT16_MAX, &first) || !number(to ? to : text, UINT16_MAX, &last))
		return UNKNOWN;
	return port >= first && port <= last;
}

static int compare(const struct addr *a, const struct addr *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}

static bool same_prefix(const struct addr *a, const struct addr *b, long bits)
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
	long n;

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

static enum truth protocol_is(const char *text)
{
	const struct word w = { text, strlen(text) };
	long n;

	if (!strcmp(text, "tcp") || !strcmp(text, "all"))
		return YES;
	if (number(text, 255, &n))
		return n == 6 ? YES : NO;
	return is_one_of(&w, other_protocols) ? NO : UNKNOWN;
}

static enum truth family_is(const char *text, int family)
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

static enum truth value_is(enum field f, char *text, const struct rules_case *k)
{
	switch (f) {
	case FIELD_SPORT:
		return port_is(text, k->src.port);
	case FIELD_DPORT:
		return port_is(text, k->dst.port);
	case FIELD_SADDR:
		return addr_is(text, &k->src.addr);
	case FIELD_DADDR:
		return addr_is(text, &k->dst.addr);
	case FIELD_PROTOCOL:
		return protocol_is(text);
	case FIELD_FAMILY:
		return family_is(text, k->dst.addr.family);
	case FIELD_IN:
		return device_is(text, k->way == RULES_WAY_IN ? k->device : RULES_DEVICE_ANY);
	case FIELD_OUT:
		return device_is(text, k->way == RULES_WAY_OUT ? k->device : RULES_DEVICE_ANY);
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
	return value_is(f, text, k);
}

/* One, or several with commas between, in braces or not. */
static enum truth any_is(enum field f, struct word w, const struct rules_case *k)
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

static enum truth negated(enum truth t, bool negate)
{
	return t == UNKNOWN || !negate ? t : t == YES ? NO : YES;
}

/* ---- nft ---- */

/* "tcp dport > 1024": a port and a number. */
static enum truth ordered(enum field f, char sign, bool equal, const struct word *w, const struct rules_case *k)
{
	long port = f == FIELD_SPORT ? k->src.port : k->dst.port, n;
	char text[8];

	snprintf(text, sizeof(text), "%.*s", (int)w->len, w->at);
	if ((f != FIELD_SPORT && f != FIELD_DPORT) || w->len >= sizeof(text) || !number(text, UINT16_MAX, &n))
		return UNKNOWN;
	return (equal && port == n) || (sign == '<' ? port < n : port > n);
}

/* What follows a field; a "." between fields is left there. */
static bool nft_contradicts(enum field f, const char **at, const struct rules_case *k)
{
	const char *next = *at;
	struct word op, w;

	if (!next_word(&next, &op) || is(&op, "."))
		return false;
	*at = next;
	if (!is(&op, "!=") && !is(&op, "==") && *op.at != '<' && *op.at != '>')
		return any_is(f, op, k) == NO;
	if (!next_word(at, &w))
		return false;
	if (*op.at == '<' || *op.at == '>')
		return ordered(f, *op.at, op.len > 1, &w, k) == NO;
	return negated(any_is(f, w, k), *op.at == '!') == NO;
}

static bool nft_field(const struct word *of, const struct word *key, enum field *ret)
{
	static const struct {
		const char *of, *key;
		enum field field;
	} known[] = {
		{ "tcp", "sport", FIELD_SPORT },       { "tcp", "dport", FIELD_DPORT },
		{ "th", "sport", FIELD_SPORT },	       { "th", "dport", FIELD_DPORT },
		{ "ip", "saddr", FIELD_SADDR },	       { "ip", "daddr", FIELD_DADDR },
		{ "ip6", "saddr", FIELD_SADDR },       { "ip6", "daddr", FIELD_DADDR },
		{ "ip", "protocol", FIELD_PROTOCOL },  { "ip6", "nexthdr", FIELD_PROTOCOL },
		{ "meta", "l4proto", FIELD_PROTOCOL }, { "meta", "nfproto", FIELD_FAMILY },
		{ "meta", "protocol", FIELD_FAMILY },  { "ether", "type", FIELD_FAMILY },
		{ "vlan", "type", FIELD_FAMILY },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (is(of, known[i].of) && is(key, known[i].key)) {
			*ret = known[i].field;
			return true;
		}
	}
	return false;
}

/* "udp dport 53" matches no TCP, and "ip6 saddr ::1" no IPv4. */
static bool nft_header_contradicts(const struct word *of, const struct rules_case *k)
{
	int family = k->dst.addr.family;

	return is_one_of(of, other_protocols) || (is(of, "ip") && family == 6) || (is(of, "ip6") && family == 4);
}

static bool nft_device(const struct word *w, enum field *ret)
{
	*ret = is(w, "iif") || is(w, "iifname") ? FIELD_IN : FIELD_OUT;
	return *ret == FIELD_IN || is(w, "oif") || is(w, "oifname");
}

/* nft(8), "PAYLOAD EXPRESSIONS" and "META EXPRESSIONS". */
static bool nft_text_contradicts(const char *at, const struct rules_case *k)
{
	/* The header behind these is another packet's, or no match. */
	static const char *const foreign[] = { "original", "reply", "rt",      "fib", "vxlan", "gre", "gretap",
					       "geneve",   "jhash", "symhash", ".",   "to",    NULL };
	struct word w, key;
	bool skip = false;
	enum field f;

	/* behind "reject" it says how */
	while (next_word(&at, &w) && !is(&w, "reject")) {
		const char *next = at;

		if (skip || is_one_of(&w, foreign)) {
			skip = is_one_of(&w, foreign);
			continue;
		}
		if (nft_header_contradicts(&w, k))
			return true;
		if (nft_device(&w, &f)) {
			if (nft_contradicts(f, &at, k))
				return true;
			continue;
		}
		if (!next_word(&next, &key) || !nft_field(&w, &key, &f))
			continue;
		at = next;
		if (nft_contradicts(f, &at, k))
			return true;
	}
	return false;
}

/* ---- iptables-save ---- */

static bool save_field(const struct word *w, enum field *ret)
{
	static const struct {
		const char *option;
		enum field field;
	} known[] = {
		{ "-p", FIELD_PROTOCOL },   { "-s", FIELD_SADDR },	 { "-d", FIELD_DADDR },
		{ "-i", FIELD_IN },	    { "-o", FIELD_OUT },	 { "--sport", FIELD_SPORT },
		{ "--dport", FIELD_DPORT }, { "--sports", FIELD_SPORT }, { "--dports", FIELD_DPORT },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (is(w, known[i].option)) {
			*ret = known[i].field;
			return true;
		}
	}
	return false;
}

static bool save_text_contradicts(const char *at, const struct rules_case *k)
{
	struct word w, value;
	bool negate = false;
	enum field f;

	while (next_word(&at, &w)) {
		if (save_field(&w, &f) && next_word(&at, &value) && negated(any_is(f, value, k), negate) == NO)
			return true;
		negate = is(&w, "!");
	}
	return false;
}

/* ---- all of it ---- */

static bool family_fits(const char *family, const struct rules_case *k)
{
	return !family || family_is(family, k->dst.addr.family) != NO;
}

static bool hook_fits(const struct rulecount *c, const struct rules_case *k)
{
	static const char *const in[] = { "prerouting", "input", "ingress", "forward",
					  "PREROUTING", "INPUT", "FORWARD", NULL };
	static const char *const out[] = { "output", "postrouting", "egress", "OUTPUT", "POSTROUTING", NULL };
	const char *hook = c->maker == RULE_IPTABLES_LEGACY ? c->chain : c->hook;
	struct word w = { hook, hook ? strlen(hook) : 0 };

	return !w.len || k->way == RULES_WAY_ANY || !is_one_of(&w, k->way == RULES_WAY_IN ? out : in);
}

static bool answer_fits(enum rule_answer a, enum rule_answer b)
{
	return a == RULE_ANSWER_ANY || b == RULE_ANSWER_ANY || a == b;
}

bool rules_fit(const struct rulecount *c, const struct rules_case *k)
{
	if (c->maker == RULE_NFT ? k->not_nft : k->not_legacy)
		return false;
	if (!answer_fits(c->answer, k->answer) || !family_fits(c->family, k) || !hook_fits(c, k))
		return false;
	if (c->policy || !c->text)
		return true;
	return c->maker == RULE_NFT ? !nft_text_contradicts(c->text, k) : !save_text_contradicts(c->text, k);
}
