# SPDX-License-Identifier: GPL-2.0-or-later
# A thin front for Meson: it finds what is missing, chooses a compiler and a build directory, and calls.
#
#   make              build                        make check             all tests, on the real kernel too
#   make lab          build, run `synsent lab`     make check SANITIZE=1  the same under ASan and UBSan
#   make bench        speed against its targets    make format-check      is everything formatted
#   make install      PREFIX=/usr/local DESTDIR=   make clean
#
# make lab ARGS="--fast" passes arguments on; CC=gcc chooses the compiler; SUITE=unit one suite of tests, and builds what
# that needs; MESON_ARGS="-Dwerror=true" goes to `meson setup`, so give it a BUILD directory of its own; CHECK_ARGS="-t 2",
# which gives the tests more time, to `meson test`, whose log is $(BUILD)/meson-logs/$(CHECK_LOG).json.

# bpftool and nft live in sbin, which an ordinary user's PATH may lack.
export PATH := $(PATH):/usr/sbin:/sbin

# clang alone is enough, since the BPF programs need it anyhow; so is gcc, without them.
found = $(firstword $(foreach cc,clang gcc cc,$(if $(shell command -v $(cc)),$(cc))))
compiler = $(if $(filter default undefined,$(origin CC)),$(found),$(CC))

# What they find ends the program.  Lines are enough of debugging information for what they say.
ifdef SANITIZE
BUILD ?= build-sanitize
MESON_ARGS += -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1 \
	-Dc_args="-fno-sanitize-recover=undefined -g1"
endif
BUILD ?= build
PREFIX ?= /usr/local
CHECK_LOG ?= testlog
sets := build

.DEFAULT_GOAL := all
.PHONY: all lab check bench install format-check clean needs configured binary

all: binary

lab check bench: get := --install
check: sets := build check
bench: sets := build bench

lab: binary
	@$(BUILD)/synsent lab $(ARGS)

check: $(if $(strip $(SUITE)$(TESTS)),configured,binary)
	@rm -f $(BUILD)/meson-logs/$(CHECK_LOG).json
	@meson test -C $(BUILD) --print-errorlogs --logbase $(CHECK_LOG) $(CHECK_ARGS) $(addprefix --suite ,$(SUITE)) $(TESTS); \
	status=$$?; python3 scripts/test_summary.py $(BUILD)/meson-logs/$(CHECK_LOG).json && exit $$status

bench: binary
	@sh tests/bench/commands.sh $(BUILD)/synsent; status=$$?; \
	python3 tests/bench/run.py $(BUILD)/synsent $(BUILD)/tests/bench/run_load || status=1; \
	python3 tests/bench/watch.py $(BUILD)/synsent $(BUILD)/tests/bench/watch_load || status=1; \
	python3 tests/bench/flood.py $(BUILD)/synsent $(BUILD)/tests/bench/flood_load || status=1; \
	python3 tests/bench/read.py $(BUILD)/synsent $(BUILD)/tests/bench/gencap && exit $$status

install: binary
	@meson install -C $(BUILD) --no-rebuild $(if $(DESTDIR),--destdir "$(abspath $(DESTDIR))")

# A target of its own: the recipe of `configured` is expanded after it, and then sees a compiler that has just come.
needs:
	@CC="$(compiler)" SANITIZE="$(SANITIZE)" sh scripts/bootstrap.sh $(get) $(sets)

# The bootstrap removes build.ninja when it installed something, so that what was left out is looked for again.
configured: needs
	@[ -e $(BUILD)/build.ninja ] || CC="$(compiler)" meson setup --prefix "$(PREFIX)" $(MESON_ARGS) \
		$(if $(wildcard $(BUILD)/meson-private/coredata.dat),--reconfigure) $(BUILD)
	@$(if $(filter command%,$(origin PREFIX)),meson configure $(BUILD) --prefix "$(PREFIX)")

binary: configured
	@ninja -C $(BUILD)

format-check:
	@sh scripts/format-check.sh

clean:
	rm -rf build build-sanitize build-ci build-ci-sanitize
