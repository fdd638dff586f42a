/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/nlput.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <string.h>

static void pad(struct nlput *m)
{
	static const char zeros[NLMSG_ALIGNTO];

	buf_add(&m->b, zeros, NLMSG_ALIGN(m->b.len) - m->b.len);
}

void nlput_begin(struct nlput *m, uint16_t type, uint16_t flags, uint32_t seq, const void *header, size_t len)
{
	const struct nlmsghdr h = { .nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = seq };

	m->message = m->b.len;
	buf_add(&m->b, &h, sizeof(h));
	buf_add(&m->b, header, len);
	pad(m);
}

void nlput_end(struct nlput *m)
{
	uint32_t len = (uint32_t)(m->b.len - m->message);

	if (!m->b.failed)
		memcpy(m->b.data + m->message, &len, sizeof(len)); /* nlmsg_len is the first field */
}

void nlput_attr(struct nlput *m, uint16_t type, const void *data, size_t len)
{
	const struct nlattr a = { .nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = type };

	buf_add(&m->b, &a, sizeof(a));
	buf_add(&m->b, data, len);
	pad(m);
}

void nlput_text(struct nlput *m, uint16_t type, const char *text)
{
	nlput_attr(m, type, text, strlen(text) + 1);
}

void nlput_u32be(struct nlput *m, uint16_t type, uint32_t value)
{
	value = htonl(value);
	nlput_attr(m, type, &value, sizeof(value));
}

size_t nlput_nest(struct nlput *m, uint16_t type)
{
	size_t begun = m->b.len;

	nlput_attr(m, type | NLA_F_NESTED, "", 0);
	return begun;
}

void nlput_end_nest(struct nlput *m, size_t begun)
{
	uint16_t len = (uint16_t)(m->b.len - begun);

	if (!m->b.failed)
		memcpy(m->b.data + begun, &len, sizeof(len)); /* nla_len is the first field */
}
