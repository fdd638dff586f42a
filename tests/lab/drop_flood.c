/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * drop_flood PROCESSES: makes the kernel drop what nobody has read from Unix sockets, as fast as it can and in
 * processes of its own, until its standard input ends.  Nothing of it is of TCP.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void flood(void)
{
	int ends[2], i;

	for (;;) {
		if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends))
			_exit(1);
		for (i = 0; i < 10; i++)
			send(ends[0], "", 1, MSG_DONTWAIT);
		close(ends[0]);
		close(ends[1]);
	}
}

int main(int argc, char **argv)
{
	int n = argc == 2 ? atoi(argv[1]) : 0, i;
	char none;

	if (n < 1)
		return 2;
	for (i = 0; i < n; i++) {
		if (fork())
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		flood();
	}
	return read(STDIN_FILENO, &none, 1) != 0;
}
