/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/diff.h"
#include "sinks/json.h"
#include "sinks/json_ecs.h"
#include "sinks/rfc3339.h"

static void key_uint(struct json *j, const char *key, uint64_t n)
{
	json_key(j, key);
	json_uint(j, n);
}

static void key_bool(struct json *j, const char *key, bool is)
{
	json_key(j, key);
	json_bool(j, is);
}

/* From the first of its packets to the last. */
static int64_t length_of(const struct pair_report *r)
{
	return r->n_packets ? r->packets[r->n_packets - 1].t_ns - r->packets[0].t_ns : 0;
}

static void write_event(struct json *j, int64_t start_ns, int64_t length_ns)
{
	json_key(j, "event");
	json_begin_object(j);
	json_ecs_time(j, "start", start_ns);
	json_key_int(j, "duration", length_ns);
	json_key_string(j, "provider", "synsent");
	json_key_string(j, "dataset", "diff");
	json_end(j);
}

/* How one capture has it. */
static void write_side(struct json *j, const char *key, const struct flow *f, uint32_t isn, uint32_t number,
		       enum outcome o)
{
	json_key(j, key);
	json_begin_object(j);
	json_ecs_endpoint(j, "client", &f->client);
	json_ecs_endpoint(j, "server", &f->server);
	json_key_int(j, "isn", isn);
	if (number)
		json_key_int(j, "number", number);
	json_key_string(j, "outcome", outcome_word(o));
	json_end(j);
}

static bool is_of_server(enum pairing_kind k)
{
	return k == PAIRING_SYN_ACK || k == PAIRING_RST || k == PAIRING_ICMP;
}

static void write_packet(struct json *j, const struct pair_packet *k)
{
	char text[ADDR_TEXT_LEN];

	json_begin_object(j);
	json_key_string(j, "kind", pairing_kind_word(k->kind));
	json_key_int(j, "n", k->n);
	json_key_string(j, "way", is_of_server(k->kind) ? "to-client" : "to-server");
	json_key_string(j, "fate", pair_fate_word(k->fate));
	json_key_int(j, "t_ns", k->t_ns);
	if (k->at_client && k->at_server)
		json_key_int(j, "delay_ns", k->delay_ns);
	if (k->client_packet)
		json_key_int(j, "client_packet", k->client_packet);
	if (k->server_packet)
		json_key_int(j, "server_packet", k->server_packet);
	if (k->client_ttl)
		json_key_int(j, "client_ttl", k->client_ttl);
	if (k->server_ttl)
		json_key_int(j, "server_ttl", k->server_ttl);
	if (k->late)
		key_bool(j, "late", true);
	if (k->unfit)
		key_bool(j, "unfit", true);
	if (k->kind == PAIRING_ICMP) {
		json_key(j, "icmp");
		json_begin_object(j);
		json_key_int(j, "type", k->icmp_type);
		json_key_int(j, "code", k->icmp_code);
		json_end(j);
		json_key_string(j, "from", addr_format(&k->from, text));
	}
	json_end(j);
}

static void write_words(struct json *j, const struct pair_words *w)
{
	int i;

	json_key_string(j, "headline", w->headline);
	json_key(j, "evidence");
	json_begin_array(j);
	for (i = 0; i < w->n_evidence; i++)
		json_text(j, w->evidence[i]);
	json_end(j);
	json_key_string(j, "advice", w->advice);
}

void diff_json(const struct pair_report *r, const struct pair_words *w, struct buf *to)
{
	struct json j;
	int i;

	json_init(&j, to);
	json_begin_object(&j);
	json_key_int(&j, "v", 1);
	write_event(&j, r->start_ns, length_of(r));
	json_ecs_endpoint(&j, "client", &r->client_flow.client);
	json_ecs_endpoint(&j, "server", &r->client_flow.server);
	json_ecs_network(&j, &r->client_flow, NULL);
	json_key(&j, "synsent");
	json_begin_object(&j);
	json_key_int(&j, "number", r->number);
	json_key_string(&j, "seen", pair_sort_word(r->sort));
	json_key_string(&j, "paired_by", pairing_how_word(r->how));
	json_key_string(&j, "confidence", confidence_word(r->confidence));
	write_words(&j, w);
	if (r->at_client)
		write_side(&j, "at_client", &r->client_flow, r->client_isn, r->client_number, r->client_outcome);
	if (r->at_server)
		write_side(&j, "at_server", &r->server_flow, r->server_isn, r->server_number, r->server_outcome);
	json_key(&j, "packets");
	json_begin_array(&j);
	for (i = 0; i < r->n_packets; i++)
		write_packet(&j, &r->packets[i]);
	json_end(&j);
	if (r->more_packets)
		json_key_int(&j, "packets_more", r->more_packets);
	json_end(&j);
	json_end(&j);
	buf_char(to, '\n');
}

