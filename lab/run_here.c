/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  On the real network the program's sockets are some among
 * many, so nothing is guessed from a destination: BPF programs tell of each
 * socket of the program's process tree that it begins, with its cookie, ports and
 * ISN, and how it left SYN_SENT, in the moment when the kernel itself knows who
 * ended the wait.  Packets and sock_diag are looked at for these sockets only.
 *
 * A SYN that a fault drops never comes to a packet socket; the fault tells of it
 * instead.  What BPF tells is put between the packets by its time, and is read
 * before each of them: it was told before the packet could be seen.
 */
#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/caps.h"
#include "lab/here.h"
#include "lab/host.h"
#include "lab/run_inside.h"
#include "lab/run_own.h"
#include "sources/procs.h"
#include "sources/sysctls.h"

/* Of a whole host's packets those that begin and end connections: TCP of IPv4, and of IPv6 without further headers. */
#define FILTER                                                          \
	"(tcp[tcpflags] & (tcp-syn|tcp-rst|tcp-fin) != 0) or "          \
	"(ip6[6] == 6 and ip6[53] & (tcp-syn|tcp-rst|tcp-fin) != 0) or" \
	" icmp or icmp6"

#define NEWS_MAX 8192

/* What BPF told, and is not told yet. */
struct news {
	bool is_drop;
	union {
		struct wire_told drop;
		struct here_socket socket;
	};
};

struct run_here {
	struct here *here;
	struct run_own own;
	bool foreign; /* the packet that is being read is none of ours */
	uint64_t untold;
	int first, n;
	struct news news[NEWS_MAX]; /* a ring */
};

uint64_t run_here_caps(void)
{
	return 1ULL << CAP_SYS_ADMIN | 1ULL << CAP_NET_ADMIN | 1ULL << CAP_NET_RAW | 1ULL << CAP_BPF |
	       1ULL << CAP_PERFMON;
}

int run_here_check(struct err *e)
{
	uint64_t lacks = run_here_caps() & ~caps_effective();
	char names[96] = "";
	int cap;

	if (!lacks)
		return 0;
	for (cap = 0; cap < 64; cap++)
		if (lacks >> cap & 1)
			snprintf(names + strlen(names), sizeof(names) - strlen(names), "%sCAP_%s", *names ? ", " : "",
				 host_cap_name(cap));
	if (geteuid())
		err_set(e, EPERM, "--here acts on the real network, which needs root");
	else
		err_set(e, EPERM, "--here acts on the real network, which needs all of root's power; missing: %s",
			names);
	err_remedy(e, "run it as root, or leave --here out: the faults then act in a network of CMD's own, for any "
		      "user");
	e->exit_code = 77;
	return -EPERM;
}

/* ---- what BPF told becomes events ---- */

static void socket_begins(struct run *r, const struct here_socket *s)
{
	struct event_connect ec = { .flow = s->flow, .pid = s->pid };
	struct event state = { .kind = EVENT_STATE,
			       .t_ns = observe_time(r->observe, s->t_ns),
			       .state = { .flow = s->flow,
					  .cookie = s->cookie,
					  .has_isn = true,
					  .isn = s->isn,
					  .state = 2 /* SYN_SENT */,
					  .pid = s->pid } };
	struct policy policy;
	char to[ENDPOINT_TEXT_LEN];

	run_own_add(&r->here->own, &s->flow, s->isn);
	memcpy(state.state.comm, s->comm, sizeof(s->comm));
	memcpy(ec.comm, s->comm, sizeof(s->comm));
	if (!run_call_of(r, &s->flow, s->cookie, state.t_ns, &policy)) {
		run_log(r, state.t_ns, "%.15s[%d]: a connection to %s begins, by no call that was announced", s->comm,
			s->pid, endpoint_format(&s->flow.server, to));
		observe_connect(r->observe, &ec, state.t_ns);
	}
	observe_socket(r->observe, &s->flow, s->cookie);
	run_tell(r, &state);
}

