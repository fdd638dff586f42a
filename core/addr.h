/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_ADDR_H
#define SYNSENT_CORE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDR_TEXT_LEN 46     /* longest IPv6 text, with the NUL */
#define ENDPOINT_TEXT_LEN 54 /* "[" address "]:" port, with the NUL */

/* One address type for both families.  IPv4 uses the first 4 bytes, in network order; the rest are 0. */
struct addr {
	uint8_t family; /* 4, 6, or 0: none */
	uint8_t b[16];
};

struct endpoint {
	struct addr addr;
	uint16_t port; /* host order; 0: not known yet */
};

bool addr_equal(const struct addr *a, const struct addr *b);
bool addr_is_any(const struct addr *a); /* none, 0.0.0.0 or :: */
bool addr_is_loopback(const struct addr *a);
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

/* Reads an address without brackets or zone.  0 or -EINVAL. */
int addr_parse(const char *text, struct addr *ret);

/* RFC 5952 text for IPv6, dotted quad for IPv4, "*" for none.  Return `to`. */
char *addr_format(const struct addr *a, char to[ADDR_TEXT_LEN]);

/* "127.0.0.1:80", "[::1]:80" */
char *endpoint_format(const struct endpoint *e, char to[ENDPOINT_TEXT_LEN]);

/* The reverse of endpoint_format ("*:80" gives no address).  0 or -EINVAL. */
int endpoint_parse(const char *text, struct endpoint *ret);

#endif
