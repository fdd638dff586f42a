/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_PCAPNG_H
#define SYNSENT_SINKS_PCAPNG_H

#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

/*
 * A capture file as Wireshark reads it: pcapng (draft-ietf-opsawg-pcapng), one
 * section, one Ethernet interface with nanosecond times, a comment on the
 * section and on any packet.  The file is complete or absent: it is written
 * beside its name and renamed when closed.
 */
struct pcapng;

struct pcapng_opts {
	const char *path;
	const char *comment;   /* of the section: the verdict.  NULL: none */
	const char *interface; /* "lo" */
	int linktype;	       /* LINKTYPE_ number */
	int snaplen;
};

int pcapng_create(const struct pcapng_opts *o, struct pcapng **ret, struct err *e);

/* comment may be NULL.  0 or -errno. */
int pcapng_packet(struct pcapng *p, int64_t t_ns, const uint8_t *data, size_t caplen, size_t len, const char *comment,
		  struct err *e);

/* Makes the file appear.  After any earlier error it removes what was written instead.  Frees p. */
int pcapng_close(struct pcapng *p, struct err *e);

/* Gives up: nothing appears.  Frees p; p may be NULL. */
void pcapng_abort(struct pcapng *p);

#endif
