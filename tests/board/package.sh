#!/bin/bash
# The package on a booted board: installed from a signed repository, upgraded by the page's button, broken and taken
# back, cut off by power failures, downgraded, removed.
#   usage: package.sh [PACKAGE]
# PACKAGE is edge-cctv's for arm64; if it isn't given it is built. CUTS is how often the power fails (4). Ends with
# "N passed, N failed"; without QEMU and the like it says SKIPPED (BOARD_REQUIRED=1: that is a failure). Logs:
# target/board/package. What it proves and what not: docs/board.md.
set -uo pipefail
name=package
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
prepare reprepro gpg dpkg-deb
package=${1:-}
if [ -z "$package" ]; then
  package=$repo/$("$repo/packaging/deb.sh" arm64 | tail -n 1 | cut -d: -f1)
fi
[ -s "$package" ] || { say "there is no package"; exit 1; }
CUTS=${CUTS:-4}
RELAY=6

# --- releases and repositories --------------------------------------------------------------------
export GNUPGHOME=$tmp/gnupg
mkdir -m 700 "$GNUPGHOME"
key() {
  gpg --batch --quiet --passphrase '' --quick-generate-key "$1" ed25519 sign 1y 2>/dev/null
  gpg --batch --quiet --with-colons --list-keys "$1" | sed -n 's/^fpr:*\([0-9A-F]*\):/\1/p' | head -n 1
}
ours=$(key 'Releases of the board test')
other=$(key 'Somebody else')

