/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_SENDER_H
#define SYNSENT_CORE_SENDER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whose SYN schedule is it?  The gaps between the SYNs of one attempt and the
 * TTL of the first tell which senders it is consistent with, and how many SYNs
 * each of these sends by its defaults.  Pure, and nothing is allocated.
 *
 * A schedule is a first timeout and a number of linear timeouts, after which
 * the timeout doubles.  Where the figures come from:
 *   Linux    core/schedule.h; net/ipv4/tcp_timer.c
 *   macOS    bsd/netinet/tcp_timer.c tcp_syn_backoff[] {1,1,1,1,1,2,4,...}, TCPTV_RTOBASE 1 s; no slop
 *            before ESTABLISHED (TCP_ADD_REXMTSLOP); TCPTV_KEEP_INIT 75 s ends it
 *   FreeBSD  sys/netinet/tcp_timer.c: of old tcp_syn_backoff[] from 3 s, later tcp_backoff[] from
 *            tcp_rexmit_initial 1 s, both with tcp_rexmit_slop 0.2 s from the second timeout on; 75 s
 *   OpenBSD  sys/netinet/tcp_timer.h TCPTV_SRTTDFLT: twice 1.5 s, of old twice 3 s, doubling; 75 s
 *   NetBSD   the same of old; later TCPTV_SRTTDFLT 1 s (RFC 6298), doubling; 75 s
 *   Windows  InitialRto 3 s and MaxSynRetransmissions 2 (to 21 s); later 1 s, and 2 or 4
 */
enum sender_kind {
	SENDER_LINUX_LINEAR, /* 6.5 and later: tcp_syn_linear_timeouts 4, tcp_syn_retries 6 */
	SENDER_LINUX_6,	     /* 3.7 to 6.4: tcp_syn_retries 6 */
	SENDER_LINUX_5,	     /* 3.1 to 3.6: tcp_syn_retries 5; a common setting later on */
	SENDER_LINUX_3S,     /* before 3.1: first timeout 3 s, tcp_syn_retries 5 */
	SENDER_LINUX_OTHER,  /* another tcp_syn_linear_timeouts, tcp_syn_retries 6 */
	SENDER_MACOS,
	SENDER_BSD_1S,	   /* recent FreeBSD or NetBSD */
	SENDER_FREEBSD_3S, /* older FreeBSD */
	SENDER_OPENBSD_3S,
	SENDER_BSD_6S, /* older OpenBSD or NetBSD */
	SENDER_WINDOWS_1S,
	SENDER_WINDOWS_3S,
	SENDER_N,
};

#define SENDER_BIT(kind) (1u << (kind))
#define SENDERS_LINUX                                                                                \
	(SENDER_BIT(SENDER_LINUX_LINEAR) | SENDER_BIT(SENDER_LINUX_6) | SENDER_BIT(SENDER_LINUX_5) | \
	 SENDER_BIT(SENDER_LINUX_3S) | SENDER_BIT(SENDER_LINUX_OTHER))
#define SENDERS_WINDOWS (SENDER_BIT(SENDER_WINDOWS_1S) | SENDER_BIT(SENDER_WINDOWS_3S))

/* What was seen of one attempt. */
struct sender_sight {
	const int64_t *syn_ns; /* when its SYNs left, ns, any epoch */
	int n;		       /* how many, at least 1 */
	int hurried;	    /* the SYN whose gap is not a timer's (an ignored reply made the kernel hurry); 0: none */
	uint8_t ttl;	    /* of SYN 0, or its hop limit; 0: not known */
	int64_t silence_ns; /* for so long after the last SYN no further one came */
};

struct sender {
	/* Sets of SENDER_BIT().  A TTL of up to 64 is Linux's, macOS's or a BSD's, up to 128 Windows', above that
	 * none's of these; one that is not known excludes nobody. */
	uint32_t fits;	/* gaps and TTL fit these */
	uint32_t spent; /* of these: the SYNs seen are all that it sends by its defaults */
	uint32_t over;	/* of these: they are more than it sends by its defaults */
	int linear; /* linear timeouts as the gaps show them; -1: not decided, all gaps are alike (or there is none) */
	int first_rto_ms;		/* 1000, 3000 or 6000; 0: not known */
	bool wheel;			/* sender_wheel() was asked, and these are a Linux kernel's own timers */
	int64_t due_min_ns, due_max_ns; /* nominal, since the last SYN: when the next is due by those that fit */
	int64_t end_min_ns, end_max_ns; /* nominal, since SYN 0: when those that are spent give up; 0: none is */
	int64_t overdue_ns;		/* silence after which it is settled that no further SYN comes */
	bool settled;			/* it lasted as long */
};

void sender_recognise(const struct sender_sight *s, struct sender *ret);

/* How many SYNs that kind sends by its defaults, at most; LINUX_OTHER with `linear` linear timeouts. */
int sender_budget(enum sender_kind kind, int linear);

/*
 * After how much silence since the last SYN it is settled that no further one
 * comes: 1.25 s where there was no gap yet (0), else a little more than twice
 * the last gap, and never less than that for a gap of 1 s, for no stack repeats
 * SYNs sooner.
 */
int64_t sender_overdue_ns(int64_t last_gap_ns);

/*
 * Are these gaps, to 2 ms, those of the timer wheel of a Linux kernel (since
 * 4.8: kernel/time/timer.c calc_wheel_index())?  Of seven SYNs or more one may
 * be up to 40 ms later, as on a busy host, when the others keep to 0.75 ms.
 * Returns a set of SENDER_HZ_*, 0 for none.  Timers late by chance fit three times in
 * 100,000 for 7 SYNs, so it says little of fewer than 5.
 */
#define SENDER_HZ_100 1u
#define SENDER_HZ_250 2u
#define SENDER_HZ_300 4u
#define SENDER_HZ_1000 8u
unsigned int sender_wheel(const int64_t *syn_ns, int n, int first_rto_ms, int linear);

/*
 * "Linux 6.5 or later (linear timeouts 4), or macOS": those kinds, some of
 * s->spent (then with their budget) or of s->fits, of an attempt of n SYNs.
 * "" for none.
 */
#define SENDER_TEXT_LEN 160
char *sender_text(const struct sender *s, uint32_t kinds, int n, char to[SENDER_TEXT_LEN]);

/* "250", "250 or 1000": such a set in words. */
#define SENDER_HZ_LEN 32
char *sender_hz_text(unsigned int hz, char to[SENDER_HZ_LEN]);

#endif
