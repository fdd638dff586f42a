/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each flow does, a step at a time. */
#include "gencap.h"

#include <string.h>

#include "gencap_bytes.h"
#include "gencap_random.h"

/* Time from the n-th SYN (from 0) to the next, or to giving up. */
static uint64_t syn_rto(const struct flow *f, unsigned n)
{
	unsigned e = !f->linear ? n : n < 5 ? 0 : n - 4;
	return (1ULL << e) * NSEC;
}

static uint64_t late(void)
{
	return 4 * MSEC + below(28 * MSEC);
} /* a timer is never early */

static void pick_addresses(struct flow *f)
{
	f->v6 = chance(mix.p_v6);
	if (f->v6) {
		memcpy(f->client, "\x20\x01\x0d\xb8\0\x01", 6);
		be16(f->client + 14, 1 + below(4000));
		memcpy(f->server, "\x20\x01\x0d\xb8\0\x02", 6);
		be32(f->server + 12, 1 + below(50000));
	} else {
		be32(f->client, 0x0a000001 + below(4000));
		be32(f->server, 0xc6120000 + below(0x20000)); /* 198.18.0.0/15 */
	}
	f->cport = (uint16_t)(32768 + below(28232));
	f->sport = chance(0.8) ? 443 : chance(0.5) ? 80 : (uint16_t)(1024 + below(30000));
	if (chance(mix.p_vlan)) {
		f->vlan = (uint16_t)(1 + below(4000));
		if (chance(0.1))
			f->outer_vlan = (uint16_t)(1 + below(4000));
	}
	f->random_payload = chance(0.8);
	f->rtt_us = 300 + (uint32_t)expo(25000);
	if (f->rtt_us > 400000)
		f->rtt_us = 400000;
	f->tsbase = (uint32_t)rnd();
	f->linear = chance(0.5);
	f->ecn = chance(0.2);
}

static void start_attempt(struct flow *f)
{
	double u = unit(), c = 0;

	f->cisn = (uint32_t)rnd();
	f->sisn = (uint32_t)rnd();
	f->syns = f->lost = f->synacks = 0;
	while (f->lost < 3 && chance(mix.p_lost))
		f->lost++;
	f->outcome = O_EST;
	if (u < (c += mix.p_refused))
		f->outcome = O_REFUSED;
	else if (u < (c += mix.p_icmp))
		f->outcome = O_ICMP;
	else if (u < (c += mix.p_timeout))
		f->outcome = O_TIMEOUT, f->lost = 6; /* tcp_syn_retries */
	else if (u < (c += mix.p_abandon))
		f->outcome = O_ABANDON, f->lost = (uint8_t)below(4);
	else if (u < (c += mix.p_halfopen))
		f->outcome = O_HALFOPEN;
	else if (u < (c += mix.p_reset))
		f->outcome = O_RESET;
	f->icmp_kind = (uint8_t)below(I_NUM);
	f->bogus = chance(mix.p_bogus);
	f->again = chance(mix.p_synack_again);
	f->segs = 1 + (uint32_t)expo(mix.mean_segs);
	f->step = S_SYN;
}

/* A spoofed SYN: random source, a few targets, one packet, perhaps SYN-ACKs. */
static void start_spoofed(struct flow *f)
{
	f->spoof = true;
	be32(f->client, 0x01000000 + below(0xdf000000u - 0x01000000u));
	be32(f->server, 0xc6120001 + below(4));
	f->cport = (uint16_t)(1024 + below(64512));
	f->sport = chance(0.9) ? 443 : 80;
	f->cisn = (uint32_t)rnd();
	f->sisn = (uint32_t)rnd();
	f->rtt_us = 100;
	f->outcome = chance(mix.p_spoof_answer) ? O_HALFOPEN : O_ABANDON;
	f->step = S_SYN;
}

static bool arriving = true;
static uint64_t decided; /* the last time at which an attempt is still undecided */

