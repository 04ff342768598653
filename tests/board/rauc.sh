#!/bin/bash
# Updates of the whole system by RAUC on a booted arm64 kernel: two systems A and B, signed bundles, and what goes wrong.
#   usage: rauc.sh [PROGRAM]
# PROGRAM is edge-cctv for arm64; built if it isn't given. What judges, decides and configures is the Yocto layer's.
# Environment: CUTS  how often the power is cut during an installation (10)     SEED  of their moments
#              PATIENCE  seconds until the judgement is bad (40; as it ships 120)
#              LAYER  another copy of the layer's dynamic-layers/rauc
# Ends with "N passed, N failed"; without QEMU and the like it says SKIPPED (BOARD_REQUIRED=1: that is a failure).
# Logs: target/board/rauc. What it proves and what not: docs/board.md.
set -uo pipefail
name=rauc
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=rauc/images.sh
. "$(dirname "$0")/rauc/images.sh"
CUTS=${CUTS:-10} SEED=${SEED:-$RANDOM} PATIENCE=${PATIENCE:-40}

# RAUC's host tool and what it needs, as cross-build.sh does with the compiler.
if ! command -v rauc >/dev/null || ! command -v mksquashfs >/dev/null; then
  sudo=(); [ "$(id -u)" = 0 ] || sudo=(sudo)
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 install -y \
    --no-install-recommends rauc squashfs-tools >/dev/null 2>&1
fi
prepare rauc mksquashfs openssl debugfs resize2fs
[ -e "$appliance/edge-cctv-health.service" ] || skip "the Yocto layer has no edge-cctv-health.service"
programs "${1:-}" none

part() { [ -z "${begun:-}" ] || say "        $((SECONDS - begun)) s"; begun=$SECONDS; say "-- $*"; }

# --- the board --------------------------------------------------------------------------------
# Disks that keep what is written, as run.sh's own doesn't.
disks=''
disk() { disks+=" -drive file=$work/$1.img,format=raw,if=none,id=$1,snapshot=off -device virtio-blk-device,drive=$1,serial=$1"; }
power_on() {
  [ ! -e "$out/console.log" ] || cat "$out/console.log" >>"$work/consoles.log"
  rm -f "$out/console.log" "$tmp/console"
  board_start -r -t 3000 -q "-pidfile $tmp/qemu.pid $disks"
}
cut_power() {
  kill -KILL "$(cat "$tmp/qemu.pid")"
  wait "$board" 2>/dev/null
  board=''
}

