#!/bin/bash
# Streams from cameras with real drivers on a booted arm64 kernel, and through what goes wrong with cameras.
#   usage: stream.sh [PROGRAM [DEVICE_TEST]]
# PROGRAM is edge-cctv for arm64, DEVICE_TEST the test program tests/v4l2_device.rs for it; what isn't given is built.
# Ends with "N passed, N failed"; without QEMU and the like it says SKIPPED (BOARD_REQUIRED=1: that is a failure).
# Logs and pictures: target/board/stream. What it proves and what not: docs/board.md.
set -uo pipefail
name=stream
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"

# --- what is needed ---------------------------------------------------------------------------
for tool in ffmpeg curl python3; do
  command -v $tool >/dev/null || skip "$tool is missing"
done
work=$repo/target/board/$name
rm -rf "$work"; mkdir -p "$work"/{in,out}
in=$work/in out=$work/out
"$here/build-rootfs.sh" >"$work/rootfs.log" 2>&1 || skip "the board can't be made: $(tail -n 3 "$work/rootfs.log")"

program=${1:-} device_test=${2:-}
if [ -z "$program" ]; then
  program=$("$repo/packaging/cross-build.sh" | tail -n 1) || { say "edge-cctv can't be built"; exit 1; }
fi
if [ -z "$device_test" ]; then
  "$repo/packaging/cross-build.sh" test --release --locked --no-run --test v4l2_device 2>&1 >/dev/null |
    tee "$work/test-build.log" >&2
  device_test=$(sed -n 's/.*Executable .*v4l2_device.rs (\(.*\))$/\1/p' "$work/test-build.log")
  [ -x "$device_test" ] || { say "tests/v4l2_device.rs can't be built"; exit 1; }
fi
cp "$program" "$in/edge-cctv"
cp "$device_test" "$in/v4l2_device"
# ONNX Runtime and the network lie beside the program, which is where it looks first.
library=${CROSS_TARGET_DIR:-$repo/target/cross}/onnxruntime/aarch64
"$repo/packaging/onnxruntime.sh" aarch64 "$library" && cp "$library/libonnxruntime.so" "$in/"
[ ! -e "$repo/models/anomaly.onnx" ] || { mkdir -p "$in/models"; cp "$repo/models/anomaly.onnx" "$in/models/"; }

# --- the board and its USB camera -------------------------------------------------------------
ffmpeg -v error -f lavfi -i testsrc2=size=640x480:rate=30 -frames:v 60 -c:v mjpeg -q:v 4 -f mjpeg "$work/camera.mjpeg"
tmp=$(mktemp -d)                                  # a socket's path must be short
camera=''
cleanup() {
  board_stop
  [ -z "$camera" ] || kill "$camera" 2>/dev/null
  rm -rf "$tmp"
}
trap cleanup EXIT
mkfifo "$tmp/orders"
"$here/usb-camera.py" "$tmp/usb" "$work/camera.mjpeg" 640x480 30 <"$tmp/orders" >"$work/usb-camera.log" 2>&1 &
camera=$!
exec 3>"$tmp/orders"
usb() { echo "$*" >&3; }

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
board_start -t 1500 -u "$tmp/usb" -p "$port:8000" || { say "the board didn't boot"; failed=1; finish; }
say "the board is up after $SECONDS s"

USB=/dev/v4l/by-id/usb-board_virtual_camera_0001-video-index0
VIVID=/dev/v4l/by-path/platform-vivid.0-video-index0
load_vivid() { guest "modprobe vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0"; }
# Switches one of vivid's faults on.
fault() { guest "v4l2-ctl -d $VIVID -c $1=1"; }

