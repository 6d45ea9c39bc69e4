# The common tasks; `make help` lists them. ARGS passes arguments to the program: make demo ARGS=--keep, make bench ARGS=slot.

# All checkouts of this machine share one build folder, so that a fresh checkout does not compile the engine again. Plain
# `cargo` does not use it unless you export CARGO_TARGET_DIR.
CARGO_TARGET_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/pointsman/target
export CARGO_TARGET_DIR

CARGO ?= cargo
# The build needs a C compiler: the vector engine and the allocator contain C code.
BUILD_PACKAGES := build-essential
# The tests of the store start their own PostgreSQL server.
TEST_PACKAGES := postgresql

.PHONY: help build demo test prepare bench bench-peers floods lint fmt

help:
	@echo "build        the two binaries, for development"
	@echo "demo         a switch under live traffic, without Qdrant or Docker"
	@echo "test         everything that must pass"
	@echo "bench        the microbenchmarks"
	@echo "bench-peers  CPU a request beside nginx, HAProxy and Envoy"
	@echo "floods       ten minutes of floods, bombs and silent peers: memory and descriptors stay flat"
	@echo "lint         formatting, clippy, and licences and advisories of dependencies where cargo-deny is installed"
	@echo "fmt          format the code"

build: prepare
	$(CARGO) build --workspace --bins --locked

# The demo starts the sandbox binary from the same folder, so both are built.
demo: build
	$(CARGO_TARGET_DIR)/debug/pointsman demo $(ARGS)

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

# Installs what is missing; otherwise it does nothing. The official clients go to a cache folder outside the checkout.
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

# The default is ten minutes; a shorter run: make floods ARGS="--seconds 60".
floods: build
	python3 benches/floods/run.py --pointsman $(CARGO_TARGET_DIR)/debug/pointsman --sandbox $(CARGO_TARGET_DIR)/debug/pointsman-sandbox $(ARGS)

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny --workspace check; else echo "cargo-deny is not installed: dependencies were not checked"; fi

fmt:
	$(CARGO) fmt --all
