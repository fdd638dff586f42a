/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bpf/here_shared.h"
#include "here_left.h"
#include "here_trial.h"
#include "inside.h"
#include "util/clock.h"
#include "util/duration.h"

#define TRY_ALL(t) try_all(t, sizeof(t) / sizeof((t)[0]))
#define SAYS(text)                       \
	{                                \
		.to = text, .talk = true \
	}

static int each_fault(void)
{
	const struct trial t[] = {
		{ "syn-drop", fault(FAULT_SYN_DROP, 0, NULL, 0, 0), { TO_V4 }, ETIMEDOUT, { ALL_SYNS }, 0 },
		{ "syn-drop v6", fault(FAULT_SYN_DROP, 0, NULL, 0, 0), { TO_V6 }, ETIMEDOUT, { ALL_SYNS }, 0 },
		{ "syn-drop mapped", fault(FAULT_SYN_DROP, 0, NULL, 0, 0), { TO_MAPPED }, ETIMEDOUT, { ALL_SYNS }, 0 },
		{ "syn-drop:1", fault(FAULT_SYN_DROP, 1, NULL, 0, 0), SAYS(TO_V4), 0, { 1 }, 1 },
		{ "syn-drop:2", fault(FAULT_SYN_DROP, 2, NULL, 0, 0), SAYS(TO_V6), 0, { 2 }, 1 },
		{ "synack-drop", fault(FAULT_SYN_ACK_DROP, 0, NULL, 0, 0), { TO_V4 }, ETIMEDOUT, { 0, ANY }, ALL_SYNS },
		{ "synack-drop v6",
		  fault(FAULT_SYN_ACK_DROP, 0, NULL, 0, 0),
		  { TO_V6 },
		  ETIMEDOUT,
		  { 0, ANY },
		  ALL_SYNS },
		{ "synack-drop:1", fault(FAULT_SYN_ACK_DROP, 1, NULL, 0, 0), SAYS(TO_V4), 0, { 0, 1 }, ANY },
		{ "synack-drop:2", fault(FAULT_SYN_ACK_DROP, 2, NULL, 0, 0), SAYS(TO_V6), 0, { 0, 2 }, ANY },
		{ "ack-drop:1", fault(FAULT_ACK_DROP, 1, NULL, 0, 0), SAYS(TO_V4), 0, { 0, 0, 1 }, 1 },
		{ "ack-drop:1 v6", fault(FAULT_ACK_DROP, 1, NULL, 0, 0), SAYS(TO_V6), 0, { 0, 0, 1 }, 1 },
		{ "ack-drop", fault(FAULT_ACK_DROP, 0, NULL, 0, 0), SAYS(TO_V4), 0, { 0, 0, ANY }, 1, true },
	};

	return TRY_ALL(t);
}

static int each_scope(void)
{
	const struct trial t[] = {
		{ "its port", fault(FAULT_SYN_DROP, 1, NULL, 5000, 0), SAYS(TO_V4), 0, { 1 }, 1 },
		{ "another port", fault(FAULT_SYN_DROP, 1, NULL, 5001, 0), SAYS(TO_V4), 0, { 0 }, 1 },
		{ "its family", fault(FAULT_SYN_DROP, 1, NULL, 0, 4), SAYS(TO_V4), 0, { 1 }, 1 },
		{ "its family, mapped", fault(FAULT_SYN_DROP, 1, NULL, 0, 4), SAYS(TO_MAPPED), 0, { 1 }, 1 },
		{ "the other family, mapped", fault(FAULT_SYN_DROP, 1, NULL, 0, 6), SAYS(TO_MAPPED), 0, { 0 }, 1 },
		{ "its family, v6", fault(FAULT_SYN_DROP, 1, NULL, 0, 6), SAYS(TO_V6), 0, { 1 }, 1 },
		{ "the other family, v6", fault(FAULT_SYN_DROP, 1, NULL, 0, 4), SAYS(TO_V6), 0, { 0 }, 1 },
		{ "its address", fault(FAULT_SYN_DROP, 1, "127.0.0.1", 5000, 4), SAYS(TO_V4), 0, { 1 }, 1 },
		{ "its address, mapped", fault(FAULT_SYN_DROP, 1, "127.0.0.1", 0, 0), SAYS(TO_MAPPED), 0, { 1 }, 1 },
		{ "another address", fault(FAULT_SYN_DROP, 1, "127.0.0.2", 0, 0), SAYS(TO_V4), 0, { 0 }, 1 },
		{ "its address, v6", fault(FAULT_SYN_DROP, 1, "::1", 0, 0), SAYS(TO_V6), 0, { 1 }, 1 },
		{ "another address, v6", fault(FAULT_SYN_DROP, 1, "2001:db8::2", 0, 0), SAYS(TO_V6), 0, { 0 }, 1 },
		{ "synack-drop elsewhere", fault(FAULT_SYN_ACK_DROP, 1, NULL, 5001, 0), SAYS(TO_V4), 0, { 0 }, 1 },
	};

	return TRY_ALL(t);
}

