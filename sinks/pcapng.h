/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_PCAPNG_H
#define SYNSENT_SINKS_PCAPNG_H

#include <stddef.h>
#include <stdint.h>

#include "util/outfile.h"

/*
 * A capture file as Wireshark reads it: pcapng (draft-ietf-opsawg-pcapng), one
 * section, interfaces with nanosecond times, a comment on the section and on
 * any packet.  The file is complete or absent: it is written
 * beside its name and renamed when closed.
 */
struct pcapng;

struct pcapng_opts {
	const char *path;
	struct outfile *file;  /* created before, for that path, and pcapng's from now on; NULL: to be created */
	const char *comment;   /* of the section: the verdict.  NULL: none */
	const char *interface; /* "lo" */
	int linktype;	       /* LINKTYPE_ number of the first interface; -1: none yet */
	int snaplen;
};

int pcapng_create(const struct pcapng_opts *o, struct pcapng **ret, struct err *e);

/* Another interface; they are numbered from 0, in the order in which they came.  name may be NULL. */
int pcapng_interface(struct pcapng *p, int linktype, const char *name, struct err *e);

/* Of interface 0; comment may be NULL.  0 or -errno. */
int pcapng_packet(struct pcapng *p, int64_t t_ns, const uint8_t *data, size_t caplen, size_t len, const char *comment,
		  struct err *e);

int pcapng_packet_of(struct pcapng *p, uint32_t interface, int64_t t_ns, const uint8_t *data, size_t caplen, size_t len,
		     const char *comment, struct err *e);

/* Makes the file appear.  After any earlier error it removes what was written instead.  Frees p. */
int pcapng_close(struct pcapng *p, struct err *e);

/* Gives up: nothing appears.  Frees p; p may be NULL. */
void pcapng_abort(struct pcapng *p);

#endif
