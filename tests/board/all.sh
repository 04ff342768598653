#!/bin/bash
# Builds for the board once and runs all of its scripts, one after another: two boards at once are too slow.
#   usage: all.sh [PROGRAM [DEVICE_TEST]]
# The arguments are those of stream.sh; what isn't given is built. Ends with the sum and an exit status.
set -uo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
programs "$@"
mkdir -p "$repo/target/board"
for name in stream outputs pi; do
  say "== $name"
  start=$SECONDS
  "$here/$name.sh" "$program" "$device_test" 2>&1 | tee "$repo/target/board/$name.log" >&2
  status=${PIPESTATUS[0]}
  say "        $name: $((SECONDS - start)) s"
  # What broke off before its sum has failed, and what was skipped though it is required.
  sum=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$repo/target/board/$name.log" | tail -n 1)
  sum=${sum:-0 0}
  passed=$((passed + ${sum% *})) failed=$((failed + ${sum#* }))
  [ "$status" = 0 ] || [ "${sum#* }" -gt 0 ] || failed=$((failed + 1))
done
say "== $passed passed, $failed failed in $SECONDS s"
[ "$failed" = 0 ]
