#!/usr/bin/env bash
# The same recordings through the program of this machine and through the one for arm64, run by an emulated processor: frames,
# masks and drawn pictures must be the same to the last bit, and with the network, whose last digits depend on the processor,
# the verdicts.
#   usage: emulated.sh PROGRAM ARM64_PROGRAM
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
program=$(realpath "$1") emulated=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Sizes that are read by libjpeg (at a half), and by the scan (at a quarter).
film() { ffmpeg -v error -f lavfi -i "$1" -t "$2" -c:v mjpeg -q:v 4 -huffman default -pix_fmt "$3" "$work/$4.avi"; }
film testsrc2=size=640x480:rate=25 6 yuvj422p small
film testsrc2=size=1280x720:rate=25 4 yuvj420p large
film testsrc2=size=320x240:rate=10 20 yuvj420p usual
film mandelbrot=size=320x240:rate=10 10 yuvj420p other
cat >"$work/without.toml" <<'END'
[network]
model = "none.onnx"
[[camera]]
source = "demo"
END
cat >"$work/with.toml" <<END
[network]
model = "$here/models/anomaly.onnx"
[[camera]]
source = "demo"
END

# by NAME LIBRARY COMMAND...: all runs of one program, into the folder NAME.
by() {
  local name=$1 library=$2
  shift 2
  sed "/model/a library = \"$library\"" "$work/with.toml" >"$work/$name.toml"
  for clip in small large; do
    "$@" analyze --config "$work/without.toml" --masks "$work/$name/$clip" --annotate "$work/$name/$clip" \
      --output "$work/$name-$clip.jsonl" "$work/$clip.avi" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
  done
  "$@" analyze --config "$work/$name.toml" --learn "$work/usual.avi" --output "$work/$name-judged.jsonl" \
    "$work/other.avi" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
  ! grep -q 'without the network' "$work/log" || { cat "$work/log" >&2; exit 1; }
}
by here "$here/target/onnxruntime/$(uname -m)/libonnxruntime.so" "$program"
# A Raspberry Pi 4's processor. QEMU's usual one has all that there is, and the network eight times slower, by emulated SVE.
by there "$here/target/cross/onnxruntime/aarch64/libonnxruntime.so" qemu-aarch64-static -cpu cortex-a72 "$emulated"

diff -r "$work/here" "$work/there"
python3 - "$work" <<'END'
import json, sys

def lines(name):
    for line in open(f"{sys.argv[1]}/{name}.jsonl"):
        verdict = json.loads(line)
        del verdict["timings_us"]
        yield verdict

def same(name, equal):
    pairs = list(zip(lines(f"here-{name}"), lines(f"there-{name}"), strict=True))
    for here, there in pairs:
        assert equal(here, there), f"{name}:\n{here}\n{there}"
    return [here for here, _ in pairs]

moving = sum(bool(verdict["regions"]) for name in ("small", "large") for verdict in same(name, lambda a, b: a == b))
assert moving > 100, f"something moves in {moving} frames alone"

KEYS = ("frame", "ai_status", "regions", "is_anomaly", "anomaly_type", "severity", "baseline_progress")

def alike(here, there):
    scores = abs(here["anomaly_score"] - there["anomaly_score"]) <= 0.01 * (1 + abs(here["anomaly_score"]))
    return scores and all(here[key] == there[key] for key in KEYS)

strange = sum(verdict["is_anomaly"] for verdict in same("judged", alike))
assert strange > 20, f"{strange} frames are strange alone"
print(f"emulated: the same masks, pictures and verdicts: {moving} frames with motion, {strange} strange ones")
END
