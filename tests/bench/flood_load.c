/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A flood of SYNs, and the least that can read one.
 *   flood_load send DEVICE MAC ADDRESS OPEN CLOSED FRACTION COUNT RATE
 * sends COUNT SYNs, RATE of them a second (0: as fast as it can), by DEVICE to the MAC address there, each from another
 * source.  Of FRACTION of them one goes to ADDRESS's port OPEN, one to its port CLOSED, and the others to an address
 * nearby that nobody has.  It says "ready" and waits for a line on stdin before it looks for DEVICE; then it prints
 * how many it sent, how many of them to OPEN and to CLOSED, and the seconds that it took, and lives, and with it its
 * network namespace and DEVICE, until the end of stdin.
 *   flood_load read
 * counts the packets that come, by a ring of TPACKET_V3 blocks and one look at each, until SIGINT; prints how many, and
 * how many the kernel had no room for.
 *   flood_load share PID
 * says "ready", and at the end of stdin how often a process was found in user space, and how often in the kernel, at a
 * look each 500 us of its CPU time.  The kernel's own estimate (proc_pid_stat(5)) looks when its clock ticks, which is
 * when packets are handed over.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BATCH 32
#define SERVICE 80 /* of the address that nobody has */

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ---- send ---- */

/* As Linux sends it: MSS, SACK, timestamps, window scale. */
struct syn {
	uint8_t to[6], from[6];
	uint16_t ethertype;
	uint8_t ip[20], tcp[40];
} __attribute__((packed));

static void put16(uint8_t *to, uint16_t v)
{
	v = htons(v);
	memcpy(to, &v, sizeof(v));
}

static void put32(uint8_t *to, uint32_t v)
{
	v = htonl(v);
	memcpy(to, &v, sizeof(v));
}

/* RFC 1071 */
static uint16_t checksum(uint32_t sum, const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void begin(struct syn *s, const uint8_t mac[6])
{
	static const uint8_t ip[20] = { 0x45, 0, 0, 60, 0, 0, 0x40, 0, 64, IPPROTO_TCP };
	static const uint8_t options[20] = { 2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 1, 2, 3, 0, 0, 0, 0, 1, 3, 3, 7 };

	memset(s, 0, sizeof(*s));
	memcpy(s->to, mac, 6);
	s->from[0] = 2;
	s->ethertype = htons(ETH_P_IP);
	memcpy(s->ip, ip, sizeof(ip));
	s->tcp[12] = 0xa0;
	s->tcp[13] = 2;
	put16(s->tcp + 14, 64240);
	memcpy(s->tcp + 20, options, sizeof(options));
}

/* The i-th; all of the first 2^32 come from different addresses and ports. */
static void address(struct syn *s, uint32_t i, uint32_t to, uint16_t port)
{
	uint32_t x = i * 0x9e3779b1u; /* odd, so that it is a permutation */

	put32(s->ip + 12, 10u << 24 | x >> 8);
	put32(s->ip + 16, to);
	put16(s->ip + 4, (uint16_t)i);
	put16(s->ip + 10, 0);
	put16(s->ip + 10, checksum(0, s->ip, sizeof(s->ip)));
	put16(s->tcp, (uint16_t)(32768 + (x & 0xff) * 109));
	put16(s->tcp + 2, port);
	put32(s->tcp + 4, x * 0x85ebca6bu);
	put16(s->tcp + 16, 0);
	put16(s->tcp + 16,
	      checksum((uint32_t)IPPROTO_TCP + sizeof(s->tcp) + (uint32_t)(uint16_t)~checksum(0, s->ip + 12, 8), s->tcp,
		       sizeof(s->tcp)));
}

struct plan {
	uint32_t address, fraction, count;
	uint16_t open, closed;
	uint32_t n_open, n_closed;
};

static void fill(struct plan *p, struct syn *s, uint32_t i)
{
	if (i % p->fraction == 0) {
		p->n_open++;
		address(s, i, p->address, p->open);
	} else if (i % p->fraction == p->fraction / 2) {
		p->n_closed++;
		address(s, i, p->address, p->closed);
	} else {
		address(s, i, p->address + 1, SERVICE);
	}
}

static int open_device(const char *name)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(name) };
	int fd = socket(AF_PACKET, SOCK_RAW, 0), one = 1;

	if (!to.sll_ifindex || fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)))
		die(name);
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
	return fd;
}

