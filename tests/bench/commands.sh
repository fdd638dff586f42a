#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# How long commands take, each beside a peer in the same run: a plain tool that does the least of the same work.
#
#   tests/bench/commands.sh SYNSENT
#
# A ratio says more than a time: it stays what it is on a slower machine.  The targets in ms are for a machine that has
# nothing else to do; the status is 1 when a median is above its own.
set -eu
synsent=$1
dir=$(mktemp -d)
trap 'rm -r "$dir"' EXIT
status=0

# bench TARGET_MS PEER COMMAND...: medians of both, and their ratio.
bench() {
	target=$1 peer=$2
	shift 2
	for c in "$*" "$peer"; do
		if ! sh -c "$c" >/dev/null 2>"$dir/said"; then
			echo "skipped: $c: $(head -n 1 "$dir/said")"
			return
		fi
	done
	if ! hyperfine --style none --shell none --warmup 1 --min-runs 10 --export-json "$dir/r.json" "$*" "$peer" \
		>"$dir/said" 2>&1; then
		cat "$dir/said"
		status=1
		return
	fi
	python3 - "$dir/r.json" "$target" <<'P' || status=1
import json
import sys

ours, peer = json.load(open(sys.argv[1]))["results"]
target = float(sys.argv[2])
held = ours["median"] * 1000 <= target
print(f"{ours['median'] * 1000:8.1f} ms (target {target:4.0f}{'' if held else ', TOO SLOW'})  "
      f"{ours['median'] / peer['median']:6.2f} x  {peer['command']}\n            {ours['command']}")
sys.exit(not held)
P
}

# The schedule, beside the one sysctl that people look up for it.
bench 10 "sysctl -n net.ipv4.tcp_syn_retries" "$synsent" predict
# Set-up and tear-down of a lab, beside an empty namespace with one look at its rules.
bench 300 "unshare --user --map-root-user --net --pid --fork nft list ruleset" "$synsent" lab -q --scenario no-listener
# A whole timeout, beside the 800 ms that the kernel's own shrunk timers take.
bench 2000 "sleep 0.8" "$synsent" lab -q --fast
# What `run` adds to a command, beside the bare namespaces.
bench 150 "unshare --user --map-root-user --net --pid --fork true" "$synsent" run -q -- true
exit $status
