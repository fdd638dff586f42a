// SPDX-License-Identifier: GPL-2.0-or-later
#include "sources/counters.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/buf.h"

static const struct {
	const char *group, *name;
	size_t offset;
} wanted[] = {
	{ "TcpExt:", "TCPAbortOnTimeout", offsetof(struct counters, abort_on_timeout) },
	{ "TcpExt:", "TCPAbortOnData", offsetof(struct counters, abort_on_data) },
	{ "TcpExt:", "TCPTimeouts", offsetof(struct counters, timeouts) },
	{ "TcpExt:", "TCPSynRetrans", offsetof(struct counters, syn_retrans) },
	{ "TcpExt:", "ListenOverflows", offsetof(struct counters, listen_overflows) },
	{ "TcpExt:", "ListenDrops", offsetof(struct counters, listen_drops) },
	{ "TcpExt:", "LockDroppedIcmps", offsetof(struct counters, locked_icmps) },
	{ "Tcp:", "AttemptFails", offsetof(struct counters, attempt_fails) },
	{ "Tcp:", "ActiveOpens", offsetof(struct counters, active_opens) },
	{ "Tcp:", "EstabResets", offsetof(struct counters, estab_resets) },
	{ "Icmp:", "InDestUnreachs", offsetof(struct counters, icmp_errors[0]) },
	{ "Icmp:", "InTimeExcds", offsetof(struct counters, icmp_errors[1]) },
	{ "Icmp:", "InParmProbs", offsetof(struct counters, icmp_errors[2]) },
	{ "", "Icmp6InDestUnreachs", offsetof(struct counters, icmp_errors[3]) },
	{ "", "Icmp6InTimeExcds", offsetof(struct counters, icmp_errors[4]) },
	{ "", "Icmp6InParmProblems", offsetof(struct counters, icmp_errors[5]) },
};

/* One word of a line; an empty one when the line is over. */
struct word {
	const char *p;
	size_t len;
};

static struct word next_word(const char **at)
{
	struct word w;

	*at += strspn(*at, " \t");
	w.p = *at;
	w.len = strcspn(*at, " \t\n");
	*at += w.len;
	return w;
}

static int is(struct word w, const char *text)
{
	return w.len == strlen(text) && !memcmp(w.p, text, w.len);
}

static void set(struct counters *c, struct word group, struct word name, struct word value)
{
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		int64_t v;
		char *end;

		if (!is(group, wanted[i].group) || !is(name, wanted[i].name))
			continue;
		v = strtoll(value.p, &end, 10);
		if (end == value.p + value.len)
			memcpy((char *)c + wanted[i].offset, &v, sizeof(v));
	}
}

static const char *line_after(const char *at)
{
	at += strcspn(at, "\n");
	return *at ? at + 1 : at;
}

/* Two lines a group, the names and then the values, both led by the group's name; in snmp6 a name and a value a line.
 */
void counters_parse(const char *text, struct counters *ret)
{
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		*(int64_t *)((char *)ret + wanted[i].offset) = -1;
	while (*text) {
		const char *names = text, *values = line_after(text);
		struct word group = next_word(&names), again = next_word(&values);

		text = line_after(text);
		if (!group.len || group.len != again.len || memcmp(group.p, again.p, group.len)) {
			set(ret, (struct word){ "", 0 }, group, next_word(&names));
			continue;
		}
		text = line_after(text);
		for (;;) {
			struct word name = next_word(&names), value = next_word(&values);

			if (!name.len || !value.len)
				break;
			set(ret, group, name, value);
		}
	}
}

static int add_file(const char *path, struct buf *to)
{
	char part[4096];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while ((n = read(fd, part, sizeof(part))) > 0)
		buf_add(to, part, (size_t)n);
	if (n < 0)
		n = -errno;
	close(fd);
	return (int)n;
}

int64_t counters_icmp(const struct counters *c)
{
	int64_t n = 0;

	for (size_t i = 0; i < sizeof(c->icmp_errors) / sizeof(c->icmp_errors[0]); i++)
		if (c->icmp_errors[i] >= 0)
			n += c->icmp_errors[i];
	return c->icmp_errors[0] < 0 ? -1 : n;
}

int counters_read(struct counters *ret)
{
	struct buf text = { 0 };
	int r;

	/* thread-self: a thread may have moved to another network namespace, and /proc/net is the main thread's. */
	r = add_file("/proc/thread-self/net/netstat", &text);
	if (!r)
		r = add_file("/proc/thread-self/net/snmp", &text);
	if (!r)
		r = add_file("/proc/thread-self/net/snmp6", &text);
	if (r == -ENOENT && text.len) /* a kernel without IPv6 */
		r = 0;
	if (!r && text.failed)
		r = -ENOMEM;
	if (!r)
		counters_parse(buf_text(&text), ret);
	buf_fini(&text);
	return r;
}
