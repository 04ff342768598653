# edge-cctv. The first two lines are what most people need:
#   make run  [CAMERA=/dev/video0]   build and watch, at http://127.0.0.1:8000
#   make test                        all tests that need no other kernel
# Each target installs what it misses (Debian packages), says so, and repeats nothing.

CAMERA ?= demo
LISTEN ?= 127.0.0.1:8000
# Where the program looks for ONNX Runtime when it runs out of cargo's target folder.
onnxruntime = packaging/onnxruntime.sh $(shell uname -m) "$${CARGO_TARGET_DIR:-target}/onnxruntime/$(shell uname -m)"

.PHONY: run build test board-test lint bench cross model clean

run: build
	target/release/edge-cctv run --camera "$(CAMERA)" --listen "$(LISTEN)"

build:
	@packaging/setup.sh build
	@$(onnxruntime) || echo "build: going on; without the library there is no anomaly detection" >&2
	cargo build --release --locked

test:
	@packaging/setup.sh test
	@$(onnxruntime) || echo "test: going on; what needs the library is skipped" >&2
	cargo test --locked

# Boots emulated arm64 boards with cameras, LEDs and relays and runs the cross-compiled program on them (docs/board.md).
board-test:
	@packaging/setup.sh board
	tests/board/all.sh

lint:
	@packaging/setup.sh build
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	@command -v cargo-deny >/dev/null || { echo "lint: installing cargo-deny" >&2; cargo install --quiet --locked cargo-deny; }
	cargo deny --locked check licenses bans sources

bench:
	@packaging/setup.sh build
	cargo bench --locked

cross:
	packaging/cross-build.sh

# Renders the scenes (kept in target/models), trains and writes models/anomaly.onnx: half an hour on two cores
# (models/README.md). Debian's Python, whatever environment is active: its packages are the pinned ones.
model:
	@packaging/setup.sh model
	/usr/bin/python3 models/train.py --cache target/models --output models/anomaly.onnx

clean:
	cargo clean
