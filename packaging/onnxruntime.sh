#!/usr/bin/env bash
# Fetches ONNX Runtime's library, which computes the network, with its licence and notices beside it.
#   usage: onnxruntime.sh x86_64|aarch64 DIR
# Which one is in onnxruntime.lock and onnxruntime.sha256, by hash: another wheel is refused, and so is another library,
# each time, be it fetched or there already. What is there and is right stays, silently.
set -euo pipefail
arch=${1:-} dir=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
lock=$here/onnxruntime.lock
[ -n "$dir" ] || { sed -n '3p' "$0" >&2; exit 2; }
wanted=$(sed -n "s|  $arch/libonnxruntime.so$||p" "$here/onnxruntime.sha256")
[ -n "$wanted" ] || { echo "onnxruntime: there is no library for $arch, only for x86_64 and aarch64" >&2; exit 1; }

# Whether a file is the library.
is_right() {
  local found
  found=$(sha256sum <"$1")
  [ "${found%% *}" = "$wanted" ] && return
  echo "onnxruntime: $1 isn't the library that onnxruntime.sha256 names: its SHA-256 is ${found%% *}" >&2
  return 1
}

library=$dir/libonnxruntime.so
if [ -e "$library" ]; then
  if ! cmp -s "$lock" "$dir/onnxruntime.lock"; then
    # Another version's. Whoever goes on without a library shall not find this one.
    rm "$library"
  elif is_right "$library"; then
    exit 0
  else
    mv "$library" "$library.refused"
    echo "onnxruntime: it is $library.refused now, and nothing uses it; the next call fetches the library anew" >&2
    exit 1
  fi
fi

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
fetched=$(echo "$tmp"/wheel/onnxruntime/capi/libonnxruntime.so.1.*)
is_right "$fetched"

# The library comes last but one and by renaming, so that nobody loads half of it; the lock says that all is there.
mkdir -p "$dir"
install -m644 "$tmp/wheel/onnxruntime/LICENSE" "$tmp/wheel/onnxruntime/ThirdPartyNotices.txt" "$dir/"
install -m644 "$fetched" "$library.new"
mv "$library.new" "$library"
install -m644 "$lock" "$dir/onnxruntime.lock"
