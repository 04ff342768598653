#!/usr/bin/env bash
# CPU time a frame and peak memory of the whole process, beside the integration guide's pipeline in Python and OpenCV on the
# same pictures, in turns, so that a busy machine is so for both.
#   usage: compare.sh VIDEO
# VIDEO's first SECONDS_EACH are made into what a camera delivers (Motion JPEG 4:2:2, 640x480 and 1920x1080), and played as live
# again and again, so that each measurement is of all of them. Everything is on: motion, tracks, signals and, with ONNX Runtime,
# the network. Environment: SECONDS_EACH (20), ROUNDS (3),
# RATE frames a second (30), SIZES ("640x480 1920x1080"), EDGE_CCTV the program (target/release/edge-cctv).
set -euo pipefail
video=$1
here=$(cd "$(dirname "$0")/.." && pwd)
program=${EDGE_CCTV:-$here/target/release/edge-cctv}
seconds=${SECONDS_EACH:-20} rounds=${ROUNDS:-3}
python=$here/target/compare/bin/python
work=$(mktemp -d)
pid=
trap 'kill $pid 2>/dev/null || true; rm -rf "$work"' EXIT

[ -x "$python" ] || python3 -m venv "$here/target/compare"
"$python" -c 'import cv2' 2>/dev/null || {
  echo "compare: installing OpenCV for Python" >&2
  "$here/target/compare/bin/pip" install --quiet --disable-pip-version-check opencv-python-headless==5.0.0.93
}

ticks() { awk '{ print $14 + $15 }' "/proc/$pid/stat"; }
# All that came: those that were analysed, and those that needed none.
frames() { curl -fs "$url/metrics" | awk '/^edge_cctv_frames_(analyzed|spared)_total/ { sum += $2 } END { print sum }'; }

# ours PATH: milliseconds of CPU a frame, frames a second, and peak memory, while PATH is watched.
ours() {
  local viewer='' begin ticks frame
  if [ -n "$1" ]; then
    curl -fsN "$url/$1" -o /dev/null &
    viewer=$!
    sleep 1
  fi
  ticks=$(ticks) frame=$(frames) begin=${EPOCHREALTIME/./}
  sleep "$seconds"
  ticks=$(($(ticks) - ticks)) frame=$(($(frames) - frame))
  [ -z "$viewer" ] || { kill $viewer; wait $viewer 2>/dev/null || true; }
  awk -v ticks=$ticks -v hertz="$(getconf CLK_TCK)" -v frames=$frame -v micros=$((${EPOCHREALTIME/./} - begin)) \
    -v memory="$(awk '/VmHWM/ { print $2 }' "/proc/$pid/status")" 'BEGIN {
      printf "%.3f %.1f %.1f\n", 1000 * ticks / hertz / frames, 1000000 * frames / micros, memory / 1024 }'
}

for size in ${SIZES:-640x480 1920x1080}; do
  camera=$work/$size.avi
  ffmpeg -v error -i "$video" -t "$seconds" -vf "scale=${size/x/:},fps=${RATE:-30}" -c:v mjpeg -q:v 4 -huffman default \
    -pix_fmt yuvj422p -an "$camera"
  "$program" run --camera "$camera" --listen 127.0.0.1:0 --state "$work/state" 2>"$work/log" &
  pid=$!
  until url=$(grep -o 'http://127[^ ]*' "$work/log"); do sleep 0.1; done
  until n=$(frames) && [ "${n:-0}" -gt 100 ]; do sleep 0.2; done
  for _ in $(seq "$rounds"); do
    echo "reference $("$python" "$here/benches/guide_pipeline.py" "$camera" | sed 's/ / - /')"
    echo "no-viewer $(ours '')"
    echo "drawn-by-the-browser $(ours 'live?overlay=0')"
    echo "overlay $(ours live)"
  done >"$work/results"
  kill $pid
  wait $pid || true
  awk -v size=$size '
    { cpu[$1] += $2; rate[$1] += $3; if ($4 > memory[$1]) memory[$1] = $4; count[$1]++; if (!($1 in seen)) order[++names] = $1; seen[$1] }
    END {
      for (i = 1; i <= names; i++) {
        name = order[i]
        printf "%s %-20s %6.2f ms of CPU a frame, 1/%.1f, peak memory %5.1f MB", size, name, cpu[name] / count[name],
          cpu["reference"] / cpu[name], memory[name]
        if (rate[name]) printf ", %.1f frames a second", rate[name] / count[name]
        print ""
      }
    }' "$work/results"
done
