/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_want.h"

#include <errno.h>
#include <linux/magic.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "cli/options.h"
#include "sources/procs.h"
#include "util/buf.h"

/* LINKTYPE_RAW: the packet begins with its IP header. */
#define LINKTYPE_RAW 101

static int misuse(struct err *e, const char *remedy)
{
	e->exit_code = 2;
	err_remedy(e, "%s", remedy);
	return -EINVAL;
}

static int too_many(const char *what, const struct option_list *l, struct err *e)
{
	if (l->n <= WATCH_WANT_MAX)
		return 0;
	err_set(e, EINVAL, "--%s: at most %d of them, not %d", what, WATCH_WANT_MAX, l->n);
	return misuse(e, "filter by a cgroup, or by less, and choose from the output");
}

static bool number(const char *text, unsigned long max, unsigned long *ret)
{
	char *rest;

	errno = 0;
	*ret = strtoul(text, &rest, 10);
	return text[0] >= '0' && text[0] <= '9' && !*rest && !errno && *ret <= max;
}

static int take_pids(const struct option_list *l, struct watch_want *w, struct err *e)
{
	unsigned long n;

	for (w->n_pids = 0; w->n_pids < l->n; w->n_pids++) {
		if (!number(l->v[w->n_pids], INT32_MAX, &n) || !n) {
			err_set(e, EINVAL, "--pid %s: this is no process number", l->v[w->n_pids]);
			return misuse(e, "`pidof NAME` tells numbers; --comm NAME filters by name");
		}
		w->pids[w->n_pids] = (int32_t)n;
	}
	return 0;
}

static int take_uids(const struct option_list *l, struct watch_want *w, struct err *e)
{
	unsigned long n;

	for (w->n_uids = 0; w->n_uids < l->n; w->n_uids++) {
		const struct passwd *user = getpwnam(l->v[w->n_uids]);

		if (!user && !number(l->v[w->n_uids], UINT32_MAX, &n)) {
			err_set(e, EINVAL, "--uid %s: there is no such user here", l->v[w->n_uids]);
			return misuse(e, "`id NAME` tells a user's number");
		}
		w->uids[w->n_uids] = user ? user->pw_uid : (uint32_t)n;
	}
	return 0;
}

static bool is_namespace(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == NSFS_MAGIC;
}

/* Once, however often it was named: what is captured there would be counted as often. */
static void add_netns(struct watch_want *w, uint32_t inode)
{
	int i;

	for (i = 0; i < w->n_netns && w->netns[i] != inode; i++)
		;
	if (i == w->n_netns)
		w->netns[w->n_netns++] = inode;
}

static int not_shown(const char *text, struct err *e)
{
	e->exit_code = 77;
	err_set(e, EACCES, "--netns %s: this user may not see in which network namespace that process is", text);
	err_remedy(e, "run it as root: `sudo synsent watch`");
	return -EACCES;
}

/* A file of a namespace, a name of `ip netns`, a process in it, or its inode number. */
static int take_netns(const struct option_list *l, struct watch_want *w, struct err *e)
{
	static const char *const places[] = { "%s", "/run/netns/%s", "/proc/%s/ns/net" };
	unsigned long n = 0;
	char path[256];
	struct stat st;
	size_t i;
	int k;

	for (k = 0; k < l->n; k++) {
		const char *text = l->v[k];
		bool is_number = number(text, UINT32_MAX, &n);

		/* Numbers of namespaces are above 2^31, those of processes below 2^22. */
		if (is_number && n > 4194304) {
			add_netns(w, (uint32_t)n);
			continue;
		}
		for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
			snprintf(path, sizeof(path), places[i], text);
			if ((i || text[0] == '/') && is_namespace(path) && !stat(path, &st))
				break;
		}
		if (i == sizeof(places) / sizeof(places[0]) && errno == EACCES)
			return not_shown(text, e);
		if (i == sizeof(places) / sizeof(places[0])) {
			err_set(e, ENOENT, "--netns %s: there is no such network namespace", text);
			return misuse(e, "it is a file (/run/netns/NAME), a name of `ip netns`, or a process in it");
		}
		add_netns(w, (uint32_t)st.st_ino);
	}
	return 0;
}

