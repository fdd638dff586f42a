// SPDX-License-Identifier: GPL-2.0-or-later
#include "sources/sockdiag_msg.h"

#include <errno.h>
#include <stdlib.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

#include "sources/jiffies.h"
#include "sources/nlget.h"

#define STATE_SYN_SENT 2
#define STATE_SYN_RECV 3
#define STATE_CLOSE 7
#define STATE_LISTEN 10
#define TIMER_RETRANSMIT 1

/* Integers of netlink are in the host's order. */
static bool u32(struct bytes *b, uint32_t *ret)
{
	return bytes_copy(b, ret, sizeof(*ret));
}

/* Takes the 16 bytes that hold an address of either family. */
static bool take_addr(struct bytes *b, uint8_t family, struct addr *ret)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	uint8_t raw[16];

	*ret = (struct addr){ 0 };
	if (!bytes_copy(b, raw, sizeof(raw)))
		return false;
	if (family == AF_INET) {
		ret->family = 4;
		memcpy(ret->b, raw, 4);
	} else if (!memcmp(raw, mapped, sizeof(mapped))) {
		ret->family = 4;
		memcpy(ret->b, raw + 12, 4);
	} else {
		ret->family = 6;
		memcpy(ret->b, raw, 16);
	}
	return true;
}

/* A field of struct tcp_info; older kernels give a shorter one. */
static bool info_u32(struct bytes info, size_t offset, uint32_t *ret)
{
	return bytes_skip(&info, offset) && u32(&info, ret);
}

/*
 * The SYN was acknowledged; of that tcp_disconnect(), which forgets the server, leaves the server's window, and the
 * next connect() nothing.  A SYN that crossed brings a window, too.
 */
static bool was_connected(struct bytes info, uint16_t server_port)
{
	uint32_t acked[2], window;
	struct bytes b = info;

	if (bytes_skip(&b, offsetof(struct tcp_info, tcpi_bytes_acked)) && u32(&b, &acked[0]) && u32(&b, &acked[1]) &&
	    (acked[0] || acked[1]))
		return true;
	return !server_port && info_u32(info, offsetof(struct tcp_info, tcpi_snd_wnd), &window) && window;
}

static void parse_info(struct bytes info, struct sockdiag_socket *s)
{
	uint32_t sent_ms;
	struct bytes b = info;

	if (!info_u32(info, offsetof(struct tcp_info, tcpi_rto), &s->state.rto_us))
		return;
	s->has_info = true;
	if (bytes_skip(&b, offsetof(struct tcp_info, tcpi_backoff)))
		bytes_u8(&b, &s->state.backoff);
	/* idiag_retrans is 0 when no timer runs, as in a socket that is being destroyed. */
	b = info;
	if (!s->state.timer && bytes_skip(&b, offsetof(struct tcp_info, tcpi_retransmits)))
		bytes_u8(&b, &s->state.retransmits);
	if (info_u32(info, offsetof(struct tcp_info, tcpi_last_data_sent), &sent_ms))
		s->last_data_sent_ms = sent_ms;
	if (info_u32(info, offsetof(struct tcp_info, tcpi_total_retrans), &s->total_retrans) &&
	    s->total_retrans < s->state.retransmits)
		s->state.unsent = (uint8_t)(s->state.retransmits - s->total_retrans);
	info_u32(info, offsetof(struct tcp_info, tcpi_segs_in), &s->segs_in);
	s->was_connected = was_connected(info, s->state.flow.server.port);
}

