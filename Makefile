# SPDX-License-Identifier: MPL-2.0
#
# The front door. Each target installs what it needs on a Debian system, then builds and runs.
#
#   make demo [WAV=song.wav] [LOSS=5]   two daemons, one REST call, sound arrives
#   make test                           every test
#   make build                          programs in build/bin, libroc.so in build/lib
#   make bench | lint | fuzz | install | clean

BUILD   ?= build
PREFIX  ?= /usr/local
WAV     ?=
LOSS    ?= 0
PYTHON  ?= /usr/bin/python3
MESON    = meson
OPTIONS ?=

.PHONY: build demo test unit bench lint fuzz install clean deps-build help

help:
	@sed -n 's/^#   //p' Makefile

deps-build:
	@scripts/install-deps.sh build

$(BUILD)/build.ninja: | deps-build
	@$(MESON) setup --prefix $(PREFIX) $(OPTIONS) $(BUILD) >$(BUILD).log 2>&1 || { cat $(BUILD).log; rm -f $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log

# Links at fixed places, so that nobody has to know the layout of the build tree.
build: deps-build $(BUILD)/build.ninja
	@ninja -C $(BUILD) -n | grep -q 'no work to do' || ninja -C $(BUILD) $$([ -t 1 ] || echo --quiet)
	@mkdir -p $(BUILD)/bin $(BUILD)/lib
	@for f in $(BUILD)/src/rocd/rocd $(wildcard $(BUILD)/src/tools/roc*); do \
	    if [ -f $$f ] && [ -x $$f ]; then ln -sf ../$${f#$(BUILD)/} $(BUILD)/bin/; fi; done
	@for f in $(BUILD)/src/libroc.so*; do case $$f in *.p) ;; *) ln -sf ../src/$${f##*/} $(BUILD)/lib/;; esac; done

demo: build
	@$(PYTHON) scripts/demo.py --bin $(BUILD)/bin --wav "$(WAV)" --loss "$(LOSS)"

test:
	@scripts/install-deps.sh build test
	@$(PYTHON) scripts/test.py

unit: build
	@$(PYTHON) scripts/test.py unit

# Optimised as a release is; every program prints one table.
bench:
	@scripts/install-deps.sh build bench
	@[ -f build-bench/build.ninja ] || $(MESON) setup --buildtype=release -Dtests=false -Ddaemon=false build-bench >/dev/null
	@ninja -C build-bench --quiet
	@for b in build-bench/bench/bench_*; do if [ -f $$b ]; then $$b || exit 1; echo; fi; done

lint:
	@scripts/install-deps.sh build lint
	@scripts/lint.sh

# Longer than in `make test`: FUZZ_SECONDS for each target.
FUZZ_SECONDS ?= 60
fuzz:
	@scripts/install-deps.sh build test
	@$(PYTHON) scripts/test.py --fuzz-seconds $(FUZZ_SECONDS) fuzz

install: build
	@DESTDIR="$(DESTDIR)" $(MESON) install -C $(BUILD) --no-rebuild
	@if [ -z "$(DESTDIR)" ] && [ "$$(id -u)" = 0 ]; then ldconfig; fi

clean:
	@rm -rf $(BUILD) build-asan build-bench build-fuzz build-lint build-tsan
