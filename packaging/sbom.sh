#!/usr/bin/env bash
# Writes the list of what the program is made of (SBOM, CycloneDX 1.5 in JSON): its crates, the C library within one of
# them, the packages embedded in the page, the network, and ONNX Runtime with the hash of its library.
#   usage: sbom.sh TARGET OUT        e.g. sbom.sh aarch64-unknown-linux-gnu edge-cctv.cdx.json
# The same sources give the same file: it has no serial number, and a time only if SOURCE_DATE_EPOCH gives one.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# = 2 ] || { sed -n '4p' "$0" >&2; exit 2; }
target=$1 out=$2
packaging/cargo-tool.sh cargo-cyclonedx 0.5.9

# It writes beside Cargo.toml, under any name. What only builds the program isn't in it.
name=sbom.$$
trap 'rm -f "$name.json"' EXIT
cargo cyclonedx -q --format json --spec-version 1.5 --target "$target" --no-build-deps --override-filename "$name"
linked=$(cargo tree --locked --target "$target" --edges normal --prefix none --format '{p}')
python3 packaging/sbom.py "$target" "$name.json" <<<"$linked" >"$out.new"
mv "$out.new" "$out"
