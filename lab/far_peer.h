/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_FAR_PEER_H
#define SYNSENT_LAB_FAR_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lab/far.h"
#include "lab/far_http.h"

/* What an epoll event of the far end points to. */
struct far_watched {
	enum { FAR_LISTENER, FAR_QUIT, FAR_PEER } kind;
	int fd;
};

#define FAR_PENDING_MAX 65536

/* A connection to the far end. */
struct far_peer {
	struct far_watched watched;  /* first: an event's pointer is one to the peer */
	struct far_peer *next, **at; /* these and `events` are its owner's */
	uint32_t events;
	enum far_serve what; /* FAR_AUTO until its first bytes tell; FAR_SINK once all is said */
	uint8_t *pending;    /* what is to be sent yet; NULL: nothing */
	size_t pending_len, pending_at;
	bool ended;			  /* the client sends nothing more */
	bool shut;			  /* nor shall we, once `pending` is sent */
	uint8_t held[FAR_HTTP_START_MAX]; /* the first bytes, while they do not tell */
	size_t n_held;
	struct http_request http;
};

/* Takes the descriptor, unless it returns NULL: there is no memory. */
struct far_peer *far_peer_new(int fd, enum far_serve what);

/* Closes the connection. */
void far_peer_free(struct far_peer *p);

/*
 * To be called when it can be read or, while something is pending, written: it is not read before all is sent, so what
 * it holds is bounded by what is read at once.  False: the connection is over.
 */
bool far_peer_serve(struct far_peer *p);

#endif
