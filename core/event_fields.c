/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/event_fields.h"

#include <stddef.h>
#include <string.h>

#define SIZE_OF(m) sizeof(((struct event *)0)->m)
#define AT(m) .offset = offsetof(struct event, m), .size = SIZE_OF(m)
#define F(t, n, m)                                  \
	{                                           \
		.name = n, .type = FIELD_##t, AT(m) \
	}
/* means something only with the guard; `S`: and then it is always shown */
#define FG(t, n, m, g)                                                                  \
	{                                                                               \
		.name = n, .type = FIELD_##t, AT(m), .guard = offsetof(struct event, g) \
	}
#define FGS(t, n, m, g)                                                                                \
	{                                                                                              \
		.name = n, .type = FIELD_##t, AT(m), .guard = offsetof(struct event, g), .shown = true \
	}
#define LENGTH(n, m)                                                                   \
	{                                                                              \
		.name = n, .type = FIELD_INT, AT(m), .min = 0, .max = EVENT_LENGTH_MAX \
	}
#define LENGTH_GS(n, m, g)                                                                              \
	{                                                                                               \
		.name = n, .type = FIELD_INT, AT(m), .guard = offsetof(struct event, g), .shown = true, \
		.min = -EVENT_LENGTH_MAX, .max = EVENT_LENGTH_MAX                                       \
	}

/* Shown in full in a recording; a script may leave out what is as Linux 6.5 and later have it at HZ 250. */
#define POLICY_INT(n, m, g, d)                                                                                    \
	{                                                                                                         \
		.name = n, .type = FIELD_INT, AT(m), .guard = offsetof(struct event, g), .shown = true, .dflt = d \
	}
#define POLICY(p, g)                                                                                                  \
	POLICY_INT("retries", p.retries, g, 6), POLICY_INT("linear", p.linear, g, 4), FG(INT, "syncnt", p.syncnt, g), \
		{ .name = "user_timeout_ms",                                                                          \
		  .type = FIELD_INT,                                                                                  \
		  AT(p.user_timeout_ms),                                                                              \
		  .guard = offsetof(struct event, g),                                                                 \
		  .max = INT32_MAX },                                                                                 \
		POLICY_INT("rto_max_ms", p.rto_max_ms, g, 120000), FG(INT, "rto_first_j", p.rto_first_j, g),          \
		POLICY_INT("hz", p.hz, g, 250), FG(KERNEL, "kernel", p.kernel, g)

const struct event_field event_field_packet = F(UINT, "packet", packet);

static const struct event_field segment_fields[] = {
	F(FLAGS, "flags", segment.flags),
	F(UINT, "seq", segment.seq),
	F(UINT, "ack", segment.ack),
	F(UINT, "win", segment.window),
	F(UINT, "len", segment.len),
	F(UINT, "ttl", segment.ttl),
	FGS(UINT, "tsval", segment.tsval, segment.has_ts),
	FGS(UINT, "tsecr", segment.tsecr, segment.has_ts),
	F(BOOL, "bad_checksum", segment.bad_checksum),
};

static const struct event_field icmp_fields[] = {
	F(UINT, "family", icmp.family), F(UINT, "type", icmp.type),
	F(UINT, "code", icmp.code),	F(ADDR, "from", icmp.from),
	F(ERRNO, "error", icmp.error),	FGS(UINT, "quoted_seq", icmp.quoted_seq, icmp.has_seq),
};

static const struct event_field connect_fields[] = {
	F(INT, "pid", connect.pid),
	F(STRING, "comm", connect.comm),
	F(BOOL, "blind", connect.blind),
	LENGTH_GS("own_timer_ns", connect.own_timer_ns, connect.own_timer),
	POLICY(connect.policy, connect.has_policy),
};