static void send_all(int fd, struct mmsghdr *list, unsigned int n)
{
	unsigned int done = 0;
	int r;

	while (done < n) {
		r = sendmmsg(fd, list + done, n - done, 0);
		if (r < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
			die("sendmmsg");
		if (r > 0)
			done += (unsigned int)r;
	}
}

static void flood(int fd, const uint8_t mac[6], struct plan *p, int64_t rate)
{
	static struct syn syns[BATCH];
	struct iovec iov[BATCH];
	struct mmsghdr list[BATCH] = { 0 };
	int64_t began = now_ns();
	uint32_t i = 0, n;

	for (n = 0; n < BATCH; n++) {
		begin(&syns[n], mac);
		iov[n] = (struct iovec){ &syns[n], sizeof(syns[n]) };
		list[n].msg_hdr = (struct msghdr){ .msg_iov = &iov[n], .msg_iovlen = 1 };
	}
	while (i < p->count) {
		for (n = 0; n < BATCH && i < p->count; n++, i++)
			fill(p, &syns[n], i);
		while (rate && now_ns() - began < (int64_t)i * 1000000000 / rate)
			;
		send_all(fd, list, n);
	}
	printf("%u %u %u %.3f\n", p->count, p->n_open, p->n_closed, (double)(now_ns() - began) / 1e9);
}

static int run_send(char **v)
{
	struct plan p = { .open = (uint16_t)atoi(v[3]),
			  .closed = (uint16_t)atoi(v[4]),
			  .fraction = (uint32_t)atoi(v[5]),
			  .count = (uint32_t)atol(v[6]) };
	unsigned int m[6], i;
	uint8_t mac[6];
	char line[2];

	if (sscanf(v[1], "%x:%x:%x:%x:%x:%x", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5]) != 6 ||
	    inet_pton(AF_INET, v[2], &p.address) != 1 || p.fraction < 2)
		return 2;
	p.address = ntohl(p.address);
	for (i = 0; i < 6; i++)
		mac[i] = (uint8_t)m[i];
	puts("ready");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	flood(open_device(v[0]), mac, &p, atol(v[7]));
	fflush(stdout);
	return fgets(line, sizeof(line), stdin) ? 1 : 0;
}

/* ---- read ---- */

#define BLOCK (1u << 20)
#define BLOCKS 32

static volatile sig_atomic_t over;

static void on_signal(int n)
{
	(void)n;
	over = 1;
}

static uint64_t look(const struct tpacket_block_desc *b, uint64_t *sum)
{
	const uint8_t *p = (const uint8_t *)b + b->hdr.bh1.offset_to_first_pkt;
	uint32_t i;

	for (i = 0; i < b->hdr.bh1.num_pkts; i++) {
		const struct tpacket3_hdr *h = (const struct tpacket3_hdr *)(const void *)p;

		*sum += p[h->tp_net];
		p += h->tp_next_offset;
	}
	return b->hdr.bh1.num_pkts;
}

static void *open_ring(int *ret_fd)
{
	struct tpacket_req3 req = { .tp_block_size = BLOCK,
				    .tp_block_nr = BLOCKS,
				    .tp_frame_size = 2048,
				    .tp_frame_nr = BLOCK / 2048 * BLOCKS,
				    .tp_retire_blk_tov = 20 };
	int fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL)), version = TPACKET_V3, one = 1;
	void *ring;

	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)))
		die("AF_PACKET");
	ring = mmap(NULL, (size_t)BLOCK * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring == MAP_FAILED)
		die("mmap");
	*ret_fd = fd;
	return ring;
}

static int run_read(void)
{
	const struct sigaction sa = { .sa_handler = on_signal };
	struct tpacket_stats_v3 stats = { 0 };
	socklen_t len = sizeof(stats);
	struct tpacket_block_desc *b;
	uint64_t n = 0, sum = 0;
	uint32_t at = 0;
	int fd;
	uint8_t *ring = open_ring(&fd);

	sigaction(SIGINT, &sa, NULL);
	while (!over) {
		b = (struct tpacket_block_desc *)(void *)(ring + (size_t)at * BLOCK);
		if (!(__atomic_load_n(&b->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER)) {
			poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 1000);
			continue;
		}
		n += look(b, &sum);
		__atomic_store_n(&b->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		at = (at + 1) % BLOCKS;
	}
	getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len);
	printf("%lu %u %lu\n", (unsigned long)n, stats.tp_drops, (unsigned long)(sum & 1));
	return 0;
}

/* ---- share ---- */

#define LOOK_NS 500000
#define LOOKS_PAGES 1024 /* no look is read, so there must be room for all: 262,144 of them, two minutes */

static struct perf_event_mmap_page *open_looks(pid_t pid, int in_user)
{
	struct perf_event_attr a = { .type = PERF_TYPE_SOFTWARE,
				     .size = sizeof(a),
				     .config = PERF_COUNT_SW_CPU_CLOCK,
				     .sample_period = LOOK_NS,
				     .sample_type = PERF_SAMPLE_TIME,
				     .exclude_kernel = in_user,
				     .exclude_user = !in_user };
	int fd = (int)syscall(SYS_perf_event_open, &a, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);
	void *p;

	if (fd < 0)
		die("perf_event_open");
	p = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE) * (1 + LOOKS_PAGES), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

static int run_share(pid_t pid)
{
	const uint64_t size = sizeof(struct perf_event_header) + sizeof(uint64_t);
	struct perf_event_mmap_page *looks[2];
	char c;
	int i;

	for (i = 0; i < 2; i++)
		looks[i] = open_looks(pid, !i);
	puts("ready");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	for (i = 0; i < 2; i++)
		printf("%lu%c", (unsigned long)(__atomic_load_n(&looks[i]->data_head, __ATOMIC_ACQUIRE) / size),
		       i ? '\n' : ' ');
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 10 && !strcmp(argv[1], "send"))
		return run_send(argv + 2);
	if (argc == 2 && !strcmp(argv[1], "read"))
		return run_read();
	if (argc == 3 && !strcmp(argv[1], "share"))
		return run_share(atoi(argv[2]));
	fprintf(stderr, "flood_load send DEVICE MAC ADDRESS OPEN CLOSED FRACTION COUNT RATE | read | share PID\n");
	return 2;
}
