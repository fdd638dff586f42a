/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/firewall.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/firewall_text.h"
#include "lab/sandbox.h"
#include "sources/fwtool.h"

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether a user namespace other than the initial one is ours and made our network namespace.  NS_GET_USERNS, Linux
 * 4.9. */
static bool netns_is_of_our_userns(void)
{
	struct stat owner, ours;
	int net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int user = net < 0 ? -1 : ioctl(net, NS_GET_USERNS);
	bool same = user >= 0 && !fstat(user, &owner) && !stat("/proc/self/ns/user", &ours) &&
		    same_file(&owner, &ours) && ours.st_ino != SANDBOX_HOST_USERNS;

	if (user >= 0)
		close(user);
	if (net >= 0)
		close(net);
	return same;
}

static bool is_our_users(int pid)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d", pid);
	return !stat(path, &st) && st.st_uid == geteuid();
}

/*
 * From inside a user namespace the kernel does not let us look at the
 * supervisor's namespaces, though it is of the same user.  That alone shows that
 * our user namespace is a younger one, and if it made our network namespace,
 * then that is private.
 */
int firewall_check_private(int pid, struct err *e)
{
	struct stat theirs, ours;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	if (stat("/proc/self/ns/net", &ours))
		return err_sys(e, errno, "cannot tell which network namespace this is");
	if (!stat(path, &theirs)) {
		if (!same_file(&theirs, &ours))
			return 0;
	} else if ((errno == EACCES || errno == EPERM) && is_our_users(pid) && netns_is_of_our_userns()) {
		return 0;
	}
	return err_set(e, EPERM, "this may be the host's network namespace: its firewall stays as it is");
}

int firewall_script(const char *text, struct err *e)
{
	static const char *const argv[] = { "nft", "-f", "-", NULL };
	const struct fwtool nft = { argv, "nftables", text, sandbox_keep_caps };
	struct spawn_result res;
	int r = fwtool_run(&nft, &res, e);

	spawn_result_fini(&res);
	return r;
}

static int run_script(const struct buf *script, struct err *e)
{
	return script->failed ? err_set(e, ENOMEM, "no memory for the firewall's rules")
			      : firewall_script(buf_text(script), e);
}

/* The whole ruleset, so that a table which is not there is no error. */
static int list(const struct firewall_rule *rules, int n, struct firewall_state *ret_rules, int *ret_count,
		struct err *e)
{
	static const char *const argv[] = { "nft", "-j", "list", "ruleset", NULL };
	const struct fwtool nft = { argv, "nftables", NULL, sandbox_keep_caps };
	struct spawn_result res;
	int r = fwtool_run(&nft, &res, e);

	if (!r)
		r = firewall_parse(buf_text(&res.out), rules, n, ret_rules, ret_count, e);
	spawn_result_fini(&res);
	return r;
}

int firewall_add(const struct firewall_rule *rules, int n, struct err *e)
{
	struct buf script = { 0 };
	int r;

	r = firewall_check(rules, n, e);
	if (!r) {
		firewall_script_add(rules, n, &script);
		r = run_script(&script, e);
	}
	buf_fini(&script);
	return r;
}

int firewall_remove(const struct firewall_rule *r, struct err *e)
{
	struct firewall_state state;
	struct buf script = { 0 };
	int code;

	code = firewall_check(r, 1, e);
	if (!code)
		code = list(r, 1, &state, NULL, e);
	if (code)
		return code;
	if (!state.found)
		return err_set(e, ENOENT, "there is no firewall rule \"%s\"", r->comment);
	buf_fmt(&script, "delete rule inet synsent %s handle %llu\n", firewall_chain(r),
		(unsigned long long)state.handle);
	code = run_script(&script, e);
	buf_fini(&script);
	return code;
}

int firewall_read(const struct firewall_rule *rules, int n, struct firewall_state *ret, struct err *e)
{
	int r = firewall_check(rules, n, e);

	return r ? r : list(rules, n, ret, NULL, e);
}

int firewall_count(int *ret, struct err *e)
{
	return list(NULL, 0, NULL, ret, e);
}
