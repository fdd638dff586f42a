/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/pairing_words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/pairing_foreign.h"
#include "core/pairing_missing.h"

#define MS ((int64_t)1000000)
#define S_NS (1000 * MS)
#define WATCHED_MIN_NS S_NS /* an answer comes sooner, if it comes */
#define SLOW_NS (100 * MS)

/* Adds a part of the headline. */
static void part(struct pair_words *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void part(struct pair_words *w, const char *fmt, ...)
{
	size_t at = strlen(w->headline);
	va_list ap;

	if (at && at + 3 < sizeof(w->headline)) {
		strcpy(w->headline + at, "; ");
		at += 2;
	}
	va_start(ap, fmt);
	vsnprintf(w->headline + at, sizeof(w->headline) - at, fmt, ap);
	va_end(ap);
}

static void evidence(struct pair_words *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void evidence(struct pair_words *w, const char *fmt, ...)
{
	va_list ap;

	if (w->n_evidence == PAIR_EVIDENCE_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(w->evidence[w->n_evidence++], sizeof(w->evidence[0]), fmt, ap);
	va_end(ap);
}

static void advice(struct pair_words *w, const char *text)
{
	if (!w->advice[0])
		snprintf(w->advice, sizeof(w->advice), "%s", text);
}

static uint32_t n_of(const struct pair_report *r, enum pairing_kind kind, enum pair_fate fate)
{
	return r->counts[kind].fate[fate];
}

static const char *plural(uint32_t n)
{
	return n == 1 ? "" : "s";
}

static const struct pair_packet *first_arrived(const struct pair_report *r, enum pairing_kind kind)
{
	int i;

	for (i = 0; i < r->n_packets; i++)
		if (r->packets[i].kind == kind && r->packets[i].fate == FATE_ARRIVED)
			return &r->packets[i];
	return NULL;
}

static bool server_was_silent(const struct pair_report *r)
{
	return !r->counts[PAIRING_SYN_ACK].sent && !r->counts[PAIRING_RST].sent && !r->counts[PAIRING_ICMP].sent;
}

static void say_missing(const struct pair_report *r, struct pair_words *w, enum pairing_kind kind)
{
	char text[PAIR_MISSING_LEN];

	if (*pair_missing(r, kind, text))
		part(w, "%s", text);
}

static const char captures_first[] =
	"the captures first: when they ran, what they leave out, and what `tcpdump` said that it dropped";

/* Some of the client's SYNs are not compared. */
static bool has_sent_uncovered(const struct pair_report *r)
{
	int i;

	for (i = 0; i < r->n_packets; i++)
		if (r->packets[i].kind == PAIRING_SYN && r->packets[i].fate == FATE_UNCOVERED &&
		    r->packets[i].at_client)
			return true;
	return false;
}

static void say_syns(const struct pair_report *r, struct pair_words *w)
{
	uint32_t died = n_of(r, PAIRING_SYN, FATE_DIED), arrived = n_of(r, PAIRING_SYN, FATE_ARRIVED);
	char list[PAIR_SYNS_LEN];

	if (died) {
		say_missing(r, w, PAIRING_SYN);
		advice(w,
		       pair_is_sure(r, PAIRING_SYN)
			       ? "what lies between the captures, on the way to the server: firewalls, security groups, routes"
			       : captures_first);
		if (has_sent_uncovered(r))
			part(w, "%s not compared", pair_syns(r, FATE_UNCOVERED, list));
	}
	if (!arrived || !server_was_silent(r))
		return;
	if (r->watched_ns < WATCHED_MIN_NS) {
		part(w, "%s reached the server, which had not answered when its capture ended",
		     pair_syns(r, FATE_ARRIVED, list));
		return;
	}
	part(w, "%s reached the server and it never answered", pair_syns(r, FATE_ARRIVED, list));
	advice(w,
	       "the server itself: its firewall, a full accept queue (`nstat -az TcpExtListenOverflows`), rp_filter, "
	       "no route back");
}

static void say_answers(const struct pair_report *r, struct pair_words *w)
{
	say_missing(r, w, PAIRING_SYN_ACK);
	say_missing(r, w, PAIRING_RST);
	say_missing(r, w, PAIRING_ICMP);
	if (n_of(r, PAIRING_SYN_ACK, FATE_DIED) || n_of(r, PAIRING_RST, FATE_DIED))
		advice(w,
		       pair_is_sure(r, PAIRING_SYN_ACK)
			       ? "what lies between the captures, on the way back: asymmetric routes, stateful firewalls, NAT"
			       : captures_first);
}

static void say_ack(const struct pair_report *r, struct pair_words *w)
{
	int again = pair_answers_again(r);

	if (n_of(r, PAIRING_ACK, FATE_DIED)) {
		if (again && pair_is_sure(r, PAIRING_ACK))
			part(w, "the final ACK died%s: the server kept sending SYN-ACKs (%d)",
			     r->confidence == CONFIDENCE_UNKNOWN ? ", likely" : "", again);
		else
			say_missing(r, w, PAIRING_ACK);
		if (again && !pair_is_sure(r, PAIRING_ACK))
			part(w, "the server kept sending SYN-ACKs (%d)", again);
		else if (r->ack_later && !again)
			part(w, "what the client sent next completed the handshake");
	} else if (again && n_of(r, PAIRING_ACK, FATE_ARRIVED)) {
		part(w, "the final ACK arrived, and the server sent SYN-ACKs (%d) all the same", again);
		advice(w, "a full accept queue at the server (`nstat -az TcpExtListenOverflows`)");
	}
	say_missing(r, w, PAIRING_CLIENT_RST);
}

/* Nothing died, and nothing came from between. */
static void say_nothing_died(const struct pair_report *r, struct pair_words *w)
{
	const struct pair_packet *syn = first_arrived(r, PAIRING_SYN), *answer = pair_first(r, PAIRING_SYN_ACK);
	char t[PAIR_SPAN_LEN];

	if (n_of(r, PAIRING_RST, FATE_ARRIVED) && !pair_first(r, PAIRING_RST)->late) {
		part(w, "refused by the server: its RST arrived");
	} else if (n_of(r, PAIRING_ICMP, FATE_ARRIVED)) {
		part(w, "an ICMP error passed both captures");
	} else if (pair_differs(r)) {
		part(w, "what died is not known");
	} else if (r->by_order) {
		part(w, "nothing died");
	} else if (syn && !r->one_way && syn->delay_ns > SLOW_NS && r->counts[PAIRING_SYN].sent > 1) {
		part(w, "nothing died: SYN %d took %s on the way to the server", syn->n, pair_span(syn->delay_ns, t));
	} else if (syn && answer && answer->at_server && answer->t_ns - syn->t_ns - syn->delay_ns > SLOW_NS) {
		part(w, "nothing died: the server answered only after %s",
		     pair_span(answer->t_ns - syn->t_ns - syn->delay_ns, t));
	} else if (pair_fates(r, FATE_UNCOVERED)) {
		part(w, "nothing died of what both captures could have");
	} else {
		part(w, "nothing died");
	}
}

static void say_alone(const struct pair_report *r, struct pair_words *w)
{
	switch (r->sort) {
	case PAIR_UNCOVERED:
		part(w, "only at the %s's side: the other capture did not run then",
		     r->at_client ? "client" : "server");
		break;
	case PAIR_ELSEWHERE:
		part(w, "to a server that the server's capture does not have");
		break;
	case PAIR_OTHERS:
		part(w, "of a client that the client's capture does not have");
		break;
	case PAIR_UNSEEN:
		part(w, "only at the %s's side: it passed the other too, as its answers show, whose capture lacks it",
		     r->at_client ? "client" : "server");
		break;
	case PAIR_AGAIN:
		part(w, "the same as another of this capture, before or after it was rewritten");
		break;
	default:
		part(w, "not in the client's capture, which has others of that client");
	}
}

static void say_taken(struct pair_words *w, const char *side)
{
	evidence(w, "the %s's capture has nothing of that time, and few packets at all: it may not have run then",
		 side);
}

static void say_evidence(const struct pair_report *r, struct pair_words *w)
{
	uint32_t uncovered = pair_fates(r, FATE_UNCOVERED), unseen = pair_fates(r, FATE_UNSEEN);

	if (r->how == PAIRED_TUPLE)
		evidence(w, "the two are one by addresses, ports and time: the ISN was rewritten (%u, %u), likely",
			 r->client_isn, r->server_isn);
	if (r->how == PAIRED_MARK)
		evidence(w, "the two are one by IP ID, timestamp and time: addresses and ISN were rewritten, likely");
	if (r->by_address)
		evidence(
			w,
			"the server's capture has no attempt to that port at all: none arrived, or it leaves that port out");
	if (r->answer_unsure)
		evidence(w, "how that server's own answers look at the client is not known: this may be one of them");
	if (r->client_holes || r->server_holes)
		evidence(
			w,
			"the capture that lacks packets here lacks others that must have passed it: they may have arrived");
	if (r->ack_unsure)
		evidence(w, "the server did not answer again: the final ACK, or what followed it, may have arrived");
	if (r->server_taken)
		say_taken(w, "server");
	if (r->client_taken)
		say_taken(w, "client");
	if (r->by_order)
		evidence(w, "which of them died is not known, only how many: the clocks do not run alike");
	if (unseen)
		evidence(w, "%u packet%s passed both sides, by what followed, and one capture lacks %s", unseen,
			 plural(unseen), unseen == 1 ? "it" : "them");
	if (uncovered && r->sort != PAIR_UNCOVERED && r->sort != PAIR_ELSEWHERE && r->sort != PAIR_OTHERS &&
	    r->sort != PAIR_AGAIN)
		evidence(w, "%u packet%s not compared: that the other capture ran then does not show", uncovered,
			 uncovered == 1 ? " is" : "s are");
}

static bool was_rewritten(const struct pair_report *r)
{
	return !endpoint_equal(&r->client_flow.client, &r->server_flow.client) ||
	       !endpoint_equal(&r->client_flow.server, &r->server_flow.server);
}

static void say_connected(const struct pair_report *r, struct pair_words *w)
{
	const struct pair_packet *ack = pair_first(r, PAIRING_ACK);
	char client[ENDPOINT_TEXT_LEN], server[ENDPOINT_TEXT_LEN], t[PAIR_SPAN_LEN];

	if (r->client_outcome == OUTCOME_ESTABLISHED && ack && ack->at_client && r->counts[PAIRING_SYN].sent > 1)
		evidence(w, "the client was connected after %s", pair_span(ack->t_ns, t));
	if (r->sort == PAIR_BOTH && was_rewritten(r))
		evidence(w, "at the server's side it is %s > %s", endpoint_format(&r->server_flow.client, client),
			 endpoint_format(&r->server_flow.server, server));
}

void pair_words(const struct pair_report *r, struct pair_words *ret)
{
	struct pair_foreign f;

	memset(ret, 0, sizeof(*ret));
	if (r->sort != PAIR_BOTH && r->sort != PAIR_LOST) {
		say_alone(r, ret);
		say_evidence(r, ret);
		return;
	}
	pair_foreign(r, &f);
	if (f.what[0]) {
		part(ret, "%s%s", f.what, !f.unsure && r->confidence == CONFIDENCE_UNKNOWN ? ", likely" : "");
		if (f.why[0])
			evidence(ret, "%s", f.why);
		advice(ret, f.advice);
	}
	if (!f.proxy) {
		say_syns(r, ret);
		say_answers(r, ret);
		say_ack(r, ret);
	}
	if (!ret->headline[0])
		say_nothing_died(r, ret);
	say_connected(r, ret);
	say_evidence(r, ret);
}
