#!/usr/bin/env bash
# Makes a release of the commit that is checked out: packages for both architectures, a signed apt repository with them,
# the source with the Yocto layer, lists of parts, notes, checksums. docs/releases.md tells how to go about it.
#   usage: release.sh STATE        STATE: the folder in which reprepro remembers the repository
# All lies in target/releases/VERSION. Signed is with the key in packaging/release-key.asc, which boards trust; its secret
# part has to be in gpg's keyring. `AUDITED=COMMIT` says that `make audit` has passed for that commit elsewhere.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# = 1 ] || { sed -n '4p' "$0" >&2; exit 2; }
refuse() { echo "release: $*" >&2; exit 1; }

# --- may this be released, and by whom ------------------------------------------------------------
public=packaging/release-key.asc
[ -e $public ] || refuse "there is no $public: a release is signed with the key that boards trust (docs/releases.md)"
command -v gpg >/dev/null || packaging/setup.sh release
listed=$(gpg --batch --with-colons --show-keys $public)
key=$(sed -n 's/^fpr:*\([0-9A-F]*\):/\1/p' <<<"$listed" | head -n 1)
! grep -qi '^uid:.*development' <<<"$listed" || refuse "$public is a development key: it signs nothing that boards install"
gpg --batch --with-colons --list-secret-keys "$key" >/dev/null 2>&1 || refuse "the secret part of $key isn't in this keyring"

commit=$(git rev-parse HEAD)
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -1)
[ -z "$(git status --porcelain)" ] || refuse "there are changes that no commit has"
grep -q "^## $version (" CHANGELOG.md || refuse "CHANGELOG.md has no part '## $version (DATE)'"
[ "$(git rev-parse -q --verify "v$version^{commit}")" = "$commit" ] || refuse "this commit isn't tagged v$version"
if [ "${AUDITED:-}" = "$commit" ]; then
  echo "release: the audit is taken as done elsewhere" >&2
else
  packaging/audit.sh
fi

# --- what boards and people get ---------------------------------------------------------------------
out=target/releases/$version
rm -rf "$out"
mkdir -p "$out"
packaging/deb.sh amd64 arm64
packages=()
for arch in amd64 arm64; do
  package=target/debian/edge-cctv_$version-1_$arch.deb
  packages+=("$package")
  cp "$package" "$out/"
  dpkg-deb --fsys-tarfile "$package" | tar -xO ./usr/share/doc/edge-cctv/edge-cctv.cdx.json.gz | gunzip \
    >"$out/edge-cctv_$version-1_$arch.cdx.json"
done
packaging/source.sh "$out"
packaging/repository.sh "$1" "$out/apt" "$key" "${packages[@]}"
awk -v heading="## $version (" 'index($0, heading) == 1 { on = 1; next } /^## / { on = 0 } on' CHANGELOG.md \
  >"$out/release-notes.md"

cd "$out"
find . -type f ! -name 'SHA256SUMS*' -printf '%P\n' | LC_ALL=C sort | xargs sha256sum >SHA256SUMS
gpg --batch --yes --local-user "$key" --armor --detach-sign SHA256SUMS
echo "release: $version is in $out, signed by $key"
