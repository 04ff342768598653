#!/bin/bash
# The installed service on an emulated Raspberry Pi 3B, which it drives with the crate rppal; and a board that doesn't
# know the time.
#   usage: pi.sh [PROGRAM]
# PROGRAM is edge-cctv for arm64; if it isn't given it is built. Ends with "N passed, N failed"; without QEMU and the
# like it says SKIPPED (BOARD_REQUIRED=1: that is a failure). Logs: target/board/pi. What it proves and what not:
# docs/board.md.
set -uo pipefail
name=pi
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
prepare
programs "${1:-}" none
pack
# Somebody who walks through a yard, once in 40 s, small enough for this board. A camera that shows something move can't
# be had: vivid's pictures have nothing that does, and the USB camera is for virt only.
"$here/scene.sh" "$work/yard.mjpeg"
ffmpeg -v error -r 15 -f mjpeg -i "$work/yard.mjpeg" -vf fps=5,scale=320:240 -c:v mjpeg -q:v 4 "$in/yard.avi"
board_start -b pi -t 600

RELAY=22 STATUS=17 MOTION=27
VIVID=/dev/v4l/by-path/platform-vivid.0-video-index0
# serve [SCHEDULE [TRUST_CLOCK]]
serve() {
  start_service <<END
trust_clock = ${2:-false}
[server]
listen = "0.0.0.0:8000"
auth = "none"
[anomaly]
enabled = false
[arming]
schedule = [${1:-}]
[alert]
hold_seconds = 1
[[camera]]
name = "yard"
source = "/board/in/yard.avi"
[[camera.zone]]
name = "gate"
kind = "alert"
points = [[0.5, 0.3], [1, 0.3], [1, 1], [0.5, 1]]
[[camera]]
name = "bars"
source = "$VIVID"
width = 320
height = 180
fps = 5
[[led]]
name = "status"
line = "GPIO$STATUS"
shows = "status"
[[led]]
name = "motion"
line = "GPIO$MOTION"
shows = "motion"
cameras = ["yard"]
[led.patterns]
motion = "on"
[[relay]]
name = "siren"
line = "GPIO$RELAY"
hold_seconds = 2
longest_on_seconds = 60
pause_seconds = 1
while_learning = true
END
}
active() { json '/status?camera=bars' 'it["camera_active"] and it["streaming"]'; }
tested() { post /api/outputs/siren/test 200 '{"seconds": 30}'; }

check "the service can be installed" guest './install.sh
  modprobe vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0 && udevadm settle'
# A real Pi has /dev/gpiomem for the group gpio. Debian's kernel has not, so rppal takes /dev/mem, which is root's.
check "and may use /dev/mem" guest 'mkdir -p /etc/systemd/system/edge-cctv.service.d
  cat >/etc/systemd/system/edge-cctv.service.d/mem.conf <<END
[Service]
User=root
CapabilityBoundingSet=CAP_SYS_RAWIO
DeviceAllow=/dev/mem rw
END
  systemctl daemon-reload'
check "the service starts" serve || give_up
check "the camera becomes active" eventually 90 active
check "the driver is rppal, found by itself" json /api/outputs 'it["driver"] == "rppal"'
check "the status LED is lit" eventually 60 steady $STATUS 1 3
check "nothing moves, says /status" eventually 60 status_says IDLE
check "the relay is open" steady $RELAY 0 1
check "somebody comes: the motion LED is lit" rises $MOTION 90
check "the relay closes" rises $RELAY 20
check "the API reads that back from the line" eventually 5 output siren 'o["read_back"] is True'
check "the motion LED goes out" falls $MOTION 60
check "the relay opens" falls $RELAY 60
check "the relay can be tried out" eventually 20 tested
check "it closes" rises $RELAY 5
check "systemctl stop: the relay becomes safe" safe_after "systemctl stop" $RELAY 'systemctl stop edge-cctv'
check "all LEDs are dark" eval 'falls $STATUS 1 && falls $MOTION 1'
check "the service starts" guest 'systemctl start edge-cctv'
check "the relay can be tried out" eventually 90 tested
check "it closes" rises $RELAY 5
check "SIGKILL: the relay becomes safe" \
  safe_after SIGKILL $RELAY 'systemctl kill --kill-whom=main --signal=KILL edge-cctv'
check "the service is there again" eventually 90 curl -fs -o /dev/null "$url/healthz"
check "the history has both closings and their ends" eventually 20 history_is_complete

say "-- the clock isn't set"
check "the service starts with a schedule" serve '"mon-sun 00:00-24:00"' || give_up
check "the camera becomes active" eventually 90 active
check "it isn't armed: the clock" eventually 20 json /api/arm 'it["armed"] is False and "clock" in it["why"]'
check "somebody comes: ALERT" eventually 90 status_says ALERT
check "the relay stays open" steady $RELAY 0 8
check "the service starts with trust_clock" serve '"mon-sun 00:00-24:00"' true || give_up
check "it is armed" eventually 30 json /api/arm 'it["armed"]'
check "its log shows no panic" orderly
finish
