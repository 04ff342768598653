#!/usr/bin/env bash
# Fuzzes whatever reads bytes that others made (fuzz/), with AddressSanitizer over Rust and C alike. Fails on any finding.
#   usage: fuzz.sh SECONDS [TARGET...]      each target for so long; default: all
#          fuzz.sh build                    builds only, and prints the folder of the programs
#          fuzz.sh keep [TARGET...]         brings what was found into fuzz/found, as few inputs as reach the same code
# Starts with fuzz/corpus and fuzz/found, which are part of the project, and with what earlier runs here found
# (target/fuzz/found). A finding lies in target/fuzz/findings; the same program with that file as its argument shows it
# again. Environment:
#   FUZZ_JOBS   so many targets at once (the number of processors)
# Any Rust will do: what AddressSanitizer needs of it is a nightly feature that stable compilers have, too.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$PWD/target/fuzz
programs=$work/x86_64-unknown-linux-gnu/release

case ${1:-} in
build | keep) action=$1 ;;
'' | *[!0-9]*) sed -n '3,5p' "$0" >&2; exit 2 ;;
*) action=run seconds=$1 ;;
esac
shift
[ "$(uname -m)" = x86_64 ] || { echo "fuzz: this is for x86_64 machines" >&2; exit 1; }

packaging/setup.sh fuzz
packaging/cargo-tool.sh cargo-fuzz 0.13.2

# clang, for libFuzzer sees what its code does, and OpenH264 without assembly, into which nobody sees. (The JPEG library
# keeps its assembly: without it, it is another program.)
flags="-g1 -fsanitize=address,fuzzer-no-link -fsanitize-ignorelist=$PWD/fuzz/uninstrumented.txt"
flags+=" -fsanitize-coverage-ignorelist=$PWD/fuzz/uninstrumented.txt"
CC=clang CXX=clang++ CFLAGS=$flags CXXFLAGS=$flags OPENH264_NO_ASM=1 RUSTC_BOOTSTRAP=1 \
  cargo fuzz build --target-dir "$work" >&2
[ $action != build ] || { echo "$programs"; exit; }

[ $# -gt 0 ] || mapfile -t < <(cargo fuzz list)
[ $# -gt 0 ] || set -- "${MAPFILE[@]}"

# Files that targets write are in memory, and gone with the script.
memory=/dev/shm
[ -w $memory ] || memory=${TMPDIR:-/tmp}
TMPDIR=$(mktemp -d -p "$memory")
trap 'rm -rf "$TMPDIR"' EXIT
export TMPDIR

# What a target is started with, one a line.
options() {
  local longest=4096 words
  case $1 in
  avi | h264 | jpeg | mp4 | png | raw_frame) longest=16384 ;;
  baseline) longest=400000 ;;
  config | settings_file | settings_patch) words=config ;;
  esac
  [ -n "${words:-}" ] || words=$1
  # Memory as on a small board; a hundred times the time of the slowest input that is known.
  printf '%s\n' "-max_len=$longest" -rss_limit_mb=1024 -timeout=20
  [ ! -e "fuzz/dictionaries/$words.dict" ] || echo "-dict=fuzz/dictionaries/$words.dict"
}

# What is kept of a target, where its program reads it, and a place for what it finds.
unpack() {
  rm -rf "$work/kept/$1"
  mkdir -p "$work/kept/$1" "$work/found/$1"
  tar -C "$work/kept/$1" -xJf "fuzz/found/$1.tar.xz"
}

one() {
  local target=$1 log=$work/logs/$1.log arguments state=passed
  mkdir -p "$work/logs" "$work/findings/$target"
  mapfile -t arguments < <(options "$target")
  unpack "$target"
  "$programs/$target" "${arguments[@]}" -max_total_time="$seconds" -print_final_stats=1 -verbosity=1 \
    -artifact_prefix="$work/findings/$target/" "$work/found/$target" "$work/kept/$target" "fuzz/corpus/$target" \
    >"$log" 2>&1 || state=FAILED
  figure() { sed -n "s/^stat::$1: *//p" "$log"; }
  printf '%-15s %10s executions, %7s a second, %s, %s new inputs, %s MB: %s\n' "$target" \
    "$(figure number_of_executed_units)" "$(figure average_exec_per_sec)" \
    "$(grep -o 'cov: [0-9]* ft: [0-9]*' "$log" | tail -1)" "$(figure new_units_added)" "$(figure peak_rss_mb)" $state
  [ $state = passed ] || { grep -v '^#' "$log" | tail -40 >&2; return 1; }
}

case $action in
keep)
  for target; do
    mapfile -t arguments < <(options "$target")
    unpack "$target"
    fewest=$(mktemp -d)
    # By the code they reach, not by how often.
    "$programs/$target" "${arguments[@]}" -use_counters=0 -set_cover_merge=1 "$fewest" "fuzz/corpus/$target" \
      "$work/kept/$target" "$work/found/$target" >"$work/logs/$target.keep.log" 2>&1
    tar -C "$fewest" -cJf "fuzz/found/$target.tar.xz" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 .
    echo "$target: $(find "$fewest" -type f | wc -l) inputs, $(stat -c %s "fuzz/found/$target.tar.xz") bytes"
  done
  ;;
run)
  failed=0
  for target; do
    while [ "$(jobs -rp | wc -l)" -ge "${FUZZ_JOBS:-$(nproc)}" ]; do wait -n || failed=1; done
    one "$target" &
  done
  while [ "$(jobs -p | wc -l)" -gt 0 ]; do wait -n || failed=1; done
  [ $failed = 0 ] || { echo "fuzz: see target/fuzz/findings" >&2; exit 1; }
  ;;
esac