#define BY(address, how)                                \
	{                                               \
		.to = address, .way = how, .talk = true \
	}

static int each_way(void)
{
	const struct fault drop = fault(FAULT_SYN_DROP, 1, NULL, 0, 0);
	struct trial t[] = {
		{ "a grandchild", drop, BY(TO_V4, TREE_GRANDCHILD), 0, { 1 }, 1 },
		{ "a nested namespace", drop, BY(TO_V4, TREE_NESTED), 0, { 1 }, 1 },
		{ "a nested namespace, v6", drop, BY(TO_V6, TREE_NESTED), 0, { 1 }, 1 },
		{ "a thread", drop, BY(TO_V4, TREE_THREAD), 0, { 1 }, 1 },
		{ "fast open", drop, BY(TO_V4, TREE_FASTOPEN), 0, { 1 }, 1 },
		{ "fast open, v6", drop, BY(TO_V6, TREE_FASTOPEN), 0, { 1 }, 1 },
		/* The packet socket's filter does not see the SYN that passes. */
		{ "destination options", drop, BY(TO_V6, TREE_OPTION), 0, { 1 }, 0 },
		{ "the same socket again", drop, BY(TO_V4, TREE_AGAIN), 0, { 2 }, 2 },
		{ "a socket from outside", drop, BY(TO_V4, TREE_INHERITED), 0, { 1 }, 1 },
		{ "MPTCP", drop, BY(TO_V4, TREE_MPTCP), 0, { 1 }, 1 },
	};
	int n = sizeof(t) / sizeof(t[0]), mptcp = socket(AF_INET, SOCK_STREAM, 262);

	t[n - 2].job.fd = socket(AF_INET, SOCK_STREAM, 0);
	if (mptcp < 0)
		fprintf(stderr, "no MPTCP here: %s\n", strerror(errno));
	return try_all(t, (size_t)(mptcp < 0 ? n - 1 : n));
}

/* What the tree's own server is asked, and a socket of the tree's that this process connects later. */
static int others(void)
{
	struct fault all = fault(FAULT_LOSS_ALL, 0, NULL, 0, 0);
	struct here_opts o = { .faults = &all, .n_faults = 1 };
	struct tree_job job = { .way = TREE_LISTENS };
	const struct tree_job outside = { .to = "127.0.0.1:5001", .talk = true };
	struct tree_result r;
	struct here_counts c;
	struct err e = { 0 };
	struct tree tree;
	struct here *h;
	char ready;

	all.loss_ppm = HERE_PPM;
	CHECK(tree_start(&tree, &job));
	o.pidns = tree.pidns;
	CHECK(!here_start(&o, &h, &e));
	tree_go(&tree);
	CHECK(read(tree.ready[0], &ready, 1) == 1);
	r = tree_connect(&outside);
	CHECK(!r.error && r.spoke && tree_wait(&tree));
	here_counts(h, &c);
	CHECK(!c.dropped[0] && !c.connects);
	here_free(h);

	job = (struct tree_job){
		.way = TREE_INHERITED, .to = TO_V4, .talk = true, .fd = socket(AF_INET, SOCK_STREAM, 0)
	};
	CHECK(tree_start(&tree, &job));
	o.pidns = tree.pidns;
	CHECK(!here_start(&o, &h, &e));
	tree_go(&tree);
	CHECK(tree_wait(&tree) && tree.results[0].error == ETIMEDOUT);
	r = tree_connect(&job);
	CHECK(!r.error && r.spoke);
	here_counts(h, &c);
	CHECK(c.dropped[0] == ALL_SYNS && c.connects == 1);
	here_free(h);
	return 0;
}

/* What the program's hash makes of a SYN that it let pass, or not: of 64 handshakes, each SYN is one or the other. */
static int loss_is_the_hash(void)
{
	const struct tree_job job = { .to = TO_V4, .n = TREE_RESULTS_MAX };
	struct fault half = fault(FAULT_LOSS, 0, NULL, 0, 0);
	struct here_counts c;
	struct tree tree;
	int i, j;

	half.loss_ppm = HERE_PPM / 2;
	CHECK(!run_tree(&job, &half, 1, &tree, &c));
	CHECK(noted.n_told + noted.n_seen >= TREE_RESULTS_MAX && noted.n_told > 25 && noted.n_seen > 25);
	CHECK(c.dropped[0] == (uint64_t)noted.n_told && c.connects == TREE_RESULTS_MAX);
	for (i = 0; i < noted.n_told; i++) {
		const struct wire_told *t = &noted.told[i];
		const struct here_event e = { .isn = t->isn,
					      .nth = (uint32_t)t->nth,
					      .class = HERE_SYN,
					      .client_port = t->flow.client.port,
					      .server_port = TREE_PORT };

		CHECK(t->syn && !t->reply && here_chance(TRIAL_SEED, &e) < half.loss_ppm);
	}
	for (i = 0; i < noted.n_seen; i++) {
		struct here_event e = { .isn = noted.seen[i].seq,
					.class = HERE_SYN,
					.client_port = noted.seen[i].port,
					.server_port = TREE_PORT };

		for (j = 0; j < noted.n_told; j++)
			e.nth += noted.told[j].isn == e.isn && noted.told[j].flow.client.port == e.client_port;
		CHECK(here_chance(TRIAL_SEED, &e) >= half.loss_ppm);
	}
	tree_end(&tree);
	return 0;
}

