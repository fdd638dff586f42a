/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/watch_told.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

struct attempt a;
struct verdict v;
const struct watch_line_look plain;

void begin(int n)
{
	static const int64_t at_ms[] = { 0, 1009, 3025, 7089, 15281, 31409 };
	int i;

	memset(&a, 0, sizeof(a));
	memset(&v, 0, sizeof(v));
	endpoint_parse("10.0.0.1:40000", &a.flow.client);
	endpoint_parse("10.0.0.2:443", &a.flow.server);
	a.traced = a.socket_seen = true;
	a.pid = 812;
	a.netns = 1;
	strcpy(a.comm, "curl");
	a.n_syns = n;
	a.connect_ns = a.first_state_ns = START;
	for (i = 0; i < n; i++)
		a.syn_ns[i] = START + at_ms[i] * MS;
}

void judged(enum outcome o, int64_t elapsed_ns, int error)
{
	v.outcome = o;
	v.confidence = CONFIDENCE_CERTAIN;
	v.elapsed_ns = elapsed_ns;
	v.error = error;
}

struct reply *replied(enum reply_kind kind, enum ignored ignored)
{
	struct reply *r = &a.replies[a.n_replies++];

	*r = (struct reply){ .kind = kind, .t_ns = START + 200 * US, .ignored = ignored };
	return r;
}

struct drop *dropped(enum drop_place place, uint64_t packets)
{
	struct drop *d = &a.drops[a.n_drops++];

	*d = (struct drop){ .place = place, .packets = packets, .netns = 1, .reason = "NETFILTER_DROP" };
	strcpy(d->function, "nf_hook_slow");
	return d;
}

void assert_line(const struct watch_line_look *look, const char *should)
{
	struct buf b = { 0 };

	watch_line(&a, &v, look, &b);
	assert_string_equal(buf_text(&b), should);
	buf_fini(&b);
}

void assert_why(const char *should)
{
	struct buf b = { 0 };

	watch_line_why(&a, &v, &b);
	assert_string_equal(buf_text(&b), should);
	buf_fini(&b);
}
