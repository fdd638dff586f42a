/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gencap.h"

#include <string.h>

struct mix mix;

bool set_mix(void)
{
	double per_arrival; /* file bytes */
	uint32_t hdr = opt.format == PCAPNG ? 34 : 16;
	double full = 1514, small = 66;

	mix.p_lost = 0.02;
	mix.p_refused = 0.02;
	mix.p_icmp = 0.01;
	mix.p_timeout = 0.015;
	mix.p_abandon = 0.01;
	mix.p_halfopen = 0.003;
	mix.p_reset = 0.005;
	mix.p_synack_again = 0.004;
	mix.p_bogus = 0.001;
	mix.tstamps = true;
	mix.mss4 = 1448;
	mix.mss6 = 1428;
	mix.p_v6 = 0.3;
	mix.p_vlan = opt.link == LINK_ETHER ? 0.1 : 0;
	mix.mean_segs = 125;
	if (!strcmp(opt.mix, "web")) {
		if (opt.duration == 0)
			opt.duration = 600;
		if (full > opt.snaplen)
			full = opt.snaplen;
		per_arrival = 0.94 * mix.mean_segs * (full + hdr + (small + hdr) / 2) + 1200;
		mix.rate = (double)opt.size / per_arrival / opt.duration;
	} else if (!strcmp(opt.mix, "synflood")) {
		if (opt.duration == 0)
			opt.duration = 60;
		mix.p_v6 = 0;
		mix.p_vlan = 0;
		mix.p_spoof = 0.995;
		mix.p_spoof_answer = 0.02;
		mix.mean_segs = 3;
		per_arrival = 1.1 * (60 + hdr) + 50;
		mix.rate = (double)opt.size / per_arrival / opt.duration;
	} else if (!strcmp(opt.mix, "smallpkt")) {
		if (opt.duration == 0)
			opt.duration = 60;
		mix.p_v6 = 0;
		mix.p_vlan = 0;
		mix.tstamps = false;
		mix.mss4 = 10;
		mix.mean_segs = 8;
		mix.midstream = 20000;
		double pps = (double)opt.size / (64 + hdr) / opt.duration;
		mix.mid_gap = mix.midstream / pps;
		mix.rate = pps / 2000;
	} else {
		return false;
	}
	return true;
}
