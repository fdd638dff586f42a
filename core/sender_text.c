/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/sender.h"

#include <stdio.h>
#include <string.h>

#define BIT(kind) SENDER_BIT(SENDER_##kind)

/* "A", "A, or B", "A, B, or C". */
struct list {
	char *to;
	size_t size;
	const char *items[8];
	int n;
};

static void list_add(struct list *l, const char *item)
{
	if (l->n < (int)(sizeof(l->items) / sizeof(l->items[0])))
		l->items[l->n++] = item;
}

static void list_write(const struct list *l)
{
	size_t len = 0;
	int i;

	l->to[0] = 0;
	for (i = 0; i < l->n && len < l->size; i++)
		len += (size_t)snprintf(l->to + len, l->size - len, "%s%s",
					!i		? ""
					: i == l->n - 1 ? ", or "
							: ", ",
					l->items[i]);
}

static const char *linux_text(const struct sender *s, uint32_t kinds, int n, char to[64])
{
	bool spent = kinds & s->spent;

	if (kinds & BIT(LINUX_LINEAR) && kinds & (BIT(LINUX_6) | BIT(LINUX_5)))
		return "Linux";
	if (kinds & BIT(LINUX_LINEAR) && spent && n < sender_budget(SENDER_LINUX_LINEAR, 0))
		return "Linux 6.5 or later (tcp_syn_retries 6 as a plain count)";
	if (kinds & BIT(LINUX_LINEAR))
		return "Linux 6.5 or later (linear timeouts 4)";
	if (spent && kinds & BIT(LINUX_6))
		return "Linux 3.7 to 6.4 (tcp_syn_retries 6)";
	if (spent && kinds & BIT(LINUX_5))
		return "Linux before 6.5, tcp_syn_retries 5";
	if (kinds & (BIT(LINUX_6) | BIT(LINUX_5)))
		return "Linux before 6.5";
	if (kinds & BIT(LINUX_3S))
		return "Linux before 3.1";
	if (s->linear < 0)
		return "Linux with tcp_syn_linear_timeouts above 4";
	snprintf(to, 64, "Linux with tcp_syn_linear_timeouts %d", s->linear);
	return to;
}

static const char *windows_text(const struct sender *s, uint32_t kinds, int n, char to[64])
{
	if (!(kinds & s->spent))
		return "Windows";
	snprintf(to, 64, "Windows (first timeout %d s, %d retransmissions)", s->first_rto_ms / 1000, n - 1);
	return to;
}

char *sender_text(const struct sender *s, uint32_t kinds, int n, char to[SENDER_TEXT_LEN])
{
	struct list l = { .to = to, .size = SENDER_TEXT_LEN };
	char lin[64], win[64];

	if (kinds & SENDERS_LINUX)
		list_add(&l, linux_text(s, kinds, n, lin));
	if (kinds & BIT(MACOS))
		list_add(&l, "macOS");
	if (kinds & BIT(BSD_1S))
		list_add(&l, "a recent FreeBSD or NetBSD");
	if (kinds & BIT(FREEBSD_3S))
		list_add(&l, "an older FreeBSD");
	if (kinds & BIT(OPENBSD_3S))
		list_add(&l, "OpenBSD");
	if (kinds & BIT(BSD_6S))
		list_add(&l, "an older OpenBSD or NetBSD");
	if (kinds & SENDERS_WINDOWS)
		list_add(&l, windows_text(s, kinds, n, win));
	list_write(&l);
	return to;
}

char *sender_hz_text(unsigned int hz, char to[SENDER_HZ_LEN])
{
	static const char *const names[] = { "100", "250", "300", "1000" };
	size_t len = 0;
	unsigned int i;

	to[0] = 0;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (hz & 1u << i)
			len += (size_t)snprintf(to + len, SENDER_HZ_LEN - len, "%s%s", len ? " or " : "", names[i]);
	return to;
}
