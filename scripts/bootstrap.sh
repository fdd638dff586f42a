#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Finds out what a build (set "build"), the tests ("check") or the benchmark ("bench") lack on this machine.
#
#   scripts/bootstrap.sh [--install] SET...
#
# It looks for the tools, headers and libraries themselves, so it does not matter how they came here.  With --install,
# as root, on a system with apt-get, what is missing is installed.  Otherwise it is named, with the command that
# installs it; the status is then 77 when something needed is missing, and 0 when only parts can be left out.
set -u

PATH=$PATH:/usr/sbin:/sbin
needed="" spared="" why=""
install=no sets=""
: "${CC:=}" "${SANITIZE:=}"

# need PACKAGE: nothing works without.  spare PACKAGE WHAT: without it, WHAT is left out.
need() { needed="$needed $1"; }
spare() {
	spared="$spared $1"
	why="$why
  $1: $2"
}
have() { command -v "$1" >/dev/null 2>&1; }
pc() { have pkg-config && pkg-config --exists "$1" 2>/dev/null; }
compiler() {
	for cc in $CC clang gcc cc; do
		have "$cc" && echo "$cc" && return
	done
	return 1
}
# compiles FLAGS: an empty program, to the end.
compiles() {
	dir=$(mktemp -d) || return 1
	echo '#include <stdio.h>
#include <linux/tcp.h>
int main(void) { return 0; }' >"$dir/t.c"
	# shellcheck disable=SC2086 # CC and the flags may hold several words
	$(compiler) ${1-} -o "$dir/t" "$dir/t.c" >/dev/null 2>&1
	status=$?
	rm -r "$dir"
	return $status
}

probe_build() {
	have meson || need meson
	have ninja || need ninja-build
	have pkg-config || need pkg-config
	pc libpcap || need libpcap-dev
	pc jansson || need libjansson-dev
	pc libisal || need libisal-dev
	pc libzstd || need libzstd-dev
	pc liblz4 || need liblz4-dev
	# The lab's firewall is the real one.
	have nft || need nftables
	if ! compiler >/dev/null; then
		need clang
	else
		compiles || need libc6-dev
		have clang || spare clang "eBPF (watch, lab --fast)"
	fi
	have bpftool || spare bpftool "eBPF (watch, lab --fast)"
	pc libbpf || spare libbpf-dev "eBPF (watch, lab --fast)"
	pc ncursesw || spare libncurses-dev "the full screen (watch --top)"
	have scdoc || spare scdoc "man pages"
}

probe_check() {
	have python3 || need python3
	pc cmocka || need libcmocka-dev
	python_has jsonschema || need python3-jsonschema
	have ip || spare iproute2 "tests that look at namespaces from outside"
	have iptables-legacy || spare iptables "naming rules of iptables"
	have tcpdump || spare tcpdump "the comparison with its lines"
	have zstd || spare zstd "reading captures that it has packed"
	have lz4 || spare lz4 "reading captures that it has packed"
	have tshark || spare tshark "the comparison with its reading of our captures"
	have telnet || spare telnet "the lab with telnet as its client"
	have nc || spare netcat-openbsd "the lab with nc as its client"
	have curl || spare curl "the lab with curl as its client"
	have wget || spare wget "the lab with wget as its client"
	have ssh || spare openssh-client "run with ssh"
	have psql || spare postgresql-client "run with psql"
	have redis-cli || spare redis-tools "run with redis-cli"
	have git || spare git "run with git clone"
	have perl || spare perl "run with IO::Socket"
	have node || spare nodejs "run with Node"
	have busybox || spare busybox "run with busybox"
	# Where there is systemd its package starts a server that listens to all: left to the user there.
	have bpftrace || spare bpftrace "watch beside another tracer"
	have tmux || spare tmux "the full screen on a terminal"
	have prometheus || [ -d /run/systemd/system ] || spare prometheus "the metrics as Prometheus reads them"
	python_has prometheus_client || spare python3-prometheus-client "the metrics as OpenMetrics' parser reads them"
	have man || spare man-db "the rendering of the man pages"
	if [ -n "$SANITIZE" ] && compiler >/dev/null && ! compiles -fsanitize=address,undefined; then
		case $(compiler) in
		*clang*) need "libclang-rt-$($(compiler) -dumpversion | cut -d. -f1)-dev" ;;
		*) need "libgcc-$($(compiler) -dumpversion | cut -d. -f1)-dev" ;;
		esac
	fi
}

probe_bench() {
	have hyperfine || need hyperfine
	have python3 || need python3
	have tcpdump || spare tcpdump "reading captures beside tcpdump"
	have tshark || spare tshark "reading captures beside tshark"
	have igzip || spare isal "reading gzip beside igzip"
	have zstd || spare zstd "reading zstd beside zstd"
}

# The tests run with Debian's Python, whatever else stands first in PATH.
python_has() {
	for python in /usr/bin/python3 python3; do
		have $python && $python -c "import $1" 2>/dev/null && return
	done
	return 1
}

probe() {
	needed="" spared="" why=""
	for set in $sets; do
		probe_"$set"
	done
}

# Has apt-get heard of any package?  A container's image often comes without the lists.
has_lists() { [ -n "$(find /var/lib/apt/lists -name '*_Packages*' 2>/dev/null | head -n 1)" ]; }

# Says what apt-get has to say only when it fails.
apt() {
	log=$(mktemp) || return 1
	DEBIAN_FRONTEND=noninteractive apt-get -y -q --no-install-recommends "$@" </dev/null >"$log" 2>&1
	status=$?
	[ $status = 0 ] || tail -n 20 "$log" >&2
	rm "$log"
	return $status
}

for word; do
	case $word in
	--install) install=yes ;;
	build | check | bench) sets="$sets $word" ;;
	*)
		echo "usage: scripts/bootstrap.sh [--install] build|check|bench..." >&2
		exit 2
		;;
	esac
done

probe
[ -n "$needed$spared" ] || exit 0

if [ $install = yes ] && [ "$(id -u)" = 0 ] && have apt-get; then
	echo "Missing here, and so installed now with apt-get (a minute or two):$needed$spared" >&2
	has_lists || apt update
	# Lists may be old; and what can be left out must not stand in the way of the rest.
	# shellcheck disable=SC2086 # lists of packages
	apt install $needed $spared || { apt update && apt install $needed $spared; } || apt install $needed
	probe
	# shellcheck disable=SC2086
	[ -z "$needed" ] || { apt install $needed && probe; }
	# What a configured build left out for want of a package is looked for again.
	rm -f build/build.ninja build-*/build.ninja
fi

if [ -n "$spared" ]; then
	echo "Left out, since these packages are missing:$why" >&2
	[ -n "$needed" ] || echo "To have it all: sudo apt-get install -y --no-install-recommends$spared" >&2
fi
[ -n "$needed" ] || exit 0
echo "Missing:$needed" >&2
if have apt-get; then
	if [ "$(id -u)" = 0 ]; then sudo=; else sudo="sudo "; fi
	if has_lists; then update=; else update="${sudo}apt-get update && "; fi
	echo "  $update${sudo}apt-get install -y --no-install-recommends$needed$spared" >&2
else
	echo "  these are Debian's names of the packages; this system has no apt-get" >&2
fi
exit 77
