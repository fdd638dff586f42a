/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GENCAP_H
#define GENCAP_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What gencap*.c share. */

#define NSEC 1000000000ULL
#define MSEC 1000000ULL
#define USEC 1000ULL

/* Says what went wrong, and ends. */
void die(const char *what);

enum format { PCAP_US, PCAP_NS, PCAPNG };
enum link { LINK_ETHER = 1, LINK_RAW = 101, LINK_SLL = 113, LINK_SLL2 = 276 };

extern struct options {
	const char *mix, *out, *truth, *csv;
	uint64_t size, seed;
	enum format format;
	enum link link;
	uint32_t snaplen;
	double duration;
	bool swap;
} opt;

/* What a mix is made of; the shares of outcomes sum to 1. */
extern struct mix {
	double p_v6, p_vlan;
	double p_refused, p_icmp, p_timeout, p_abandon, p_halfopen, p_reset;
	double p_lost;	       /* chance that each further SYN is lost first */
	double p_synack_again; /* established, but the SYN-ACK came twice */
	double p_bogus;	       /* a reply with a wrong ACK number comes first */
	double mean_segs;      /* data segments per established flow */
	uint32_t mss4, mss6;   /* payload bytes of a full segment */
	bool tstamps;	       /* TCP timestamps on data */
	uint32_t midstream;    /* flows that were open before the capture */
	double mid_gap;	       /* seconds between packets of such a flow */
	double p_spoof;	       /* share of arrivals that are spoofed SYNs */
	double p_spoof_answer; /* share of these that get a SYN-ACK */
	double rate;	       /* arrivals per second */
} mix;

enum outcome { O_EST, O_REFUSED, O_ICMP, O_TIMEOUT, O_ABANDON, O_HALFOPEN, O_RESET, O_NUM };
enum icmp_kind { I_NET, I_HOST, I_PORT, I_ADMIN, I_NUM };

/* What is known of the capture while it is made. */
extern struct truth {
	uint64_t packets, wire_bytes, file_bytes, syn, syn_retrans, synack, synack_retrans;
	uint64_t rst, fin, icmp, data, bogus, attempts, outcome[O_NUM], icmp_kind[I_NUM];
	uint64_t unanswered_by_syns[16], established_by_syns[16];
	uint64_t open, max_open, ecn_syn, v6_attempts, vlan_attempts, reused_tuple;
	uint64_t first_ts, last_ts;
} truth;

enum step {
	S_ARRIVAL,
	S_SYN,
	S_BOGUS,
	S_SYNACK,
	S_SYNACK_AGAIN,
	S_ACK,
	S_ACK_AGAIN,
	S_REFUSE,
	S_ICMP,
	S_GIVEUP,
	S_CLIENT_RST,
	S_REQUEST,
	S_DATA,
	S_DATA_ACK,
	S_FIN1,
	S_FIN2,
	S_FIN3,
	S_ABORT,
	S_MID,
	S_HEARTBEAT,
};

struct flow {
	uint8_t client[16], server[16];
	uint64_t first_syn;
	uint32_t cisn, sisn, cseq, sseq; /* sequence numbers: initial and next */
	uint32_t segs, rtt_us, tsbase;
	uint16_t cport, sport, vlan, outer_vlan;
	uint8_t step, outcome, syns, lost, synacks, in_burst, burst, unacked;
	bool v6, ecn, linear, bogus, again, random_payload, open, spoof;
	uint8_t icmp_kind;
	uint32_t next_free;
};

/* gencap_mix.c: what opt.mix is made of; false: there is no such mix. */
bool set_mix(void);

/* gencap_file.c */
void open_capture(void);
void write_packet(uint64_t t, const uint8_t *pkt, uint32_t len);
void close_capture(void);

/* gencap_queue.c: flows, by number, and the time at which each goes on. */
uint32_t new_flow(void);
struct flow *flow_at(uint32_t i); /* valid until a flow is made */
void end_flow(uint32_t i);
void push(uint64_t t, uint32_t flow);
struct event {
	uint64_t t;
	uint32_t flow;
};
struct event pop(void);
bool queue_is_empty(void);

/* gencap_packet.c: a packet of a flow, as it is now. */
enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, ECE = 64, CWR = 128 };
void emit(struct flow *f, uint64_t t, bool from_client, unsigned flags, uint32_t seq, uint32_t ack, uint32_t payload);
void emit_icmp(struct flow *f, uint64_t t);

/* gencap_script.c: all flows, from the first to the last packet. */
void run_flows(void);

/* gencap_truth.c */
void open_truth(void);
void close_attempt(struct flow *f, uint64_t t, enum outcome o);
void close_truth(void);

#endif