# --- the service and its figures --------------------------------------------------------------
start_service() { # LOG CAMERA
  log=$out/$1.log
  guest "RUST_BACKTRACE=1 setsid ./edge-cctv run --camera $2 --listen 0.0.0.0:8000 --state /tmp/state \
    </dev/null >/board/out/$1.log 2>&1 & echo \$! >/tmp/service"
  eventually 60 curl -fs -o /dev/null "$url/healthz"
}
# Without a service all further cases would only wait for their limits.
give_up() { tail -n 20 "$log" >&2; finish; }
# TERM ends it within 10 s, by itself.
stop_service() {
  guest 'p=$(cat /tmp/service); kill $p; for i in $(seq 100); do [ -e /proc/$p ] || exit 0; sleep 0.1; done; exit 1'
}
# json PATH EXPRESSION: a Python expression over the answer `it` is true.
json() {
  curl -s -m 20 "$url$1" | python3 -c 'import json, sys; it = json.load(sys.stdin); sys.exit(not eval(sys.argv[1]))' "$2" \
    2>/dev/null
}
active() { json /status 'it["camera_active"] and it["streaming"]'; }
# The reason that /status gives contains these words.
says() { json /status "'$1' in it.get('degraded', {}).get('reason', '')"; }
figure() { curl -s -m 20 "$url/metrics" | sed -n "s/^edge_cctv_$1{.*} //p"; }
# grown FIGURE BEFORE
grown() { local now; now=$(figure "$1"); [ -n "$now" ] && [ -n "$2" ] && [ "$now" -gt "$2" ]; }
opened() { json /api/cameras "it['cameras'][0]['opened'] | dict($1) == it['cameras'][0]['opened']"; }

# watch NAME PICTURES: that many come and decode without a complaint.
watch() {
  "$here/viewer.py" "$url/live" "$2" 90 "$work/$1.mjpeg" || return 1
  local complaints
  complaints=$(ffmpeg -v warning -f mjpeg -i "$work/$1.mjpeg" -f null - 2>&1 | grep -v 'deprecated pixel format')
  [ -z "$complaints" ] || { say "$complaints"; return 1; }
}
# The mean luma of a picture. A camera's test pattern is above 60, the NO SIGNAL picture below 45.
luma() { ffmpeg -v error -f mjpeg -i "$1" -vf scale=1:1,format=gray -f rawvideo - | od -An -tu1 | tr -d ' '; }
shows_camera() { watch "$1" 3 && [ "$(luma "$work/$1.mjpeg.last")" -gt 60 ]; }
shows_no_signal() { watch "$1" 2 && [ "$(luma "$work/$1.mjpeg.last")" -lt 45 ]; }
orderly() { ! grep -n panicked "$log" >&2; }

# --- cases ------------------------------------------------------------------------------------
load_vivid
check "both cameras appear" eventually 60 guest "test -e $USB -a -e $VIVID"
lists() { guest './edge-cctv devices' >"$out/devices.txt" && grep -q "$1" "$out/devices.txt"; }
check "devices names the USB camera by the name that stays" lists "$USB  <- use this name"
check "devices lists its format and rate" lists '640x480 *30 frames a second'
check "devices lists the GPIO chip" lists '/dev/gpiochip0 .* 8 lines'

drivers_test() { # CAMERA
  local result
  result=$(GUEST_LIMIT=300 guest "EDGE_CCTV_TEST_DEVICE=$1 ./v4l2_device --ignored --nocapture --test-threads=1")
  printf '%s\n' "$result" >>"$out/v4l2_device.txt"
  printf '%s\n' "$result" | grep -E 'test result: ok|FAILED|panicked|SKIPPED' >&2
  printf '%s\n' "$result" | grep -q 'test result: ok. [1-9]'
}
vivid_test() { drivers_test "$VIVID" && ! grep -q SKIPPED "$out/v4l2_device.txt"; }
check "capture from vivid, with its faults" vivid_test
check "capture from the USB camera" drivers_test "$USB"

say "-- USB camera, Motion JPEG"
check "the service starts" start_service usb "$USB" || give_up
check "the camera becomes active" eventually 60 active
check "it delivers MJPG 640x480" opened 'format="MJPG", width=640, height=480'
check "the stream's pictures decode without complaint" watch usb 30
check "they show the camera's picture" shows_camera usb-picture

