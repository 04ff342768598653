#!/bin/bash
# LEDs, a relay and inputs of the installed service on a booted arm64 kernel, and what becomes of the relay when the
# service, the system or the line fails.
#   usage: outputs.sh [PROGRAM]
# PROGRAM is edge-cctv for arm64; if it isn't given it is built. Ends with "N passed, N failed"; without QEMU and the
# like it says SKIPPED (BOARD_REQUIRED=1: that is a failure). Logs: target/board/outputs. What it proves and what
# not: docs/board.md.
set -uo pipefail
name=outputs
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
prepare
programs "${1:-}" none
pack
"$here/scene.sh" "$work/yard.mjpeg"
usb_camera "$work/yard.mjpeg" 15
board_start -t 1200 -r -u "$tmp/usb"

# The lines of the board's only chip; 3 is QEMU's power key.
KEY=0 BUTTON=1 PIR=2 MOTION=4 STATUS=5 RELAY=6 ALERT=7

# serve ANOMALY WHILE_LEARNING LONGEST PAUSE [RELAY_LINE]: the service with these settings.
serve() {
  start_service <<END
[server]
listen = "0.0.0.0:8000"
auth = "none"
[anomaly]
enabled = $1
# While the network looks, the board takes a frame a second, and longer gaps than this begin a motion anew.
[motion]
min_seconds = 2
hold_seconds = 2
[alert]
hold_seconds = 2
[[camera]]
name = "yard"
source = "$USB"
fps = 15
[[camera.zone]]
name = "gate"
kind = "alert"
points = [[0.5, 0.3], [1, 0.3], [1, 1], [0.5, 1]]
[[led]]
name = "status"
line = "gpiochip0:$STATUS"
shows = "status"
[[led]]
name = "motion"
line = "gpiochip0:$MOTION"
shows = "motion"
[led.patterns]
motion = "on"
[[led]]
name = "alert"
line = "gpiochip0:$ALERT"
shows = "alert"
[led.patterns]
low = "on"
medium = "on"
high = "on"
critical = "on"
silenced = "500 500"
[[relay]]
name = "siren"
line = "${5:-gpiochip0:$RELAY}"
inputs = ["pir"]
hold_seconds = 2
longest_on_seconds = $3
pause_seconds = $4
while_learning = $2
[[input]]
name = "key"
line = "gpiochip0:$KEY"
action = "arm"
[[input]]
name = "button"
line = "gpiochip0:$BUTTON"
action = "silence"
[[input]]
name = "pir"
line = "gpiochip0:$PIR"
action = "alarm"
END
}
active() { json /status 'it["camera_active"] and it["streaming"]'; }
armed() { json /status "it['armed'] is $1"; }
# Somebody walks through the yard once in 40 s.
walk_lights() { rises $MOTION 90 && rises $ALERT 30 && json /status 'it["ai_status"] != "IDLE"'; }

say "-- installed, and learning"
check "the camera is there" eventually 60 guest "test -e $USB"
check "the service can be installed" guest './install.sh && systemctl enable edge-cctv'
pin set $KEY 1
check "the service starts" serve true false 6 8 || give_up
check "the camera becomes active" eventually 60 active
check "it is active for systemd" eventually 5 guest 'systemctl is-active --quiet edge-cctv'
states() { property StatusText | grep -q 'yard streaming'; }
check "systemd shows what it does" eventually 10 states
check "the driver is gpiochip" json /api/outputs 'it["driver"] == "gpiochip"'
check "the status LED blinks slowly while it learns" eventually 30 blinks $STATUS slowly
check "the first walk shows on the motion LED, then on the alert LED" walk_lights
check "the relay stays open while it learns" steady $RELAY 0 8

