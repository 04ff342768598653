#!/usr/bin/env bash
# Installs a tool of cargo's, in that version, if it isn't there. Without optimising it: that takes a quarter of the time, and
# each of these tools works for seconds.
#   usage: cargo-tool.sh NAME VERSION        e.g. cargo-tool.sh cargo-deny 0.20.2
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# = 2 ] || { sed -n '4p' "$0" >&2; exit 2; }
! cargo install --list | grep -qx "$1 v$2:" || exit 0
echo "cargo-tool: installing $1 $2" >&2
# One folder for all of them: they are made of the same crates.
CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR=target/tools cargo install --quiet --locked --debug "$1@$2"
