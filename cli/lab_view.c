/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/lab_view.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/lab_show.h"
#include "packet/tcpdump.h"
#include "sinks/attempt_json.h"
#include "sinks/events.h"
#include "sinks/text.h"
#include "sources/jiffies.h"
#include "sources/sysctls.h"
#include "util/clock.h"

#define TEXT_WIDTH 44 /* what a step says; the classic command beside it ends by column 80 */
#define SYN_SENT 2

bool lab_show_tells(const struct lab_show *s)
{
	return !s->o.quiet && !s->o.json;
}

/* Where nobody reads any more (`| head`) there is no use in going on: the loop ends as on Ctrl-C. */
static void look_for_reader(struct lab_show *s, int written)
{
	if (written == -EPIPE && !s->gone) {
		s->gone = true;
		raise(SIGTERM);
	}
}

void lab_show_line(struct lab_show *s, const char *line)
{
	if (s->gone)
		return;
	terminal_progress(&s->o.terminal, "");
	puts(line);
	look_for_reader(s, fflush(stdout) == EOF ? -errno : 0);
}

void lab_show_note(struct lab_show *s, const char *text)
{
	if (!lab_show_tells(s))
		return;
	buf_reset(&s->line);
	buf_fmt(&s->line, "    %s", text);
	lab_show_line(s, buf_text(&s->line));
}

/* Not before step 1: what cannot be set up is said without it. */
static void begin(struct lab_show *s)
{
	const struct scenario *sc = s->c->scenario;
	char version[64];

	s->begun = true;
	kernel_version(version, sizeof(version));
	if (sc == &scenarios[0])
		printf("A TCP connection timeout on this kernel (%s, HZ %d), in a network\n"
		       "namespace of its own: ",
		       version, jiffies_hz());
	else
		printf("Scenario %s: %s.\n"
		       "All of it on this kernel (%s, HZ %d), in a network namespace of its own:\n",
		       sc->name, sc->summary, version, jiffies_hz());
	puts("this host's firewall, sysctls and links are not touched.");
	if (s->c->fast)
		puts("Fast: the kernel's timers are shortened, and times marked as scaled are not the\n"
		     "clock's but stand for the full ones.");
	putchar('\n');
}

void lab_show_step(struct lab_show *s, int n, const char *text, const char *classic)
{
	if (!lab_show_tells(s))
		return;
	if (!s->begun)
		begin(s);
	buf_reset(&s->line);
	buf_fmt(&s->line, "%2d  ", n);
	if (*classic)
		buf_fmt(&s->line, strlen(text) < TEXT_WIDTH - 1 ? "%-*s%s" : "%-*s  %s", TEXT_WIDTH, text, classic);
	else
		buf_str(&s->line, text);
	lab_show_line(s, buf_text(&s->line));
}

static void on_step(void *user, int n, const char *text, const char *classic)
{
	lab_show_step(user, n, text, classic);
}

static void on_note(void *user, const char *text)
{
	lab_show_note(user, text);
}

void lab_show_netstat(struct lab_show *s)
{
	if (!s->netstat.len)
		return;
	lab_show_line(s, buf_text(&s->netstat));
	buf_reset(&s->netstat);
}

static void on_packet(void *user, const struct live_packet *p, const struct packet *decoded, bool studied)
{
	struct lab_show *s = user;

	s->n_packets++;
	s->n_studied_packets += studied;
	if (s->o.capture)
		kept_packets_add(&s->packets, p, studied);
	if (!lab_show_tells(s))
		return;
	buf_reset(&s->line);
	buf_str(&s->line, "    ");
	tcpdump_line(s->printer, p->t_ns, decoded, &s->line);
	lab_show_line(s, buf_text(&s->line));
	s->studied_seen |= studied;
	if (studied)
		lab_show_netstat(s);
}

