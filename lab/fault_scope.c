/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/fault.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_MAX 63 /* RFC 1035 section 2.3.4 */

static int port_parse(const char *text, uint16_t *ret, struct err *e)
{
	size_t digits = strspn(text, "0123456789");
	long v;

	if (!digits || digits > 5 || text[digits])
		return err_set(e, EINVAL, "'%s' is not a port: a number from 1 to 65535", text);
	v = strtol(text, NULL, 10);
	if (v < 1 || v > 65535)
		return err_set(e, EINVAL, "'%s' is not a port: a number from 1 to 65535", text);
	*ret = (uint16_t)v;
	return 0;
}

/* Letters, digits, '-', '_' and dots between labels; one dot may end it.  A last label of digits alone would be an
 * address (RFC 1123 section 2.1), and this is none. */
static bool is_name(const char *s)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	bool numeric;
	size_t n;

	do {
		n = strspn(s, allowed);
		if (!n || n > LABEL_MAX || (s[n] && s[n] != '.'))
			return false;
		numeric = strspn(s, "0123456789") == n;
		s += n;
	} while (*s == '.' && *++s);
	return !numeric;
}

static int host_parse(const char *text, size_t len, struct fault_scope *ret, struct err *e)
{
	if (len >= sizeof(ret->host))
		return err_set(e, EINVAL, "a host's name is shorter than %zu characters", sizeof(ret->host));
	memcpy(ret->host, text, len);
	ret->host[len] = 0;
	if (!addr_parse(ret->host, &ret->addrs[0])) {
		ret->n_addrs = 1;
		return 0;
	}
	if (!is_name(ret->host))
		return err_set(e, EINVAL, "'%s' is neither an address nor a host's name", ret->host);
	return 0;
}

/* "[IPV6]" or "[IPV6]:PORT" */
static int bracketed_parse(const char *text, struct fault_scope *ret, struct err *e)
{
	const char *end = strchr(text, ']');
	int r;

	if (!end || (end[1] && end[1] != ':'))
		return err_set(e, EINVAL, "'%s': an IPv6 address with a port is written [ADDRESS]:PORT", text);
	r = host_parse(text + 1, (size_t)(end - text - 1), ret, e);
	if (r)
		return r;
	if (!ret->n_addrs || ret->addrs[0].family != 6)
		return err_set(e, EINVAL, "'%s': only an IPv6 address stands in brackets", text);
	return end[1] ? port_parse(end + 2, &ret->port, e) : 0;
}

static int where_parse(const char *text, struct fault_scope *ret, struct err *e)
{
	const char *colon = strchr(text, ':');
	int r;

	if (!*text)
		return err_set(e, EINVAL, "no host and no port");
	if (*text == '[')
		return bracketed_parse(text, ret, e);
	if (!colon || strchr(colon + 1, ':'))
		return host_parse(text, strlen(text), ret, e);
	r = colon == text ? 0 : host_parse(text, (size_t)(colon - text), ret, e);
	return r ? r : port_parse(colon + 1, &ret->port, e);
}

int fault_scope_parse(const char *text, struct fault_scope *ret, struct err *e)
{
	struct fault_scope s = { 0 };
	int r = where_parse(text, &s, e);

	if (r) {
		err_remedy(e, "it is HOST, HOST:PORT, :PORT, or [IPV6]:PORT");
		if (e)
			e->exit_code = 2;
		return r;
	}
	*ret = s;
	return 0;
}

bool fault_resets_syns(const struct fault *f)
{
	return f->kind == FAULT_FIREWALL && f->reject && !f->input;
}

bool fault_concerns(const struct fault_scope *s, const struct endpoint *server)
{
	int i;

	if (s->family && s->family != server->addr.family)
		return false;
	if (s->port && s->port != server->port)
		return false;
	if (!s->host[0])
		return true;
	for (i = 0; i < s->n_addrs; i++)
		if (addr_equal(&s->addrs[i], &server->addr))
			return true;
	return false;
}