say "-- not learning"
check "the service starts" serve false true 6 8 || give_up
since=$SECONDS
# What the service and the whole board have used of the CPU so far.
used() {
  guest 'p=$(systemctl show --value -p MainPID edge-cctv); awk "{print \$14 + \$15}" /proc/$p/stat
    awk "/^cpu /{for (i = 2; i <= 9; i++) s += \$i; print s}" /proc/stat; sed -n "s/VmHWM:\s*//p" /proc/$p/status' | tr '\n' ' '
}
check "the camera becomes active" eventually 60 active
read -r service_before all_before _ < <(used)
check "the status LED is lit" eventually 30 steady $STATUS 1 3
check "nothing moves, says /status" eventually 60 status_says IDLE
check "the motion LED is dark" falls $MOTION 5
check "somebody comes: motion LED, then alert LED" walk_lights
check "the relay closes" rises $RELAY 5
check "the API reads that back from the line" output siren 'o["on"] and o["read_back"] is True'
check "and says how long the picture took to the line" output siren 'o["capture_to_line_ms"] is not None'
check "it opens when nobody is there any more" falls $RELAY 15
check "the LEDs go out" eventually 20 eval 'falls $MOTION 1 && falls $ALERT 1'
check "the API reads that back too" eventually 5 output siren 'not o["on"] and o["read_back"] is False'
check "the history names the zone" json /api/outputs/history '"gate" in it["closings"][0]["reason"]'

check "the alarm input closes the relay" eval 'pin set $PIR 1 && rises $RELAY 20'
check "/status shows the input" eventually 5 json /status 'it["inputs"] == {"key": True, "button": False, "pir": True}'
check "/status shows the relay" json /status 'it["outputs"]["siren"] is True'
check "the key disarms, and the relay opens at once" eval 'pin set $KEY 0 && falls $RELAY 2'
check "/status says that it is disarmed" eventually 5 armed False
check "the relay stays open" steady $RELAY 0 10
check "the key arms" eval 'pin set $KEY 1 && eventually 5 armed True'
check "the alarm closes the relay again" rises $RELAY 20
check "the button silences: the relay opens" eval 'pin set $BUTTON 1 && falls $RELAY 2'
pin set $BUTTON 0
check "the alert LED shows that it is silenced" blinks $ALERT slowly
check "silence can be ended" post /api/alert/silence 200 '{"seconds": 0}'
check "then the alarm closes the relay" rises $RELAY 20
# Held for 50 s: closed 6 s, open 8 s, and so on.
within_limits() {
  local changes share longest shortest
  read -r changes share longest shortest < <(pin watch $RELAY 50) || return 1
  say "        $changes changes, closed $share of the time, at most $longest s, open at least $shortest s"
  [ "$changes" -ge 4 ] && python3 -c "import sys; sys.exit(not ($longest <= 6.5 and $shortest >= 7.5))"
}
check "it is never closed longer than it may, and pauses between" within_limits
pin set $PIR 0
check "it opens" falls $RELAY 10

check "disarmed by the API" post /api/arm 200 '{"mode": "disarmed"}'
check "GET /api/arm says who" json /api/arm 'not it["armed"] and it["mode"] == "disarmed" and "API" in it["why"]'
check "armed by the API" post /api/arm 200 '{"mode": "armed"}'
tested() { post /api/outputs/siren/test 200 "{\"seconds\": $1}"; }
check "the relay can be tried out, after the pause" eventually 15 tested 2
check "it closes" rises $RELAY 2
check "and opens" falls $RELAY 4
check "not again within the pause" post /api/outputs/siren/test 409
check "no such output is an error" post /api/outputs/nothing/test 404
check "silenced by the API" post /api/alert/silence 200 '{"seconds": 1}'
check "the history tells all of it" history_is_complete

# The rest of five minutes, with people walking.
[ $((SECONDS - since)) -ge 300 ] || sleep $((300 - SECONDS + since))
read -r service all memory < <(used)
share=$((100 * (service - service_before) / (all - all_before)))
say "        five minutes at 15 frames a second: $share % of the CPUs' time, at most $memory"

say "-- without a time zone database"
check "the service starts" eval 'guest "mv /usr/share/zoneinfo /tmp" && serve false true 60 1' || give_up
check "it has its lines" eventually 10 output siren 'not o["problem"]'
guest 'mv /tmp/zoneinfo /usr/share/'

say "-- lines that can't be had"
# No others wait meanwhile: each asks for the line again and again.
check "somebody else takes the relay's line" \
  guest "systemctl stop edge-cctv; gpioset --mode=signal --background gpiochip0 $RELAY=0"
