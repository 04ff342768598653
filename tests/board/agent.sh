#!/bin/bash
# Runs in the guest: executes the commands that lib.sh leaves in /board/in, one after another.
cd /board/in || exit 1
touch /board/out/agent
n=1
while :; do
  until [ -e "command.$n" ]; do
    [ ! -e command.end ] || exit 0
    sleep 0.1
  done
  bash "command.$n" >"/board/out/output.$n" 2>&1
  echo $? >"/board/out/.status"
  mv /board/out/.status "/board/out/status.$n"
  n=$((n + 1))
done
