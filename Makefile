# SPDX-License-Identifier: GPL-2.0-or-later
# A thin front for Meson: it finds what is missing, chooses a compiler and a build directory, and calls.
#
#   make              build                        make check             all tests, on the real kernel too
#   make lab          build, run `synsent lab`     make check SANITIZE=1  the same under ASan and UBSan
#   make bench        speed against its targets    make format-check      is everything formatted
#   make install      PREFIX=/usr/local DESTDIR=   make clean
#
# make lab ARGS="--fast" passes arguments on; CC=gcc chooses the compiler; SUITE=unit one suite of tests;
# MESON_ARGS="-Dwerror=true" goes to `meson setup`, so give it a BUILD directory of its own.

# bpftool and nft live in sbin, which an ordinary user's PATH may lack.
export PATH := $(PATH):/usr/sbin:/sbin

# clang alone is enough, since the BPF programs need it anyhow; so is gcc, without them.
found = $(firstword $(foreach cc,clang gcc cc,$(if $(shell command -v $(cc)),$(cc))))
compiler = $(if $(filter default undefined,$(origin CC)),$(found),$(CC))

ifdef SANITIZE
BUILD ?= build-sanitize
MESON_ARGS += -Db_sanitize=address,undefined -Db_lundef=false
endif
BUILD ?= build
PREFIX ?= /usr/local
bootstrap = CC="$(compiler)" SANITIZE="$(SANITIZE)" sh scripts/bootstrap.sh
again = $(MAKE) --no-print-directory BOOTSTRAPPED=1

.DEFAULT_GOAL := all
.PHONY: all lab check bench install format-check clean build-it

ifndef BOOTSTRAPPED
# First what is missing, then the work, in a second make that sees what is there by then.
all:
	@$(bootstrap) build
	@$(again) all
lab:
	@$(bootstrap) --install build
	@$(again) lab
check:
	@$(bootstrap) --install build check
	@$(again) check
bench:
	@$(bootstrap) --install build bench
	@$(again) bench
install:
	@$(bootstrap) build
	@$(again) install
else
all: build-it
lab: build-it
	@$(BUILD)/synsent lab $(ARGS)
check: build-it
	@rm -f $(BUILD)/meson-logs/testlog.json
	@meson test -C $(BUILD) --no-rebuild --print-errorlogs $(addprefix --suite ,$(SUITE)) $(TESTS); status=$$?; \
	python3 scripts/test_summary.py $(BUILD)/meson-logs/testlog.json && exit $$status
bench: build-it
	@sh scripts/bench.sh $(BUILD)/synsent
install: build-it
	@meson install -C $(BUILD) --no-rebuild $(if $(DESTDIR),--destdir "$(abspath $(DESTDIR))")
endif

build-it: $(BUILD)/build.ninja
	@$(if $(filter command%,$(origin PREFIX)),meson configure $(BUILD) --prefix "$(PREFIX)")
	@ninja -C $(BUILD)

# The bootstrap removes build.ninja after it installed something, so that what was left out is looked for again.
$(BUILD)/build.ninja:
	@CC="$(compiler)" meson setup --prefix "$(PREFIX)" $(MESON_ARGS) \
		$(if $(wildcard $(BUILD)/meson-private/coredata.dat),--reconfigure) $(BUILD)

format-check:
	@sh scripts/format-check.sh

clean:
	rm -rf build build-sanitize build-ci
