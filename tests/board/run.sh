#!/bin/bash
# Boots the virtual board (arm64, in QEMU) once, runs a command in it as root and powers off.
#   usage: run.sh [options] IN_DIR OUT_DIR COMMAND...
# IN_DIR is the guest's /board/in (COMMAND starts there), OUT_DIR its /board/out. On virt both are live, so that the
# two sides can signal each other by files; to a Pi IN_DIR is copied, and nothing comes back but what is printed.
# Ends with COMMAND's exit status; 124: not done in time; 125: the board died.
# OUT_DIR gets console.log (and on virt test.log, journal.log, dmesg.log), and while the board runs monitor.sock and
# qtest.sock (for pin.py). What comes on standard input is typed at the board's serial console.
# TERM ends the board. What the board writes to its disk is forgotten, unless it has one of its own.
#   -b virt|pi  QEMU's machine virt (default) or a Raspberry Pi 3B
#   -c DIR      the cache that build-rootfs.sh filled (filled now if empty)
#   -t SEC      time limit (600)            -m MIB  memory of virt (512)
#   -p H:G      host port H goes to the board's G (may be repeated)
#   -u SOCKET   a USB port of virt, at this UNIX socket (for usb-camera.py)
#   -d FILE     virt's disk is this file (a copy of root.ext4), which keeps what is written
#   -r          the board may reboot: COMMAND then runs again, on the same disk
#   -q ARGS     more arguments for QEMU, in one word
# end of usage
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
machine=virt cache=${XDG_CACHE_HOME:-$HOME/.cache}/virtual-board limit=600 mem=512 disk='' fwd='' usb=() reboot=(-no-reboot) more=()
while getopts b:c:t:m:p:u:d:rq: o; do case $o in
  b) machine=$OPTARG;; c) cache=$OPTARG;; t) limit=$OPTARG;; m) mem=$OPTARG;;
  p) fwd+=",hostfwd=tcp:127.0.0.1:${OPTARG%:*}-:${OPTARG#*:}";;
  u) usb=(-device qemu-xhci -chardev "socket,id=usb,path=$OPTARG,server=on,wait=off" -device "usb-redir,chardev=usb");;
  d) disk=$OPTARG;;
  r) reboot=();;
  q) read -ra more <<<"$OPTARG";;
  *) exit 2;;
esac; done
shift $((OPTIND - 1))
[ $# -ge 3 ] || { sed -n '2,/^# end of usage/{/^# end/!s/^# \?//p}' "$0" >&2; exit 2; }
in=$1 out=$2; shift 2
[ -s "$cache/key" ] || "$here/build-rootfs.sh" "$cache" >&2
mkdir -p "$out"; rm -f "$out"/{monitor,qtest}.sock "$out"/{console,test,journal,dmesg}.log
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
ln -s "$tmp"/{monitor,qtest}.sock "$out/"          # links, for a socket's path must be short

args="quiet loglevel=3 panic=-1 net.ifnames=0 audit=0 mitigations=off"
args+=" systemd.unit=board.target systemd.show_status=false"
q=(-accel tcg,thread=multi -nodefaults -no-user-config -display none -kernel "$cache/vmlinuz"
   -chardev "stdio,id=con,signal=on,logfile=$out/console.log" -netdev "user,id=n0$fwd"
   -monitor "unix:$tmp/monitor.sock,server=on,wait=off"
   -qtest "unix:$tmp/qtest.sock,server=on,wait=off" -qtest-log none)
case $machine in
virt)
  echo "$*" >"$out/.cmd"
  q+=(-M virt,gic-version=3 -cpu cortex-a53 -smp 2 -m "$mem" -initrd "$cache/initrd.zst"
      -append "console=ttyAMA0 $args" -serial chardev:con
      -drive "file=${disk:-$cache/root.ext4},snapshot=$([ "$disk" ] && echo off || echo on),format=raw,if=none,id=d0,cache=unsafe" -device virtio-blk-device,drive=d0,serial=root
      -device virtio-net-device,netdev=n0 -device virtio-rng-device -device i6300esb
      -fsdev "local,id=in,path=$in,security_model=none,readonly=on" -device virtio-9p-device,fsdev=in,mount_tag=in
      -fsdev "local,id=out,path=$out,security_model=none" -device virtio-9p-device,fsdev=out,mount_tag=out);;
pi)
  [ ${#usb[@]} = 0 ] || { echo "run.sh: -u is for virt: QEMU's USB of the Pi crashes on it" >&2; exit 2; }
  # No virtio, so no shared folders: a second cpio behind the initramfs brings the files.
  mkdir -p "$tmp"/board/{in,out}
  cp -a "$in/." "$tmp/board/in"
  echo "$*" >"$tmp/board/out/.cmd"
  { cat "$cache/initrd.zst"; (cd "$tmp" && find board | cpio -o -H newc -R 0:0 --quiet); } >"$tmp/initrd"
  # Its CPUs are four, of which the host has no use for more than two. iomem=relaxed: Debian's kernel has no
  # /dev/gpiomem, and lets /dev/mem reach the GPIO block only so. There is no clock chip, as on a real one: it is the
  # day that systemd was built.
  q+=(-M raspi3b -dtb "$cache/pi3b.dtb" -initrd "$tmp/initrd"
      -append "console=ttyS1,115200 maxcpus=2 iomem=relaxed $args" -serial null -serial chardev:con
      -drive "file=$cache/root.ext4,snapshot=on,format=raw,if=sd,cache=unsafe" -device usb-net,netdev=n0);;
*) echo "run.sh: no such board: $machine" >&2; exit 2;;
esac
rc=0
timeout --foreground "$limit" qemu-system-aarch64 "${q[@]}" "${reboot[@]}" "${usb[@]}" "${more[@]}" <&0 &
qemu=$!
trap 'kill "$qemu" 2>/dev/null' TERM INT HUP       # who ends this script ends the board
wait "$qemu" || rc=$?
rm -f "$out"/{monitor,qtest}.sock
status=$(sed -n 's/^board: command ended at .* s, status \([0-9]*\).*/\1/p' "$out/console.log" | tail -n 1)
[ -z "$status" ] || exit "$status"
echo "run.sh: the board gave no exit status (qemu ended with $rc)" >&2
[ $rc = 124 ] && exit 124 || exit 125