/* Run one step of flow i at time t; returns the time of its next, or 0 to end. */
static uint64_t run(uint32_t i, uint64_t t)
{
	struct flow *f = flow_at(i);
	uint64_t rtt = f->rtt_us * USEC, half = rtt / 2 + 1;
	uint32_t mss = f->v6 ? mix.mss6 : mix.mss4, n;

	switch (f->step) {
	case S_ARRIVAL: {
		if (!arriving)
			return 0;
		uint32_t k = new_flow();
		f = flow_at(k);
		if (chance(mix.p_spoof)) {
			start_spoofed(f);
		} else {
			pick_addresses(f);
			start_attempt(f);
		}
		push(t, k);
		return t + 1 + (uint64_t)expo(1e9 / mix.rate);
	}
	case S_SYN:
		if (!f->syns) {
			f->first_syn = t;
			f->open = true;
			truth.attempts++;
			truth.v6_attempts += f->v6;
			truth.vlan_attempts += f->vlan != 0;
			truth.ecn_syn += f->ecn;
			if (++truth.open > truth.max_open)
				truth.max_open = truth.open;
		}
		truth.syn++;
		truth.syn_retrans += f->syns > 0;
		emit(f, t, true, SYN | (f->ecn && f->syns < 2 ? ECE | CWR : 0), f->cisn, 0, 0);
		n = f->syns++;
		if (n < f->lost)
			return t + syn_rto(f, n) + late();
		if (f->outcome == O_TIMEOUT || f->outcome == O_ABANDON) {
			f->step = S_GIVEUP;
			return t + syn_rto(f, n) + 40 * MSEC;
		}
		f->step = f->bogus		    ? S_BOGUS
			  : f->outcome == O_REFUSED ? S_REFUSE
			  : f->outcome == O_ICMP    ? S_ICMP
						    : S_SYNACK;
		return t + rtt;
	case S_GIVEUP:
		if (t > decided)
			decided = t;
		close_attempt(f, t, f->outcome);
		return 0;
	case S_BOGUS: /* must not be taken for an answer: acknowledges something else */
		truth.bogus++;
		emit(f, t, false, RST | ACK, 0, f->cisn + 0x10000, 0);
		f->step = f->outcome == O_REFUSED ? S_REFUSE : f->outcome == O_ICMP ? S_ICMP : S_SYNACK;
		return t + 50 * USEC;
	case S_REFUSE:
		emit(f, t, false, RST | ACK, 0, f->cisn + 1, 0);
		close_attempt(f, t, O_REFUSED);
		if (!chance(0.05))
			return 0;
		truth.reused_tuple++; /* the client tries again from the same port */
		start_attempt(f);
		return t + 100 * MSEC + below(900 * MSEC);
	case S_ICMP:
		emit_icmp(f, t);
		close_attempt(f, t, O_ICMP);
		return 0;
	case S_SYNACK:
		truth.synack++;
		truth.synack_retrans += f->synacks > 0;
		emit(f, t, false, SYN | ACK | (f->ecn ? ECE : 0), f->sisn, f->cisn + 1, 0);
		n = f->synacks++;
		if (f->outcome == O_HALFOPEN) {
			if (n == 5) /* tcp_synack_retries */
				f->step = S_GIVEUP;
			return t + (NSEC << n) + late();
		}
		f->step = f->outcome == O_RESET ? S_CLIENT_RST : S_ACK;
		return t + 20 * USEC + below(60 * USEC);
	case S_CLIENT_RST:
		emit(f, t, true, RST, f->cisn + 1, 0, 0);
		close_attempt(f, t, O_RESET);
		return 0;
	case S_ACK:
		f->cseq = f->cisn + 1;
		f->sseq = f->sisn + 1;
		emit(f, t, true, ACK, f->cseq, f->sseq, 0);
		close_attempt(f, t, O_EST);
		f->step = f->again ? S_SYNACK_AGAIN : S_REQUEST;
		return f->again ? t + NSEC + late() : t + 30 * USEC + below(500 * USEC);
	case S_SYNACK_AGAIN: /* the ACK was lost beyond the capture point */
		truth.synack++;
		truth.synack_retrans++;
		emit(f, t, false, SYN | ACK | (f->ecn ? ECE : 0), f->sisn, f->cisn + 1, 0);
		f->step = S_ACK_AGAIN;
		return t + 30 * USEC;
	case S_ACK_AGAIN:
		emit(f, t, true, ACK, f->cseq, f->sseq, 0);
		f->step = S_REQUEST;
		return t + 30 * USEC;
	case S_REQUEST:
		n = mss < 600 ? mss : 200 + below(400);
		emit(f, t, true, PSH | ACK, f->cseq, f->sseq, n);
		f->cseq += n;
		f->burst = 10;
		f->in_burst = 0;
		f->step = S_DATA;
		return t + rtt + below(5 * MSEC);
	case S_DATA:
		f->segs--;
		emit(f, t, false, f->segs ? ACK : ACK | PSH, f->sseq, f->cseq, mss);
		f->sseq += mss;
		f->in_burst++;
		if (++f->unacked == 2 || !f->segs) {
			f->unacked = 0;
			f->step = S_DATA_ACK;
			return t + 5 * USEC + below(3 * USEC);
		}
		return t + 12 * USEC + below(4 * USEC);
	case S_DATA_ACK:
		emit(f, t, true, ACK, f->cseq, f->sseq, 0);
		if (!f->segs) {
			f->step = chance(0.1) ? S_ABORT : S_FIN1;
			return t + 200 * USEC + below(20 * MSEC);
		}
		f->step = S_DATA;
		if (f->in_burst < f->burst)
			return t + 7 * USEC;
		f->in_burst = 0;
		f->burst = f->burst < 40 ? f->burst + 10 : 40;
		return t + rtt;
	case S_ABORT: /* a reset of an established flow is not a failed attempt */
		emit(f, t, true, RST | ACK, f->cseq, f->sseq, 0);
		return 0;
	case S_FIN1:
		emit(f, t, true, FIN | ACK, f->cseq, f->sseq, 0);
		f->step = S_FIN2;
		return t + rtt;
	case S_FIN2:
		emit(f, t, false, FIN | ACK, f->sseq, f->cseq + 1, 0);
		f->step = S_FIN3;
		return t + half;
	case S_FIN3:
		emit(f, t, true, ACK, f->cseq + 1, f->sseq + 1, 0);
		return 0;
	case S_MID:
		if (!arriving)
			return 0;
		if (f->unacked ^= 1) {
			emit(f, t, true, PSH | ACK, f->cseq, f->sseq, mss);
			f->cseq += mss;
		} else {
			emit(f, t, false, PSH | ACK, f->sseq, f->cseq, mss);
			f->sseq += mss;
		}
		return t + 1 + (uint64_t)expo(mix.mid_gap * 1e9);
	default: /* S_HEARTBEAT */
		emit(f, t, true, ACK, f->cseq, f->sseq, 0);
		if (queue_is_empty() && t > decided + NSEC)
			return 0;
		return t + NSEC / 2;
	}
}

void run_flows(void)
{
	uint64_t t0 = 1700000000ULL * NSEC + below(NSEC), now = 0, next;
	uint32_t k = new_flow(), i; /* the arrival process is a flow like any other */
	struct event e;
	struct flow *f;

	flow_at(k)->step = S_ARRIVAL;
	push(t0 + 1000, k);
	for (i = 0; i <= mix.midstream; i++) { /* the last one is the heartbeat */
		k = new_flow();
		f = flow_at(k);
		pick_addresses(f);
		f->cseq = (uint32_t)rnd();
		f->sseq = (uint32_t)rnd();
		f->step = i < mix.midstream ? S_MID : S_HEARTBEAT;
		push(t0 + (uint64_t)(unit() * (i < mix.midstream ? mix.mid_gap : 0.5) * 1e9), k);
	}
	while (!queue_is_empty()) {
		e = pop();
		if (e.t < now)
			die("time went backwards");
		now = e.t;
		if (arriving && truth.file_bytes >= opt.size)
			arriving = false;
		next = run(e.flow, e.t);
		if (next)
			push(next, e.flow);
		else
			end_flow(e.flow);
	}
}