check "the service starts" serve false true 60 1 || give_up
check "and says so in /status" eventually 30 missing siren
check "and at the relay" output siren 'o["problem"] and o["read_back"] is None'
check "and in the log" eval 'service_log | grep -q siren'
check "the status LED blinks fast" eventually 30 blinks $STATUS fast
guest 'pkill gpioset'
check "once the line is free it has it" eventually 90 output siren 'not o["problem"]'
check "the alarm input closes the relay" eval 'pin set $PIR 1 && rises $RELAY 20'
pin set $PIR 0
guest 'systemctl stop edge-cctv; chmod 600 /dev/gpiochip0; chgrp root /dev/gpiochip0'
check "the service starts without permission" serve false true 60 1 || give_up
check "and says so" eventually 30 missing "may not be used"
guest 'udevadm trigger --settle --subsystem-match=gpio'
check "with permission it has its lines" eventually 90 output siren 'not o["problem"]'
check "the service starts with a chip that isn't there" serve false true 60 1 nochip:1 || give_up
check "and says so" eventually 30 missing nochip
check "the status LED blinks fast" eventually 30 blinks $STATUS fast

say "-- the service ends with the relay closed"
check "the service starts" serve false true 60 1 || give_up
# ends WHAT COMMAND: the relay is safe soon, the service there again, and its history has the closing with its end.
ends() {
  local before
  before=$(closings)
  pin set $PIR 1
  check "the relay is closed" rises $RELAY 30
  check "$1: the relay becomes safe" safe_after "$1" $RELAY "$2"
  pin set $PIR 0
  check "the service is there again" eventually 60 curl -fs -o /dev/null "$url/healthz"
  check "the history has this closing and its end" eventually 20 closed_since "$before"
}
closed_since() { [ "$(closings)" -gt "$1" ] && history_is_complete; }
ends SIGKILL 'systemctl kill --kill-whom=main --signal=KILL edge-cctv'
# Twice, for Rust's handler returns from the first one, to have the access repeated that a kill hasn't got.
ends SIGSEGV 'for i in 1 2; do systemctl kill --kill-whom=main --signal=SEGV edge-cctv; done'
ends SIGSTOP 'systemctl kill --kill-whom=main --signal=STOP edge-cctv'
ends "systemctl restart" 'systemctl restart edge-cctv'

check "the log shows no panic" orderly
guest 'journalctl --no-pager --output short-monotonic >/board/out/journal.1.log'   # of this boot

say "-- the board's watchdog"
check "it can be installed" guest 'install -D -m644 watchdog.conf /etc/systemd/system.conf.d/edge-cctv.conf &&
  modprobe i6300esb && udevadm settle && systemctl daemon-reexec && wdctl'
pin set $PIR 1
check "the relay is closed" rises $RELAY 30
before=$(closings)
# Neither systemd nor anything else gets the CPUs any more.
check "systemd hangs: the relay becomes safe" safe_after "systemd hung" $RELAY 'echo -1 >/proc/sys/kernel/sched_rt_runtime_us
  (sleep 1; for cpu in 0 1; do setsid chrt -f 99 taskset -c $cpu sh -c "while :; do :; done" & done) >/dev/null 2>&1 &'
pin set $PIR 0
check "the board has reset itself and boots" booted || finish
check "the second boot knows that the watchdog did it" \
  guest 'modprobe i6300esb; [ "$(cat /sys/class/watchdog/watchdog0/bootstatus)" = 32 ]'
pin set $KEY 1
check "the service starts by itself" eventually 90 curl -fs -o /dev/null "$url/healthz"
check "the history has the closing of before the reset, and its end" eventually 20 closed_since $((before - 1))

say "-- the board is switched off"
check "the relay is closed" eventually 30 tested 60
check "the log shows no panic" orderly
# QEMU is gone in the end: what is read until then is what the service left.
goes_off() {
  pin wait $RELAY 0 40 >"$tmp/took" & local waiting=$!
  guest '(sleep 0.5; systemctl poweroff) >/dev/null 2>&1 &'
  wait $waiting && say "        relay safe $(cat "$tmp/took") s after power-off"
}
check "power-off: the relay becomes safe" goes_off
finish