static int loss(void)
{
	const struct tree_job one = { .to = TO_V4, .talk = true },
			      many = { .to = TO_V4, .talk = true, .n = TREE_RESULTS_MAX };
	struct fault f = fault(FAULT_LOSS, 0, NULL, 0, 0);
	struct here_counts c;
	struct tree tree;
	int i, spoke = 0;

	CHECK(!run_tree(&one, &f, 1, &tree, &c));
	CHECK(tree.results[0].spoke && !noted.n_told && noted.n_seen == 1);
	tree_end(&tree);
	f.loss_ppm = HERE_PPM;
	CHECK(!run_tree(&one, &f, 1, &tree, &c));
	CHECK(tree.results[0].error == ETIMEDOUT && noted.n_told == ALL_SYNS && !noted.n_seen);
	tree_end(&tree);
	/* Every kind of segment meets it, and TCP gets over it. */
	f.kind = FAULT_LOSS_ALL;
	f.loss_ppm = HERE_PPM * 15 / 100;
	CHECK(!run_tree(&many, &f, 1, &tree, &c));
	for (i = 0; i < TOLD_N; i++)
		CHECK(count_told((enum what)i) > 0);
	for (i = 0; i < many.n; i++)
		spoke += tree.results[i].spoke;
	fprintf(stderr, "loss-all:15%%: %d of %d connections, %d packets lost\n", spoke, many.n, noted.n_told);
	CHECK(spoke > many.n / 2 && c.dropped[0] == (uint64_t)noted.n_told);
	tree_end(&tree);
	return 0;
}

/* Of several the first that wants a packet has it, up to the last that there is room for. */
static int several(void)
{
	const struct tree_job job = { .to = TO_V4, .talk = true };
	struct fault f[HERE_N_MAX];
	struct here_counts c;
	struct tree tree;
	int i;

	for (i = 0; i < HERE_N_MAX; i++)
		f[i] = fault(FAULT_SYN_DROP, 0, "192.0.2.7", 0, 0);
	f[1] = fault(FAULT_SYN_DROP, 1, NULL, 5001, 0);
	f[3] = fault(FAULT_SYN_DROP, 1, "127.0.0.1", 0, 0);
	f[4] = fault(FAULT_SYN_DROP, 2, NULL, 0, 4);
	f[9] = fault(FAULT_ACK_DROP, 1, "127.0.0.1", 5000, 0);
	f[31] = fault(FAULT_SYN_ACK_DROP, 1, "127.0.0.1", 0, 0);
	CHECK(!run_tree(&job, f, HERE_N_MAX, &tree, &c));
	CHECK(noted.n_told == 4 && tree.results[0].spoke);
	CHECK(noted.told[0].fault == 3 && noted.told[1].fault == 4 && noted.told[2].fault == 31 &&
	      noted.told[3].fault == 9);
	for (i = 0; i < HERE_N_MAX; i++)
		CHECK(c.dropped[i] == (i == 3 || i == 4 || i == 9 || i == 31));
	CHECK(noted.told[1].nth == 1 && noted.told[1].isn == noted.told[0].isn &&
	      noted.told[3].isn == noted.told[0].isn);
	tree_end(&tree);
	return 0;
}

/* Two trees, each with a fault of its own. */
static int side_by_side(void)
{
	struct fault f[2] = { fault(FAULT_SYN_DROP, 1, NULL, 0, 0), fault(FAULT_ACK_DROP, 1, NULL, 0, 0) };
	const struct tree_job job = { .to = TO_V4, .talk = true, .n = 8 };
	struct here_counts c;
	struct err e = { 0 };
	struct tree tree[2];
	struct here *h[2];
	int i;

	for (i = 0; i < 2; i++) {
		struct here_opts o = { .faults = &f[i], .n_faults = 1 };

		CHECK(tree_start(&tree[i], &job));
		o.pidns = tree[i].pidns;
		CHECK(!here_start(&o, &h[i], &e));
	}
	for (i = 0; i < 2; i++)
		tree_go(&tree[i]);
	for (i = 0; i < 2; i++)
		CHECK(tree_wait(&tree[i]));
	for (i = 0; i < 2; i++) {
		noted.n_told = 0;
		here_counts(h[i], &c);
		CHECK(c.connects == (uint64_t)job.n && c.dropped[0] == (uint64_t)job.n);
		CHECK(here_read(h[i], &telling, NULL) == job.n && count_told(i ? TOLD_SENT : TOLD_SYN) == job.n);
		here_free(h[i]);
		tree_end(&tree[i]);
	}
	return 0;
}

