#!/usr/bin/env bash
# Makes what a release publishes as source: the archive that the Yocto recipe builds from, without the network, with the
# page built; its checksum for the recipe; and the layer with that checksum in it.
#   usage: source.sh [DIR]        default: target/source
# The same commit gives the same files: names sorted, the commit's time, nobody's user, one thread of xz. What isn't
# committed isn't in them, and a page of other sources than the commit's is refused.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-target/source}
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -1)
name=edge-cctv-$version

changed=$(git status --porcelain -- web Makefile packaging/node.lock)
[ -z "$changed" ] || { printf 'source: the page would be of something else than the commit:\n%s\n' "$changed" >&2; exit 1; }
make --no-print-directory page >&2

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p "$out"

# A folder of the stage as an archive. git gives files their modes by the umask.
pack() {
  tar -C "$stage" --create --sort=name --format=gnu --mtime="@$(git log -1 --format=%ct)" --owner=0 --group=0 \
    --numeric-owner --mode=u=rwX,go=rX "$1" | xz --threads=1 -6 >"$out/$2.new"
  mv "$out/$2.new" "$out/$2"
}

# fuzz has a Cargo.lock of its own, which the recipe's list of crates shall not be taken from.
git archive --prefix="$name/" HEAD -- . ':!fuzz' | tar -x -C "$stage"
cp -r web/dist "$stage/$name/web/"
pack "$name" "$name.tar.xz"

checksum=$(sha256sum <"$out/$name.tar.xz")
printf '# Written by packaging/source.sh for %s.tar.xz.\nSRC_URI[source.sha256sum] = "%s"\n' "$name" "${checksum%% *}" \
  >"$out/edge-cctv-source.inc"
cp -r "$stage/$name/yocto/meta-edge-cctv" "$stage/meta-edge-cctv"
cp "$out/edge-cctv-source.inc" "$stage/meta-edge-cctv/recipes-cctv/edge-cctv/"
pack meta-edge-cctv "meta-edge-cctv-$version.tar.xz"
ls -l "$out/$name.tar.xz" "$out/edge-cctv-source.inc" "$out/meta-edge-cctv-$version.tar.xz" >&2