# On a slow board a burst of bad pictures can pass while the program is busy, since it takes the newest only: the
# order is given again until one was seen.
counted_as_broken() { # BEFORE ORDER...
  local before=$1; shift
  usb "$@"
  grown frames_broken_total "$before"
}
check "cut pictures are counted as broken" eventually 30 counted_as_broken "$(figure frames_broken_total)" cut 5
check "damaged pictures are counted as broken" eventually 30 counted_as_broken "$(figure frames_broken_total)" damage 10
watch usb-damage 40 & viewer=$!
for _ in 1 2 3 4; do usb damage 3; usb cut 2; sleep 0.5; done
check "no viewer gets a damaged picture" wait $viewer
usb stall
check "a stalled transfer passes" shows_camera usb-stall

usb freeze
check "a camera that freezes is lost, in words" eventually 40 says 'no frame for'
usb thaw
check "it comes back by itself" eventually 90 active

reopened=$(figure camera_reopened_total)
watch usb-unplug 25 & viewer=$!
usb unplug
check "an unplugged camera is lost, in words" eventually 40 says 'is not there'
check "the words name other cameras that are there" says 'cameras found: '
check "not ready, says /readyz" json /readyz 'it["ready"] is False'
check "the stream shows NO SIGNAL" shows_no_signal usb-lost
usb plug
check "plugged in again, it comes back by itself" eventually 90 active
check "the reopening is counted" grown camera_reopened_total "$reopened"
check "a viewer who watched all the while lost nothing but pictures" wait $viewer
check "the stream shows the camera again" shows_camera usb-back

check "TERM ends the service" stop_service
check "its log shows no panic" orderly

say "-- vivid, raw pictures"
check "the service starts" start_service vivid "$VIVID" || give_up
check "the camera becomes active" eventually 60 active
check "it delivers YUYV 640x480" opened 'format="YUYV", width=640, height=480'
check "the stream's pictures decode without complaint" watch vivid 20
check "they show the camera's picture" shows_camera vivid-picture

broken=$(figure frames_broken_total)
fault inject_v4l2_buf_flag_error
check "a frame with the error flag is counted as broken" eventually 30 grown frames_broken_total "$broken"
check "the stream goes on" watch vivid-flag 5

reopened=$(figure camera_reopened_total)
fault inject_fatal_streaming_error
check "after a fatal error the camera is reopened" eventually 60 grown camera_reopened_total "$reopened"
check "and active again" eventually 60 active

reopened=$(figure camera_reopened_total)
fault inject_vidioc_qbuf_error
check "after a refused buffer the camera is reopened" eventually 60 grown camera_reopened_total "$reopened"
check "and active again" eventually 60 active

posts() { curl -s -m 40 -o "$out/answer.json" -w '%{http_code}' -X POST "$url/$1" | grep -qx "$2"; }
check "the camera can be stopped" posts stop 200
fault inject_vidioc_streamon_error
check "a camera that fails to start is an error" posts start 500
check "with the reason in words" grep -q 'starting to stream' "$out/answer.json"
check "it is tried again and starts" eventually 60 active

fault disconnect                                  # vivid's device appears again once nobody has it open
check "a device that is torn off is lost, in words" eventually 40 says 'unplugged'
check "it comes back by itself" eventually 60 active

check "the camera can be stopped" posts stop 200
check "nothing of the device is held: its driver can be unloaded" guest 'rmmod vivid'
check "a camera that isn't there is an error" posts start 500
check "with the reason in words, and another camera" grep -q 'is not there; cameras found: ' "$out/answer.json"
check "/status says the same" says 'is not there'
check "the stream shows NO SIGNAL" shows_no_signal vivid-lost
load_vivid
check "its driver loaded again, it comes back by itself" eventually 120 active
check "the stream shows the camera again" shows_camera vivid-back

check "TERM ends the service" stop_service
check "its log shows no panic" orderly
finish