/* More drops than the ring holds are counted, and told or counted again. */
static int overflow(void)
{
	struct fault drop = fault(FAULT_SYN_DROP, 0, NULL, 0, 0);
	struct here_opts o = { .faults = &drop, .n_faults = 1 };
	const struct tree_job job = { .to = TO_V4, .way = TREE_FLOOD, .n = 20000 };
	struct here_counts c;
	struct err e = { 0 };
	struct tree tree;
	struct here *h;
	int n;

	CHECK(tree_start(&tree, &job));
	o.pidns = tree.pidns;
	CHECK(!here_start(&o, &h, &e));
	tree_go(&tree);
	CHECK(tree_wait(&tree));
	here_counts(h, &c);
	n = here_read(h, &telling, NULL);
	fprintf(stderr, "%d of %d told\n", n, job.n);
	CHECK(n > 10000 && n < job.n && c.dropped[0] == (uint64_t)job.n && c.connects == (uint64_t)job.n);
	CHECK((uint64_t)n + c.untold == c.dropped[0]);
	here_free(h);
	tree_end(&tree);
	return 0;
}

/* A reader that sleeps is woken by a drop. */
static int wakes(void)
{
	struct fault drop = fault(FAULT_SYN_DROP, 0, NULL, 0, 0);
	struct here_opts o = { .faults = &drop, .n_faults = 1 };
	const struct tree_job job = { .to = TO_V4 };
	struct err e = { 0 };
	struct pollfd p;
	struct tree tree;
	struct here *h;

	memset(&noted, 0, sizeof(noted));
	CHECK(tree_start(&tree, &job));
	o.pidns = tree.pidns;
	CHECK(!here_start(&o, &h, &e));
	p = (struct pollfd){ here_fd(h), POLLIN, 0 };
	CHECK(poll(&p, 1, 50) == 0);
	tree_go(&tree);
	CHECK(poll(&p, 1, 5000) == 1);
	CHECK(here_read(h, &telling, NULL) >= 1);
	CHECK(clock_mono_ns() - noted.told[0].t_ns < NS_PER_S && clock_mono_ns() > noted.told[0].t_ns);
	CHECK(tree_wait(&tree) && poll(&p, 1, 0) == 1 && here_read(h, &telling, NULL) >= 1 && noted.n_told == ALL_SYNS);
	CHECK(poll(&p, 1, 0) == 0 && here_read(h, &telling, NULL) == 0);
	here_free(h);
	tree_end(&tree);
	return 0;
}

static int (*to_do)(void);

static int do_in_world(const struct sandbox *sb)
{
	int r = world();

	return r ? r : to_do();
}

#define IN_WORLD(fn)                        \
	static void test_##fn(void **state) \
	{                                   \
		int r;                      \
                                            \
		to_do = fn;                 \
		r = inside(do_in_world);    \
		if (r == 77)                \
			skip();             \
		assert_int_equal(r, 0);     \
	}                                   \
	static void test_##fn(void **state)

IN_WORLD(each_fault);
IN_WORLD(each_scope);
IN_WORLD(each_way);
IN_WORLD(others);
IN_WORLD(loss_is_the_hash);
IN_WORLD(loss);
IN_WORLD(several);
IN_WORLD(side_by_side);
IN_WORLD(overflow);
IN_WORLD(wakes);

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(left_refused),	     cmocka_unit_test(test_each_fault),
		cmocka_unit_test(test_each_scope),   cmocka_unit_test(test_each_way),
		cmocka_unit_test(test_others),	     cmocka_unit_test(test_loss_is_the_hash),
		cmocka_unit_test(test_loss),	     cmocka_unit_test(test_several),
		cmocka_unit_test(test_side_by_side), cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_wakes),	     cmocka_unit_test(left_after_sigkill),
		cmocka_unit_test(left_after_free),
	};
	const struct CMUnitTest for_nobody[] = {
		cmocka_unit_test(left_refused),
		cmocka_unit_test(left_for_nobody),
	};

	if (argc > 1 && !strcmp(argv[1], "nobody")) {
		inside_become_nobody();
		return cmocka_run_group_tests(for_nobody, NULL, NULL);
	}
	if (geteuid() != 0) {
		printf("skipped: only root can have faults on the real network\n");
		return 77;
	}
	if (!inside_possible())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