static int take_cgroup(const struct option_list *l, const struct cgroups *cgroups, struct watch_want *w, struct err *e)
{
	int r;

	if (!l->n)
		return 0;
	if (l->n > 1) {
		err_set(e, EINVAL, "--cgroup can be given once: %s, %s", l->v[0], l->v[1]);
		return misuse(e, "what lies below a cgroup is watched with it");
	}
	r = cgroups_find(cgroups, l->v[0], &w->cgroup, &w->cgroup_level, e);
	w->cgroup_path = cgroups_below(cgroups, l->v[0]);
	return r ? misuse(e, "a path below the mount of cgroup v2, as /proc/PID/cgroup has it after `0::`") : 0;
}

static int take_comms(const struct option_list *l, struct watch_want *w, struct err *e)
{
	for (w->n_comms = 0; w->n_comms < l->n; w->n_comms++) {
		if (!*l->v[w->n_comms]) {
			err_set(e, EINVAL, "--comm: an empty name");
			return misuse(e, "`ps -o comm= PID` tells a process's name");
		}
		w->comms[w->n_comms] = l->v[w->n_comms];
	}
	return 0;
}

static int take_containers(const struct option_list *l, struct watch_want *w, struct err *e)
{
	for (w->n_containers = 0; w->n_containers < l->n; w->n_containers++) {
		const char *text = l->v[w->n_containers];

		if (!*text || text[strspn(text, "0123456789abcdef")]) {
			err_set(e, EINVAL, "--container %s: this is no container's id", text);
			return misuse(e, "an id is of hexadecimal digits, as `docker ps` or `crictl ps` shows it");
		}
		w->containers[w->n_containers] = text;
	}
	return 0;
}

/* The SYN as a packet, for the filter: a header of IP, and the first of TCP. */
static struct bytes make_syn(const struct attempt *a, uint8_t to[64])
{
	size_t len = a->flow.server.addr.family == 6 ? 60 : 40;
	uint8_t *tcp = to + len - 20;

	memset(to, 0, 64);
	if (len == 40) {
		to[0] = 0x45;
		to[3] = 40;
		to[8] = 64;
		to[9] = 6;
		memcpy(to + 12, a->flow.client.addr.b, 4);
		memcpy(to + 16, a->flow.server.addr.b, 4);
	} else {
		to[0] = 0x60;
		to[5] = 20;
		to[6] = 6;
		to[7] = 64;
		memcpy(to + 8, a->flow.client.addr.b, 16);
		memcpy(to + 24, a->flow.server.addr.b, 16);
	}
	tcp[0] = (uint8_t)(a->flow.client.port >> 8);
	tcp[1] = (uint8_t)a->flow.client.port;
	tcp[2] = (uint8_t)(a->flow.server.port >> 8);
	tcp[3] = (uint8_t)a->flow.server.port;
	tcp[12] = 0x50;
	tcp[13] = 2;
	return (struct bytes){ .p = to, .len = len };
}

/* No SYN passes it, whatever its addresses and ports are: nothing would ever be shown. */
static int check_filter(const struct filter *f, const char *text, struct err *e)
{
	struct attempt v4 = { .flow.server.addr.family = 4 }, v6 = { .flow.server.addr.family = 6 };
	uint8_t packet[64];

	if (*filter_why(f, LINKTYPE_RAW)) {
		err_set(e, EINVAL, "filter \"%s\": %s", text, filter_why(f, LINKTYPE_RAW));
	} else if (filter_may_match(f, LINKTYPE_RAW, make_syn(&v4, packet), 12, 24) ||
		   filter_may_match(f, LINKTYPE_RAW, make_syn(&v6, packet), 8, 44)) {
		return 0;
	} else {
		err_set(e, EINVAL, "filter \"%s\": no SYN passes it, so nothing would be shown", text);
	}
	return -EINVAL;
}

static int take_filter(const struct watch_asked *o, struct watch_want *w, struct err *e)
{
	struct buf b = { 0 };
	int i, r;

	if (!o->n_words)
		return 0;
	for (i = 0; i < o->n_words; i++) {
		buf_str(&b, i ? " " : "");
		buf_str(&b, o->words[i]);
	}
	r = filter_new(buf_text(&b), &w->filter, e);
	if (r)
		misuse(e, "pcap-filter(7) has the language; `dst port 443` is one");
	if (!r && (r = check_filter(w->filter, buf_text(&b), e)))
		misuse(e,
		       "it is asked of the IP and TCP header of a SYN without options, of which watch knows the addresses "
		       "and ports; `dst port 443` is one");
	buf_fini(&b);
	return r;
}

