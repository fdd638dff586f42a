/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/decode.h"

#define TCP_HEADER_LEN 20
#define TCP_OFFSET_AT 12

enum { OPTION_EOL = 0, OPTION_NOP = 1 };

void tcp_options_init(struct tcp_options *it, struct bytes l4)
{
	struct bytes b = l4;
	uint8_t offset;
	size_t len;

	*it = (struct tcp_options){ 0 };
	if (!bytes_skip(&b, TCP_OFFSET_AT) || !bytes_u8(&b, &offset))
		return;
	len = (size_t)(offset >> 4) * 4;
	if (len <= TCP_HEADER_LEN)
		return;
	len -= TCP_HEADER_LEN;
	it->left = l4;
	if (!bytes_skip(&it->left, TCP_HEADER_LEN))
		it->left.len = 0;
	if (it->left.len > len)
		it->left.len = len;
	it->uncaptured = (uint8_t)(len - it->left.len);
}

static bool end(struct tcp_options *it, bool captured)
{
	it->malformed = captured;
	it->truncated = !captured;
	it->left.len = 0;
	it->uncaptured = 0;
	return false;
}

bool tcp_options_next(struct tcp_options *it, struct tcp_option *ret)
{
	struct tcp_option o = { 0 };
	size_t left = it->left.len + it->uncaptured;

	if (!left)
		return false;
	if (!bytes_u8(&it->left, &o.kind))
		return end(it, false);
	o.len = 1;
	if (o.kind == OPTION_EOL) {
		it->left.len = 0;
		it->uncaptured = 0;
	} else if (o.kind != OPTION_NOP) {
		if (!bytes_u8(&it->left, &o.len))
			return end(it, !it->uncaptured);
		if (o.len < 2 || o.len > left)
			return end(it, true);
		if (!bytes_take(&it->left, o.len - 2, &o.data))
			return end(it, false);
	}
	*ret = o;
	return true;
}
