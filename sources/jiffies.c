// SPDX-License-Identifier: GPL-2.0-or-later
#include "sources/jiffies.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/duration.h"

#define EDGES_WANTED 3
#define EDGES_AT_MOST 12
#define AGREE_NS (50 * NS_PER_US)
#define TICKS_AT_MOST 250 /* of waiting for edges that agree; a busy host may hold us back for many */

int jiffies_hz(void)
{
	struct timespec res;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &res) || res.tv_sec || res.tv_nsec <= 0)
		return 250;
	return (int)((NS_PER_S + res.tv_nsec / 2) / res.tv_nsec);
}

int64_t jiffies_tick_ns(int hz)
{
	return (NS_PER_S + hz / 2) / hz;
}

uint32_t jiffies_to_ms(uint32_t jiffies, int hz)
{
	return (uint32_t)(((uint64_t)jiffies * 1000 + (uint64_t)hz - 1) / (uint64_t)hz);
}

/*
 * The ms have lost what is above 2^32, and a multiplication by 10 (HZ 100) or
 * 4 puts a good part of jiffies there; moreover jiffies start 5 minutes before
 * their 32-bit wrap (INITIAL_JIFFIES).  So each possible upper part is tried.
 */
uint64_t jiffies_of_ms(uint32_t ms, int hz, uint64_t near)
{
	int64_t best = INT64_MAX;

	for (uint64_t k = 0;; k++) {
		uint64_t whole = (k << 32) + ms;
		uint64_t j = whole ? (whole - 1) * (uint64_t)hz / 1000 + 1 : 0;
		int64_t off;

		if (j > UINT32_MAX)
			break;
		off = (int32_t)((uint32_t)j - (uint32_t)near);
		/* An ms that no jiffy shows as (HZ below 1000) is none of the kernel's: pass over it. */
		if (jiffies_to_ms((uint32_t)j, hz) == ms && llabs(off) < llabs(best))
			best = off;
	}
	return best == INT64_MAX ? near : near + (uint64_t)best;
}

/* What jiffies must be about now: they start at INITIAL_JIFFIES with CLOCK_MONOTONIC, and go by it. */
static uint64_t about(int64_t mono_ns, int hz)
{
	return (uint32_t)(-300 * hz) + (uint64_t)(mono_ns / jiffies_tick_ns(hz));
}

static int read_ms(int fd, uint32_t *ret)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		return -errno;
	if (len < offsetof(struct tcp_info, tcpi_last_data_sent) + sizeof(info.tcpi_last_data_sent))
		return -ENOTSUP;
	*ret = info.tcpi_last_data_sent;
	return 0;
}

int jiffies_read(const struct jiffies_clock *c, int sock_fd, uint64_t *ret)
{
	uint32_t ms = 0;
	int r = read_ms(sock_fd, &ms);

	if (!r)
		*ret = jiffies_of_ms(ms, c->hz, jiffies_at(c, clock_mono_ns(), NULL));
	return r;
}

/*
 * The first read that shows a new jiffy comes just behind the tick's edge; moved
 * back to the first jiffy, all edges are at one place.  A late tick (a busy CPU, a
 * virtual machine that was not running) puts it later, never earlier, so the
 * earliest is the nearest.  It is believed when another edge is close to it.
 */
struct edges {
	int n;
	int64_t earliest, next;
};

static void add_edge(struct edges *e, int64_t at_ns)
{
	if (!e->n || at_ns < e->earliest) {
		e->next = e->n ? e->earliest : INT64_MAX;
		e->earliest = at_ns;
	} else if (at_ns < e->next) {
		e->next = at_ns;
	}
	e->n++;
}

static bool enough(const struct edges *e)
{
	return e->n >= EDGES_AT_MOST || (e->n >= EDGES_WANTED && e->next - e->earliest <= AGREE_NS);
}

static int watch(int fd, int hz, struct jiffies_clock *ret)
{
	int64_t tick = jiffies_tick_ns(hz), start = 0, now = 0;
	struct edges edges = { 0 };
	uint64_t first = 0, last = 0;

	while (!enough(&edges) && now - start < TICKS_AT_MOST * tick) {
		uint32_t ms = 0;
		uint64_t j;
		int r = read_ms(fd, &ms);

		if (r)
			return r;
		now = clock_mono_ns();
		j = jiffies_of_ms(ms, hz, about(now, hz));
		if (!start) { /* from here on: we may have been held back before */
			start = now;
			first = j;
		} else if (j != last)
			add_edge(&edges, now - (int64_t)(j - first) * tick);
		last = j;
	}
	if (!edges.n)
		return -ETIME;
	*ret = (struct jiffies_clock){ .hz = hz, .edge_mono_ns = edges.earliest, .at_edge = first };
	return 0;
}

int jiffies_calibrate(struct jiffies_clock *ret, struct err *e)
{
	int hz = jiffies_hz();
	int fd, r;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 && errno == EAFNOSUPPORT)
		fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, errno, "cannot open a TCP socket to read the kernel's jiffies");
	r = watch(fd, hz, ret);
	close(fd);
	if (r == -ETIME)
		return err_set(e, ETIME, "the kernel's jiffies do not show in tcpi_last_data_sent");
	if (r)
		return err_sys(e, -r, "cannot read TCP_INFO");
	return 0;
}

uint64_t jiffies_at(const struct jiffies_clock *c, int64_t mono_ns, int64_t *ret_after_ns)
{
	int64_t tick = jiffies_tick_ns(c->hz), since = mono_ns - c->edge_mono_ns;
	int64_t n = since / tick;

	/* Rounded down, before the edge too. */
	if (since % tick < 0)
		n--;
	if (ret_after_ns)
		*ret_after_ns = since - n * tick;
	return c->at_edge + (uint64_t)n;
}
