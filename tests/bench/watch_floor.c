// SPDX-License-Identifier: GPL-2.0-or-later
/* watch_floor: attaches the programs of watch_floor.bpf.c, and waits until it is interrupted. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "watch_floor.skel.h"

int main(void)
{
	struct watch_floor_bpf *skel = watch_floor_bpf__open();
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (!skel || watch_floor_bpf__load(skel) || watch_floor_bpf__attach(skel)) {
		fputs("watch_floor: the kernel does not take the programs\n", stderr);
		return 1;
	}
	sigwait(&set, &sig);
	watch_floor_bpf__destroy(skel);
	return 0;
}
