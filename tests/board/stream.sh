#!/bin/bash
# Streams from cameras with real drivers on a booted arm64 kernel, and through what goes wrong with cameras.
#   usage: stream.sh [PROGRAM [DEVICE_TEST]]
# PROGRAM is edge-cctv for arm64, DEVICE_TEST the test program tests/v4l2_device.rs for it; what isn't given is built.
# Ends with "N passed, N failed"; without QEMU and the like it says SKIPPED (BOARD_REQUIRED=1: that is a failure).
# Logs and pictures: target/board/stream. What it proves and what not: docs/board.md.
set -uo pipefail
name=stream
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
prepare
programs "$@"
pack
cp "$device_test" "$in/v4l2_device"

ffmpeg -v error -f lavfi -i testsrc2=size=640x480:rate=30 -frames:v 60 -c:v mjpeg -q:v 4 -f mjpeg "$work/camera.mjpeg"
usb_camera "$work/camera.mjpeg" 30
board_start -t 1500 -u "$tmp/usb"
VIVID=/dev/v4l/by-path/platform-vivid.0-video-index0
load_vivid() { guest "modprobe vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0"; }
# Switches one of vivid's faults on.
fault() { guest "v4l2-ctl -d $VIVID -c $1=1"; }

# --- the service and its figures --------------------------------------------------------------
watches() { # CAMERA [FORMAT]
  start_service <<END
[server]
listen = "0.0.0.0:8000"
auth = "none"
[[camera]]
source = "$1"
format = "${2:-auto}"
[[led]]
name = "status"
line = "gpiochip0:5"
shows = "status"
END
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
check "the service can be installed" guest ./install.sh
check "the service starts" watches "$USB" || give_up
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
check "the status LED tells so" blinks 5 fast
usb thaw
check "it comes back by itself, in 5 s" timed 5 "frames" active

reopened=$(figure camera_reopened_total)
watch usb-unplug 25 & viewer=$!
usb unplug
check "an unplugged camera is lost, in words" eventually 40 says 'is not there'
check "the journal has it as a warning of this camera" guest 'journalctl --boot --quiet --priority=warning --output=cat CAMERA=camera0 | grep -q "camera lost"'
check "the words name other cameras that are there" says 'cameras found: '
check "not ready, says /readyz" json /readyz 'it["ready"] is False'
check "the stream shows NO SIGNAL" shows_no_signal usb-lost
check "the status LED tells so" blinks 5 fast
usb plug
check "plugged in again, it comes back by itself, in 5 s" timed 5 "frames" active
check "the reopening is counted" grown camera_reopened_total "$reopened"
check "a viewer who watched all the while lost nothing but pictures" wait $viewer
check "the stream shows the camera again" shows_camera usb-back

check "the service stops" stop_service
check "its log shows no panic" orderly

say "-- vivid, raw pictures"
check "the service starts with NV12" watches "$VIVID" NV12 || give_up
check "the camera becomes active" eventually 60 active
check "it delivers NV12 640x480" opened 'format="NV12", width=640, height=480'
check "the stream's pictures decode without complaint" watch vivid-nv12 20
check "they show the camera's picture" shows_camera vivid-nv12-picture
check "the service starts" watches "$VIVID" || give_up
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
check "and active again" timed 60 "frames" active

reopened=$(figure camera_reopened_total)
fault inject_vidioc_qbuf_error
check "after a refused buffer the camera is reopened" eventually 60 grown camera_reopened_total "$reopened"
check "and active again" timed 60 "frames" active

check "the camera can be stopped" post /stop 200
fault inject_vidioc_streamon_error
check "a camera that fails to start is an error" post /start 500
check "with the reason in words" grep -q 'starting to stream' "$out/answer.json"
check "it is tried again and starts" timed 60 "frames" active

fault disconnect                                  # vivid's device appears again once nobody has it open
check "a device that is torn off is lost, in words" eventually 40 says 'unplugged'
check "it comes back by itself" timed 60 "frames" active

check "the camera can be stopped" post /stop 200
check "nothing of the device is held: its driver can be unloaded" guest 'rmmod vivid'
check "a camera that isn't there is an error" post /start 500
check "with the reason in words, and another camera" grep -q 'is not there; cameras found: ' "$out/answer.json"
check "/status says the same" says 'is not there'
check "the stream shows NO SIGNAL" shows_no_signal vivid-lost
load_vivid
check "its driver loaded again, it comes back by itself" eventually 120 active
check "the stream shows the camera again" shows_camera vivid-back

check "the service stops" stop_service
check "its log shows no panic" orderly

say "-- as it is installed"
# What answers of the installed service: the board's own certificate can't be known here.
secure() { curl -sk -m 20 -o "$out/answer.json" -w '%{http_code}' "$@" "https${url#http}/status"; }
answers() { [ "$(secure)" = "$1" ]; }
login_opens() { [ "$(secure -u "admin:$first_password")" = 200 ]; }
told() { guest 'journalctl --unit edge-cctv-password --no-pager --output cat' | sed -n 's/.*user name: admin, password: //p'; }
configure <"$repo/packaging/config.toml"
check "the service starts" guest 'systemctl restart edge-cctv' || give_up
check "it asks for a login" eventually 60 answers 401
check "unencrypted requests are sent over" test "$(curl -s -m 20 -o /dev/null -w '%{http_code}' "$url/status")" = 308
first_password=$(told)
check "the journal tells the first password, once" test "$(wc -w <<<"$first_password")" = 1
check "so does the console" grep -qsa "password: $first_password" "$out/console.log"
check "the first password opens" login_opens
check "passwords and the certificate's key are for the service alone" guest '
  [ "$(stat -c "%a %U" /var/lib/edge-cctv/access.json /var/lib/edge-cctv/tls/key.pem | sort -u)" = "600 edge-cctv" ]'
check "root can set another, which the service can read" guest 'echo "correct horse" | edge-cctv passwd --config /etc/edge-cctv/config.toml &&
  [ "$(stat -c "%a %U" /var/lib/edge-cctv/access.json)" = "600 edge-cctv" ]'
first_password="correct horse"
check "it opens within seconds" eventually 15 login_opens
check "nothing is made anew at a restart" guest 'systemctl restart edge-cctv'
check "the same password opens" eventually 60 login_opens
check "a factory reset forgets everything" guest 'systemctl stop edge-cctv &&
  edge-cctv factory-reset --yes --config /etc/edge-cctv/config.toml && [ -z "$(ls -A /var/lib/edge-cctv)" ]'
check "as new, it makes another password" guest 'systemctl start edge-cctv'
check "the old one doesn't open" eventually 60 answers 401
check "which the journal tells" test "$(told | wc -l)" = 2
check "the service stops" stop_service
finish
