#!/bin/bash
# Boots the virtual board (QEMU's machine `virt`, arm64) once, runs a command in it as root and powers off.
#   usage: run.sh [options] IN_DIR OUT_DIR COMMAND...
# IN_DIR is the guest's /board/in (read-only; COMMAND starts there), OUT_DIR its /board/out; both are live, so that the
# two sides can signal each other by files. Ends with COMMAND's exit status; 124: not done in time; 125: the board died.
# OUT_DIR gets console.log, test.log, journal.log and dmesg.log, and while the board runs, monitor.sock (QEMU's).
# TERM ends the board. What the board writes to its disk is forgotten.
#   -c DIR      the cache that build-rootfs.sh filled (filled now if empty)
#   -t SEC      time limit (600)            -m MIB  memory (512)
#   -p H:G      host port H goes to the board's G (may be repeated)
#   -u SOCKET   a USB port, at this UNIX socket (for usb-camera.py)
# end of usage
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/virtual-board limit=600 mem=512 fwd='' usb=()
while getopts c:t:m:p:u: o; do case $o in
  c) cache=$OPTARG;; t) limit=$OPTARG;; m) mem=$OPTARG;;
  p) fwd+=",hostfwd=tcp:127.0.0.1:${OPTARG%:*}-:${OPTARG#*:}";;
  u) usb=(-device qemu-xhci -chardev "socket,id=usb,path=$OPTARG,server=on,wait=off" -device "usb-redir,chardev=usb");;
  *) exit 2;;
esac; done
shift $((OPTIND - 1))
[ $# -ge 3 ] || { sed -n '2,/^# end of usage/{/^# end/!s/^# \?//p}' "$0" >&2; exit 2; }
in=$1 out=$2; shift 2
[ -s "$cache/key" ] || "$here/build-rootfs.sh" "$cache" >&2
mkdir -p "$out"; rm -f "$out"/{.rc,monitor.sock} "$out"/{console,test,journal,dmesg}.log
echo "$*" >"$out/.cmd"
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
ln -s "$tmp/monitor.sock" "$out/"                  # a link, for a socket's path must be short

args="console=ttyAMA0 quiet loglevel=3 panic=-1 net.ifnames=0 audit=0 mitigations=off"
args+=" systemd.unit=board.target systemd.show_status=false"
q=(-M virt,gic-version=3 -cpu cortex-a53 -smp 2 -m "$mem" -accel tcg,thread=multi -nodefaults -no-user-config
   -display none -no-reboot -snapshot -kernel "$cache/vmlinuz" -initrd "$cache/initrd.zst" -append "$args"
   -chardev "stdio,id=con,signal=on,logfile=$out/console.log" -serial chardev:con
   -monitor "unix:$tmp/monitor.sock,server=on,wait=off"
   -drive "file=$cache/root.ext4,format=raw,if=none,id=d0,cache=unsafe" -device virtio-blk-device,drive=d0,serial=root
   -netdev "user,id=n0$fwd" -device virtio-net-device,netdev=n0 -device virtio-rng-device
   -fsdev "local,id=in,path=$in,security_model=none,readonly=on" -device virtio-9p-device,fsdev=in,mount_tag=in
   -fsdev "local,id=out,path=$out,security_model=none" -device virtio-9p-device,fsdev=out,mount_tag=out)
rc=0
timeout --foreground "$limit" qemu-system-aarch64 "${q[@]}" "${usb[@]}" </dev/null &
qemu=$!
trap 'kill "$qemu" 2>/dev/null' TERM INT HUP       # who ends this script ends the board
wait "$qemu" || rc=$?
rm -f "$out/monitor.sock"
[ ! -s "$out/.rc" ] || exit "$(cat "$out/.rc")"
echo "run.sh: the board gave no exit status (qemu ended with $rc)" >&2
[ $rc = 124 ] && exit 124 || exit 125