static void socket_connected(struct run *r, const struct here_socket *s)
{
	const struct event ev = { .kind = EVENT_RESULT,
				  .t_ns = observe_time(r->observe, s->t_ns),
				  .result.flow = s->flow };

	run_tell(r, &ev);
}

static void log_closed(struct run *r, const struct here_socket *s, int64_t t_ns)
{
	char from[ENDPOINT_TEXT_LEN], to[ENDPOINT_TEXT_LEN];

	endpoint_format(&s->flow.client, from);
	endpoint_format(&s->flow.server, to);
	if (s->cause == CLOSE_KERNEL)
		run_log(r, t_ns, "the kernel ends %s > %s: %s", from, to, errno_name(s->error));
	else if (s->cause == CLOSE_APPLICATION)
		run_log(r, t_ns, "%.15s[%d] %s %s > %s in SYN-SENT", s->comm, s->pid,
			s->exiting ? "ends, and so does" : "closes", from, to);
	else
		run_log(r, t_ns, "connect() fails by itself: %s > %s", from, to);
}

static void socket_closed(struct run *r, const struct here_socket *s)
{
	struct event ev = { .kind = EVENT_CLOSE,
			    .t_ns = observe_time(r->observe, s->t_ns),
			    .close = { .flow = s->flow,
				       .cookie = s->cookie,
				       .has_isn = true,
				       .isn = s->isn,
				       .cause = s->cause,
				       .error = s->error,
				       .retransmits = -1,
				       .closer = s->pid,
				       .holder_alive = s->pid && !s->exiting,
				       .holder_ending = s->pid && s->exiting } };
	const struct event died = { .kind = EVENT_EXIT,
				    .t_ns = ev.t_ns,
				    .exit = { .pid = s->pid, .signal = WTERMSIG(s->exit_status) } };

	log_closed(r, s, ev.t_ns);
	run_tell(r, &ev);
	/* Any other way of ending closes its sockets as close() does. */
	if (s->pid && s->exiting && WIFSIGNALED(s->exit_status))
		run_tell(r, &died);
}

static void take_drop(struct run *r, const struct wire_told *t)
{
	const struct event syn = {
		.kind = EVENT_SEGMENT,
		.t_ns = observe_time(r->observe, t->t_ns),
		.segment = { .src = t->flow.client, .dst = t->flow.server, .seq = t->isn, .flags = TCP_SYN }
	};

	if (t->syn && !t->reply)
		observe_segment(r->observe, &syn);
	run_take_deed(r, t, t->reply ? DROP_LOCAL_INPUT : DROP_LOCAL_OUTPUT);
}

static void take_socket(struct run *r, const struct here_socket *s)
{
	if (s->what == HERE_SOCKET_BEGINS)
		socket_begins(r, s);
	else if (s->what == HERE_SOCKET_CONNECTED)
		socket_connected(r, s);
	else
		socket_closed(r, s);
}

/* ---- in the order of time ---- */

static void take_first(struct run *r)
{
	struct run_here *h = r->here;
	const struct news n = h->news[h->first];

	h->first = (h->first + 1) % NEWS_MAX;
	h->n--;
	if (n.is_drop)
		take_drop(r, &n.drop);
	else
		take_socket(r, &n.socket);
}

/* What happened until then, on the event clock. */
static void take_until(struct run *r, int64_t t_ns)
{
	struct run_here *h = r->here;

	while (h->n) {
		const struct news *n = &h->news[h->first];

		if (observe_time(r->observe, n->is_drop ? n->drop.t_ns : n->socket.t_ns) > t_ns)
			break;
		take_first(r);
	}
}

static void add(struct run *r, const struct news *n)
{
	struct run_here *h = r->here;

	if (h->n == NEWS_MAX)
		take_first(r);
	h->news[(h->first + h->n++) % NEWS_MAX] = *n;
}

static void on_drop(const struct wire_told *t, void *user)
{
	add(user, &(const struct news){ .is_drop = true, .drop = *t });
}

