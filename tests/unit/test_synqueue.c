// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/watch_ask.h"
#include "core/attempt.h"
#include "sources/backlog.h"
#include "sources/procs.h"
#include "sources/synqueue.h"

#define SYN_RECV 3
#define LISTEN 10

static struct synqueue q;

static int begin(void **state)
{
	q = (struct synqueue){ 0 };
	return endpoint_parse("10.0.0.2:80", &q.server);
}

static struct sockdiag_socket of(const char *own, int state)
{
	struct sockdiag_socket s = { .state.state = (uint8_t)state };

	assert_int_equal(endpoint_parse(own, &s.state.flow.server), 0);
	return s;
}

static void listens(const char *own, uint32_t backlog)
{
	struct sockdiag_socket s = of(own, LISTEN);

	s.state.wqueue = backlog;
	s.state.flow.client = s.state.flow.server;
	synqueue_listener(&q, &s);
}

static void half_open(const char *own, int n)
{
	struct sockdiag_socket s = of(own, SYN_RECV);

	while (n--)
		synqueue_request(&q, &s);
}

static void assert_queue(const char *own, uint64_t backlog, uint32_t n)
{
	char text[ENDPOINT_TEXT_LEN];

	assert_true(q.fit);
	assert_string_equal(endpoint_format(&q.listener.state.flow.server, text), own);
	assert_int_equal(q.backlog, backlog);
	assert_int_equal(q.half_open, n);
}

static void nobody(void **state)
{
	listens("10.0.0.2:81", 1);
	listens("10.0.0.3:80", 2);
	assert_false(q.fit);
	half_open("10.0.0.3:80", 5);
	assert_int_equal(q.half_open, 0);
	endpoint_parse("[fd00::2]:80", &q.server);
	listens("0.0.0.0:80", 3);
	assert_false(q.fit);
}

/* Nobody else has that port, so all that is half open there is its own, whatever address it came to. */
static void wildcard(void **state)
{
	struct sockdiag_socket crossed = of("10.0.0.2:80", SYN_RECV), open = of("10.0.0.2:80", 1);

	listens("0.0.0.0:80", 4);
	listens("0.0.0.0:443", 9);
	half_open("10.0.0.2:80", 2);
	half_open("127.0.0.1:80", 3);
	half_open("10.0.0.2:443", 7);
	crossed.has_info = true;
	synqueue_request(&q, &crossed);
	synqueue_request(&q, &open);
	assert_queue("0.0.0.0:80", 4, 5);
}

static void both_families(void **state)
{
	listens("[::]:80", 4);
	half_open("10.0.0.2:80", 2);
	half_open("[fd00::2]:80", 3);
	assert_queue("[::]:80", 4, 5);
}

/* One each: as nginx listens. */
static void each_family(void **state)
{
	listens("[::]:80", 4);
	listens("0.0.0.0:80", 6);
	half_open("10.0.0.2:80", 2);
	half_open("[fd00::2]:80", 3);
	assert_queue("0.0.0.0:80", 6, 2);
	begin(state);
	endpoint_parse("[fd00::2]:80", &q.server);
	listens("0.0.0.0:80", 6);
	listens("[::]:80", 4);
	half_open("10.0.0.2:80", 2);
	half_open("[fd00::2]:80", 3);
	assert_queue("[::]:80", 4, 3);
}

/* The address itself counts for more than a wildcard; of the wildcard's the others are not known. */
static void addresses(void **state)
{
	listens("10.0.0.2:80", 3);
	listens("0.0.0.0:80", 4);
	half_open("10.0.0.2:80", 2);
	half_open("10.0.0.3:80", 5);
	assert_queue("10.0.0.2:80", 3, 2);
	begin(state);
	listens("0.0.0.0:80", 4);
	listens("10.0.0.3:80", 3);
	half_open("10.0.0.2:80", 2);
	half_open("10.0.0.3:80", 5);
	assert_queue("0.0.0.0:80", 4, 2);
}

