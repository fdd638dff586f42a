/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "frame_case.h"
#include "packet/tcpdump.h"
#include "util/buf.h"

static bool lies_in(struct bytes inner, struct bytes outer)
{
	return !inner.len ||
	       (inner.p >= outer.p && inner.len <= outer.len && (size_t)(inner.p - outer.p) <= outer.len - inner.len);
}

static void check_packet(const struct frame_case *c, enum decode_result r, const struct packet *p)
{
	const struct event *ev = &p->event;

	MUST((ev->kind != EVENT_NONE) == (r == DECODE_OK));
	MUST(p->frame.p == c->frame.p && p->frame.len == c->frame.len && p->on_wire >= p->frame.len);
	MUST(lies_in(p->ip, c->frame));
	MUST(lies_in(p->l4, p->ip));
	MUST(p->l4.len <= p->l4_stated);
	MUST(r != DECODE_OK || p->ip_version == 4 || p->ip_version == 6);
	MUST(p->src.family == p->ip_version && p->dst.family == p->ip_version);
	MUST(!p->ip_fragment || r != DECODE_OK);
	if (ev->kind == EVENT_SEGMENT) {
		MUST(p->protocol == 6 && ev->segment.len + 20 <= p->l4_stated);
		MUST(addr_equal(&ev->segment.src.addr, &p->src));
	} else if (ev->kind == EVENT_ICMP) {
		MUST(ev->icmp.family == p->ip_version);
		MUST(ev->icmp.flow.client.addr.family && ev->icmp.flow.server.addr.family);
	}
}

static void check_path(const struct packet *p)
{
	const struct path *path = &p->path;
	char text[1024];
	int i, tunnels = 0;

	MUST(path->n >= 0 && path->n_tunnels <= PATH_TUNNELS_MAX && path->n_tunnels <= path->n);
	for (i = 0; i < path->n && i < PATH_STEPS_MAX; i++) {
		const struct path_step *s = &path->steps[i];

		MUST(s->kind > PATH_NONE && s->kind < PATH_KIND_N);
		MUST((s->kind >= PATH_IPIP) == (s->src.family != 0) && s->src.family == s->dst.family);
		tunnels += s->kind >= PATH_IPIP;
	}
	MUST(tunnels <= path->n_tunnels && (path->n > PATH_STEPS_MAX || tunnels == path->n_tunnels));
	MUST(!linktype_is_decoded(p->linktype) ? !path->n : linktype_name(p->linktype) != NULL);
	path_format(path, text, sizeof(text));
	MUST(!path->n == !text[0]);
}

static void check_options(const struct packet *p)
{
	struct tcp_options it;
	struct tcp_option o;
	int n = 0;

	tcp_options_init(&it, p->l4);
	while (tcp_options_next(&it, &o)) {
		MUST(lies_in(o.data, p->l4));
		MUST(o.len == (o.kind > 1 ? o.data.len + 2 : 1));
		MUST(++n <= 40);
	}
	MUST(!it.malformed || !it.truncated);
	MUST(!tcp_options_next(&it, &o));
}

/* Nothing in a packet can reach a terminal as a control character. */
static void check_line(const struct packet *p)
{
	struct tcpdump_opts o = { .utc = true };
	struct tcpdump *t = tcpdump_new(&o);
	struct buf line = { 0 };
	size_t i, first;

	MUST(t);
	tcpdump_line(t, 1000000, p, &line);
	first = line.len;
	tcpdump_line(t, -1, p, &line);
	MUST(!line.failed && first >= strlen("00:00:00.001000 "));
	MUST(!strncmp(buf_text(&line), "00:00:00.001000 ", 16));
	for (i = 0; i < line.len; i++)
		MUST((line.data[i] >= ' ' && line.data[i] <= '~') || (line.data[i] == '\n' && p->path.n_tunnels));
	buf_fini(&line);
	tcpdump_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame_case c = { 0 };
	struct packet p;

	if (!frame_case_read(bytes_of(data, size), &c))
		return 0;
	check_packet(&c, frame_case_decode(&c, &p), &p);
	check_path(&p);
	check_options(&p);
	check_line(&p);
	return 0;
}
