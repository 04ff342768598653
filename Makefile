# edge-cctv. The first two lines are what most people need:
#   make run  [CAMERA=/dev/video0]   build and watch, at http://127.0.0.1:8000
#   make test                        all tests that need no other kernel
# Each target installs what it misses (Debian packages), says so, and repeats nothing.

CAMERA ?= demo
LISTEN ?= 127.0.0.1:8000
# Where the program looks for ONNX Runtime when it runs out of cargo's target folder.
onnxruntime = packaging/onnxruntime.sh $(shell uname -m) "$${CARGO_TARGET_DIR:-target}/onnxruntime/$(shell uname -m)"

# npm in the folder $(1), always of the Node.js that node.lock names, so that everybody gets the same page.
npm = packaging/node.sh target/node && cd $(1) && PATH="$(CURDIR)/target/node/bin:$$PATH" npm
page_sources := $(shell find web -mindepth 1 \( -name node_modules -o -name dist \) -prune -o -print)

.PHONY: run build build-tools page test emulated-test board-test fuzz lint audit sbom deb release bench compare cross model clean

run: build
	target/release/edge-cctv run --camera "$(CAMERA)" --listen "$(LISTEN)"

build: page
	@$(onnxruntime) || echo "build: going on; without the library there is no anomaly detection" >&2
	cargo build --release --locked

build-tools:
	@packaging/setup.sh build

# What browsers show, for the next `cargo build` to embed.
page: web/dist/index.html

web/dist/index.html: web/node_modules/.package-lock.json $(page_sources) | build-tools
	@$(call npm,web) run build

# npm's own list of what it installed.
%/node_modules/.package-lock.json: %/package-lock.json packaging/node.lock | build-tools
	@$(call npm,$*) ci
	@touch $@

test: page tests/browser/node_modules/.package-lock.json
	@packaging/setup.sh test
	@$(onnxruntime) || echo "test: going on; what needs the library is skipped" >&2
	cargo test --locked
	@$(call npm,web) test
	@$(call npm,tests/browser) test

# The modules' own tests, built for arm64 and run by an emulated processor; and whether it finds the same in recordings.
emulated-test: page
	@packaging/setup.sh emulated
	packaging/cross-build.sh test --release --locked --lib
	$(onnxruntime)
	cargo build --release --locked
	tests/emulated.sh target/release/edge-cctv "$$(packaging/cross-build.sh | tail -1)"

# Boots emulated arm64 boards with cameras, LEDs and relays and runs the cross-compiled program on them (docs/board.md).
board-test:
	@packaging/setup.sh board
	tests/board/all.sh

# Each parser of what others wrote gets so many seconds of mutated input, with AddressSanitizer (fuzz/).
FUZZ_SECONDS ?= 60
fuzz: page
	packaging/fuzz.sh $(FUZZ_SECONDS)

lint: build-tools web/node_modules/.package-lock.json tests/browser/node_modules/.package-lock.json
	cargo fmt --check
	cargo fmt --check --manifest-path fuzz/Cargo.toml
	@cargo metadata --locked --manifest-path fuzz/Cargo.toml --format-version 1 >/dev/null
	cargo clippy --locked --all-targets -- -D warnings
	@packaging/cargo-tool.sh cargo-deny 0.20.2
	cargo deny --locked check licenses bans sources
	@$(call npm,web) run lint
	@$(call npm,tests/browser) run lint

# Known weaknesses of what we use, Rust and npm. Needs the network, and fails without it.
audit:
	packaging/audit.sh

# What the program is made of (CycloneDX), for the board.
SBOM_TARGET ?= aarch64-unknown-linux-gnu
sbom:
	@mkdir -p target
	packaging/sbom.sh $(SBOM_TARGET) target/edge-cctv-$(SBOM_TARGET).cdx.json

# Debian packages, in target/debian.
DEB ?=
deb:
	packaging/deb.sh $(DEB)

# Packages, a signed repository, source, checksums, in target/releases (docs/releases.md).
STATE ?= target/repository
release:
	packaging/release.sh "$(STATE)"

bench: build-tools
	cargo bench --locked

# Beside the integration guide's pipeline in Python, on the same clip: CLIP=some.mp4.
compare: build
	benches/compare.sh "$(CLIP)"

cross:
	packaging/cross-build.sh

# Renders the scenes (kept in target/models), trains and writes models/anomaly.onnx: half an hour on two cores
# (models/README.md). Debian's Python, whatever environment is active: its packages are the pinned ones.
model:
	@packaging/setup.sh model
	/usr/bin/python3 models/train.py --cache target/models --output models/anomaly.onnx

clean:
	cargo clean
	rm -rf web/dist web/node_modules tests/browser/node_modules
