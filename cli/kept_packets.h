/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_KEPT_PACKETS_H
#define SYNSENT_CLI_KEPT_PACKETS_H

#include <stdbool.h>

#include "core/attempt.h"
#include "sources/live.h"
#include "util/err.h"

/* Packets kept in memory until what is to be said of them is known, and then written with it. */
struct kept_packet {
	int64_t t_ns;
	uint8_t *data;
	size_t caplen, len;
	bool told; /* a comment may stand with it */
};

/* Zero-initialised it is empty. */
struct kept_packets {
	struct kept_packet *packets;
	size_t n, cap;
	uint64_t missed; /* for want of memory */
	int linktype;
};

void kept_packets_add(struct kept_packets *k, const struct live_packet *p, bool told);

struct kept_comments {
	const char *interface;
	const char *section; /* "": none */
	int snaplen;
	const struct attempt *const *attempts; /* what there is to say of a packet, these know */
	size_t n;
};

/* Writes them as pcapng; complete or absent.  0 or -errno. */
int kept_packets_write(const struct kept_packets *k, const char *path, const struct kept_comments *c, struct err *e);

void kept_packets_fini(struct kept_packets *k);

#endif
