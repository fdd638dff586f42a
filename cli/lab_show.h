/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_LAB_SHOW_H
#define SYNSENT_CLI_LAB_SHOW_H

#include "cli/lab_files.h"
#include "cli/lab_view.h"
#include "util/buf.h"

/* What is being shown: the state that lab_view.c (while it runs), lab_end.c and lab_talk.c share. */
struct lab_show {
	struct lab_view_opts o;
	const struct lab_config *c;
	struct lab_view view;
	struct tcpdump *printer;
	struct events *events;
	struct err events_err;
	struct kept_packets packets;
	struct attempt *attempts; /* of the client under study */
	int n_attempts;
	bool begun, gone;	   /* the first line was printed; nobody reads any more */
	bool studied_seen;	   /* a packet of the attempt under study was printed */
	struct buf line, netstat;  /* the socket's line, until its first packet was printed */
	struct event_state kernel; /* the kernel's last word on a socket in SYN_SENT ... */
	int64_t kernel_ns;	   /* ... and when it came; 0: none */
	uint64_t n_events[EVENT_KIND_N], n_packets, n_studied_packets, lost;
};

/* The text for people is wanted. */
bool lab_show_tells(const struct lab_show *s);

/* One line on stdout, the progress line out of its way. */
void lab_show_line(struct lab_show *s, const char *line);

/* A line under a step. */
void lab_show_note(struct lab_show *s, const char *text);

/* "text                classic" */
void lab_show_step(struct lab_show *s, int n, const char *text, const char *classic);

/* The socket's line, if it waits for its turn. */
void lab_show_netstat(struct lab_show *s);

/* --verbose: what is told on stderr at the end. */
void lab_talk(struct lab_show *s, const struct lab_end *end);

#endif
