#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Speed against its targets, in wall-clock time:
#
#   scripts/bench.sh SYNSENT
#
# The status is 1 when a median is above its target.
set -eu
synsent=$1
dir=$(mktemp -d)
trap 'rm -r "$dir"' EXIT
status=0

# bench TARGET_MS COMMAND...: how long it takes, as the median of some runs.
bench() {
	target=$1
	shift
	if ! "$@" >/dev/null 2>"$dir/said"; then
		echo "skipped: $*: $(head -n 1 "$dir/said")"
		return
	fi
	if ! hyperfine --style none --shell none --warmup 1 --min-runs 10 --export-json "$dir/r.json" "$*" >"$dir/said" 2>&1; then
		cat "$dir/said"
		status=1
		return
	fi
	python3 - "$dir/r.json" "$target" <<'P' || status=1
import json
import sys

r = json.load(open(sys.argv[1]))["results"][0]
target = float(sys.argv[2])
median, worst = r["median"] * 1000, r["max"] * 1000
held = median <= target
print(f"{median:9.1f} ms   worst {worst:9.1f}   target {target:6.0f}   {'ok' if held else 'TOO SLOW'}   {r['command']}")
sys.exit(not held)
P
}

bench 10 "$synsent" predict
bench 300 "$synsent" lab -q --scenario no-listener
bench 2000 "$synsent" lab -q --fast
exit $status
