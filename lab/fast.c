/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/fast.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fast.skel.h"
#include "lab/cgroup.h"
#include "sources/bpf_lacks.h"

#define RTO_MIN_J 3

#define AS_ROOT "run it as root, or "
#define INSTEAD "leave --fast out (65 s), or `synsent predict --retries 5 --linear 0` for the schedule alone"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* Linux 5.14 */
#endif

#define TEXT_OF_(x) #x
#define TEXT_OF(x) TEXT_OF_(x)

struct fast {
	struct fast_bpf *skel;
	struct bpf_link *link;
};

static int no_talk(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return 0;
}

static int netns_cookie(uint64_t *ret)
{
	socklen_t len = sizeof(*ret);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r = 0;

	if (fd < 0)
		return -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, ret, &len))
		r = -errno;
	close(fd);
	return r;
}

static int refuse(struct err *e, int code)
{
	if (e)
		e->exit_code = 77;
	err_remedy(e, "%s" INSTEAD, bpf_lacks_privilege(code) ? AS_ROOT : "");
	return code == EACCES ? -EPERM : -code;
}

/* Why the kernel did not take the program. */
static int load_failed(struct err *e, int code)
{
	if (bpf_lacks_privilege(code))
		err_set(e, EPERM, "--fast needs CAP_BPF and CAP_NET_ADMIN on this host; %s", bpf_lacks(false));
	else if (code == EINVAL)
		err_set(e, code, "--fast needs Linux 5.15 or later with BPF in cgroups (CONFIG_CGROUP_BPF)");
	else
		err_sys(e, code, "the kernel did not take the fast lab's BPF program");
	return refuse(e, code);
}

static int load(struct fast *f, int rto_j, struct err *e)
{
	uint64_t cookie;
	int r;

	r = netns_cookie(&cookie);
	if (r) {
		err_sys(e, -r, "--fast needs network namespace cookies (Linux 5.14)");
		return refuse(e, -r);
	}
	f->skel = fast_bpf__open();
	if (!f->skel)
		return load_failed(e, errno);
	f->skel->rodata->lab_netns_cookie = cookie;
	f->skel->rodata->first_rto_j = (uint32_t)rto_j;
	r = fast_bpf__load(f->skel);
	return r ? load_failed(e, -r) : 0;
}

static int attach(struct fast *f, struct err *e)
{
	char path[CGROUP_PATH_LEN];
	int fd, r;

	fd = cgroup_own_open(path, "--fast", e);
	if (fd < 0)
		return fd;
	f->link = bpf_program__attach_cgroup(f->skel->progs.synsent_fast, fd);
	r = f->link ? 0 : errno;
	close(fd);
	if (!r)
		return 0;
	err_sys(e, r, "cannot attach the fast lab's BPF program to cgroup %s", path);
	return refuse(e, r);
}

int fast_start(int rto_j, struct fast **ret, struct err *e)
{
	struct fast *f;
	int r;

	if (rto_j < RTO_MIN_J)
		return err_set(e, EINVAL, "the first RTO of a fast lab must be %d jiffies or more", RTO_MIN_J);
	f = calloc(1, sizeof(*f));
	if (!f)
		return err_set(e, ENOMEM, "no memory for the fast lab");
	libbpf_set_print(no_talk);
	r = load(f, rto_j, e);
	if (!r)
		r = attach(f, e);
	if (r) {
		fast_free(f);
		return r;
	}
	*ret = f;
	return 0;
}

void fast_free(struct fast *f)
{
	if (!f)
		return;
	bpf_link__destroy(f->link);
	fast_bpf__destroy(f->skel);
	free(f);
}

const char *fast_built(void)
{
	return "with eBPF (libbpf " TEXT_OF(LIBBPF_MAJOR_VERSION) "." TEXT_OF(LIBBPF_MINOR_VERSION) ")";
}
