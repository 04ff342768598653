#!/usr/bin/env bash
# Checks the Yocto layer.
#   usage: yocto-check.sh               what the layer repeats, its style (oelint-adv), the kas files' form
#          yocto-check.sh TREES [DIR]   and bitbake: all recipes are parsed, each task of image and bundle is resolved
# TREES has the source trees bitbake, openembedded-core, meta-rauc and meta-raspberrypi, of the commits in yocto/kas; DIR is where to work (a new folder in /tmp), some hundred MB. Nothing is
# fetched or built: a dry run (bitbake -n) shows that every task is there, and not that it works. It takes half an hour
# on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."
layer=yocto/meta-edge-cctv

packaging/yocto-crates.py --check

# --- style ---------------------------------------------------------------------------------------
tools=target/yocto-tools
wanted="oelint-adv==9.11.2 oelint-data==1.5.26 oelint-parser==8.13.2 kas==5.5"
[ "$(cat $tools/installed 2>/dev/null)" = "$wanted" ] || {
  echo "yocto-check: installing ${wanted// /, }" >&2
  rm -rf $tools
  python3 -m venv $tools
  # shellcheck disable=SC2086
  $tools/bin/pip install --quiet --disable-pip-version-check $wanted
  echo "$wanted" >$tools/installed
}
# Not asked: whether HOMEPAGE answers, for the project has none yet; whether a licence comes with the fetched source,
# for what has no source but the layer's own files is under MIT. What is known besides is in oelint.json.
find $layer \( -name '*.bb' -o -name '*.bbappend' -o -name '*.bbclass' -o -name '*.inc' -o -path '*/conf/*.conf' \) -print0 |
  xargs -0 $tools/bin/oelint-adv --quiet --relpaths --hide info --release wrynose --extra-layer rauc raspberrypi \
    --constantmods +yocto/oelint.json --suppress oelint.vars.homepageping --suppress oelint.var.licenseremotefile
$tools/bin/python - yocto/kas/*.yml <<'PYTHON'
import pathlib
import sys

import jsonschema
import yaml
from kas.configschema import CONFIGSCHEMA

for name in sys.argv[1:]:
    config = yaml.safe_load(pathlib.Path(name).read_text())
    jsonschema.validate(config, CONFIGSCHEMA)
    for other in config["header"].get("includes", []):
        pathlib.Path(name).with_name(other).read_text()
PYTHON
echo "yocto-check: the layer's style and the kas files are right" >&2
[ $# -gt 0 ] || exit 0

# --- bitbake -------------------------------------------------------------------------------------
trees=$(realpath "$1") work=${2:-$(mktemp -d /tmp/yocto-check.XXXXXX)}
missing=()
for tool in chrpath diffstat gawk lz4c localedef rpcgen; do command -v $tool >/dev/null || missing+=("$tool"); done
[ ${#missing[@]} = 0 ] || { echo "yocto-check: bitbake wants ${missing[*]}: apt install chrpath diffstat gawk lz4 locales rpcsvc-proto" >&2; exit 1; }
mkdir -p "$work"
# Outside the checkout, which others than its owner may not be able to read.
rm -rf "$work/meta-edge-cctv"
cp -r $layer "$work/"
# Keys for nobody, to see that everything else is there. They are gone with the folder.
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj "/CN=dry run" -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
# bitbake runs in no other locale, and never as root.
[ -d "$work/locale/en_US.UTF-8" ] || {
  mkdir -p "$work/locale"
  localedef -i en_US -f UTF-8 "$work/locale/en_US.UTF-8"
}
user=()
[ "$(id -u)" != 0 ] || {
  chown -R 65534:65534 "$work"
  user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
}

# A configuration for a board. What follows is appended.
configure() {
  local build=$work/$1
  mkdir -p "$build/conf"
  {
    echo 'BBPATH = "${TOPDIR}"'
    echo 'BBFILES ?= ""'
    printf 'BBLAYERS = "%s"\n' "$trees/openembedded-core/meta $trees/meta-rauc $work/meta-edge-cctv ${*:2}"
  } >"$build/conf/bblayers.conf"
  {
    printf 'MACHINE = "%s"\n' "$1"
    printf '%s\n' 'require conf/edge-cctv-appliance.conf' 'BB_NO_NETWORK = "1"' 'CONF_VERSION = "2"' \
      'LICENSE_FLAGS_ACCEPTED += "synaptics-killswitch"' 'INHERIT:remove = "uninative"'
  } >"$build/conf/local.conf"
  keys=(EDGE_CCTV_RAUC_KEY_FILE="$work/key.pem" EDGE_CCTV_RAUC_CERT_FILE="$work/cert.pem"
    EDGE_CCTV_RAUC_KEYRING_FILE="$work/cert.pem")
  [ "$(id -u)" != 0 ] || chown -R 65534:65534 "$build"
}

# bitbake for a board, with the keys that are set.
bake() {
  (cd "$work/$1" && "${user[@]}" env -i HOME="$work" PATH="$trees/bitbake/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
    LOCPATH="$work/locale" LANG=en_US.UTF-8 BUILDDIR="$PWD" "${keys[@]}" \
    BB_ENV_PASSTHROUGH_ADDITIONS="LOCPATH EDGE_CCTV_RAUC_KEY_FILE EDGE_CCTV_RAUC_CERT_FILE EDGE_CCTV_RAUC_KEYRING_FILE" \
    bitbake "${@:2}") 2>&1
}

# Without keys there is no image, in words.
refuses() {
  local said
  keys=()
  if said=$(bake "$1" -n "$2"); then
    echo "yocto-check: $2 is made without keys" >&2
    exit 1
  fi
  grep -q "was skipped: EDGE_CCTV_RAUC_.*_FILE isn't set" <<<"$said" || { echo "$said" >&2; exit 1; }
}

check() {
  local log=$work/$1.log
  configure "$@"
  bake "$1" -p | tee "$log"
  grep -q "skipped, [0-9]* masked, 0 errors" "$log" || { echo "yocto-check: not everything can be parsed" >&2; exit 1; }
  bake "$1" -n edge-cctv-image edge-cctv-bundle >>"$log" || { tail -50 "$log" >&2; exit 1; }
  grep -m1 "Tasks Summary" "$log"
  echo "yocto-check: $1: every task is resolved ($log)" >&2
}

check qemuarm64
refuses qemuarm64 edge-cctv-image
refuses qemuarm64 edge-cctv-bundle
echo "yocto-check: neither image nor bundle is made without keys" >&2
check raspberrypi4-64 "$trees/meta-raspberrypi"
check raspberrypi5 "$trees/meta-raspberrypi"