static void listens_by(const char *own, uint32_t device, uint32_t backlog)
{
	struct sockdiag_socket s = of(own, LISTEN);

	s.state.wqueue = backlog;
	s.state.flow.client = s.state.flow.server;
	s.device = device;
	synqueue_listener(&q, &s);
}

/* One that is bound to a device, or to its VRF, takes what comes by that alone, and before others. */
static void bound(void **state)
{
	q.device = 5;
	q.vrf = 9;
	listens_by("0.0.0.0:80", 8, 3);
	assert_false(q.fit);
	listens_by("0.0.0.0:80", 0, 4);
	assert_queue("0.0.0.0:80", 4, 0);
	listens_by("[::]:80", 9, 6);
	listens_by("0.0.0.0:80", 9, 5);
	assert_queue("0.0.0.0:80", 5, 0);
	listens_by("10.0.0.2:80", 0, 7);
	assert_queue("10.0.0.2:80", 7, 0);
	begin(state); /* by which it comes is not known */
	listens_by("0.0.0.0:80", 8, 3);
	assert_queue("0.0.0.0:80", 3, 0);
}

static void shared_port(void **state)
{
	listens("10.0.0.2:80", 3);
	listens("10.0.0.2:80", 4);
	half_open("10.0.0.2:80", 6);
	assert_queue("10.0.0.2:80", 7, 6);
	assert_int_equal(q.n, 2);
}

/* What was measured with Linux 6.18: 11 with a backlog of 10; 97 with tcp_max_syn_backlog 128, 9 with 10. */
static void limits(void **state)
{
	assert_int_equal(synqueue_by_backlog(11, 10, 1), SYNQUEUE_FULL);
	assert_int_equal(synqueue_by_backlog(10, 10, 1), SYNQUEUE_FULL_LIKELY);
	assert_int_equal(synqueue_by_backlog(9, 10, 1), SYNQUEUE_HAS_ROOM);
	assert_int_equal(synqueue_by_backlog(0, 0, 1), SYNQUEUE_HAS_ROOM);
	assert_int_equal(synqueue_by_backlog(1, 0, 1), SYNQUEUE_FULL);
	/* of 5 and 6: one of them may have room with 12 */
	assert_int_equal(synqueue_by_backlog(13, 11, 2), SYNQUEUE_FULL);
	assert_int_equal(synqueue_by_backlog(12, 11, 2), SYNQUEUE_FULL_LIKELY);
	assert_int_equal(synqueue_by_sysctl(97, 128), SYNQUEUE_FULL_LIKELY);
	assert_int_equal(synqueue_by_sysctl(96, 128), SYNQUEUE_HAS_ROOM);
	assert_int_equal(synqueue_by_sysctl(9, 10), SYNQUEUE_FULL_LIKELY);
	assert_int_equal(synqueue_by_sysctl(8, 10), SYNQUEUE_HAS_ROOM);
	assert_int_equal(synqueue_by_sysctl(200, 128), SYNQUEUE_FULL_LIKELY);
	assert_int_equal(synqueue_by_sysctl(0, 1), SYNQUEUE_HAS_ROOM);
}

