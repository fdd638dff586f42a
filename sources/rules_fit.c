/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/rules_fit.h"

#include <string.h>

#include "sources/rules_value.h"

static enum truth negated(enum truth t, bool negate)
{
	return t == UNKNOWN || !negate ? t : t == YES ? NO : YES;
}

/* ---- nft ---- */

/* What follows a field; a "." between fields is left there. */
static bool nft_contradicts(enum field f, const char **at, const struct rules_case *k)
{
	const char *next = *at;
	struct word op, w;

	if (!word_next(&next, &op) || word_is(&op, "."))
		return false;
	*at = next;
	if (!word_is(&op, "!=") && !word_is(&op, "==") && *op.at != '<' && *op.at != '>')
		return value_is(f, op, k) == NO;
	if (!word_next(at, &w))
		return false;
	if (*op.at == '<' || *op.at == '>')
		return value_is_beyond(f, *op.at, op.len > 1, &w, k) == NO;
	return negated(value_is(f, w, k), *op.at == '!') == NO;
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
		{ "vlan", "type", FIELD_FAMILY },      { "meta", "skuid", FIELD_UID },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (word_is(of, known[i].of) && word_is(key, known[i].key)) {
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

	return word_is_other_protocol(of) || (word_is(of, "ip") && family == 6) || (word_is(of, "ip6") && family == 4);
}

static bool nft_device(const struct word *w, enum field *ret)
{
	*ret = word_is(w, "iif") || word_is(w, "iifname") ? FIELD_IN : FIELD_OUT;
	return *ret == FIELD_IN || word_is(w, "oif") || word_is(w, "oifname");
}

/* A field of one word: "skuid" is what iptables-nft's match is listed as. */
static bool nft_single(const struct word *w, enum field *ret)
{
	if (nft_device(w, ret))
		return true;
	*ret = FIELD_UID;
	return word_is(w, "skuid");
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
	while (word_next(&at, &w) && !word_is(&w, "reject")) {
		const char *next = at;

		if (skip || word_is_one_of(&w, foreign)) {
			skip = word_is_one_of(&w, foreign);
			continue;
		}
		if (nft_header_contradicts(&w, k))
			return true;
		if (nft_single(&w, &f)) {
			if (nft_contradicts(f, &at, k))
				return true;
			continue;
		}
		if (!word_next(&next, &key) || !nft_field(&w, &key, &f))
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
		{ "-p", FIELD_PROTOCOL },     { "-s", FIELD_SADDR },	   { "-d", FIELD_DADDR },
		{ "-i", FIELD_IN },	      { "-o", FIELD_OUT },	   { "--sport", FIELD_SPORT },
		{ "--dport", FIELD_DPORT },   { "--sports", FIELD_SPORT }, { "--dports", FIELD_DPORT },
		{ "--uid-owner", FIELD_UID },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (word_is(w, known[i].option)) {
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

	while (word_next(&at, &w)) {
		if (save_field(&w, &f) && word_next(&at, &value) && negated(value_is(f, value, k), negate) == NO)
			return true;
		negate = word_is(&w, "!");
	}
	return false;
}

/* ---- all of it ---- */

static bool family_fits(const char *family, const struct rules_case *k)
{
	return !family || value_is_family(family, k->dst.addr.family) != NO;
}

static bool hook_fits(const struct rulecount *c, const struct rules_case *k)
{
	static const char *const in[] = { "prerouting", "input", "ingress", "forward",
					  "PREROUTING", "INPUT", "FORWARD", NULL };
	static const char *const out[] = { "output", "postrouting", "egress", "OUTPUT", "POSTROUTING", NULL };
	const char *hook = c->maker == RULE_IPTABLES_LEGACY ? c->chain : c->hook;
	struct word w = { hook, hook ? strlen(hook) : 0 };

	return !w.len || k->way == RULES_WAY_ANY || !word_is_one_of(&w, k->way == RULES_WAY_IN ? out : in);
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
