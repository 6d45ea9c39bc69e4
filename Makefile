# The common tasks; `make help` lists them. ARGS passes arguments to the program: make demo ARGS=--keep, make bench ARGS=slot.

CARGO ?= cargo

# Where the release of rust-toolchain.toml is installed under another name, such as `stable`, that one is taken: nothing is downloaded.
RELEASE := $(shell sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
ifeq ($(RUSTUP_TOOLCHAIN)$(shell rustup toolchain list 2>/dev/null | grep '^$(RELEASE)-'),)
DEFAULT := $(shell rustup default 2>/dev/null | cut -d' ' -f1)
ifeq ($(word 2,$(shell rustc +$(DEFAULT) --version 2>/dev/null)),$(RELEASE))
export RUSTUP_TOOLCHAIN := $(DEFAULT)
endif
endif

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/pointsman
# Where cargo builds, as cargo itself says: `target`, or what CARGO_TARGET_DIR or a configuration of cargo names.
TARGET = $(shell $(CARGO) metadata --no-deps --format-version 1 | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')

# What the build needs beyond Rust: the vector engine and the allocator hold C code.
BUILD_PACKAGES := build-essential
# The tests of the store start their own PostgreSQL server.
TEST_PACKAGES := postgresql

.PHONY: help build demo demo-picture test schemas prepare bench bench-peers floods lint fmt

help:
	@echo "build        the binaries, for development"
	@echo "demo         two canaries under live traffic, without Qdrant or Docker: one rolls back, one completes"
	@echo "demo-picture the demo, recorded in docs/pictures/demo.svg"
	@echo "test         everything that must pass"
	@echo "schemas      docs/openapi.json, its examples and config/schema.json from the types"
	@echo "bench        the microbenchmarks"
	@echo "bench-peers  CPU a request beside nginx, HAProxy and Envoy"
	@echo "floods       ten minutes of floods, bombs and silent peers: memory and descriptors stay flat"
	@echo "lint         formatting, clippy, and what dependencies may be; installs cargo-deny and cargo-machete once"
	@echo "fmt          format the code"

build: prepare
	$(CARGO) build --workspace --bins --locked

# All binaries, since the demo starts Pointsman and the sandbox that lie beside it. Also: make demo ARGS=--fast, ARGS=--keep.
demo: build
	$(TARGET)/debug/pointsman-demo $(ARGS)

# Always the same users, so that two pictures differ by what was changed and by time alone.
demo-picture: build
	mkdir -p docs/pictures
	$(TARGET)/debug/pointsman-demo --seed 1 --record docs/pictures/demo.svg $(ARGS)

# The fast tests of scripts and documentation come first, so that the summary of all other tests comes last.
test: prepare
	python3 benches/peers/test_rig.py
	python3 -m unittest discover -s tests/clients
	$(CARGO) test --workspace --locked --doc
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
		$(CARGO) nextest run --workspace --locked --no-fail-fast $(ARGS); \
	else \
		$(CARGO) test --workspace --locked --lib --bins --tests --no-fail-fast $(ARGS); \
	fi

# The examples come first: the document holds the answers they got.
schemas: prepare
	UPDATE=1 $(CARGO) test --lib --locked admin::tests::examples
	UPDATE=1 $(CARGO) test --lib --locked the_committed_

# Installs what is missing and does nothing otherwise. The official clients go to a cache folder outside the checkout.
# `target` becomes a link into the cache folder where there is none: all checkouts, plain cargo and editors share one build of the engine.
prepare:
	@if [ "$(TARGET)" = "$(CURDIR)/target" ] && [ ! -e target ]; then \
		[ -L target ] || ln -sn "$(CACHE)/target" target; mkdir -p "$$(readlink target)"; fi
	@command -v cc >/dev/null && command -v make >/dev/null || { \
		sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
		$$sudo apt-get update && $$sudo apt-get install --yes --no-install-recommends $(BUILD_PACKAGES); }
	@[ -z "$(filter test,$(MAKECMDGOALS))" ] || command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { \
		sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
		$$sudo apt-get update && $$sudo apt-get install --yes --no-install-recommends $(TEST_PACKAGES); }
	@if [ -x tests/clients/setup.sh ] && [ "$(filter test,$(MAKECMDGOALS))" ]; then tests/clients/setup.sh; fi

bench: prepare
	$(CARGO) bench --locked $(ARGS)

# See benches/peers/README.md.
bench-peers: prepare
	$(CARGO) build --release --locked --bin pointsman --bin peers-upstream --features peers-upstream
	python3 benches/peers/run.py --pointsman $(TARGET)/release/pointsman --upstream $(TARGET)/release/peers-upstream $(ARGS)

# The default is ten minutes; a shorter run: make floods ARGS="--seconds 60".
floods: build
	python3 benches/floods/run.py --pointsman $(TARGET)/debug/pointsman --sandbox $(TARGET)/debug/pointsman-sandbox $(ARGS)

lint: prepare
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	.ci/dependencies

fmt:
	$(CARGO) fmt --all