static const struct event_field state_fields[] = {
	F(STATE, "state", state.state),
	F(UINT, "cookie", state.cookie),
	FGS(UINT, "isn", state.isn, state.has_isn),
	F(UINT, "retransmits", state.retransmits),
	F(UINT, "unsent", state.unsent),
	F(UINT, "backoff", state.backoff),
	F(UINT, "timer", state.timer),
	F(UINT, "expires_ms", state.expires_ms),
	F(UINT, "rto_us", state.rto_us),
	F(UINT, "rqueue", state.rqueue),
	F(UINT, "wqueue", state.wqueue),
	F(UINT, "uid", state.uid),
	F(UINT, "inode", state.inode),
	FGS(UINT, "phase", state.phase, state.has_phase),
	LENGTH_GS("phase_edge_ns", state.phase_edge_ns, state.has_phase),
	F(INT, "pid", state.pid),
	F(STRING, "comm", state.comm),
	POLICY(state.policy, state.has_policy),
};

static const struct event_field retransmit_fields[] = {
	{ .name = "n", .type = FIELD_INT, AT(retransmit.n), .max = SCHEDULE_SYNS_MAX - 1 },
};

static const struct event_field result_fields[] = {
	F(ERRNO, "error", result.error),
	F(BOOL, "own_timer", result.own_timer),
};

static const struct event_field close_fields[] = {
	F(CAUSE, "cause", close.cause),
	F(ERRNO, "error", close.error),
	{ .name = "retransmits", .type = FIELD_INT, AT(close.retransmits), .dflt = -1 },
	F(UINT, "cookie", close.cookie),
	FGS(UINT, "isn", close.isn, close.has_isn),
	LENGTH("unseen_ns", close.unseen_ns),
	LENGTH("timer_left_ns", close.timer_left_ns),
	F(INT, "closer", close.closer),
	F(BOOL, "holder_alive", close.holder_alive),
	F(BOOL, "holder_ending", close.holder_ending),
	F(BOOL, "several_holders", close.several_holders),
	F(BOOL, "packets_only", close.packets_only),
	F(BOOL, "translated", close.translated),
};

static const struct event_field left_fields[] = {
	F(UINT, "cookie", left.cookie),
	FGS(UINT, "isn", left.isn, left.has_isn),
	F(BOOL, "failed", left.failed),
	F(BOOL, "answered", left.answered),
};

static const struct event_field exit_fields[] = {
	F(INT, "pid", exit.pid),
	F(INT, "signal", exit.signal),
	F(INT, "status", exit.status),
};

static const struct event_field drop_fields[] = {
	F(PLACE, "place", drop.place),	  F(BOOL, "reply", drop.reply),		F(UINT, "packets", drop.packets),
	F(STRING, "reason", drop.reason), F(STRING, "function", drop.function), F(STRING, "rule", drop.rule),
};

static const struct event_field counter_fields[] = {
	F(STRING, "name", counter.name),
	F(UINT, "cookie", counter.cookie),
	FGS(UINT, "isn", counter.isn, counter.has_isn),
	F(INT, "delta", counter.delta),
};

static const struct event_field lost_fields[] = {
	F(STRING, "source", lost.source),
	F(UINT, "n", lost.n),
};

#define FIELDS(t) .fields = t, .n_fields = sizeof(t) / sizeof((t)[0])
#define PAIR(a, b) .has_flow = true, .from = offsetof(struct event, a), .to = offsetof(struct event, b)
#define FLOW(kind) PAIR(kind.flow.client, kind.flow.server)

static const struct event_form forms[EVENT_KIND_N] = {
	[EVENT_SEGMENT] = { "segment", PAIR(segment.src, segment.dst), FIELDS(segment_fields) },
	[EVENT_ICMP] = { "icmp", FLOW(icmp), FIELDS(icmp_fields) },
	[EVENT_CONNECT] = { "connect", FLOW(connect), FIELDS(connect_fields) },
	[EVENT_STATE] = { "state", FLOW(state), FIELDS(state_fields) },
	[EVENT_RETRANSMIT] = { "retransmit", FLOW(retransmit), FIELDS(retransmit_fields) },
	[EVENT_RESULT] = { "result", FLOW(result), FIELDS(result_fields) },
	[EVENT_CLOSE] = { "close", FLOW(close), FIELDS(close_fields) },
	[EVENT_LEFT] = { "left", FLOW(left), FIELDS(left_fields) },
	[EVENT_EXIT] = { "exit", FIELDS(exit_fields) },
	[EVENT_DROP] = { "drop", FLOW(drop), FIELDS(drop_fields) },
	[EVENT_COUNTER] = { "counter", FLOW(counter), .flow_optional = true, FIELDS(counter_fields) },
	[EVENT_LOST] = { "lost", FIELDS(lost_fields) },
};

