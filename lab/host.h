/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_HOST_H
#define SYNSENT_LAB_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "core/schedule.h"

/*
 * What this host allows this user.  Whatever can be tried is tried, as the
 * commands themselves would do it, and nothing of it changes the host: what needs a
 * network namespace happens in a sandbox (lab/sandbox.h), a BPF program is loaded and,
 * where it is attached, ends with its link, and it acts on no process but ours.
 */
enum host_trial_kind {
	HOST_POLICY,	      /* the sysctls that decide the schedule can be read */
	HOST_JIFFIES,	      /* the kernel's clock shows (sources/jiffies.h) */
	HOST_SOCK_DIAG,	      /* SYN-SENT sockets of this network namespace are listed, and tell of their end */
	HOST_PACKETS,	      /* a packet socket in this network namespace */
	HOST_LOW_PORTS,	      /* bind() below 1024 */
	HOST_CONFINE,	      /* Landlock and seccomp for parsing */
	HOST_TRACING,	      /* tp_btf programs load, for each tracepoint, and those of `watch` */
	HOST_DROPS,	      /* ... and all packets that this host drops are told of */
	HOST_RULESET,	      /* this network namespace's firewall rules may be read and changed */
	HOST_NAMESPACES,      /* a network and PID namespace of one's own, as lab and run make them */
	HOST_USER_NAMESPACES, /* the same by a user namespace, as an ordinary user must */
	HOST_BOX_PACKETS,     /* in there: a packet socket */
	HOST_BOX_FIREWALL,    /* nft */
	HOST_BOX_NFTRACE,     /* nft rules that mark packets for tracing */
	HOST_BOX_SYSCTLS,     /* tcp_syn_retries can be set */
	HOST_BOX_WORLD,	      /* the three namespaces, links, wire and tproxy rules of `run` */
	HOST_BOX_ANNOUNCE,    /* connect() calls are announced before they are made (seccomp) */
	HOST_FAST,	      /* a first RTO of a few jiffies, by BPF */
	HOST_HERE,	      /* faults on the real network, by BPF */
	HOST_TRIAL_N,
};

struct host_trial {
	int code;	  /* 0: it works, else an errno; ECANCELED: not tried, since what it stands on failed */
	char what[256];	  /* why not; "" when it works */
	char remedy[256]; /* what would help, one line; "": not known */
};

#define HOST_TRACEPOINTS 9
#define HOST_SETTINGS_MAX 24

struct host_tracepoint {
	const char *name; /* "inet_sock_set_state" */
	const char *group;
	enum { TRACEPOINT_UNKNOWN, TRACEPOINT_ABSENT, TRACEPOINT_THERE } is; /* unknown: nothing here tells */
};

struct host_setting {
	const char *name; /* "ipv4/tcp_syn_retries" */
	bool there;	  /* this kernel has it, and it can be read */
	long value, second;
};

struct host_program {
	char path[128]; /* "": there is none */
	bool legacy;	/* an iptables that does not speak to nf_tables */
};

struct host {
	char kernel[32];
	int hz;
	uint32_t uid;
	uint64_t caps;	/* effective, capabilities(7) */
	bool container; /* this is not the host's initial user namespace: its capabilities are over less */
	const char *bpf_built;
	bool btf;
	struct host_tracepoint tracepoints[HOST_TRACEPOINTS];
	struct host_program nft, iptables;
	char cgroup[256]; /* the directory of this process's cgroup v2; "": not mounted */
	struct policy policy;
	struct host_setting settings[HOST_SETTINGS_MAX];
	int n_settings;
	long reserved_ports; /* of ip_local_port_range, by ip_local_reserved_ports */
	struct host_trial trials[HOST_TRIAL_N];
};

/* Finds out, in about a quarter of a second.  This process must have one thread. */
void host_probe(struct host *ret);

/* "namespaces", as JSON has it. */
const char *host_trial_name(enum host_trial_kind k);

/* "NET_RAW" of CAP_NET_RAW; NULL: it is of no concern here. */
const char *host_cap_name(int cap);

/* Of the ports from first to last so many are in a list like that of ip_local_reserved_ports: "8080,9148-9200". */
long host_ports_in(const char *list, long first, long last);

/* The setting of that name; NULL: not there. */
const struct host_setting *host_setting(const struct host *h, const char *name);

#endif
