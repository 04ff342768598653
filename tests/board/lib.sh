# For tests that boot the virtual board once and drive it from the host; sourced, not run, with $name set.
#   prepare TOOL...                      the folders $in and $out (on virt the guest's /board/in and /board/out), $work,
#                                        $tmp, $url; skips the test if the board can't be made
#   programs [PROGRAM [DEVICE_TEST]]     sets $program and $device_test, builds what isn't given
#   board_start [OPTIONS OF run.sh...]   boots, with the guest's port 8000 at $url
#   power_cut                            kills it
#   guest 'COMMAND'                      runs it in the guest as root, prints its output, returns its status
#   check WHAT COMMAND...                a case: passes if the command succeeds
#   eventually SECONDS COMMAND...        polls until the command succeeds
#   json PATH EXPRESSION                 a Python expression over the answer `it` is true
#   start_service                        the installed unit with the configuration on standard input
#   pin get|wait|set|watch ...           looks at GPIO lines from outside and drives them (pin.py)
#   finish                               prints "N passed, N failed" and ends the script
# A board under load is slow and its clock runs on: time limits are to catch what never comes, and are long.
# shellcheck shell=bash

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)
passed=0 failed=0 board='' camera=''

say() { printf '%s\n' "$*" >&2; }

# Ends the script because something outside of this project is missing. With BOARD_REQUIRED=1 that is a failure.
skip() {
  say
  say "SKIPPED: $name: $*"
  say "SKIPPED: nothing was tested on the virtual board."
  say "0 passed, 0 failed"
  [ "${BOARD_REQUIRED:-0}" != 1 ] || exit 1
  exit 0
}

prepare() {
  local tool
  for tool in ffmpeg curl python3 "$@"; do
    command -v "$tool" >/dev/null || skip "$tool is missing"
  done
  work=$repo/target/board/$name
  rm -rf "$work"; mkdir -p "$work"/{in,out}
  in=$work/in out=$work/out
  "$here/build-rootfs.sh" >"$work/rootfs.log" 2>&1 || skip "the board can't be made: $(tail -n 3 "$work/rootfs.log")"
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  url=http://127.0.0.1:$port
  tmp=$(mktemp -d)                                # a socket's path must be short
  trap cleanup EXIT
}

cleanup() {
  board_stop
  [ -z "$camera" ] || kill "$camera" 2>/dev/null
  rm -rf "$tmp"
}

# --- what is tested ---------------------------------------------------------------------------
# PROGRAM is edge-cctv for arm64, DEVICE_TEST the test program tests/v4l2_device.rs for it.
programs() {
  program=${1:-} device_test=${2:-}
  if [ -z "$program" ]; then
    program=$("$repo/packaging/cross-build.sh" | tail -n 1)
    [ -x "$program" ] || { say "edge-cctv can't be built"; exit 1; }
  fi
  if [ -z "$device_test" ]; then
    device_test=$("$repo/packaging/cross-build.sh" test --release --locked --no-run --test v4l2_device 2>&1 >/dev/null |
      tee /dev/stderr | sed -n 's/.*Executable .*v4l2_device.rs (\(.*\))$/\1/p')
    [ -x "$device_test" ] || { say "tests/v4l2_device.rs can't be built"; exit 1; }
  fi
}

