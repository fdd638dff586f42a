/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/filter.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

#include "sources/filter_reach.h"

#define SNAPLEN 262144

/* Link types that are decoded, and what libpcap calls them (pcap-common.c: they differ where systems did). */
static const struct {
	int linktype, dlt;
} types[] = {
	{ 1, DLT_EN10MB },
	{ 101, DLT_RAW },
	{ 12, DLT_RAW },
	{ 14, DLT_RAW },
	{ 228, DLT_IPV4 },
	{ 229, DLT_IPV6 },
	{ 113, DLT_LINUX_SLL },
	{ 276, DLT_LINUX_SLL2 },
	{ 0, DLT_NULL },
	{ 108, DLT_LOOP },
	{ 105, DLT_IEEE802_11 },
	{ 127, DLT_IEEE802_11_RADIO },
	{ 9, DLT_PPP },
	{ 50, DLT_PPP_SERIAL },
	{ 51, DLT_PPP_ETHER },
	{ 104, DLT_C_HDLC },
	{ 119, DLT_PRISM_HEADER },
	{ 163, DLT_IEEE802_11_RADIO_AVS },
	{ 192, DLT_PPI },
	{ 204, DLT_PPP_WITH_DIRECTION },
	{ 166, DLT_PPP_PPPD },
	{ 205, DLT_C_HDLC_WITH_DIR },
	{ 219, DLT_MPLS },
};

#define N_TYPES (sizeof(types) / sizeof(types[0]))

struct filter {
	struct bpf_program programs[N_TYPES];
	bool compiled[N_TYPES];
	char why[N_TYPES][PCAP_ERRBUF_SIZE];
};

static void compile(struct filter *f, size_t i, const char *text)
{
	pcap_t *dead = pcap_open_dead(types[i].dlt, SNAPLEN);

	if (!dead) {
		snprintf(f->why[i], sizeof(f->why[i]), "out of memory");
		return;
	}
	f->compiled[i] = !pcap_compile(dead, &f->programs[i], text, 1, PCAP_NETMASK_UNKNOWN);
	if (!f->compiled[i])
		snprintf(f->why[i], sizeof(f->why[i]), "%s", pcap_geterr(dead));
	pcap_close(dead);
}

int filter_new(const char *text, struct filter **ret, struct err *e)
{
	struct filter *f = calloc(1, sizeof(*f));
	bool any = false;
	size_t i;

	if (!f)
		return err_sys(e, ENOMEM, "filter");
	for (i = 0; i < N_TYPES; i++) {
		compile(f, i, text);
		any |= f->compiled[i];
	}
	if (any) {
		*ret = f;
		return 0;
	}
	err_set(e, EINVAL, "filter \"%s\": %s", text, f->why[0]);
	err_remedy(e, "pcap-filter(7) has the language; a capture's name comes after the filter");
	filter_free(f);
	return -EINVAL;
}

void filter_free(struct filter *f)
{
	size_t i;

	if (!f)
		return;
	for (i = 0; i < N_TYPES; i++)
		if (f->compiled[i])
			pcap_freecode(&f->programs[i]);
	free(f);
}

static size_t find(int linktype)
{
	size_t i = 0;

	while (i < N_TYPES && types[i].linktype != linktype)
		i++;
	return i;
}

int filter_match(const struct filter *f, int linktype, struct bytes frame, uint32_t on_wire)
{
	struct pcap_pkthdr header = { .caplen = (bpf_u_int32)frame.len, .len = on_wire };
	size_t i = find(linktype);

	if (i == N_TYPES || !f->compiled[i])
		return -1;
	return pcap_offline_filter(&f->programs[i], &header, frame.p) != 0;
}

bool filter_may_match(const struct filter *f, int linktype, struct bytes frame, size_t unknown_from, size_t unknown_end)
{
	size_t i = find(linktype);

	return i < N_TYPES && f->compiled[i] &&
	       filter_reach(f->programs[i].bf_insns, f->programs[i].bf_len, frame, unknown_from, unknown_end);
}

const char *filter_why(const struct filter *f, int linktype)
{
	size_t i = find(linktype);

	return i == N_TYPES ? "unknown link type" : f->why[i];
}
