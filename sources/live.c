// SPDX-License-Identifier: GPL-2.0-or-later
#include "sources/live.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#define SNAPLEN 65535
/* A ring slot holds a whole snaplen, so this is 128 packets of the longest, or tens of thousands of cut ones. */
#define BUFFER_BYTES (8 << 20)

struct live {
	pcap_t *pcap;
	int fd, linktype;
	int64_t fraction_ns; /* what tv_usec counts */
	uint64_t lost;
	/* for the callback of one live_read() */
	live_fn *fn;
	void *user;
};

const char *live_library(void)
{
	return pcap_lib_version();
}

int live_denied(const char *device, struct err *e)
{
	err_set(e, EPERM, "cannot capture on %s without CAP_NET_RAW", device);
	err_remedy(e, "Capturing needs CAP_NET_RAW: run as root, or once\n"
		      "  sudo setcap cap_net_raw+ep $(command -v synsent)");
	return -EPERM;
}

/* A failure of pcap_activate() as ours. */
static int activate_failed(const struct live *l, const char *device, int status, struct err *e)
{
	switch (status) {
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED:
		return live_denied(device, e);
	case PCAP_ERROR_NO_SUCH_DEVICE:
		err_set(e, ENODEV, "there is no network interface \"%s\" here", device);
		err_remedy(e, "`ip link` lists them; \"any\" is all of them.");
		return -ENODEV;
	case PCAP_ERROR_IFACE_NOT_UP:
		err_set(e, ENETDOWN, "cannot capture on %s: it is down", device);
		return -ENETDOWN;
	default:
		return err_set(e, EIO, "cannot capture on %s: %s: %s", device, pcap_statustostr(status),
			       pcap_geterr(l->pcap));
	}
}

static int activate(struct live *l, const struct live_opts *o, struct err *e)
{
	int status;

	pcap_set_snaplen(l->pcap, o->snaplen ? o->snaplen : SNAPLEN);
	pcap_set_promisc(l->pcap, 0);
	pcap_set_immediate_mode(l->pcap, !o->gather_ms);
	if (o->gather_ms)
		pcap_set_timeout(l->pcap, o->gather_ms);
	pcap_set_buffer_size(l->pcap, o->buffer ? o->buffer : BUFFER_BYTES);
	pcap_set_tstamp_precision(l->pcap, PCAP_TSTAMP_PRECISION_NANO);
	status = pcap_activate(l->pcap);
	if (status < 0)
		return activate_failed(l, o->device, status, e);
	l->fraction_ns = pcap_get_tstamp_precision(l->pcap) == PCAP_TSTAMP_PRECISION_NANO ? 1 : 1000;
	return 0;
}

static int set_filter(struct live *l, const char *filter, struct err *e)
{
	struct bpf_program program;
	int r = 0;

	if (!filter)
		return 0;
	if (pcap_compile(l->pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN)) {
		if (e)
			e->exit_code = 2;
		return err_set(e, EINVAL, "\"%s\" is not a packet filter: %s", filter, pcap_geterr(l->pcap));
	}
	if (pcap_setfilter(l->pcap, &program))
		r = err_set(e, EIO, "cannot set the packet filter: %s", pcap_geterr(l->pcap));
	pcap_freecode(&program);
	return r;
}

/* libpcap's DLT_ numbers are those of files but for raw IP, which differs between systems. */
static int linktype_of(int dlt)
{
	return dlt == DLT_RAW ? 101 : dlt;
}

int live_open(const struct live_opts *o, struct live **ret, struct err *e)
{
	char text[PCAP_ERRBUF_SIZE] = "";
	struct live *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return err_sys(e, ENOMEM, "cannot capture on %s", o->device);
	l->pcap = pcap_create(o->device, text);
	if (!l->pcap) {
		r = err_set(e, EIO, "cannot capture on %s: %s", o->device, text);
		goto out;
	}
	r = activate(l, o, e);
	if (!r)
		r = set_filter(l, o->filter, e);
	if (r)
		goto out;
	if (pcap_setnonblock(l->pcap, 1, text)) {
		r = err_set(e, EIO, "cannot capture on %s: %s", o->device, text);
		goto out;
	}
	l->fd = pcap_get_selectable_fd(l->pcap);
	if (l->fd < 0) {
		r = err_set(e, ENOTSUP, "cannot wait for packets of %s", o->device);
		goto out;
	}
	/* libpcap leaves it open for the programs that are run, which could read all packets with it. */
	fcntl(pcap_fileno(l->pcap), F_SETFD, FD_CLOEXEC);
	l->linktype = linktype_of(pcap_datalink(l->pcap));
	*ret = l;
	return 0;
out:
	live_free(l);
	return r;
}

void live_free(struct live *l)
{
	if (!l)
		return;
	if (l->pcap)
		pcap_close(l->pcap);
	free(l);
}

int live_fd(const struct live *l)
{
	return l->fd;
}

static void each(u_char *user, const struct pcap_pkthdr *h, const u_char *data)
{
	struct live *l = (struct live *)user;
	struct live_packet p = {
		.t_ns = (int64_t)h->ts.tv_sec * 1000000000 + h->ts.tv_usec * l->fraction_ns,
		.data = data,
		.caplen = h->caplen,
		.len = h->len,
		.linktype = l->linktype,
	};

	l->fn(&p, l->user);
}

int live_read(struct live *l, live_fn *fn, void *user, struct err *e)
{
	int n;

	l->fn = fn;
	l->user = user;
	n = pcap_dispatch(l->pcap, -1, each, (u_char *)l);
	if (n < 0)
		return err_set(e, EIO, "cannot read packets: %s", pcap_geterr(l->pcap));
	return n;
}

uint64_t live_lost(struct live *l)
{
	struct pcap_stat now;

	/* The counts are of the whole capture, and a failure leaves what was known. */
	if (!pcap_stats(l->pcap, &now))
		l->lost = (uint64_t)now.ps_drop + now.ps_ifdrop;
	return l->lost;
}
