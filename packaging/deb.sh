#!/usr/bin/env bash
# Builds Debian packages, with everything that the program needs in them: page, network, ONNX Runtime.
#   usage: deb.sh [amd64|arm64]...        default: this machine's and arm64
# They lie in target/debian. The version is Cargo.toml's when CHANGELOG.md says that it is released, and else one before it,
# by the time of the last commit: 0.2.0~dev20261128.1015-1. The same commit gives the same package.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- "$(dpkg --print-architecture)" arm64
packaging/setup.sh deb
packaging/cargo-tool.sh cargo-deb 3.8.0

time=$(git log -1 --format=%ct)
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -1)
grep -qF "## $version (" CHANGELOG.md || version+=~dev$(date -u -d "@$time" +%Y%m%d.%H%M)
version+=-1
# What Cargo.toml's [package.metadata.deb] takes from.
stage=target/deb

for arch; do
  rm -rf $stage
  mkdir -p $stage
  case $arch in
  amd64)
    make --no-print-directory build
    program=${CARGO_TARGET_DIR:-target}/release/edge-cctv library=${CARGO_TARGET_DIR:-target}/onnxruntime/x86_64
    triple=x86_64-unknown-linux-gnu strip=strip objdump=objdump
    ;;
  arm64)
    packaging/cross-build.sh >/dev/null
    program=target/cross/aarch64-unknown-linux-gnu/release/edge-cctv library=target/cross/onnxruntime/aarch64
    triple=aarch64-unknown-linux-gnu strip=aarch64-linux-gnu-strip objdump=aarch64-linux-gnu-objdump
    ;;
  *) sed -n '3p' "$0" >&2; exit 2 ;;
  esac
  [ -e "$library/libonnxruntime.so" ] || { echo "deb: without ONNX Runtime there is no package" >&2; exit 1; }

  $strip -o $stage/edge-cctv "$program"
  newest=$($objdump -T $stage/edge-cctv | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -n 1)
  [ "$(printf 'GLIBC_2.35\n%s\n' "$newest" | sort -V | tail -n 1)" = GLIBC_2.35 ] ||
    { echo "deb: the program needs $newest, and boards have 2.35 (Cargo.toml, depends)" >&2; exit 1; }
  cp "$library/libonnxruntime.so" "$library/ThirdPartyNotices.txt" $stage/
  cp web/dist/licences.md $stage/page-licences.md
  cargo run --quiet --locked --example manuals -- $stage/manuals
  gzip -9n $stage/manuals/*.1 $stage/ThirdPartyNotices.txt
  SOURCE_DATE_EPOCH=$time packaging/sbom.sh $triple $stage/edge-cctv.cdx.json
  packaging/licences.py $triple >$stage/crate-licences.txt
  gzip -9n $stage/{edge-cctv.cdx.json,crate-licences.txt}
  python3 packaging/debian/changelog.py "$version" "$time" >$stage/changelog
  # Names and modes are in Cargo.toml.
  SOURCE_DATE_EPOCH=$time cargo deb --locked --no-build --no-strip --target $triple --deb-version "$version" \
    --output "target/debian/edge-cctv_${version}_$arch.deb"
done
for arch; do
  package=target/debian/edge-cctv_${version}_$arch.deb
  # What is in it, with modes: nobody shall be surprised by a file.
  dpkg-deb -c "$package" | awk '{ print $1, $2, substr($6, 2) }' | grep -v '/$' | LC_ALL=C sort -k3 |
    diff packaging/debian/contents.txt - >&2 || { echo "deb: $package holds something else than contents.txt says" >&2; exit 1; }
  lintian --allow-root --fail-on error,warning "$package"
  echo "$package: $(($(stat -c %s "$package") / 1000)) kB"
done
