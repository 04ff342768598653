#!/usr/bin/env bash
# Installs what is missing on a Debian (12 or later) machine, and says so. What is there is left alone.
#   usage: setup.sh build|test|emulated|fuzz|deb|release|board|model
set -euo pipefail

need=(gcc g++ make libclang-dev)
# The JPEG library's x86 assembly; without it pictures take six times as long.
[ "$(uname -m)" != x86_64 ] || need+=(nasm)
case ${1:-} in
# pip fetches ONNX Runtime (onnxruntime.sh), and Node.js for the page (node.sh).
build) need+=(python3-pip) ;;
test)
  need+=(python3-pip ffmpeg chromium systemd gnupg)
  # The RTSP server of tests/rtsp_server.py, with the parsers and payloaders that it needs.
  need+=(python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad)
  # A network that loses packets.
  need+=(iproute2 nftables)
  ;;
emulated) need+=(python3-pip ffmpeg qemu-user-static) ;;
# clang 14 and newer: its C code tells libFuzzer which way it went.
fuzz) need+=(clang llvm xz-utils) ;;
deb) need+=(python3-pip dpkg-dev lintian) ;;
release) need+=(reprepro gnupg) ;;
# Training has nothing to do with the program's build. Debian's torch, for pip's brings gigabytes of CUDA.
model) need=(git python3 python3-torch python3-onnx python3-numpy python3-pil) ;;
board) need+=(python3-pip qemu-system-arm e2fsprogs cpio zstd kmod ffmpeg curl python3 procps reprepro gnupg
  dpkg-dev lintian) ;;
*) sed -n '2,3p' "$0" >&2; exit 2 ;;
esac

[ "${1:-}" = model ] || command -v cargo >/dev/null || {
  echo "setup: cargo is missing: install Rust 1.92 or later, for example from https://rustup.rs" >&2
  exit 1
}
command -v dpkg-query >/dev/null || {
  echo "setup: this is no Debian; please see that these are there: ${need[*]}" >&2
  exit 0
}
missing=()
for package in "${need[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

echo "setup: installing ${missing[*]}" >&2
root=()
[ "$(id -u)" = 0 ] || root=(sudo)
"${root[@]}" apt-get -qq update
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 install -y \
  --no-install-recommends "${missing[@]}" >/dev/null
