#!/usr/bin/env bash
# Fetches ONNX Runtime's library, which computes the network, with its licence and notices beside it.
#   usage: onnxruntime.sh x86_64|aarch64 DIR
# Which one is in onnxruntime.lock, by hash: another file than that is refused. What is there already stays, silently.
set -euo pipefail
arch=${1:-} dir=${2:-}
lock=$(cd "$(dirname "$0")" && pwd)/onnxruntime.lock
[ -n "$dir" ] || { sed -n '3p' "$0" >&2; exit 2; }
case $arch in
x86_64 | aarch64) ;;
*) echo "onnxruntime: there is no library for $arch, only for x86_64 and aarch64" >&2; exit 1 ;;
esac
[ -e "$dir/libonnxruntime.so" ] && cmp -s "$lock" "$dir/onnxruntime.lock" && exit 0

# Debian's Python has the pip that setup.sh installs; another one first in the path may have none.
python=/usr/bin/python3
"$python" -m pip --version >/dev/null 2>&1 || python=python3
"$python" -m pip --version >/dev/null 2>&1 || {
  echo "onnxruntime: pip is missing, which fetches the library: install python3-pip" >&2
  exit 1
}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
echo "onnxruntime: fetching the library for $arch" >&2
"$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
  --python-version 311 --platform "manylinux_2_28_$arch" --platform "manylinux_2_27_$arch" \
  -r "$lock" -d "$tmp" >&2 || { echo "onnxruntime: it can't be fetched" >&2; exit 1; }
"$python" -m zipfile -e "$tmp"/onnxruntime-*.whl "$tmp/wheel"

# The library comes last but one and by renaming, so that nobody loads half of it; the lock says that all is there.
mkdir -p "$dir"
install -m644 "$tmp/wheel/onnxruntime/LICENSE" "$tmp/wheel/onnxruntime/ThirdPartyNotices.txt" "$dir/"
install -m644 "$tmp"/wheel/onnxruntime/capi/libonnxruntime.so.1.* "$dir/libonnxruntime.so.new"
mv "$dir/libonnxruntime.so.new" "$dir/libonnxruntime.so"
install -m644 "$lock" "$dir/onnxruntime.lock"