# release VERSION [SCRIPT]: the package as that version; with SCRIPT in the place of the program, which is beside it.
release() {
  local tree=$tmp/tree
  rm -rf "$tree"
  dpkg-deb -R "$package" "$tree"
  sed -i "s/^Version: .*/Version: $1/" "$tree/DEBIAN/control"
  if [ $# -gt 1 ]; then
    mv "$tree/usr/bin/edge-cctv" "$tree/usr/lib/edge-cctv/real"
    printf '#!/bin/sh\n%s\n' "$2" >"$tree/usr/bin/edge-cctv"
    chmod 755 "$tree/usr/bin/edge-cctv"
  fi
  dpkg-deb --root-owner-group -Zgzip -z1 --build "$tree" "$work/$1.deb" >/dev/null
}
www=$work/www
mkdir "$www"
# publish KEY VERSION FOLDER: what the repository has of that key's owner, after this version was added.
publish() { "$repo/packaging/repository.sh" "$tmp/$1" "$tmp/$1.apt" "$1" "$work/$2.deb" && cp -a "$tmp/$1.apt" "$www/$3"; }
# The folder is what the board finds from now on.
serve() { ln -sfn "$1" "$www/now"; }

for version in 1.0.0-1 2.0.0-1; do release $version; done
# Ends at once, and says that all is well.
release 3.0.0-1 'exit 0'
# Its camera never delivers.
release 4.0.0-1 '[ "$1" = run ] || exec /usr/lib/edge-cctv/real "$@"
sed "s|/dev/video0|/dev/video99|" /etc/edge-cctv/config.toml >/run/edge-cctv/blind.toml
exec /usr/lib/edge-cctv/real run --config /run/edge-cctv/blind.toml --state /var/lib/edge-cctv'
release 5.0.0-1
for version in 1 2 3 4 5; do
  # Lists of the same second are the same for apt.
  sleep 1.1
  publish "$ours" $version.0.0-1 $version >"$work/repository.log" 2>&1 || { say "no repository: $work/repository.log"; exit 1; }
done
publish "$other" 2.0.0-1 wrong >>"$work/repository.log" 2>&1
# A list that was good once, shown as if it were the newest.
cp -a "$www/1" "$www/old"
find "$www/old" -exec touch -d 'now + 1 minute' {} +
# The same list, and not the whole package.
cp -a "$www/2" "$www/short"
for file in "$www"/short/pool/main/e/edge-cctv/*.deb; do truncate -s -1000 "$file"; done
serve 1
web=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
python3 -m http.server --bind 127.0.0.1 --directory "$www" "$web" >"$work/web.log" 2>&1 &
trap 'kill %1 2>/dev/null; cleanup' EXIT

# --- the board --------------------------------------------------------------------------------------
cp "$www/1/edge-cctv.pgp" "$in/"
sed "s|https://.*|http://10.0.2.2:$web/now|" "$www/1/edge-cctv.sources" >"$in/edge-cctv.sources"
start() { board_start -t 3000 -d "$work/disk.ext4"; }
# A busy board takes its time.
GUEST_LIMIT=300
apt() { guest "DEBIAN_FRONTEND=noninteractive apt-get -q -y $1"; }
update() { apt '-o APT::Update::Error-Mode=any update'; }
version() { guest "dpkg-query -W -f '\${Version}' edge-cctv"; }
is() { [ "$(version)" = "$1.0.0-1" ]; }
settled() { guest 'test ! -e /var/lib/edge-cctv-update/pending && test "$(dpkg-query -W -f "\${Status}" edge-cctv)" = "install ok installed"'; }
outcome() { guest 'cat /var/lib/edge-cctv-update/outcome' | grep -qx "outcome=$1"; }
healthy() { guest 'edge-cctv health' >"$work/health.log"; }
active() { json /status 'it["camera_active"] and it["streaming"]'; }
# What the owner set, and what the camera recorded (`event` as of before) and learned: how long tells nothing, for it learns
# anew meanwhile.
kept() {
  json /api/settings 'it["settings"]["camera"]["yard"]["motion"]["min_seconds"] == 1.5' &&
    json /api/settings '[zone["name"] for zone in it["settings"]["camera"]["yard"]["zone"]] == ["gate"]' &&
    json /api/log 'any("goes on with what was learned" in line["text"] for line in it["lines"])' &&
    json "/api/events/$event" 'it["state"]' && curl -fs -m 20 -o "$out/clip.mp4" "$url/api/events/$event/recording.mp4" &&
    guest 'grep -q "name = \"yard\"" /etc/edge-cctv/config.toml && test -s /var/lib/edge-cctv/access.json'
}
happened() {
  event=$(curl -s -m 20 "$url/api/events" |
    python3 -c 'import json, sys; print([e["id"] for e in json.load(sys.stdin)["events"] if e["ended"]][0])' 2>/dev/null)
}
# A relay that is closed when something begins is open right after it.
close_relay() { eventually 60 post /api/outputs/siren/test 200 '{"seconds": 5}' && rises $RELAY 10; }

cp --sparse=always "${XDG_CACHE_HOME:-$HOME/.cache}/virtual-board/root.ext4" "$work/disk.ext4"
start
say "-- installed"
guest 'install -D -m644 /board/in/edge-cctv.pgp /usr/share/keyrings/edge-cctv.pgp &&
  install -m644 /board/in/edge-cctv.sources /etc/apt/sources.list.d/ &&
  echo vivid >/etc/modules-load.d/vivid.conf && modprobe vivid'
check "the list is signed by whom it should" update >/dev/null || give_up
since=${EPOCHREALTIME/./}
check "apt installs it" apt 'install edge-cctv' >"$work/install.log" || give_up
tell "installed" "$since"
check "it says where the page is" grep -q 'https://board.local:8000' "$work/install.log"
check "it says how to get the first password" grep -q 'sudo journalctl -u edge-cctv-password' "$work/install.log"
closed() { curl -sk -m 20 -o /dev/null -w '%{http_code}' "https://127.0.0.1:$port/status" | grep -qx 401; }
check "it asks for a login, over TLS" eventually 60 closed
check "the first password is there" guest 'journalctl -b -u edge-cctv-password --output cat | grep -qi password'
check "the service starts with the owner's configuration" start_service <<END || give_up
[server]
listen = "0.0.0.0:8000"
auth = "none"
# The board's disk is small, and an upgrade needs room of its own.
[events]
reserve_mib = 16
[[camera]]
name = "yard"
source = "/dev/video0"
format = "YUYV"
width = 320
height = 180
fps = 5
[[relay]]
name = "siren"
line = "gpiochip0:$RELAY"
longest_on_seconds = 20
pause_seconds = 1
END
check "the stream can be read" eventually 90 active
check "the relay closes" close_relay
changes() { curl -fs -m 20 -o "$out/answer.json" -X PATCH -H 'Content-Type: application/json' -d "$1" "$url/api/settings"; }
check "a setting is changed, a zone is drawn" changes '{"camera": {"yard": {"motion": {"min_seconds": 1.5},
  "zone": [{"name": "gate", "kind": "alert", "points": [[0, 0], [0.2, 0], [0.2, 0.3]]}]}}}'
# The driver's running texts are what moves; without them the event ends.
check "something moves" eventually 120 json /api/events 'it["events"]'
guest 'v4l2-ctl -d /dev/video0 -c osd_text_mode=2'
check "what happens is recorded" eventually 120 happened || give_up
check "something is learned" eventually 90 json /api/baseline 'it["learned_seconds"] > 5' || give_up
check "everything is well" eventually 60 healthy || give_up
serve 2
check "there is something newer" update >/dev/null
# The state from which the power cuts begin.
guest sync; board_stop
cp --sparse=always "$work/disk.ext4" "$work/one.ext4"
start
check "it comes back after a restart" eventually 90 healthy

say "-- refused"
# Health is asked more than once: a look of the network takes the emulated processor longer than the newest frame may be old.
nothing_changed() { is 1 && settled; }
fails() { ! "$@" >/dev/null; }
serve wrong
check "a list that somebody else has signed" fails update
check "nothing is changed" nothing_changed
check "everything is well" eventually 60 healthy
serve short
guest 'apt-get clean'
check "a package that isn't whole" fails apt 'install edge-cctv'
check "nothing is changed" nothing_changed
check "everything is well" eventually 60 healthy

say "-- upgraded by the page's button"
serve 2
check "a relay is closed meanwhile" close_relay
since=${EPOCHREALTIME/./}
check "the button asks for it" post /api/update 202
check "the relay opens" falls $RELAY 90
check "the new version is installed" eventually 240 is 2
tell "installed" "$since"
check "it works and is kept" eventually 180 outcome kept
check "nothing is left to do" eventually 30 settled
tell "judged" "$since"
check "the page tells" json /api/update 'it["phase"] == "idle" and it["last"]["to"] == "2.0.0-1"'
check "configuration, settings, password are kept" kept
check "the camera is there" eventually 60 active
check "asked again there is nothing newer" post /api/update 202
check "and it says so" eventually 90 outcome nothing
serve old
check "an old list is offered" post /api/update 202
check "it is looked at" eventually 90 json /api/update 'it["phase"] == "idle"'
newest() { guest 'grep -hx "Version: 2.0.0-1" /var/lib/apt/lists/*_Packages' >/dev/null; }
check "and the newer one stays" newest

# back_from VERSION WHY: it doesn't work, and 2 comes back within three minutes; then nobody installs it again.
back_from() {
  serve "$1"
  update >/dev/null && apt upgrade >"$work/upgrade-$1.log"
  since=${EPOCHREALTIME/./}
  check "version $1 is installed" is "$1"
  check "version 2 comes back by itself" eventually 400 back
  tell "back" "$since"
  check "it works" eventually 90 healthy
  check "the camera is there" eventually 90 active
  check "configuration, settings, password are kept" kept
  check "the page tells why" json /api/update "it['last']['outcome'] == 'taken-back' and '$2' in it['last']['why']"
  say "        $(guest 'sed -n s/^why=//p /var/lib/edge-cctv-update/outcome')"
  apt upgrade >"$work/again-$1.log"
  check "it isn't installed again" is 2
}
# The outcome alone may be of the one before.
back() { is 2 && settled && outcome taken-back; }
say "-- a release that ends at its start"
back_from 3 "no service answers"
say "-- a release without a picture"
back_from 4 "video99 is not there"

say "-- the next one"
serve 5
update >/dev/null && apt upgrade >"$work/upgrade-5.log"
check "it is installed" is 5
# Longer than the judgement takes.
check "somebody stops it" guest 'systemctl stop edge-cctv && sleep 135'
check "which isn't the version's fault" is 5
unjudged() { guest 'test "$(cat /var/lib/edge-cctv-update/pending)" = 2.0.0-1 && ! systemctl is-active edge-cctv'; }
check "it stays stopped, and isn't judged" unjudged
check "it is started again" guest 'systemctl start edge-cctv'
kept_now() { settled && outcome kept; }
check "and is kept" eventually 180 kept_now
cp "$work/1.0.0-1.deb" "$in/"
apt 'install --allow-downgrades /board/in/1.0.0-1.deb' >"$work/downgrade.log"
downgraded() { is 1 && kept_now; }
check "an older one can be installed, and is kept" eventually 180 downgraded
check "configuration, settings, password are kept" kept
check "everything is well" eventually 60 healthy

say "-- removed"
check "a relay is closed meanwhile" close_relay
check "it is removed" apt 'remove edge-cctv' >/dev/null
check "the relay is open" falls $RELAY 30
check "nothing of it runs" guest '! systemctl is-active edge-cctv edge-cctv-update.path && ! pgrep -x edge-cctv'
check "what it learned is there" guest 'test -s /var/lib/edge-cctv/access.json && test -s /etc/edge-cctv/config.toml'
check "it is installed again" apt 'install /board/in/1.0.0-1.deb' >/dev/null
check "everything is well" eventually 90 healthy
check "configuration, settings, password are kept" eventually 60 kept
check "it is purged" apt 'purge edge-cctv' >/dev/null
check "nothing is left" guest 'test ! -e /var/lib/edge-cctv -a ! -e /var/lib/edge-cctv-update -a ! -e /etc/edge-cctv -a \
  ! -e /usr/lib/edge-cctv && ! getent passwd edge-cctv && ! find /etc -name "*edge-cctv*" ! -name edge-cctv.sources | grep .'
board_stop

say "-- the power fails $CUTS times during an upgrade"
serve 2
say "        seed ${SEED:=$RANDOM}"
RANDOM=$SEED
whole() {
  settled && healthy && guest 'test -z "$(dpkg --audit edge-cctv)"' && { is 1 || is 2; }
}
for cut in $(seq "$CUTS"); do
  cp --sparse=always "$work/one.ext4" "$work/disk.ext4"
  start
  eventually 90 healthy
  guest 'systemd-run --quiet --unit=upgrade --setenv=DEBIAN_FRONTEND=noninteractive apt-get -q -y install edge-cctv'
  tenths=$((RANDOM % 500))
  sleep $((tenths / 10)).$((tenths % 10))
  say "        cut after $((tenths / 10)).$((tenths % 10)) s: $(version), $(guest 'dpkg-query -W -f "\${Status}" edge-cctv')"
  power_cut
  start
  since=${EPOCHREALTIME/./}
  check "cut $cut: the board boots, and the service runs" eventually 300 whole ||
    guest 'dpkg --audit; cat /var/lib/edge-cctv-update/outcome; journalctl -b --no-pager -u "edge-cctv*" | tail -n 40' >&2
  tell "version $(version)" "$since"
  board_stop
done
finish