static void words(void **state)
{
	static const struct {
		struct backlog b;
		const char *reason, *rule;
	} t[] = {
		{ { .waiting = 1, .limit = 1, .half_open = 5 }, NULL, NULL },
		{ { .waiting = 2, .limit = 1, .half_open = 5, .half_open_backlog = 1, .by_backlog = SYNQUEUE_FULL },
		  "accept queue full",
		  "listener 10.0.0.2:80, 2 waiting, backlog 1" },
		{ { .waiting = 2, .limit = 1, .likely = true },
		  "accept queue full, likely",
		  "listener 10.0.0.2:80, 2 waiting, backlog 1" },
		{ { .half_open = 8, .half_open_backlog = 7, .by_backlog = SYNQUEUE_FULL, .likely = true },
		  "SYN queue full, likely",
		  "listener 10.0.0.2:80, 8 half-open, backlog 7, tcp_syncookies 0" },
		{ { .limit = 3,
		    .half_open = 8,
		    .half_open_backlog = 7,
		    .by_backlog = SYNQUEUE_FULL,
		    .by_sysctl = SYNQUEUE_FULL_LIKELY,
		    .max_syn_backlog = 8 },
		  "SYN queue full",
		  "listener 10.0.0.2:80, 8 half-open, backlog 7, tcp_syncookies 0" },
		{ { .half_open = 7, .half_open_backlog = 7, .by_backlog = SYNQUEUE_FULL_LIKELY },
		  "SYN queue full, likely",
		  "listener 10.0.0.2:80, 7 half-open, backlog 7, tcp_syncookies 0" },
		{ { .half_open = 97,
		    .half_open_backlog = 97,
		    .by_backlog = SYNQUEUE_FULL_LIKELY,
		    .by_sysctl = SYNQUEUE_FULL_LIKELY,
		    .max_syn_backlog = 128 },
		  "SYN queue full, likely",
		  "listener 10.0.0.2:80, 97 half-open, over 3/4 of tcp_max_syn_backlog 128, tcp_syncookies 0" },
	};
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct backlog b = t[i].b;
		struct drop d = { 0 };

		b.netns = 7;
		endpoint_parse("10.0.0.2:80", &b.listener);
		assert_int_equal(backlog_drop(&b, NULL, &d), t[i].reason != NULL);
		assert_int_equal(d.place, t[i].reason ? DROP_PEER_BACKLOG : DROP_NONE);
		assert_string_equal(d.reason, t[i].reason ? t[i].reason : "");
		assert_string_equal(d.rule, t[i].rule ? t[i].rule : "");
		assert_int_equal(d.netns, t[i].reason ? 7 : 0);
	}
}

static void owner(void **state)
{
	const struct procs_wanted nginx = { .pid = 7, .comm = "nginx" };
	struct backlog b = { .half_open = 2, .half_open_backlog = 1, .by_backlog = SYNQUEUE_FULL };
	struct drop d;

	endpoint_parse("10.0.0.2:80", &b.listener);
	assert_true(backlog_drop(&b, &nginx, &d));
	assert_string_equal(d.rule, "listener 10.0.0.2:80 (nginx, pid 7), 2 half-open, backlog 1, tcp_syncookies 0");
	b.waiting = 1;
	assert_true(backlog_drop(&b, &nginx, &d));
	assert_string_equal(d.rule, "listener 10.0.0.2:80 (nginx, pid 7), 1 waiting, backlog 0");
}

/* What was found is kept; walks through /proc that follow each other have to wait, if not each of them. */
static void owner_is_asked_for(void **state)
{
	struct watch_ask *w = watch_ask_new();
	struct procs_wanted got = { 0 };
	int fd[2], i, refused = 0;
	struct stat st[2];

	assert_non_null(w);
	for (i = 0; i < 2; i++) {
		fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(fstat(fd[i], &st[i]), 0);
	}
	assert_true(watch_ask_owner(w, (uint32_t)st[0].st_ino, &got));
	assert_int_equal(got.pid, procs_self());
	assert_true(got.comm[0]);
	for (i = 0; i < 1000; i++) {
		got = (struct procs_wanted){ 0 };
		if (!watch_ask_owner(w, (uint32_t)st[i % 2].st_ino, &got))
			refused++;
		else
			assert_int_equal(got.pid, procs_self());
	}
	assert_true(refused > 0);
	close(fd[0]);
	close(fd[1]);
	watch_ask_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nobody, begin),
		cmocka_unit_test_setup(wildcard, begin),
		cmocka_unit_test_setup(both_families, begin),
		cmocka_unit_test_setup(each_family, begin),
		cmocka_unit_test_setup(addresses, begin),
		cmocka_unit_test_setup(bound, begin),
		cmocka_unit_test_setup(shared_port, begin),
		cmocka_unit_test(limits),
		cmocka_unit_test(words),
		cmocka_unit_test(owner),
		cmocka_unit_test(owner_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
