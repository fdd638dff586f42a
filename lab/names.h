/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_NAMES_H
#define SYNSENT_LAB_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"
#include "util/buf.h"
#include "util/bytes.h"
#include "util/err.h"

/*
 * Names of a world in which every name exists.  A name that is asked for the
 * first time gets the next IPv4 address of 198.18.0.0/16 (RFC 2544, from .0.1) and
 * the next IPv6 address of 2001:db8::/64 (RFC 3849, from ::1), and keeps them; so the
 * same questions in the same order give the same addresses.  One that names_resolve() has given away is passed over.
 * localhost and what is below it are 127.0.0.1 and ::1 (RFC 6761), unless a rule names them.  Pure: no socket here.
 */
struct names;

#define NAMES_MAX 65000	   /* names; beyond that the answer is SERVFAIL */
#define NAME_LEN 256	   /* the longest name as text, with the NUL */
#define NAMES_ADDRS_MAX 16 /* addresses of one name: they fit into an answer of 512 bytes */

/* NULL when there is no memory.  ipv6 false: AAAA questions get no address. */
struct names *names_new(bool ipv6);
void names_free(struct names *n);

/*
 * --resolve "NAME=ADDR[,ADDR]...": NAME has these addresses and no others; in a family of which none
 * is given it has none; "NAME=" does not exist at all (NXDOMAIN).  "*.internal=..." stands for every name
 * below internal, and "*=..." for every name but localhost; the closest one
 * counts.  A second one for the same NAME adds to it.  To be called before the first question.  0, -EINVAL
 * (e->exit_code 2) or -ENOMEM.
 */
int names_resolve(struct names *n, const char *text, struct err *e);

/*
 * The addresses of a name, at most max, which it gets when it has none yet; `family` 4, 6 or 0: both, IPv4 first.  How
 * many, or -ENOENT: it does not exist; -EINVAL: not a name; -ENOSPC, -ENOMEM.  An
 * address is its own address.  Names are without regard to case, and a
 * last dot is nothing.
 */
int names_addrs(struct names *n, const char *name, int family, struct addr *ret, int max);

/* The name that was looked up with this address as its answer (the last one of several), or NULL; in lower case.  It
 * may change with the next look-up.  The loopback addresses are localhost. */
const char *names_of(const struct names *n, const struct addr *a);

/* What was asked, for the log. */
struct names_question {
	char name[NAME_LEN]; /* from outside: not escaped */
	uint16_t type;	     /* 1 A, 28 AAAA, 12 PTR, 65 HTTPS, ... */
	int n_answers;
	int rcode; /* 0, 1 FORMERR, 2 SERVFAIL, 3 NXDOMAIN, 4 NOTIMP, 5 REFUSED, 16 BADVERS */
};

/*
 * The answer to a DNS message over UDP (RFC 1035; EDNS of RFC 6891 is answered, with no option): A, AAAA and PTR;
 * every other type of an existing name gets an empty answer; no name is looked up anywhere else.  A class other than IN
 * is refused; PTR of an address that was no answer yet gets NXDOMAIN.  What is no query, or is cut short, gets FORMERR,
 * or 0 bytes when it has no whole header or is a response itself.  Returns the length of the answer, at most `max` (>=
 * 512; an answer that does not fit is cut, with TC).  *ret_q is filled when a question was read, else its name is ""
 * and rcode tells why.
 */
size_t names_answer(struct names *n, struct bytes query, uint8_t *answer, size_t max, struct names_question *ret_q);

/* A hosts(5) file for this world: `host_file` (the host's own, NULL: none) without the lines' names that
 * names_resolve() gave, and with localhost, whatever it held (unless a rule names it). */
void names_hosts(const struct names *n, const char *host_file, struct buf *to);

#endif
