#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What a client does when its connection hangs, fails, or is slow.  Needs synsent; no root, no network, no server.
#
#   connect-timeout-test.sh [CMD [ARG]...]      the client under test, with a connect timeout of 2 s
#
# Exit status: 0 all is as expected, 1 something is not, 77 it cannot run here.  Reports are in $REPORTS (reports/).
set -u

[ $# -gt 0 ] || set -- curl -sS -o /dev/null --connect-timeout 2 http://db.internal/
reports=${REPORTS:-reports}
mkdir -p "$reports"
failed=0

# check NAME EXPECTATION FAULT-OPTION... -- CMD...
check() {
	name=$1 expect=$2
	shift 2
	status=0
	synsent run -q --expect "$expect" --report "$reports/$name.xml" "$@" || status=$?
	case $status in
	0) echo "ok    $name" ;;
	1) echo "FAIL  $name"; failed=1 ;;
	77) exit 77 ;;
	*) echo "ERROR $name: synsent run ended with status $status"; failed=1 ;;
	esac
}

# Nothing answers: the client, not the kernel, must give up, and soon.
check no-answer 'gave-up=application,within=1.5s..4s,exit!=0' --fault syn-drop -- "$@"

# A closed port is told at once, and must not be waited for.
check refused 'errno=ECONNREFUSED,within=1s,exit!=0' --fault rst -- "$@"

# One lost SYN is nothing: the kernel's next one leaves after 1 s, and the client must still be there.
check lost-syn 'outcome=established,exit=0' --fault syn-drop:1 -- "$@"

# Broken IPv6 must not be noticed: the client falls back to IPv4 before its user does.
check broken-ipv6 'outcome=established,address=0.0.0.0/0,within=1s,exit=0' --fault syn-drop@v6 -- "$@"

exit $failed
