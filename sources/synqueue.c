/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/synqueue.h"

#define STATE_SYN_RECV 3

/* One that is bound to the device fits better than one of the other family. */
enum { FIT_NOT, FIT_BOTH_FAMILIES, FIT_FAMILY, FIT_DEVICE, FIT_ADDRESS = 2 * FIT_DEVICE };

static int fit_address(const struct endpoint *own, const struct endpoint *server)
{
	if (own->port != server->port)
		return FIT_NOT;
	if (!addr_is_any(&own->addr))
		return addr_equal(&own->addr, &server->addr) ? FIT_ADDRESS : FIT_NOT;
	if (own->addr.family == server->addr.family)
		return FIT_FAMILY;
	return own->addr.family == 6 ? FIT_BOTH_FAMILIES : FIT_NOT;
}

static bool is_by_another_device(const struct synqueue *q, uint32_t bound_to)
{
	return bound_to && q->device && bound_to != q->device && bound_to != q->vrf;
}

/* As net/ipv4/inet_hashtables.c compute_score() prefers them. */
static int fit(const struct synqueue *q, const struct sockdiag_socket *s)
{
	int f = fit_address(&s->state.flow.server, &q->server);

	if (!f || is_by_another_device(q, s->device))
		return FIT_NOT;
	return s->device && q->device ? f + FIT_DEVICE : f;
}

void synqueue_listener(struct synqueue *q, const struct sockdiag_socket *s)
{
	const struct endpoint *own = &s->state.flow.server;
	int f = fit(q, s);

	if (own->port != q->server.port)
		return;
	q->ipv4 |= own->addr.family == 4;
	q->several |= !addr_is_any(&own->addr);
	if (!f || f < q->fit)
		return;
	if (f > q->fit) {
		q->fit = f;
		q->listener = *s;
		q->n = 0;
		q->backlog = 0;
	}
	q->n++;
	q->backlog += s->state.wqueue;
}

void synqueue_request(struct synqueue *q, const struct sockdiag_socket *s)
{
	const struct endpoint *own = &s->state.flow.server;
	int family = q->listener.state.flow.server.addr.family;

	/* a socket of its own, with a tcp_info, is in no queue: SYNs have crossed */
	if (!q->fit || s->state.state != STATE_SYN_RECV || s->has_info || own->port != q->server.port)
		return;
	if (q->several)
		q->half_open += addr_equal(&own->addr, &q->server.addr);
	else
		q->half_open += own->addr.family == family || (family == 6 && !q->ipv4);
}