const struct event_form *event_form_of(enum event_kind kind)
{
	if ((unsigned int)kind >= EVENT_KIND_N || !forms[kind].word)
		return NULL;
	return &forms[kind];
}

static const char *const causes[] = {
	[CLOSE_UNKNOWN] = "unknown",
	[CLOSE_APPLICATION] = "application",
	[CLOSE_KERNEL] = "kernel",
};

/* By number: include/net/tcp_states.h; the names: RFC 9293 section 3.3.2. */
static const char *const states[] = {
	"?",	  "ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2",   "TIME-WAIT",
	"CLOSED", "CLOSE-WAIT",	 "LAST-ACK", "LISTEN",	     "CLOSING",	   "NEW-SYN-RECV",
};

#define COUNT(t) ((int)(sizeof(t) / sizeof((t)[0])))

const char *event_field_word(enum field_type type, int64_t value)
{
	const char *word = "?";

	if (type == FIELD_CAUSE && value >= 0 && value < COUNT(causes))
		word = causes[value];
	else if (type == FIELD_STATE && value >= 0 && value < COUNT(states))
		word = states[value];
	else if (type == FIELD_PLACE && value > 0 && value < DROP_PLACE_N)
		word = drop_place_word((enum drop_place)value);
	else if (type == FIELD_ERRNO && value > 0 && value <= EVENT_ERRNO_MAX)
		word = errno_name((int)value);
	return *word == '?' || !strcmp(word, "E?") ? NULL : word;
}

static int find(const char *const *words, int n, const char *word)
{
	int i;

	for (i = 0; i < n; i++)
		if (!strcmp(words[i], word))
			return i;
	return -1;
}

int event_field_value(enum field_type type, const char *word)
{
	int code;

	switch (type) {
	case FIELD_CAUSE:
		return find(causes, COUNT(causes), word);
	case FIELD_STATE:
		return *word == '?' ? -1 : find(states, COUNT(states), word);
	case FIELD_PLACE:
		return drop_place_of(word);
	case FIELD_ERRNO:
		code = errno_of(word);
		return code ? code : -1;
	default:
		return -1;
	}
}

int64_t event_field_get(const struct event *ev, const struct event_field *f)
{
	const char *p = (const char *)ev + f->offset;
	bool is_signed = f->type == FIELD_INT || f->type == FIELD_ERRNO;
	uint64_t v64;
	uint32_t v32;
	uint16_t v16;
	uint8_t v8;

	switch (f->size) {
	case 1:
		memcpy(&v8, p, 1);
		return v8;
	case 2:
		memcpy(&v16, p, 2);
		return v16;
	case 4:
		memcpy(&v32, p, 4);
		return is_signed ? (int64_t)(int32_t)v32 : (int64_t)v32;
	default:
		memcpy(&v64, p, 8);
		return (int64_t)v64;
	}
}

void event_field_set(struct event *ev, const struct event_field *f, int64_t value)
{
	char *p = (char *)ev + f->offset;
	uint64_t v64 = (uint64_t)value;
	uint32_t v32 = (uint32_t)value;
	uint16_t v16 = (uint16_t)value;
	uint8_t v8 = (uint8_t)value;

	switch (f->size) {
	case 1:
		memcpy(p, &v8, 1);
		break;
	case 2:
		memcpy(p, &v16, 2);
		break;
	case 4:
		memcpy(p, &v32, 4);
		break;
	default:
		memcpy(p, &v64, 8);
		break;
	}
}
