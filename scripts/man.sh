#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# One man page: docs/man/NAME.1.scd.in, with what the program itself says of its options put in, through scdoc.
#
#   scripts/man.sh SYNSENT SCDOC VERSION PAGE.scd.in >PAGE
#
# A line @OPTIONS@, @EXAMPLES@ or @COMMANDS@ becomes that section; @VERSION@ the version.
set -eu
synsent=$1 scdoc=$2 version=$3 page=$4
command=$(basename "$page" .1.scd.in | sed 's/^synsent-*//')

dir=$(mktemp -d)
trap 'rm -r "$dir"' EXIT
while IFS= read -r line; do
	case $line in
	@OPTIONS@) "$synsent" help --scdoc "$command" ;;
	@EXAMPLES@) "$synsent" help --scdoc-examples "$command" ;;
	@COMMANDS@) "$synsent" help --scdoc-commands ;;
	*@VERSION@*) printf '%s\n' "${line%%@VERSION@*}$version${line#*@VERSION@}" ;;
	*) printf '%s\n' "$line" ;;
	esac
done <"$page" >"$dir/page.scd"
"$scdoc" <"$dir/page.scd"