int watch_want_make(const struct watch_asked *o, const struct cgroups *cgroups, struct watch_want *ret, struct err *e)
{
	int r;

	memset(ret, 0, sizeof(*ret));
	r = too_many("pid", o->pids, e);
	if (!r)
		r = too_many("comm", o->comms, e);
	if (!r)
		r = too_many("uid", o->uids, e);
	if (!r)
		r = too_many("container", o->containers, e);
	if (!r)
		r = too_many("netns", o->netns, e);
	if (r)
		return r;
	ret->failures = o->failures;
	ret->slow_ns = o->slow_ns;
	r = take_pids(o->pids, ret, e);
	if (!r)
		r = take_comms(o->comms, ret, e);
	if (!r)
		r = take_containers(o->containers, ret, e);
	if (!r)
		r = take_uids(o->uids, ret, e);
	if (!r)
		r = take_netns(o->netns, ret, e);
	if (!r)
		r = take_cgroup(o->cgroups, cgroups, ret, e);
	return r ? r : take_filter(o, ret, e);
}

void watch_want_fini(struct watch_want *w)
{
	filter_free(w->filter);
	w->filter = NULL;
}

/* ---- of an attempt ---- */

static bool has_number(const uint32_t *list, int n, uint32_t wanted)
{
	int i;

	for (i = 0; i < n; i++)
		if (list[i] == wanted)
			return true;
	return !n;
}

static bool has_comm(const struct watch_want *w, const struct attempt *a)
{
	int i;

	for (i = 0; i < w->n_comms; i++)
		if (!strncmp(w->comms[i], a->comm, sizeof(a->comm) - 1))
			return true;
	return !w->n_comms;
}

bool watch_want_is_container(const char *wanted, const char *id)
{
	return id[0] && !strncmp(wanted, id, strnlen(wanted, CONTAINER_ID_LEN - 1));
}

static bool has_container(const struct watch_want *w, const char *path)
{
	char id[CONTAINER_ID_LEN];
	int i;

	if (!w->n_containers)
		return true;
	cgroups_container(path, id);
	for (i = 0; i < w->n_containers; i++)
		if (watch_want_is_container(w->containers[i], id))
			return true;
	return false;
}

static bool passes_filter(const struct watch_want *w, const struct attempt *a)
{
	uint8_t packet[64];
	struct bytes b;

	if (!w->filter)
		return true;
	b = make_syn(a, packet);
	return filter_match(w->filter, LINKTYPE_RAW, b, (uint32_t)b.len) > 0;
}

static bool is_below(const char *path, const char *cgroup)
{
	size_t len = strlen(cgroup);

	while (len && cgroup[len - 1] == '/')
		len--;
	return !strncmp(path, cgroup, len) && (!path[len] || path[len] == '/');
}

static bool has_process(const struct watch_want *w, const struct attempt *a)
{
	return has_number((const uint32_t *)w->pids, w->n_pids, (uint32_t)a->pid) && has_comm(w, a) &&
	       !(w->tree && a->glimpsed && !a->of_command);
}

/* eBPF tells all of it. */
static bool lacks_owner(const struct watch_want *w, const struct attempt *a)
{
	if (!a->glimpsed)
		return false;
	return ((w->n_pids || w->n_comms || w->tree) && !a->pid) || (w->n_uids && !a->has_uid) ||
	       ((w->n_containers || w->cgroup) && !a->cgroup);
}

bool watch_wants_owner(const struct watch_want *w, const struct attempt *a)
{
	return lacks_owner(w, a) && (!a->pid || has_process(w, a)) &&
	       (!a->has_uid || has_number(w->uids, w->n_uids, a->uid)) && passes_filter(w, a);
}

bool watch_wants(const struct watch_want *w, const struct attempt *a, struct cgroups *cgroups)
{
	const char *path = "";

	if (lacks_owner(w, a) || !has_process(w, a) || !has_number(w->uids, w->n_uids, a->uid))
		return false;
	if (a->netns && !has_number(w->netns, w->n_netns, a->netns))
		return false;
	if (w->n_containers || w->cgroup)
		path = cgroups_path(cgroups, a->cgroup);
	if (!has_container(w, path) || (w->cgroup && !is_below(path, w->cgroup_path)))
		return false;
	if (w->tree && a->late_found && !procs_is_below(a->pid, w->tree))
		return false;
	return passes_filter(w, a);
}

bool watch_wants_end(const struct watch_want *w, const struct verdict *v)
{
	if (v->outcome != OUTCOME_ESTABLISHED)
		return w->failures || !w->slow_ns || v->elapsed_ns >= w->slow_ns;
	if (w->failures && !w->slow_ns)
		return false;
	return v->elapsed_ns >= w->slow_ns;
}
