/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/pairing_missing.h"

#include <stdio.h>
#include <string.h>

#include "core/pairing_inside.h"
#include "core/pairing_words.h"

static const char *side_name(bool server)
{
	return server ? "server" : "client";
}

/* How many of that kind, copies aside, a capture has. */
static uint32_t n_at(const struct pair_report *r, enum pairing_kind kind, bool server)
{
	uint32_t n = 0;
	int i;

	for (i = 0; i < r->n_packets; i++) {
		const struct pair_packet *k = &r->packets[i];

		n += k->kind == kind && k->fate != FATE_COPY && (server ? k->at_server : k->at_client);
	}
	return n;
}

/* The receiver's capture has some that were not compared. */
static bool has_uncompared(const struct pair_report *r, enum pairing_kind kind)
{
	bool at_server = !pairing_kind_from_server(kind);
	int i;

	for (i = 0; i < r->n_packets; i++)
		if (r->packets[i].kind == kind && r->packets[i].fate == FATE_UNCOVERED &&
		    (at_server ? r->packets[i].at_server : r->packets[i].at_client))
			return true;
	return false;
}

/* Which of them the receiver's capture lacks is not known. */
static bool is_by_number(const struct pair_report *r, enum pairing_kind kind)
{
	if (r->confidence != CONFIDENCE_UNKNOWN || (kind != PAIRING_SYN && kind != PAIRING_SYN_ACK))
		return false;
	return has_uncompared(r, kind) || (r->by_order && n_at(r, kind, !pairing_kind_from_server(kind)));
}

/* ret_n: how many it names. */
static void name_by_number(const struct pair_report *r, enum pairing_kind kind, char *to, size_t len, uint32_t *ret_n)
{
	bool from_server = pairing_kind_from_server(kind);
	uint32_t sent = n_at(r, kind, from_server), taken = n_at(r, kind, !from_server);

	*ret_n = sent > taken ? sent - taken : 0;
	snprintf(to, len, "%u of the %s's %u %s", *ret_n, side_name(from_server), sent,
		 kind == PAIRING_SYN ? "SYNs" : "SYN-ACKs");
}

static void name_syn_acks(const struct pair_report *r, uint32_t died, char *to, size_t len)
{
	uint32_t sent = r->counts[PAIRING_SYN_ACK].sent;
	int i;

	for (i = 0; i < r->n_packets; i++)
		sent -= r->packets[i].kind == PAIRING_SYN_ACK && r->packets[i].fate == FATE_UNCOVERED &&
			r->packets[i].at_server;
	if (died != sent)
		snprintf(to, len, "%u of the server's %u SYN-ACKs", died, sent);
	else if (died == 1)
		snprintf(to, len, "the server's SYN-ACK");
	else
		snprintf(to, len, "the server's SYN-ACKs (%u)", died);
}

static void name(const struct pair_report *r, enum pairing_kind kind, char *to, size_t len, uint32_t *ret_n)
{
	char syns[PAIR_SYNS_LEN];

	*ret_n = r->counts[kind].fate[FATE_DIED];
	if (is_by_number(r, kind))
		name_by_number(r, kind, to, len, ret_n);
	else if (kind == PAIRING_SYN)
		snprintf(to, len, "%s", pair_syns(r, FATE_DIED, syns));
	else if (kind == PAIRING_SYN_ACK)
		name_syn_acks(r, *ret_n, to, len);
	else
		snprintf(to, len, "%s",
			 kind == PAIRING_ACK	? "the final ACK"
			 : kind == PAIRING_RST	? "the server's RST"
			 : kind == PAIRING_ICMP ? "an ICMP error"
						: "the client's RST");
}

const char *pair_doubt(const struct pair_report *r, bool server)
{
	if (server ? r->server_taken : r->client_taken)
		return ", which may not have run then";
	if (server ? r->server_holes : r->client_holes)
		return ", which lacks others that passed it";
	if (server && r->by_address)
		return ", which has no attempt to that port";
	if (server && r->answer_unsure)
		return ", which has no answer of that server to compare with";
	return "";
}

/* An earlier clause told of that capture already: of what it lacks, or of what the other alone has. */
static bool is_told(const struct pair_report *r, enum pairing_kind kind)
{
	bool from_server = pairing_kind_from_server(kind);
	int i;

	if (r->counts[from_server ? PAIRING_CLIENT_RST : PAIRING_RST].fate[FATE_BETWEEN] ||
	    r->counts[from_server ? PAIRING_SYN : PAIRING_SYN_ACK].fate[FATE_BETWEEN])
		return true;
	for (i = 0; i < (int)kind; i++)
		if (r->counts[i].fate[FATE_DIED] && pairing_kind_from_server((enum pairing_kind)i) == from_server)
			return true;
	return false;
}

static const char *why(const struct pair_report *r, enum pairing_kind kind)
{
	const char *doubt = pair_doubt(r, !pairing_kind_from_server(kind));

	if (is_by_number(r, kind))
		return ", and which of them is not known";
	if (*doubt)
		return is_told(r, kind) ? "" : doubt;
	return kind == PAIRING_ACK && r->ack_unsure ? ", but the server did not answer again" : "";
}

bool pair_is_sure(const struct pair_report *r, enum pairing_kind kind)
{
	if (r->confidence != CONFIDENCE_UNKNOWN)
		return true;
	if ((r->sort != PAIR_BOTH && r->sort != PAIR_LOST) || is_by_number(r, kind))
		return false;
	return !*pair_doubt(r, !pairing_kind_from_server(kind)) && !(kind == PAIRING_ACK && r->ack_unsure);
}

char *pair_missing(const struct pair_report *r, enum pairing_kind kind, char to[PAIR_MISSING_LEN])
{
	bool from_server = pairing_kind_from_server(kind);
	char what[PAIR_SYNS_LEN];
	uint32_t n;

	to[0] = 0;
	name(r, kind, what, sizeof(what), &n);
	if (!r->counts[kind].fate[FATE_DIED] || !n)
		return to;
	if (pair_is_sure(r, kind))
		snprintf(to, PAIR_MISSING_LEN, "%s died on the way %s%s", what, from_server ? "back" : "to the server",
			 r->confidence == CONFIDENCE_UNKNOWN ? ", likely" : "");
	else
		snprintf(to, PAIR_MISSING_LEN, "%s %s not in the %s's capture%s", what, n == 1 ? "is" : "are",
			 side_name(!from_server), why(r, kind));
	return to;
}
