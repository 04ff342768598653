#!/usr/bin/env bash
# CPU time a frame and peak memory of the whole process, without and with one viewer.
#   usage: whole-process.sh VIDEO [REFERENCE.py [PYTHON]]
# VIDEO is played as a live MJPEG camera would deliver it (converted once, by ffmpeg). With REFERENCE.py, the
# Python program that people compare with, its `measure` runs on the same pictures in the same run.
set -euo pipefail
video=$1 reference=${2:-} python=${3:-python3}
here=$(cd "$(dirname "$0")/.." && pwd)
program=${EDGE_CCTV:-$here/target/release/edge-cctv}
seconds=${SECONDS_EACH:-20}
work=$(mktemp -d)
pid=
trap 'kill "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT

ffmpeg -v error -i "$video" -c:v mjpeg -q:v 4 -pix_fmt yuvj422p -an "$work/camera.avi"

cpu_ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
frames() { curl -fs "$url/status" | grep -o '"total_frames_analyzed":[0-9]*' | cut -d: -f2; }

"$program" run --camera "$work/camera.avi" --listen 127.0.0.1:0 --state "$work/state" 2>"$work/log" &
pid=$!
until url=$(grep -o 'http://127[^ ]*' "$work/log"); do sleep 0.1; done
until n=$(frames) && [ "${n:-0}" -gt 20 ]; do sleep 0.2; done

measure() { # NAME
  local ticks frame
  ticks=$(cpu_ticks $pid) frame=$(frames)
  sleep "$seconds"
  ticks=$(($(cpu_ticks $pid) - ticks)) frame=$(($(frames) - frame))
  awk -v name="$1" -v ticks="$ticks" -v hertz="$(getconf CLK_TCK)" -v frames="$frame" -v seconds="$seconds" \
    -v memory="$(awk '/VmHWM/ { print $2 }' /proc/$pid/status)" 'BEGIN {
      printf "%-12s %6.2f ms of CPU a frame, %5.1f frames a second, peak memory %5.1f MB\n",
        name, 1000 * ticks / hertz / frames, frames / seconds, memory / 1024 }'
}

measure "no viewer"
curl -fsN "$url/live" -o /dev/null &
viewer=$!
sleep 1
measure "one viewer"
kill $viewer
[ -z "$reference" ] || "$python" "$reference" measure "$work/camera.avi" --threads 1 |
  sed 's/^/reference    /'