/* struct inet_diag_msg, field by field. */
static bool parse_fixed(struct bytes *b, struct sockdiag_socket *s)
{
	struct event_state *st = &s->state;
	struct endpoint local = { 0 }, remote = { 0 };
	uint32_t cookie[2];
	uint8_t family;

	if (!bytes_u8(b, &family) || !bytes_u8(b, &st->state) || !bytes_u8(b, &st->timer) ||
	    !bytes_u8(b, &st->retransmits))
		return false;
	if (family != AF_INET && family != AF_INET6)
		return false;
	if (!bytes_u16be(b, &local.port) || !bytes_u16be(b, &remote.port) || !take_addr(b, family, &local.addr) ||
	    !take_addr(b, family, &remote.addr))
		return false;
	if (!u32(b, &s->device) || !u32(b, &cookie[0]) || !u32(b, &cookie[1]) || !u32(b, &st->expires_ms) ||
	    !u32(b, &st->rqueue) || !u32(b, &st->wqueue) || !u32(b, &st->uid) || !u32(b, &st->inode))
		return false;
	/* An end that was reset to :: while the other still is IPv4: a failed connect() does that. */
	if (local.addr.family != remote.addr.family) {
		if (addr_is_any(&local.addr))
			local.addr.family = 4;
		if (addr_is_any(&remote.addr))
			remote.addr.family = 4;
	}
	st->cookie = (uint64_t)cookie[1] << 32 | cookie[0];
	if (st->state == STATE_LISTEN)
		st->flow = (struct flow){ .client = local, .server = local };
	else if (st->state == STATE_SYN_RECV)
		st->flow = (struct flow){ .client = remote, .server = local };
	else
		st->flow = (struct flow){ .client = local, .server = remote };
	/* What ends lets go of its port before its state says so (net/ipv4/tcp.c tcp_set_state()). */
	if (st->state == STATE_SYN_SENT && !local.port)
		st->state = STATE_CLOSE;
	return true;
}

int sockdiag_parse(struct bytes payload, struct sockdiag_socket *ret)
{
	struct sockdiag_socket s = { 0 };
	struct bytes value;
	uint16_t type;

	if (!parse_fixed(&payload, &s))
		return -EBADMSG;
	while (nlget_attr(&payload, &type, &value))
		if (type == INET_DIAG_INFO)
			parse_info(value, &s);
	if (payload.len)
		return -EBADMSG;
	*ret = s;
	return 0;
}

/* One message; returns as sockdiag_parse_datagram. */
static int message(const struct nlget *m, sockdiag_fn *fn, void *user)
{
	struct bytes payload = m->payload;
	struct sockdiag_socket s;
	int32_t code = 0;
	int r;

	switch (m->type) {
	case NLMSG_DONE: /* an error may end a dump too; old kernels give no code */
		bytes_copy(&payload, &code, sizeof(code));
		if (code < 0)
			return code;
		return m->flags & NLM_F_DUMP_INTR ? -EAGAIN : 1;
	case NLMSG_ERROR:
		return nlget_error(payload);
	case SOCK_DIAG_BY_FAMILY:
		r = sockdiag_parse(payload, &s);
		if (r)
			return r;
		fn(&s, user);
		return m->flags & NLM_F_DUMP_INTR ? -EAGAIN : 0;
	default:
		return 0;
	}
}

/*
 * Everything in the datagram is looked at even after a bad message, so that the
 * end of the dump is not missed.
 */
int sockdiag_parse_datagram(struct bytes b, uint32_t seq, sockdiag_fn *fn, void *user, bool *ret_done)
{
	struct nlget m;
	int failure = 0;
	bool done = false;

	while (nlget_message(&b, &m)) {
		int r;

		if (m.seq != seq)
			continue;
		r = message(&m, fn, user);
		if (m.type == NLMSG_DONE || m.type == NLMSG_ERROR)
			done = true;
		if (r < 0 && !failure)
			failure = r;
	}
	if (b.len && !failure)
		failure = -EBADMSG;
	if (ret_done)
		*ret_done = done;
	return failure ? failure : done;
}

#define SEEN_WITHIN_S 5 /* we may have been held back between the dump and `near` */

bool sockdiag_armed(const struct sockdiag_socket *s, int hz, uint64_t near, uint64_t *ret_jiffy)
{
	const struct event_state *st = &s->state;
	uint64_t seen, left, rto;

	if (!s->has_info || st->timer != TIMER_RETRANSMIT || !st->expires_ms)
		return false;
	seen = jiffies_of_ms((uint32_t)s->last_data_sent_ms, hz, near);
	/* Connected between the message's head and its tcp_info: the ms are then no longer jiffies. */
	if (llabs((int64_t)(seen - near)) > SEEN_WITHIN_S * hz)
		return false;
	left = (uint64_t)st->expires_ms * (uint64_t)hz / 1000;
	rto = ((uint64_t)st->rto_us * (uint64_t)hz + 500000) / 1000000;
	*ret_jiffy = seen + left - rto;
	return true;
}