# What a package would bring, in $in, for install.sh in the guest.
pack() {
  local library=${CROSS_TARGET_DIR:-$repo/target/cross}/onnxruntime/aarch64
  cp "$program" "$in/edge-cctv"
  cp "$repo"/packaging/systemd/* "$here/install.sh" "$in/"
  "$repo/packaging/onnxruntime.sh" aarch64 "$library" && cp "$library/libonnxruntime.so" "$in/"
  [ ! -e "$repo/models/anomaly.onnx" ] || cp "$repo/models/anomaly.onnx" "$in/"
}

# --- cases ------------------------------------------------------------------------------------
check() {
  local what=$1; shift
  if "$@"; then
    passed=$((passed + 1)); say "ok      $what"
  else
    failed=$((failed + 1)); say "FAILED  $what"
    return 1
  fi
}

eventually() {
  local end=$((SECONDS + $1)); shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] && board_alive || return 1
    sleep 0.2
  done
}

# timed SECONDS WHAT COMMAND...: as eventually, and says how long it took.
timed() {
  local limit=$1 what=$2 start=${EPOCHREALTIME/./}; shift 2
  eventually "$limit" "$@" || return 1
  tell "$what" "$start"
}
# tell WHAT START: how long it is since then.
tell() {
  local tenths=$(((${EPOCHREALTIME/./} - $2) / 100000))
  say "        $1 after $((tenths / 10)).$((tenths % 10)) s"
}

json() {
  curl -s -m 20 "$url$1" | python3 -c 'import json, sys; it = json.load(sys.stdin); sys.exit(not eval(sys.argv[1]))' "$2" \
    2>/dev/null
}

# post PATH STATUS [BODY]: the answer has that status; it stays in $out/answer.json.
post() {
  curl -s -m 40 -o "$out/answer.json" -w '%{http_code}' -X POST -H 'Content-Type: application/json' \
    -d "${3:-}" "$url$1" | grep -qx "$2"
}

finish() {
  board_stop
  say "$passed passed, $failed failed"
  [ "$failed" = 0 ] && [ "$passed" -gt 0 ] || { say "logs: $out"; exit 1; }
  exit 0
}

# --- the board --------------------------------------------------------------------------------
board_start() {
  [ -p "$tmp/console" ] || mkfifo "$tmp/console"
  exec 4<>"$tmp/console"
  echo 0 >"$tmp/commands"
  cp "$here/agent.sh" "$in/"
  rm -f "$out/console.log"                        # of a boot before
  "$here/run.sh" -p "$port:8000" "$@" "$in" "$out" bash agent.sh <"$tmp/console" >"$out/run.log" 2>&1 &
  board=$!
  boots=0
  booted || { tail -n 20 "$out/run.log" >&2; say "the board didn't boot"; failed=1; finish; }
  say "the board is up after $SECONDS s"
}

# Waits until the board has booted, once more than before.
booted() {
  boots=$((boots + 1))
  eventually 240 agents $boots
}
agents() { [ -e "$out/console.log" ] && [ "$(grep -ac '^agent ' "$out/console.log")" -ge "$1" ]; }

board_alive() { kill -0 "$board" 2>/dev/null; }

guest() {
  # Counted in a file, for this may run in a subshell.
  local n=$(($(cat "$tmp/commands") + 1)) answer
  echo $n >"$tmp/commands"
  echo "$n $(base64 -w0 <<<"$1")" >&4
  eventually "${GUEST_LIMIT:-120}" grep -qsa "^answer $n .*"$'\r' "$out/console.log" ||
    { say "the board doesn't answer: $1"; return 124; }
  answer=$(grep -a "^answer $n " "$out/console.log" | tr -d '\r')
  base64 -d <<<"${answer#answer * * }"
  answer=${answer#answer * }
  return "${answer%% *}"
}

pin() { "$here/pin.py" "$out" "$@"; }
# rises|falls LINE SECONDS: the line is high (low) within that time.
rises() { pin wait "$1" 1 "$2" >/dev/null; }
falls() { pin wait "$1" 0 "$2" >/dev/null; }
# blinks LINE slowly|fast: half a second on and off, or a tenth; a busy board is slower than that.
blinks() {
  local changes
  read -r changes _ < <(pin watch "$1" 5) || return 1
  case $2 in
  slowly) [ "$changes" -ge 5 ] && [ "$changes" -le 13 ];;
  fast) [ "$changes" -ge 20 ];;
  esac
}
# steady LINE LEVEL SECONDS: it stays so all the while.
steady() { [ "$(pin get "$1")" = "$2" ] && [ "$(pin watch "$1" "$3" | cut -d' ' -f1)" = 0 ]; }

# The power fails: the emulator is killed. With a disk of its own (-d) the board can be started again.
power_cut() {
  pkill -KILL -f "qemu-system-aarch64 .*$out/console.log"
  wait "$board" 2>/dev/null
  board=''
}

# Has the agent end, so that the board powers itself off; a board that hangs is ended.
board_stop() {
  [ -n "$board" ] || return 0
  echo end >&4
  local end=$((SECONDS + 60))
  while board_alive && [ "$SECONDS" -lt "$end" ]; do sleep 0.3; done
  kill "$board" 2>/dev/null || true
  wait "$board" 2>/dev/null || true
  board=''
}

# --- the service ------------------------------------------------------------------------------
configure() { guest "mkdir -p /etc/edge-cctv; cat >/etc/edge-cctv/config.toml <<'END'
$(cat)
END"; }
start_service() {
  configure && guest 'systemctl restart edge-cctv' && eventually 60 curl -fs -o /dev/null "$url/healthz"
}
# Without a service all further cases would only wait for their limits.
give_up() { guest 'systemctl status --no-pager --full --lines 30 edge-cctv' >&2; finish; }
property() { guest "systemctl show --value --property $1 edge-cctv"; }
# What the service logged in this boot.
service_log() { guest 'journalctl --boot --unit edge-cctv --no-pager --output cat'; }
status_says() { json /status 'it["ai_status"] == "'"$1"'"'; }
# An output's value: output NAME EXPRESSION over `o`.
output() { json /api/outputs "[o for o in it['outputs'] if o['name'] == '$1' and ($2)]"; }
# The words are in what /status says is missing.
missing() { json /status "any('$1' in words for words in it['limits'])"; }
closings() { curl -s -m 20 "$url/api/outputs/history" | grep -o '"closed_at"' | wc -l; }
# No closing is without its end.
history_is_complete() { json /api/outputs/history 'it["closings"] and all(c["ended"] for c in it["closings"])'; }

# safe_after WHAT LINE COMMAND: the relay at that line is closed; the command is run in the guest, and it is told when
# the line is low.
safe_after() {
  [ "$(pin get "$2")" = 1 ] || return 1
  pin wait "$2" 0 90 >"$tmp/took" &
  local waiting=$!
  guest "$3" || { kill $waiting; return 1; }
  wait $waiting && say "        relay safe $(cat "$tmp/took") s after $1"
}

orderly() { service_log >"$out/service.log" && [ -s "$out/service.log" ] && ! grep -n panicked "$out/service.log" >&2; }
# TERM ends it within its time, by itself.
stop_service() { guest 'systemctl stop edge-cctv' && [ "$(property Result)" = success ]; }

# --- a USB camera, for virt -------------------------------------------------------------------
USB=/dev/v4l/by-id/usb-board_virtual_camera_0001-video-index0

# usb_camera FILE.mjpeg FPS: to be started before the board, which gets `-u "$tmp/usb"`.
usb_camera() {
  mkfifo "$tmp/orders"
  "$here/usb-camera.py" "$tmp/usb" "$1" 640x480 "$2" <"$tmp/orders" >"$work/usb-camera.log" 2>&1 &
  camera=$!
  exec 3>"$tmp/orders"
}
usb() { echo "$*" >&3; }