static void on_socket(const struct here_socket *s, void *user)
{
	add(user, &(const struct news){ .socket = *s });
}

static void read_news(struct run *r)
{
	static const struct here_view view = { .drop = on_drop, .socket = on_socket };

	here_read(r->here->here, &view, r);
}

/* ---- what the observation sees ---- */

static void on_packet(const struct live_packet *p, const struct packet *decoded, void *user)
{
	struct run *r = user;
	struct run_here *h = r->here;

	read_news(r);
	take_until(r, p->t_ns);
	h->foreign = !run_own_has(&h->own, &decoded->event);
	if (h->foreign && h->n) {
		/* The clocks differ by a hair. */
		take_until(r, INT64_MAX);
		h->foreign = !run_own_has(&h->own, &decoded->event);
	}
	if (!h->foreign)
		run_on_packet(p, decoded, r);
}

static void on_event(const struct event *ev, void *user)
{
	struct run *r = user;

	if (ev->packet && r->here->foreign)
		return;
	/* Whoever ended it was told before sock_diag could see that it is gone, and that word counts. */
	if (ev->kind == EVENT_CLOSE || (ev->kind == EVENT_STATE && ev->state.state != 2)) {
		read_news(r);
		take_until(r, INT64_MAX);
	}
	/* It closed its sockets by then; those that are still there are held by another process. */
	if (ev->kind == EVENT_EXIT && !r->here->untold)
		return;
	run_tell(r, ev);
}

/* ---- the run's kind ---- */

static void tell_lost(struct run *r)
{
	struct event ev = { .kind = EVENT_LOST, .t_ns = observe_now(r->observe), .lost.source = "bpf" };
	struct here_counts counts;

	here_counts(r->here->here, &counts);
	ev.lost.n = counts.untold + counts.unmarked - r->here->untold;
	if (!ev.lost.n)
		return;
	r->here->untold += ev.lost.n;
	run_tell(r, &ev);
}

static int observe(struct run *r, struct err *e)
{
	int code;

	read_news(r);
	code = observe_packets(r->observe, e);
	take_until(r, INT64_MAX);
	if (!code)
		code = observe_pump(r->observe, e);
	tell_lost(r);
	return code;
}

static int start_faults(struct run *r, struct err *e)
{
	const struct here_opts o = { .pidns = (uint32_t)program_pidns(r->program),
				     .faults = r->c->faults,
				     .n_faults = r->c->n_faults,
				     .seed = r->c->seed,
				     .sockets = true,
				     .nesting = procs_nesting(program_pid(r->program)) };

	if (!o.pidns)
		return err_set(e, ENOENT, "the program's PID namespace cannot be seen in /proc");
	return here_start(&o, &r->here->here, e);
}

static int stage(struct run *r, struct err *e)
{
	const struct observe_opts how = {
		.device = "any", .filter = FILTER, .own_only = true, .on_packet = on_packet, .on_event = on_event
	};
	const struct program_opts po = {
		.argv = r->c->argv, .signals = r->c->signals, .announce = true, .netns = -1, .host_world = true
	};
	int code;

	r->here = calloc(1, sizeof(*r->here));
	if (!r->here)
		return err_sys(e, ENOMEM, "run");
	run_own_init(&r->here->own);
	code = sysctls_policy(&r->end->policy, e);
	if (!code)
		code = program_start(&po, &r->program, e);
	if (!code)
		code = start_faults(r, e);
	return code ? code : run_start_watching(r, &how, e);
}

static int fds(const struct run *r, struct pollfd *fds)
{
	fds[0] = (struct pollfd){ .fd = here_fd(r->here->here), .events = POLLIN };
	return 1;
}

static int check(const struct run *r, struct err *e)
{
	return 0; /* the programs stay as long as this process holds them */
}

const struct run_kind run_real = {
	.stage = stage, .fds = fds, .observe = observe, .check = check, .begins_told = true
};

void run_here_free(struct run_here *h)
{
	if (!h)
		return;
	here_free(h->here);
	free(h);
}
