/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SYNSENT_BPF_HERE_SHARED_H
#define SYNSENT_BPF_HERE_SHARED_H

#ifdef __bpf__
#include "kernel.h"
#else
#include <linux/types.h>
#endif

/* What here.bpf.c and lab/here.c say to each other. */

/* A bit of a word each. */
#define HERE_FAULTS_MAX 32

/* Which packets of a connection, as its client sees them.  A bit each. */
#define HERE_SYN 1u
#define HERE_SYN_ACK 2u	 /* the reply to it */
#define HERE_SENT 4u	 /* what the client sends after its SYN, the final ACK first */
#define HERE_RECEIVED 8u /* what comes to it beside SYN-ACKs */
#define HERE_CLASSES 4

#define HERE_PPM 1000000u

struct here_fault {
	__u32 classes; /* of the packets that it drops */
	__u32 n;       /* the first so many of each class in each handshake; 0: all */
	__u32 ppm;     /* each with this probability; HERE_PPM: always */
	__u16 port;    /* of the server; 0: any */
	__u8 family;   /* 4, 6, or 0: both */
};

/* The key of the table of servers' addresses, and struct addr byte for byte: 4 or 6; IPv4 first, the rest 0. */
struct here_addr {
	__u8 family;
	__u8 b[16];
};

/* What is told. */
#define HERE_DROPPED 0	 /* a packet */
#define HERE_BEGUN 1	 /* a socket of the tree begins to connect: pid and comm are known, if they can be */
#define HERE_CONNECTED 2 /* it left SYN_SENT, connected */
#define HERE_ENDED 3	 /* ... or closed */

/* Who closed it. */
#define HERE_NOBODY_KNOWN 0
#define HERE_KERNEL 1  /* with `error` */
#define HERE_PROGRAM 2 /* that of pid; by its end, if it was exiting */

struct here_event {
	__u64 t_ns; /* CLOCK_MONOTONIC */
	__u64 cookie;
	__u32 isn;   /* of the client's SYN */
	__u32 nth;   /* the ordinal in its class and handshake, from 0 */
	__u32 class; /* of a packet that was dropped */
	__u16 client_port, server_port;
	__s32 pid; /* of the process, as /proc has it; 0: not known */
	__s32 error;
	__s32 exit_code; /* as waitpid() gives it */
	__u8 what, by, exiting;
	__u8 fault;
	char comm[16];
	struct here_addr client, server;
	__u8 room[6]; /* up to the alignment: nothing of it is left unset */
};

/*
 * Chance without a dice: a number below HERE_PPM, the same for the same seed, handshake, packet and fault.  Each step
 * is one to one and spreads a bit over those above it (multiplying) and below it (shifting).
 */
static inline __u64 here_mix(__u64 x)
{
	x ^= x >> 32;
	x *= 0x9e3779b97f4a7c15u;
	x ^= x >> 29;
	x *= 0xd6e8feb86659fd93u;
	return x ^ x >> 32;
}

static inline __u32 here_chance(__u64 seed, const struct here_event *e)
{
	__u64 x = here_mix(seed ^ ((__u64)e->isn << 32 | (__u32)e->client_port << 16 | e->server_port));

	x = here_mix(x ^ ((__u64)e->nth << 32 | (__u32)e->fault << 8 | e->class));
	return (__u32)((x >> 32) * HERE_PPM >> 32);
}

#endif
