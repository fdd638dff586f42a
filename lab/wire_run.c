/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/wire_run.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/world.h"
#include "util/clock.h"

unsigned int if_nametoindex(const char *name); /* <net/if.h> and <linux/if.h> define the same structs */

/* A slot takes a segment of WORLD_GSO_MAX with all headers; 512 of them are 8 MiB a side. */
#define SLOT 16384
#define SLOTS 512
#define BLOCK 65536
#define RING ((size_t)SLOT * SLOTS)
_Static_assert(WORLD_GSO_MAX + 256 <= SLOT, "a segment and its headers fit into a slot");

#define AT_ONCE 64	/* frames of one side before the other has its turn */
#define TOLD_AT_ONCE 64 /* in one message */
#define TOLD_MAX 65536	/* that wait for the reader */

struct wire_run {
	pid_t pid;
	int pidfd;
	int told;		    /* our end of a SOCK_SEQPACKET pair */
	struct wire_counts *counts; /* shared with the process */
};

struct side {
	int fd;
	uint8_t *ring;
	unsigned int at;
};

/* The process's own. */
struct work {
	struct side sides[2];
	struct wire *wire;
	struct wire_counts *counts;
	int told;
	struct wire_told *waiting; /* ring of TOLD_MAX */
	unsigned int first, n;
};

int wire_open(const char *link, int *ret_fd, struct err *e)
{
	const struct tpacket_req ring = {
		.tp_block_size = BLOCK, .tp_block_nr = RING / BLOCK, .tp_frame_size = SLOT, .tp_frame_nr = SLOTS
	};
	struct sockaddr_ll ll = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = (int)if_nametoindex(link) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), on = 1, version = TPACKET_V2, r;

	if (fd < 0)
		return err_sys(e, errno, "the wire: packet socket");
	if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring)) ||
	    bind(fd, (struct sockaddr *)&ll, sizeof(ll))) {
		r = err_sys(e, errno, "the wire: cannot set up a packet socket (it needs Linux 4.20)");
		close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

static void add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED); /* one writer */
}

static void on_send(enum wire_side to, const struct virtio_net_hdr *vh, struct bytes frame, void *user)
{
	struct work *w = user;
	const struct iovec parts[2] = { { (void *)(uintptr_t)vh, sizeof(*vh) },
					{ (void *)(uintptr_t)frame.p, frame.len } };

	while (writev(w->sides[to].fd, parts, 2) < 0)
		if (errno != EINTR) {
			add(&w->counts->lost, 1);
			break;
		}
}

static void on_tell(const struct wire_told *t, void *user)
{
	struct work *w = user;

	if (w->n == TOLD_MAX) {
		add(&w->counts->untold, 1);
		return;
	}
	w->waiting[(w->first + w->n++) % TOLD_MAX] = *t;
}

