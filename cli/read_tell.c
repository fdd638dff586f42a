/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/read_tell.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/terminal.h"
#include "util/buf.h"

void read_say(const char *command, const char *fmt, ...)
{
	char text[1024], *line = text, *end;
	struct buf b = { 0 };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_fmt(&b, "synsent: %s: ", command);
	do { /* file names in it are from outside */
		end = strchrnul(line, '\n');
		buf_escaped(&b, line, (size_t)(end - line));
		buf_char(&b, '\n');
		line = end + 1;
	} while (*end);
	terminal_flush();
	fputs(buf_text(&b), stderr);
	buf_fini(&b);
}

bool read_tell_notes(const char *command, const struct read_job *j, const struct filter *filter,
		     const char *const *paths)
{
	char type[READ_LINKTYPE_LEN];
	struct read_notes n;
	struct ledger l;
	int i;

	read_job_notes(j, &n);
	for (i = 0; i < n.n_refused_types; i++)
		read_say(command, "%s: link type %s is not read; its packets are counted as not TCP",
			 paths[n.refused[i].file], read_linktype(n.refused[i].type, type));
	if (n.not_filtered)
		read_say(command, "%" PRIu64 " SYNs left out: the filter has no meaning for link type %s: %s",
			 n.not_filtered, read_linktype(n.not_filtered_type, type),
			 filter_why(filter, n.not_filtered_type));
	read_job_ledger(j, &l);
	return !n.n_refused || n.n_refused < l.seen;
}

bool read_tell_lost(const char *command, const struct read_job *j, uint64_t memory)
{
	struct handshakes_counts c;

	read_job_counts(j, &c);
	if (!c.evicted && !c.notes_lost && !c.attempts_lost)
		return false;
	read_say(command,
		 "%" PRIu64 " attempts were given up undecided for want of memory, %" PRIu64
		 " were not followed at all, %" PRIu64 " of their packets were not kept\n"
		 "  --memory gives more; it is %" PRIu64 " MiB now",
		 c.evicted, c.attempts_lost, c.notes_lost, memory >> 20);
	return true;
}

void read_tell_ledger(const char *command, const struct read_job *j, const struct ledger *l)
{
	struct handshakes_counts counts;
	struct read_notes n;

	read_job_notes(j, &n);
	read_job_counts(j, &counts);
	read_say(command,
		 "seen %" PRIu64 " = %" PRIu64 " counted + %" PRIu64 " duplicates + %" PRIu64 " filtered + %" PRIu64
		 " truncated + %" PRIu64 " malformed + %" PRIu64 " not TCP",
		 l->seen, l->counted, l->duplicates, l->filtered, l->truncated, l->malformed, l->other);
	read_say(command,
		 "%" PRIu64 " attempts, at most %" PRIu64 " followed at once in %.1f MiB; %" PRIu64
		 " answers of no attempt, %" PRIu64 " SYNs with FIN or RST",
		 counts.attempts, counts.open_max, (double)counts.memory / (1 << 20), counts.unmatched, counts.odd);
	if (n.odd_times || n.odd_lens || n.no_times)
		read_say(command,
			 "odd among the packets that were looked at: %" PRIu64 " times that cannot be, %" PRIu64
			 " without a time, %" PRIu64 " longer than they were sent",
			 n.odd_times, n.no_times, n.odd_lens);
}

void read_tell_sandbox(const char *command, const struct confined *c)
{
	read_say(command, "sandbox: capabilities %s, Landlock %s, seccomp %s%s%s", c->capabilities ? "dropped" : "kept",
		 c->landlock ? "on" : "off", c->seccomp ? "on" : "off", c->missing[0] ? "; " : "", c->missing);
}
