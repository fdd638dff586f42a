/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_SOCKADDR_H
#define SYNSENT_CORE_SOCKADDR_H

#include <sys/socket.h>

#include "core/addr.h"

/* An endpoint as the socket calls want it.  Returns the length. */
socklen_t sockaddr_of(const struct endpoint *e, struct sockaddr_storage *ret);

/* The reverse; IPv4-mapped IPv6 addresses become IPv4.  An unknown family gives none. */
void sockaddr_endpoint(const struct sockaddr_storage *ss, struct endpoint *ret);

#endif
