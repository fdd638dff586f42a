/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && !memcmp(a->b, b->b, sizeof(a->b));
}

bool addr_is_any(const struct addr *a)
{
	static const uint8_t zero[16];

	return !memcmp(a->b, zero, sizeof(zero));
}

bool addr_is_loopback(const struct addr *a)
{
	static const uint8_t loopback6[16] = { [15] = 1 };

	return a->family == 4 ? a->b[0] == 127 : a->family == 6 && !memcmp(a->b, loopback6, 16);
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && addr_equal(&a->addr, &b->addr);
}

int addr_parse(const char *text, struct addr *ret)
{
	struct addr a = { 0 };

	if (inet_pton(AF_INET, text, a.b) == 1)
		a.family = 4;
	else if (inet_pton(AF_INET6, text, a.b) == 1)
		a.family = 6;
	else
		return -EINVAL;
	*ret = a;
	return 0;
}

char *addr_format(const struct addr *a, char to[ADDR_TEXT_LEN])
{
	if (a->family != 4 && a->family != 6)
		strcpy(to, "*");
	else
		inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->b, to, ADDR_TEXT_LEN);
	return to;
}

char *endpoint_format(const struct endpoint *e, char to[ENDPOINT_TEXT_LEN])
{
	char addr[ADDR_TEXT_LEN];

	addr_format(&e->addr, addr);
	snprintf(to, ENDPOINT_TEXT_LEN, e->addr.family == 6 ? "[%s]:%u" : "%s:%u", addr, e->port);
	return to;
}

int endpoint_parse(const char *text, struct endpoint *ret)
{
	char addr[ADDR_TEXT_LEN];
	struct endpoint e = { 0 };
	const char *colon = strrchr(text, ':');
	const char *begin = text, *end = colon;
	char *rest;
	long port;

	if (!colon || !colon[1])
		return -EINVAL;
	port = strtol(colon + 1, &rest, 10);
	if (*rest || colon[1] < '0' || colon[1] > '9' || port > 65535)
		return -EINVAL;
	if (*text == '[') {
		begin++;
		if (end[-1] != ']')
			return -EINVAL;
		end--;
	}
	if (end <= begin || end - begin >= (long)sizeof(addr))
		return -EINVAL;
	memcpy(addr, begin, (size_t)(end - begin));
	addr[end - begin] = 0;
	if (strcmp(addr, "*") && addr_parse(addr, &e.addr))
		return -EINVAL;
	if ((e.addr.family == 6) != (*text == '['))
		return -EINVAL;
	e.port = (uint16_t)port;
	*ret = e;
	return 0;
}
