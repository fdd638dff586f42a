/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/sockaddr.h"

#include <netinet/in.h>
#include <string.h>

socklen_t sockaddr_of(const struct endpoint *e, struct sockaddr_storage *ret)
{
	struct sockaddr_in a4 = { .sin_family = AF_INET, .sin_port = htons(e->port) };
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6, .sin6_port = htons(e->port) };

	memset(ret, 0, sizeof(*ret));
	if (e->addr.family == 6) {
		memcpy(&a6.sin6_addr, e->addr.b, 16);
		memcpy(ret, &a6, sizeof(a6));
		return sizeof(a6);
	}
	memcpy(&a4.sin_addr, e->addr.b, 4);
	memcpy(ret, &a4, sizeof(a4));
	return sizeof(a4);
}

void sockaddr_endpoint(const struct sockaddr_storage *ss, struct endpoint *ret)
{
	struct sockaddr_in a4;
	struct sockaddr_in6 a6;

	memset(ret, 0, sizeof(*ret));
	if (ss->ss_family == AF_INET) {
		memcpy(&a4, ss, sizeof(a4));
		ret->addr.family = 4;
		memcpy(ret->addr.b, &a4.sin_addr, 4);
		ret->port = ntohs(a4.sin_port);
	} else if (ss->ss_family == AF_INET6) {
		bool mapped;

		memcpy(&a6, ss, sizeof(a6));
		mapped = IN6_IS_ADDR_V4MAPPED(&a6.sin6_addr);
		ret->addr.family = mapped ? 4 : 6;
		memcpy(ret->addr.b, a6.sin6_addr.s6_addr + (mapped ? 12 : 0), mapped ? 4 : 16);
		ret->port = ntohs(a6.sin6_port);
	}
}
