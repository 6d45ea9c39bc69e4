# What can be done here, by name. Arguments for a program go into ARGS: make demo ARGS=--keep, make bench ARGS=slot.

# One build folder for all checkouts of this machine, so that a fresh one does not compile the engine again.
CARGO_TARGET_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/pointsman/target
export CARGO_TARGET_DIR

CARGO ?= cargo
# What the build needs beyond Rust: the vector engine and the allocator hold C code.
BUILD_PACKAGES := build-essential
# The tests of the store start a server of their own from these programs.
TEST_PACKAGES := postgresql

.PHONY: help build demo test schemas prepare bench bench-peers floods lint fmt

help:
	@echo "build        the two binaries, for development"
	@echo "demo         a switch under live traffic, without Qdrant or Docker"
	@echo "test         everything that must pass"
	@echo "schemas      docs/openapi.json, its examples and config/schema.json from the types"
	@echo "bench        the microbenchmarks"
	@echo "bench-peers  CPU a request beside nginx, HAProxy and Envoy"
	@echo "floods       ten minutes of floods, bombs and silent peers: memory and descriptors stay flat"
	@echo "lint         formatting, clippy, and licences and advisories of dependencies where cargo-deny is installed"
	@echo "fmt          format the code"

build: prepare
	$(CARGO) build --workspace --bins --locked

# Both binaries, since the demo starts the sandbox that lies beside it.
demo: build
	$(CARGO_TARGET_DIR)/debug/pointsman demo $(ARGS)

# The tests of the documentation come first: the last words should be about all the others.
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
prepare:
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
	python3 benches/peers/run.py --pointsman $(CARGO_TARGET_DIR)/release/pointsman --upstream $(CARGO_TARGET_DIR)/release/peers-upstream $(ARGS)

# Another length: make floods ARGS="--seconds 60".
floods: build
	python3 benches/floods/run.py --pointsman $(CARGO_TARGET_DIR)/debug/pointsman --sandbox $(CARGO_TARGET_DIR)/debug/pointsman-sandbox $(ARGS)

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny --workspace check; else echo "cargo-deny is not installed: dependencies were not checked"; fi

fmt:
	$(CARGO) fmt --all