static void write_capture(struct json *j, const char *key, const struct diff_side *s)
{
	json_key(j, key);
	json_begin_object(j);
	json_key_string(j, "file", s->path);
	key_uint(j, "packets", s->ledger.seen);
	key_uint(j, "attempts", s->counts.attempts);
	if (s->first_ns || s->last_ns) {
		json_ecs_time(j, "start", s->first_ns);
		json_ecs_time(j, "end", s->last_ns);
	}
	key_uint(j, "lost", s->counts.lost);
	json_end(j);
}

static void write_clocks(struct json *j, const struct pairing_clock *c)
{
	if (!c->forward && !c->backward)
		return;
	json_key(j, "clocks");
	json_begin_object(j);
	json_key_string(j, "known", c->forward && c->backward ? "both-ways" : c->forward ? "at-most" : "at-least");
	json_key_int(j, "server_ahead_ns", c->offset_ns);
	if (c->forward && c->backward)
		json_key_int(j, "uncertainty_ns", c->uncertainty_ns);
	json_ecs_time(j, "at", c->base_ns);
	if (c->has_drift)
		json_key_int(j, "drift_ppb", c->drift_ppb);
	key_bool(j, "uneven", c->uneven);
	json_end(j);
}

static void write_maps(struct json *j, const char *key, const struct pairing_nat_map *m, int n)
{
	int i;

	json_key(j, key);
	json_begin_array(j);
	for (i = 0; i < n; i++) {
		json_begin_object(j);
		json_ecs_endpoint(j, "at_client", &m[i].from);
		json_ecs_endpoint(j, "at_server", &m[i].to);
		key_uint(j, "attempts", m[i].attempts);
		json_end(j);
	}
	json_end(j);
}

static void write_between(struct json *j, const struct pairing_nat *n)
{
	json_key(j, "between");
	json_begin_object(j);
	if (n->hops_min >= 0) {
		json_key_int(j, "hops_min", n->hops_min);
		json_key_int(j, "hops_max", n->hops_max);
	}
	key_uint(j, "client_addresses", n->client_addr);
	key_uint(j, "client_ports", n->client_port);
	key_uint(j, "server_addresses", n->server_addr);
	key_uint(j, "server_ports", n->server_port);
	key_uint(j, "isns", n->isn);
	write_maps(j, "clients", n->clients, n->n_clients);
	write_maps(j, "servers", n->servers, n->n_servers);
	json_end(j);
}

static void write_kinds(struct json *j, const struct pairing_totals *t)
{
	int kind, fate;

	json_key(j, "packets");
	json_begin_object(j);
	for (kind = 0; kind < PAIRING_KIND_N; kind++) {
		json_key(j, pairing_kind_word((enum pairing_kind)kind));
		json_begin_object(j);
		key_uint(j, "sent", t->sent[kind]);
		for (fate = 0; fate < FATE_N; fate++)
			key_uint(j, pair_fate_word((enum pair_fate)fate), t->fate[kind][fate]);
		json_end(j);
	}
	json_end(j);
}

static void write_delay(struct json *j, const char *key, const struct spread *s)
{
	if (!s->n)
		return;
	json_key(j, key);
	json_begin_object(j);
	json_key_int(j, "min_ns", s->min_ns);
	json_key_int(j, "median_ns", spread_quantile(s, 500));
	json_key_int(j, "p99_ns", spread_quantile(s, 990));
	json_key_int(j, "max_ns", s->max_ns);
	json_end(j);
}

static void write_holes(struct json *j, const struct pairing_holes *h)
{
	json_key(j, "holes");
	json_begin_object(j);
	key_uint(j, "client_had", h->client_had);
	key_uint(j, "client_missed", h->client_missed);
	key_uint(j, "server_had", h->server_had);
	key_uint(j, "server_missed", h->server_missed);
	json_end(j);
}

void diff_summary_json(const struct diff_facts *f, struct buf *to)
{
	const struct pairing_totals *t = f->totals;
	struct json j;
	int i;

	json_init(&j, to);
	json_begin_object(&j);
	json_key_int(&j, "v", 1);
	write_event(&j, t->first_ns, t->last_ns - t->first_ns);
	json_key(&j, "synsent");
	json_begin_object(&j);
	write_capture(&j, "client_capture", &f->client);
	write_capture(&j, "server_capture", &f->server);
	key_bool(&j, "swapped", f->swapped);
	write_clocks(&j, f->clock);
	write_between(&j, f->nat);
	json_key(&j, "attempts");
	json_begin_object(&j);
	for (i = 0; i < PAIR_SORT_N; i++)
		key_uint(&j, pair_sort_word((enum pair_sort)i), t->sorts[i]);
	json_end(&j);
	key_uint(&j, "notable", t->notable);
	key_uint(&j, "losses", t->losses);
	if (t->losses) {
		json_ecs_time(&j, "first_loss", t->first_loss_ns);
		json_ecs_time(&j, "last_loss", t->last_loss_ns);
	}
	write_kinds(&j, t);
	write_delay(&j, "to_server", &t->to_server);
	write_delay(&j, "to_client", &t->to_client);
	write_holes(&j, f->holes);
	json_end(&j);
	json_end(&j);
	buf_char(to, '\n');
}
