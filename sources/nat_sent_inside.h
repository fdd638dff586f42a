/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_NAT_SENT_INSIDE_H
#define SYNSENT_SOURCES_NAT_SENT_INSIDE_H

#include "sources/conntrack_rules.h"
#include "sources/namespaces.h"
#include "sources/nat_heard.h"
#include "sources/nat_sent.h"

/* What the files of nat_sent share: the network namespaces of this host, and what is listened to in them. */

#define PLACES_MAX (2 * NAMESPACES_MAX)

struct place {
	uint32_t inode;
	bool seen;
	int fd; /* -1: it is not listened in */
	int64_t looked_ns, since_ns, lost_ns;
	struct conntrack_rules rules;
};

struct nat_sent {
	struct namespaces *namespaces;
	struct nat_heard *heard;
	uint32_t *wanted;
	int n_wanted; /* 0: all are */
	uint32_t own; /* this process's */
	struct place places[PLACES_MAX];
	int n, n_listening, epoll;
	int n_passing[2];	  /* that may send on what they forward */
	int64_t look_ns, tidy_ns; /* when that is due */
	int64_t second_ns;	  /* since when questions are counted */
	int asked;
	int64_t full_ns; /* when what was heard had no room */
	uint64_t lost;
};

/* NULL: it was not found. */
struct place *nat_sent_place(struct nat_sent *n, uint32_t inode);

/* Can it matter to an attempt of its own, or of others?  six: 0 or 1. */
bool nat_sent_matters_to_own(const struct nat_sent *n, const struct place *p, int six);
bool nat_sent_matters_to_others(const struct nat_sent *n, const struct place *p, int six);

/* What rules they have, and listens where it matters: of all; of that one, and NULL: what it has is not known. */
void nat_sent_look_at_all(struct nat_sent *n);
struct place *nat_sent_look_at_own(struct nat_sent *n, uint32_t own);

/* Takes what was told there. */
void nat_sent_read_place(struct nat_sent *n, struct place *p);

/* It is gone: the last one has its place then. */
void nat_sent_forget(struct nat_sent *n, struct place *p);

#endif
