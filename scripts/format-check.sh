#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Is every tracked C file as .clang-format has it?
set -eu
if ! command -v clang-format >/dev/null; then
	echo "format-check: skipped, clang-format is missing (apt-get install clang-format)"
	exit 0
fi
git ls-files -z -- '*.c' '*.h' | xargs -0 clang-format --dry-run -Werror
echo "format-check: $(git ls-files -- '*.c' '*.h' | wc -l) files are formatted"
