#!/usr/bin/env bash
# Adds packages to a signed apt repository, or signs it anew when none is given.
#   usage: repository.sh STATE FOLDER KEY [PACKAGE.deb]...
# FOLDER is what is published; STATE is reprepro's memory of it, and stays with the releaser. KEY is a fingerprint in the
# keyring of gpg. Of each package and architecture the repository has one version, the newest that was added.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -ge 3 ] || { sed -n '3,5p' "$0" >&2; exit 2; }
packaging/setup.sh release
mkdir -p "$1/conf" "$2"
state=$(realpath "$1") folder=$(realpath "$2") key=$3
shift 3

# ValidFor: whoever stands between a board and us can't hold back updates for longer by showing an old list.
cat >"$state/conf/distributions" <<END
Origin: edge-cctv
Label: edge-cctv
Suite: stable
Codename: stable
Architectures: amd64 arm64
Components: main
Description: edge-cctv, signed by its releaser
SignWith: $key
ValidFor: 90d
END
repository() { reprepro --silent --basedir "$state" --outdir "$folder" "$@"; }
for package; do
  repository --ignore=extension includedeb stable "$package"
done
repository export stable

gpg --batch --yes --output "$folder/edge-cctv.pgp" --export "$key"
cat >"$folder/edge-cctv.sources" <<'END'
# To /etc/apt/sources.list.d, with the repository's address; the key to /usr/share/keyrings/edge-cctv.pgp.
Types: deb
URIs: https://edge-cctv.example/apt
Suites: stable
Components: main
Signed-By: /usr/share/keyrings/edge-cctv.pgp
END
