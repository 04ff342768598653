#!/usr/bin/env bash
# Looks for known weaknesses in whatever the program is made of, tested and fuzzed with: before a release, and now and then.
#   usage: audit.sh
# It needs the network: RustSec's list of advisories, and npm's. What can't be fetched is a failure: nobody shall take
# it for "nothing was found". ADVISORY_DB names a git copy of https://github.com/RustSec/advisory-db to be used instead.
set -euo pipefail
cd "$(dirname "$0")/.."
for tool in cargo-deny:0.20.2 cargo-audit:0.22.2; do
  packaging/cargo-tool.sh "${tool%:*}" "${tool#*:}"
done
database=()
if [ -n "${ADVISORY_DB:-}" ]; then
  copy=$(realpath "$ADVISORY_DB")
  echo "audit: with $copy of $(git -C "$copy" log -1 --format=%cs)" >&2
  database=(--db "$copy" --no-fetch)
  export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="url.file://$copy.insteadOf"
  export GIT_CONFIG_VALUE_0=https://github.com/RustSec/advisory-db
fi

failed=()
attempt() {
  echo "== ${*:2}" >&2
  "${@:2}" || failed+=("$1")
}
attempt "the program (cargo deny)" cargo deny --locked check
# The fuzz targets aren't shipped: their licences are their own.
attempt "the fuzz targets (cargo deny)" cargo deny --locked --manifest-path fuzz/Cargo.toml --config deny.toml \
  check advisories sources
for lock in Cargo.lock fuzz/Cargo.lock; do
  attempt "$lock (cargo audit)" cargo audit --deny warnings "${database[@]}" --file $lock
done
packaging/node.sh target/node
PATH=$PWD/target/node/bin:$PATH
for folder in web tests/browser; do attempt "$folder (npm audit)" npm --prefix $folder audit; done
[ ${#failed[@]} = 0 ] || { printf 'audit: not passed: %s\n' "${failed[@]}" >&2; exit 1; }
echo "audit: nothing known" >&2
