#!/bin/bash
# Runs in the guest: executes what lib.sh types at the serial console, a number and a command a line, the command in
# base64, and answers in a line: "answer NUMBER STATUS OUTPUT". Not by files, for a Pi shares none with the host.
exec </dev/console
dmesg -n 1                                         # no line of the kernel's within an answer
stty -echo -icanon
echo "agent $(cut -d' ' -f1 /proc/uptime)" >/dev/console
while read -r number command; do
  [ "$number" != end ] || exit 0
  base64 -d <<<"$command" >/tmp/.command
  bash /tmp/.command </dev/null >/tmp/.output 2>&1
  printf 'answer %s %s %s\n' "$number" $? "$(base64 -w0 /tmp/.output)" >/dev/console
done