runs() { # SLOT VERSION
  guest "grep -q rauc.slot=$1 /proc/cmdline && grep -qx '$2' /etc/system-version"
}
running() { guest "sed 's/.*rauc.slot=//; s/ .*//' /proc/cmdline"; }
variable() { grep -qx "$1" "$out/uboot.env"; }
good() { variable "BOOT_$1_LEFT=3"; }
answers() { [ "$(curl -sk -m 20 -o /dev/null -w '%{http_code}' "https${url#http}/healthz")" = 200 ]; }
delivers() { guest 'edge-cctv health --record /tmp/now && grep -q "camera yard" /tmp/now'; }
install_bundle() { GUEST_LIMIT=400 guest "rauc install ${folder:-/board/in}/$1.raucb" >"$out/install.log"; }

# The boot loader's starts until now; and after that many more of them the system runs.
starts() { grep -c '^Starting system' "$out/boot.log"; }
has_started() { [ "$(starts)" -ge "$1" ]; }
after_starts() { # COUNT SLOT VERSION
  local wanted=$((starts_before + $1))
  eventually 900 has_started "$wanted" || return 1
  # An agent in a system that was about to be left doesn't count.
  boots=$(grep -ac '^agent ' "$out/console.log")
  booted && [ "$(starts)" = "$wanted" ] && runs "$2" "$3"
}
restart() { starts_before=$(starts); guest '(sleep 1; systemctl reboot) >/dev/null 2>&1 &'; }
# Since the board was switched on, the judgement gave this reason, at the console.
judged() { grep -qa "$1" "$out/console.log"; }
attempts() { sed "s/^BOOT_$1_LEFT=.*/BOOT_$1_LEFT=$2/" "$out/uboot.env" >"$tmp/uboot.env" && cp "$tmp/uboot.env" "$out/"; }

# --- what is kept -----------------------------------------------------------------------------
page() { curl -sk -m 40 -u "admin:correct horse" "$@"; }
has_setting() { page "https${url#http}/api/settings" | grep -q '"hold_seconds":7.7'; }
change_setting() {
  page -X PATCH -H 'Content-Type: application/json' -d '{"camera":{"yard":{"motion":{"hold_seconds":7.7}}}}' \
    -o "$out/answer.json" "https${url#http}/api/settings"
  has_setting
}
certificate() { openssl s_client -connect "127.0.0.1:$port" </dev/null 2>/dev/null | openssl x509 -noout -fingerprint; }
data_is_kept() { eventually 60 has_setting && [ "$(certificate)" = "$fingerprint" ]; }

# --- what must be refused ---------------------------------------------------------------------
# Nothing of the other system is written, and the boot loader isn't told anything.
content() { guest sync; sha256sum "$work/slot$1.img" "$out/uboot.env"; }
refused() { # BUNDLE SLOT WORDS
  local before
  before=$(content "$2")
  ! install_bundle "$1" && grep -qiE "$3" "$out/install.log" && [ "$(content "$2")" = "$before" ] ||
    { cat "$out/install.log" >&2; return 1; }
}

# --- systems and bundles ----------------------------------------------------------------------
part "systems and bundles"
keys && base_image "$work/base.ext4" || { say "the system can't be made"; failed=1; finish; }
variant first 1; variant second 2; variant blind 3; variant broken 4; variant dead 5; variant third 6
take_out "$images/blind.ext4" "$(debugfs -R 'ls -p /usr/lib/modules' "$work/base.ext4" 2>/dev/null |
  sed -n 's|^/[^/]*/04[^/]*/[^/]*/[^/]*/\([0-9][^/]*\)/.*|/usr/lib/modules/\1/kernel/drivers/media/test-drivers/vivid/vivid.ko|p')"
mkdir -p "$tmp/broken/usr/bin"
printf '#!/bin/sh\necho "a library is missing" >&2\nexit 127\n' >"$tmp/broken/usr/bin/edge-cctv"
chmod +x "$tmp/broken/usr/bin/edge-cctv"
put "$images/broken.ext4" "$tmp/broken"
take_out "$images/dead.ext4" /usr/lib/systemd/systemd
for system in second:2 blind:3 broken:4 dead:5 third:6; do
  bundle "${system%:*}" "$images/${system%:*}.ext4" "${system#*:}"
done
head -c 100000 /dev/urandom >"$tmp/small"
bundle stranger "$tmp/small" 9 edge-cctv-board theirs
bundle other-board "$tmp/small" 9 edge-cctv-toaster
bundle plain "$tmp/small" 9 edge-cctv-board ours plain
head -c 9000000 "$in/second.raucb" >"$in/truncated.raucb"
cp "$in/second.raucb" "$in/damaged.raucb"
dd if=/dev/urandom of="$in/damaged.raucb" bs=4096 count=8 seek=$(($(stat -c %s "$in/second.raucb") / 8192)) conv=notrunc status=none
check "the bundles are there" test "$(find "$in" -name '*.raucb' -size +100k | wc -l)" -ge 7 || finish

size=$(($(stat -c %s "$work/base.ext4") + (16 << 20)))
cp --sparse=always "$images/first.ext4" "$work/slotA.img"
truncate -s $size "$work/slotA.img" "$work/slotB.img"
truncate -s 64M "$work/data.img"
mke2fs -q -t ext4 "$work/data.img"
printf 'mkdir /var\nmkdir /var/lib\nmkdir /rauc\n' | debugfs -w -f - "$work/data.img" >/dev/null 2>&1
rm -r "$work/base.ext4" "$images"
sed -e 's|@DEVICE@|virtio 0|; s|@PARTITION@|/dev/vda|; s|@KERNEL@|Image|' "$layer/recipes-bsp/boot-script/files/boot.cmd.in" >"$in/boot.cmd"
cp "$here/rauc/bootloader" "$in/"
say "        a system of $((size >> 20)) MiB, a bundle of $(($(stat -c %s "$in/second.raucb") >> 20)) MiB"
for system in slotA slotB data; do disk $system; done

# --- cases ------------------------------------------------------------------------------------
part "the first system"
power_on
check "A runs" runs A 1
check "the service answers" eventually 60 answers || give_up
check "the camera delivers" eventually 60 delivers
check "A is marked good" good A
check "a password can be set" guest 'echo "correct horse" | edge-cctv passwd --config /etc/edge-cctv/config.toml 2>/dev/null'
check "a setting can be changed" change_setting
fingerprint=$(certificate)

part "bundles that are refused before anything is written"
check "of another owner" refused stranger B 'signature verification failed'
check "for another board" refused other-board B 'compatible'
# From a disk of its own: bundles of that format are looked at only there.
guest 'cp /board/in/plain.raucb /data/'
folder=/data check "of the format whose content isn't checked while it is read" refused plain B 'format'
check "cut short" refused truncated B 'signature size'
cp "$out/install.log" "$work/truncated.log"

part "an update"
begin=$SECONDS
check "is installed" install_bundle second
took=$((SECONDS - begin))
say "        in $took s"
restart
check "B runs, with the new version" after_starts 1 B 2 || give_up
check "it is marked good" good B
check "nothing is left to be judged" guest 'test ! -e /data/update/before.json'
check "the service answers" eventually 60 answers
check "password, setting and certificate are kept" data_is_kept
check "the camera delivers" eventually 60 delivers

part "a bundle that is damaged inside"
! install_bundle damaged; damaged=$?
check "is noticed while it is written" test $damaged = 0
check "and can't be started" variable BOOT_A_LEFT=0
check "B goes on" answers

part "an unplugged camera"
# What was noted for the update that failed isn't demanded of this system, which would restart for ever.
echo modprobe.blacklist=vivid >"$in/arguments"
restart
check "starts nothing but the same system, once" after_starts 1 B 2
check "which stays good" good B
check "there is no camera" guest 'test ! -e /dev/video0'
rm "$in/arguments"
guest 'modprobe vivid'
check "plugged in, the camera delivers" eventually 60 delivers

part "a system without the camera's driver"
check "is installed" install_bundle blind
# One of its three attempts has to do: the judgement takes its time.
attempts A 1
restart
check "is tried, and then B runs again" after_starts 2 B 2
check "for the judgement misses the camera" judged 'not healthy: camera yard: '
check "B is good, A isn't" eval 'good B && variable BOOT_A_LEFT=0'
check "the service answers" eventually 60 answers
check "password, setting and certificate are kept" data_is_kept

part "a system whose program ends at once"
check "is installed" install_bundle broken
attempts A 2
restart
check "is tried twice, as it has two attempts, and then B runs again" after_starts 3 B 2
check "for there is no judgement from it" judged 'a library is missing'
check "B is good, A isn't" eval 'good B && variable BOOT_A_LEFT=0'
check "the service answers" eventually 60 answers

part "a system that doesn't start"
check "is installed" install_bundle dead
restart
check "is tried three times, and then B runs again" after_starts 4 B 2
check "B is good, A isn't" eval 'good B && variable BOOT_A_LEFT=0'

part "a wrong clock"
guest 'date -s "1970-01-02 00:00"' >/dev/null
check "in 1970, before its certificate is valid, an update is installed" install_bundle third
restart
check "A runs, with the new version" after_starts 1 A 6
check "it is marked good" good A
check "password, setting and certificate are kept" data_is_kept
guest 'date -s "2099-12-31 00:00"' >/dev/null
check "in 2099, long after that, too" install_bundle third

part "power cuts during an installation (CUTS=$CUTS SEED=$SEED)"
RANDOM=$SEED
cut_off() { # MILLISECONDS
  guest "rauc install /board/in/third.raucb >/tmp/install.log 2>&1 &"
  sleep "$(($1 / 1000)).$(printf %03d $(($1 % 1000)))"
  cut_power
  power_on
  local slot
  slot=$(running) && eventually 90 answers && eventually 60 good "$slot" && say "        $slot runs"
}
for ((cut = 1; cut <= CUTS; cut++)); do
  moment=$((RANDOM * (took + 2) * 1000 / 32768))
  check "cut $cut, after $moment ms: a good system with the service" cut_off $moment
done
check "one that isn't cut off is installed" install_bundle third
restart
after=$(running | tr AB BA)
check "and runs" after_starts 1 "$after" 6
check "it is marked good" good "$after"
check "password, setting and certificate are kept" data_is_kept
say "        $((SECONDS - begun)) s"
finish
