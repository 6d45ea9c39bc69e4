# What can be done here, by name. Arguments for a rig go into ARGS: make bench-peers ARGS="--quick --proto rest".

.PHONY: bench-peers

# CPU a request beside nginx, HAProxy and Envoy; see benches/peers/README.md.
bench-peers:
	cargo build --release --bin pointsman --bin peers-upstream --features peers-upstream
	@target=$$(cargo metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])') && \
	python3 benches/peers/run.py --pointsman $$target/release/pointsman --upstream $$target/release/peers-upstream $(ARGS)
