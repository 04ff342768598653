#!/bin/bash
# Builds edge-cctv for 64-bit ARM boards on a Debian host, without containers.
#   usage: cross-build.sh [CARGO_ARGUMENTS...]         default: build --release --locked
#   e.g.   cross-build.sh test --no-run
# The standard library for arm64 is Debian's (package libstd-rust-web-dev), and so is the compiler that fits it;
# cargo may be any. What is built needs glibc 2.35 or newer on the board (Debian 12, Raspberry Pi OS bookworm, Ubuntu 22.04).
# The page is built first and embedded.
# With it comes ONNX Runtime for the board, in onnxruntime/aarch64/ of the folder; without it the build goes on, for it
# isn't linked. Ends with the path of the program. Environment:
#   CROSS_TARGET_DIR   where to build (target/cross); not the one of native builds, for another compiler's
#                      results would be thrown away each time
set -euo pipefail
cd "$(dirname "$0")/.."
target=aarch64-unknown-linux-gnu
dir=${CROSS_TARGET_DIR:-$PWD/target/cross}
[ $# -gt 0 ] || set -- build --release --locked

# --- what is missing, by the file that tells -------------------------------------------------
missing=()
have() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }
for package in rustc-web libstd-rust-web-dev:arm64 gcc-aarch64-linux-gnu g++-aarch64-linux-gnu; do
  have "$package" || missing+=("$package")
done
command -v cargo >/dev/null || missing+=(cargo-web)
compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' >/dev/null || missing+=(libclang-dev)   # bindgen, for V4L2
if [ ${#missing[@]} -gt 0 ]; then
  command -v apt-get >/dev/null || { echo "cross-build: this isn't Debian: use 'cross' with cross.toml" >&2; exit 1; }
  sudo=(); [ "$(id -u)" = 0 ] || sudo=(sudo)
  echo "cross-build: installing ${missing[*]}" >&2
  dpkg --print-foreign-architectures | grep -qx arm64 || "${sudo[@]}" dpkg --add-architecture arm64
  "${sudo[@]}" apt-get -qq update
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 install -y \
    --no-install-recommends "${missing[@]}" >/dev/null
fi

make --no-print-directory page >&2
packaging/onnxruntime.sh aarch64 "$dir/onnxruntime/aarch64" ||
  echo "cross-build: going on; without the library there is no anomaly detection" >&2

# --- build -----------------------------------------------------------------------------------
RUSTC=$(dpkg -L rustc-web | grep -m1 'bin/rustc$')
export RUSTC
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
if command -v qemu-aarch64-static >/dev/null; then            # for `cross-build.sh test`: a Raspberry Pi 4's processor
  export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64-static -cpu cortex-a72"
fi
cargo "$@" --target "$target" --target-dir "$dir"
[ ! -x "$dir/$target/release/edge-cctv" ] || echo "$dir/$target/release/edge-cctv"