static void on_event(void *user, const struct event *ev)
{
	struct lab_show *s = user;

	if ((unsigned int)ev->kind < EVENT_KIND_N)
		s->n_events[ev->kind]++;
	if (ev->kind == EVENT_LOST)
		s->lost += ev->lost.n;
	if (ev->kind == EVENT_STATE && ev->state.state == SYN_SENT) {
		s->kernel = ev->state;
		s->kernel_ns = ev->t_ns;
	}
	if (s->events && !s->events_err.what[0])
		events_write(s->events, ev, &s->events_err);
}

/* After the SYN that opened it, if that is seen: a look at the kernel may come before its packet is read. */
static void on_socket(void *user, const struct event_state *state)
{
	struct lab_show *s = user;

	if (!lab_show_tells(s))
		return;
	buf_reset(&s->netstat);
	buf_str(&s->netstat, "    ");
	text_netstat(state, &s->netstat);
	buf_str(&s->netstat, "   <- netstat -anp");
	if (s->studied_seen)
		lab_show_netstat(s);
}

static void on_waiting(void *user, const struct attempt *a, int64_t now_ns)
{
	struct lab_show *s = user;
	bool known = s->kernel_ns && s->kernel.flow.client.port == a->flow.client.port;

	lab_show_netstat(s);
	if (s->o.quiet || !s->o.terminal.progress)
		return;
	buf_reset(&s->line);
	buf_str(&s->line, "    ");
	text_waiting(a, known ? &s->kernel : NULL, s->kernel_ns, now_ns, &s->line);
	terminal_progress(&s->o.terminal, buf_text(&s->line));
}

static void print_json(struct lab_show *s, const struct attempt *a, bool studied)
{
	struct attempt_json_opts o = { .scaled = s->c->fast,
				       .source = "lab",
				       .scenario = studied ? s->c->scenario->name : NULL };
	struct verdict v;

	verdict_make(a, &v);
	buf_reset(&s->line);
	attempt_json(a, &v, &o, &s->line);
	if (!s->gone)
		look_for_reader(s, terminal_write(buf_text(&s->line), s->line.len));
}

static void on_attempt(void *user, const struct attempt *a, bool studied)
{
	struct lab_show *s = user;
	struct attempt *grown;

	terminal_progress(&s->o.terminal, "");
	if (s->o.json && (studied || !s->o.quiet))
		print_json(s, a, studied);
	if (!studied)
		return;
	grown = realloc(s->attempts, ((size_t)s->n_attempts + 1) * sizeof(*grown));
	if (!grown)
		return;
	s->attempts = grown;
	s->attempts[s->n_attempts++] = *a;
}

int lab_show_new(const struct lab_view_opts *o, const struct lab_config *c, struct lab_show **ret, struct err *e)
{
	struct tcpdump_opts to = { .utc = o->utc };
	struct lab_show *s = calloc(1, sizeof(*s));
	int r = 0;

	if (!s)
		return err_sys(e, ENOMEM, "lab");
	s->o = *o;
	s->c = c;
	s->view = (struct lab_view){ .user = s,
				     .step = on_step,
				     .note = on_note,
				     .packet = on_packet,
				     .event = on_event,
				     .socket = on_socket,
				     .waiting = on_waiting,
				     .attempt = on_attempt };
	s->printer = tcpdump_new(&to);
	if (!s->printer)
		r = err_sys(e, ENOMEM, "lab");
	if (!r && o->capture)
		r = lab_files_try(o->capture, e);
	if (!r && o->svg)
		r = lab_files_try(o->svg, e);
	if (!r && o->events)
		r = events_create(o->events, &s->events, e);
	if (r) {
		lab_show_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void lab_show_free(struct lab_show *s)
{
	if (!s)
		return;
	events_abort(s->events);
	tcpdump_free(s->printer);
	kept_packets_fini(&s->packets);
	buf_fini(&s->line);
	buf_fini(&s->netstat);
	free(s->attempts);
	free(s);
}

const struct lab_view *lab_show_view(struct lab_show *s)
{
	return &s->view;
}
