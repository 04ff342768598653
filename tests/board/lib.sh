# For tests that boot the virtual board once and drive it from the host; sourced, not run.
#   board_start [OPTIONS OF run.sh...]   boots; $in and $out are the guest's /board/in and /board/out
#   guest 'COMMAND'                      runs it in the guest as root, prints its output, returns its status
#   check WHAT COMMAND...                a case: passes if the command succeeds
#   eventually SECONDS COMMAND...        polls until the command succeeds
#   finish                               prints "N passed, N failed" and ends the script
# A board under load is slow and its clock runs on: time limits are to catch what never comes, and are long.
# shellcheck shell=bash

passed=0 failed=0 board=''

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
    sleep 0.3
  done
}

board_start() {
  echo 0 >"$in/.commands"
  cp "$here/agent.sh" "$in/"
  "$here/run.sh" "$@" "$in" "$out" bash agent.sh >"$out/run.log" 2>&1 &
  board=$!
  eventually 180 test -e "$out/agent" || { tail -n 20 "$out/run.log" >&2; return 1; }
}

board_alive() { kill -0 "$board" 2>/dev/null; }

guest() {
  # Counted in a file, for this may run in a subshell.
  local n=$(($(cat "$in/.commands") + 1))
  echo $n >"$in/.commands"
  printf '%s\n' "$1" >"$in/.command"
  mv "$in/.command" "$in/command.$n"
  eventually "${GUEST_LIMIT:-120}" test -e "$out/status.$n" || { say "the board doesn't answer: $1"; return 124; }
  cat "$out/output.$n"
  return "$(cat "$out/status.$n")"
}

# Has the agent end, so that the board powers itself off; a board that hangs is ended.
board_stop() {
  [ -n "$board" ] || return 0
  touch "$in/command.end"
  local end=$((SECONDS + 60))
  while board_alive && [ "$SECONDS" -lt "$end" ]; do sleep 0.3; done
  kill "$board" 2>/dev/null || true
  wait "$board" 2>/dev/null || true
  board=''
}

finish() {
  board_stop
  say "$passed passed, $failed failed"
  [ "$failed" = 0 ] && [ "$passed" -gt 0 ] || { say "logs: $out"; exit 1; }
  exit 0
}