/* What waits to be told; what the reader has no room for waits on. */
static void tell(struct work *w)
{
	while (w->n) {
		unsigned int n = w->n;

		if (n > TOLD_AT_ONCE)
			n = TOLD_AT_ONCE;
		if (n > TOLD_MAX - w->first)
			n = TOLD_MAX - w->first;
		if (send(w->told, &w->waiting[w->first], n * sizeof(*w->waiting), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			return;
		w->first = (w->first + n) % TOLD_MAX;
		w->n -= n;
	}
}

static struct tpacket2_hdr *slot_at(const struct side *s)
{
	const unsigned int per_block = BLOCK / SLOT;

	return (struct tpacket2_hdr *)(s->ring + (size_t)(s->at / per_block) * BLOCK +
				       (size_t)(s->at % per_block) * SLOT);
}

/* The virtio_net_hdr stands before the frame (net/packet/af_packet.c tpacket_rcv()). */
static void take(struct work *w, enum wire_side from, struct tpacket2_hdr *h)
{
	uint8_t *frame = (uint8_t *)h + h->tp_mac;
	struct virtio_net_hdr vh;

	if (h->tp_snaplen < h->tp_len) {
		add(&w->counts->lost, 1);
		return;
	}
	memcpy(&vh, frame - sizeof(vh), sizeof(vh));
	add(&w->counts->frames, 1);
	wire_feed(w->wire, from, &vh, frame, h->tp_snaplen, clock_mono_ns());
}

static int drain(struct work *w, enum wire_side from)
{
	struct side *s = &w->sides[from];
	int n;

	for (n = 0; n < AT_ONCE; n++) {
		struct tpacket2_hdr *h = slot_at(s);

		if (!(__atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
			break;
		take(w, from, h);
		__atomic_store_n(&h->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		s->at = (s->at + 1) % SLOTS;
	}
	return n;
}

static void count_lost(struct work *w)
{
	struct tpacket_stats st;
	socklen_t len;
	int i;

	for (i = 0; i < 2; i++) {
		len = sizeof(st);
		if (!getsockopt(w->sides[i].fd, SOL_PACKET, PACKET_STATISTICS, &st, &len) && st.tp_drops)
			add(&w->counts->lost, st.tp_drops);
	}
	__atomic_store_n(&w->counts->unheld, wire_unheld(w->wire), __ATOMIC_RELAXED);
	__atomic_store_n(&w->counts->forgotten, wire_forgotten(w->wire), __ATOMIC_RELAXED);
}

#define IDLE_NS 50000000LL /* how often losses are looked for, and what could not be told is tried again */

static void wait_for_more(struct work *w)
{
	struct pollfd fds[2] = { { w->sides[0].fd, POLLIN, 0 }, { w->sides[1].fd, POLLIN, 0 } };
	int64_t due = wire_due_ns(w->wire), left = due == INT64_MAX ? IDLE_NS : due - clock_mono_ns();
	struct timespec wait;

	if (left > IDLE_NS)
		left = IDLE_NS;
	if (left < 0)
		left = 0;
	wait = (struct timespec){ .tv_nsec = left };
	ppoll(fds, 2, &wait, NULL);
}

__attribute__((noreturn)) static void work(struct work *w)
{
	for (;;) {
		int n = drain(w, WIRE_CLIENT) + drain(w, WIRE_FAR);

		wire_advance(w->wire, clock_mono_ns());
		tell(w);
		if (n)
			continue;
		count_lost(w);
		wait_for_more(w);
	}
}

/* Of timers a held frame is sent by: exact to some 50 microseconds, unless told otherwise (prctl(2)). */
#define TIMER_SLACK_NS 1000

__attribute__((noreturn)) static void child(const int sockets[2], const struct wire_opts *opts, struct work *w)
{
	struct wire_opts o = *opts;
	int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "synsent wire");
	prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS);
	for (i = 0; i < 2; i++) {
		w->sides[i].fd = sockets[i];
		w->sides[i].ring = mmap(NULL, RING, PROT_READ | PROT_WRITE, MAP_SHARED, sockets[i], 0);
		if (w->sides[i].ring == MAP_FAILED)
			_exit(1);
	}
	o.send = on_send;
	o.tell = on_tell;
	o.user = w;
	w->waiting = malloc(TOLD_MAX * sizeof(*w->waiting));
	w->wire = wire_new(&o);
	if (!w->wire || !w->waiting || send(w->told, "", 1, 0) != 1)
		_exit(1);
	work(w);
}

static void block_signals(void)
{
	sigset_t all;

	/* Ctrl-C is for the program and for the observer; the wire goes on until they are done. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
}

static int start_failed(struct wire_run *w, int code, struct err *e)
{
	wire_stop(w);
	return err_sys(e, code, "cannot start the wire");
}

int wire_start(const int sockets[2], const struct wire_opts *opts, struct wire_run **ret, struct err *e)
{
	struct wire_run *w = calloc(1, sizeof(*w));
	struct work for_child = { 0 };
	int pair[2];
	char byte;

	if (!w)
		return err_sys(e, ENOMEM, "cannot start the wire");
	*w = (struct wire_run){ .pidfd = -1, .told = -1 };
	w->counts = mmap(NULL, sizeof(*w->counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (w->counts == MAP_FAILED) {
		w->counts = NULL;
		return start_failed(w, errno, e);
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return start_failed(w, errno, e);
	w->told = pair[0];
	w->pid = fork();
	if (w->pid == 0) {
		block_signals();
		close(pair[0]);
		for_child.told = pair[1];
		for_child.counts = w->counts;
		child(sockets, opts, &for_child);
	}
	close(pair[1]);
	w->pidfd = w->pid > 0 ? (int)syscall(SYS_pidfd_open, w->pid, 0) : -1;
	if (w->pidfd < 0)
		return start_failed(w, errno, e);
	if (recv(w->told, &byte, 1, 0) != 1)
		return start_failed(w, ENOMEM, e);
	*ret = w;
	return 0;
}

void wire_end(struct wire_run *w)
{
	if (w && w->pid > 0)
		kill(w->pid, SIGKILL);
}

void wire_stop(struct wire_run *w)
{
	if (!w)
		return;
	wire_end(w);
	if (w->pid > 0)
		waitpid(w->pid, NULL, 0);
	if (w->pidfd >= 0)
		close(w->pidfd);
	if (w->told >= 0)
		close(w->told);
	if (w->counts)
		munmap(w->counts, sizeof(*w->counts));
	free(w);
}

int wire_fd(const struct wire_run *w)
{
	return w->told;
}

int wire_process_fd(const struct wire_run *w)
{
	return w->pidfd;
}

void wire_read(struct wire_run *w, void (*fn)(const struct wire_told *t, void *user), void *user)
{
	struct wire_told told[TOLD_AT_ONCE];
	ssize_t n;
	size_t i;

	while ((n = recv(w->told, told, sizeof(told), MSG_DONTWAIT)) > 0)
		for (i = 0; i < (size_t)n / sizeof(told[0]); i++)
			fn(&told[i], user);
}

void wire_counts(const struct wire_run *w, struct wire_counts *ret)
{
	*ret = *w->counts;
}
