/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/pairing_foreign.h"

#include <stdio.h>
#include <string.h>

#include "core/pairing_missing.h"
#include "core/pairing_words.h"
#include "core/story_words.h"

/* The first of a kind that something in between sent. */
static const struct pair_packet *foreign(const struct pair_report *r, enum pairing_kind kind)
{
	int i;

	for (i = 0; i < r->n_packets; i++)
		if (r->packets[i].kind == kind && r->packets[i].fate == FATE_BETWEEN)
			return &r->packets[i];
	return NULL;
}

/* The TTL that the server's own packets have at the client's side; 0: none came. */
static uint8_t server_ttl(const struct pair_report *r)
{
	int i;

	for (i = 0; i < r->n_packets; i++)
		if (r->packets[i].kind == PAIRING_SYN_ACK && r->packets[i].fate == FATE_ARRIVED)
			return r->packets[i].client_ttl;
	return 0;
}

static void say_rst(const struct pair_report *r, const struct pair_packet *k, struct pair_foreign *f)
{
	uint8_t ttl = server_ttl(r);
	char t[PAIR_SPAN_LEN], own[48] = "";

	if (ttl)
		snprintf(own, sizeof(own), ", the server's SYN-ACK has %u", ttl);
	if (k->late)
		snprintf(f->what, sizeof(f->what), "an RST from between ended the connection after %s (TTL %u%s)",
			 pair_span(k->t_ns, t), k->client_ttl, own);
	else
		snprintf(f->what, sizeof(f->what), "the RST came from between (TTL %u%s)", k->client_ttl, own);
	snprintf(f->why, sizeof(f->why), "the server's side never sent that RST");
	f->advice = "a firewall, filter or load balancer between the captures: find it by the RST's TTL (`traceroute`)";
}

static void say_icmp(const struct pair_packet *k, struct pair_foreign *f)
{
	const char *words = story_icmp_text(k->icmp_family, k->icmp_type, k->icmp_code);
	char from[ADDR_TEXT_LEN];

	snprintf(f->what, sizeof(f->what), "%s %u/%u%s%s%s of %s came from between",
		 k->icmp_family == 6 ? "icmp6" : "icmp", k->icmp_type, k->icmp_code, *words ? " (" : "", words,
		 *words ? ")" : "", addr_format(&k->from, from));
	f->advice = "the router that sent it, and its rules";
}

/* server: the capture that lacks it is the server's. */
static void say_unsure(const struct pair_report *r, const struct pair_packet *k, bool server, struct pair_foreign *f)
{
	static const char *const names[PAIRING_KIND_N] = { "SYN", "SYN-ACK", "ACK", "RST", "RST", "ICMP error" };
	const char *doubt = pair_doubt(r, server);

	if (r->confidence != CONFIDENCE_UNKNOWN || !*doubt)
		return;
	snprintf(f->what, sizeof(f->what), "the %s that the %s got (TTL %u) is not in the %s's capture%s",
		 names[k->kind], server ? "client" : "server", server ? k->client_ttl : k->server_ttl,
		 server ? "server" : "client", doubt);
	f->why[0] = 0;
	f->advice = "";
	f->unsure = true;
}

void pair_foreign(const struct pair_report *r, struct pair_foreign *ret)
{
	const struct pair_packet *rst = foreign(r, PAIRING_RST), *icmp = foreign(r, PAIRING_ICMP);
	const struct pair_packet *syn_ack = foreign(r, PAIRING_SYN_ACK), *syn = foreign(r, PAIRING_SYN);
	const struct pair_packet *client_rst = foreign(r, PAIRING_CLIENT_RST);
	char t[PAIR_SPAN_LEN];

	ret->what[0] = ret->why[0] = 0;
	ret->advice = "";
	ret->proxy = ret->unsure = false;
	if (rst) {
		say_rst(r, rst, ret);
		say_unsure(r, rst, true, ret);
	} else if (icmp) {
		say_icmp(icmp, ret);
		if (addr_equal(&icmp->from, &r->client_flow.server.addr)) /* a router's is one of itself */
			say_unsure(r, icmp, true, ret);
	} else if (syn_ack && (syn || r->counts[PAIRING_SYN_ACK].sent)) {
		ret->proxy = !r->counts[PAIRING_SYN_ACK].fate[FATE_ARRIVED];
		snprintf(ret->what, sizeof(ret->what), "something in between answered, and asked the server itself");
		snprintf(ret->why, sizeof(ret->why),
			 "the SYN-ACKs of the two sides are not the same packets: a SYN proxy");
		ret->advice = "the SYN proxy or load balancer between the captures";
	} else if (syn_ack) {
		ret->proxy = !r->counts[PAIRING_SYN].fate[FATE_ARRIVED];
		snprintf(ret->what, sizeof(ret->what), "a SYN-ACK came from between (TTL %u)%s", syn_ack->client_ttl,
			 r->at_server ? "" : ": the server's side has nothing of it");
		snprintf(ret->why, sizeof(ret->why), "the server's side never sent that SYN-ACK");
		ret->advice = "the SYN proxy or load balancer between the captures";
		say_unsure(r, syn_ack, true, ret);
	} else if (client_rst) {
		snprintf(ret->what, sizeof(ret->what),
			 "an RST in the client's name came from between after %s (TTL %u)",
			 pair_span(client_rst->t_ns, t), client_rst->server_ttl);
		snprintf(ret->why, sizeof(ret->why), "the client's side never sent that RST");
		ret->advice = "a firewall or NAT between the captures that forgot the connection";
		say_unsure(r, client_rst, false, ret);
	} else if (syn) {
		snprintf(ret->what, sizeof(ret->what), "the SYN that reached the server was made in between");
		say_unsure(r, syn, false, ret);
	}
}
