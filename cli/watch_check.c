/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_check.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sources/cgroups.h"
#include "sources/netns.h"

/* Others' processes may be hidden in /proc (hidepid), and /proc may be another PID namespace's. */
static bool exists(int32_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", pid);
	return !access(path, F_OK) || !kill(pid, 0) || errno != ESRCH;
}

/* The process whose thread that is: ps -L and htop show threads' numbers, too.  0: it is none's, or that is not known.
 */
static int32_t process_of_thread(int32_t number)
{
	char path[32], line[64];
	int32_t pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", number);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f) && sscanf(line, "Tgid: %d", &pid) != 1)
		;
	if (f)
		fclose(f);
	return pid == number ? 0 : pid;
}

int watch_check_pids(const struct watch_want *w, struct err *e)
{
	int32_t process;
	int i;

	for (i = 0; i < w->n_pids; i++) {
		process = process_of_thread(w->pids[i]);
		if (process) {
			e->exit_code = 2;
			err_set(e, ESRCH, "--pid %d: that is a thread of process %d", w->pids[i], process);
			err_remedy(e, "--pid %d: an attempt of any of its threads is the process's", process);
			return -ESRCH;
		}
		if (exists(w->pids[i]))
			continue;
		e->exit_code = 2;
		err_set(e, ESRCH, "--pid %d: there is no such process", w->pids[i]);
		err_remedy(e, "`pidof NAME` tells numbers; --comm NAME waits for processes of that name");
		return -ESRCH;
	}
	return 0;
}

/* ---- containers ---- */

/* The cgroup v2 of a process, "" where it is not seen. */
static void cgroup_of(const char *pid, char ret[CGROUP_TEXT_LEN])
{
	char path[300], line[CGROUP_TEXT_LEN + 8];
	FILE *f;

	ret[0] = 0;
	snprintf(path, sizeof(path), "/proc/%s/cgroup", pid);
	f = fopen(path, "re");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "0::", 3))
			continue;
		snprintf(ret, CGROUP_TEXT_LEN, "%.*s", (int)strcspn(line + 3, "\n"), line + 3);
	}
	fclose(f);
}

void watch_check_containers(const struct watch_want *w)
{
	char path[CGROUP_TEXT_LEN], id[CONTAINER_ID_LEN];
	bool here[WATCH_WANT_MAX] = { false };
	DIR *proc = w->n_containers ? opendir("/proc") : NULL;
	struct dirent *d;
	int i;

	if (!proc)
		return;
	while ((d = readdir(proc))) {
		if (!isdigit((unsigned char)d->d_name[0]))
			continue;
		cgroup_of(d->d_name, path);
		cgroups_container(path, id);
		for (i = 0; i < w->n_containers; i++)
			here[i] |= watch_want_is_container(w->containers[i], id);
	}
	closedir(proc);
	for (i = 0; i < w->n_containers; i++)
		if (!here[i])
			fprintf(stderr,
				"synsent: watch: no container here has an id that begins with %s; waiting for one\n",
				w->containers[i]);
}

/* ---- what the sockets and packets of this namespace do not tell ---- */

const char *watch_check_needs_bpf(const struct watch_want *w, const char **ret_otherwise)
{
	uint32_t own = netns_own();
	int i;

	for (i = 0; i < w->n_netns; i++) {
		*ret_otherwise =
			"watch inside it: `nsenter --net=FILE synsent watch`, `ip netns exec NAME synsent watch`";
		if (w->netns[i] != own)
			return "--netns";
	}
	*ret_otherwise = "filter by --pid, --comm or --uid";
	if (w->n_containers)
		return "--container";
	return w->cgroup ? "--cgroup" : NULL;
}
