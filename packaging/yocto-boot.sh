#!/usr/bin/env bash
# Tries the boot script of the Yocto layer in a real U-Boot: two systems that can't be started, of which B was just written.
#   usage: yocto-boot.sh
# Needs Debian's u-boot-qemu, u-boot-tools, mtools, dosfstools and qemu-system-arm; takes half a minute. That U-Boot is Debian's,
# and keeps its environment in flash, which QEMU doesn't let it write: here a file stands in for it. So this shows how the script
# counts and chooses, and neither the layer's U-Boot nor its environment.
set -euo pipefail
cd "$(dirname "$0")/.."
script=yocto/meta-edge-cctv/dynamic-layers/rauc/recipes-bsp/boot-script/files/boot.cmd.in
uboot=/usr/lib/u-boot/qemu_arm64/u-boot.bin
for tool in mkimage mcopy mkfs.vfat mkfs.ext4 qemu-system-aarch64; do
  PATH=$PATH:/sbin:/usr/sbin command -v $tool >/dev/null || { echo "yocto-boot: $tool is missing" >&2; exit 1; }
done
[ -e $uboot ] || { echo "yocto-boot: u-boot-qemu is missing" >&2; exit 1; }
PATH=$PATH:/sbin:/usr/sbin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The script as the recipe makes it, with the file in place of the environment, and telling what it passes on.
stored='virtio 0:1 0x42000000 env.txt'
{
  echo "load $stored"
  echo 'env import -t 0x42000000 ${filesize} BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT'
  sed -e 's|@DEVICE@|virtio 0|' -e 's|@PARTITION@|/dev/vda|' -e 's|@KERNEL@|Image|' -e '/uboot-redund.env/d' \
    -e "s#^\( *\)saveenv#\1env export -t 0x42000000 BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT; fatwrite $stored \${filesize}#" \
    -e 's|^echo "Starting.*|echo "== ${bootargs}"|' -e 's|^  echo "No system.*|  echo "== none"|' $script
} >"$work/boot.cmd"
mkimage -A arm64 -T script -C none -n test -d "$work/boot.cmd" "$work/boot.scr" >/dev/null
printf 'BOOT_ORDER=B A\nBOOT_A_LEFT=3\nBOOT_B_LEFT=3\n\0' >"$work/env.txt"

# Three partitions of 32 MiB from 4 MiB on, each with a filesystem; what is there as a kernel is none.
truncate -s 32M "$work/boot" "$work/system"
mkfs.vfat "$work/boot" >/dev/null
mcopy -i "$work/boot" "$work/boot.scr" "$work/env.txt" ::
mkdir -p "$work/root/boot"
echo "no kernel" >"$work/root/boot/Image"
mkfs.ext4 -q -d "$work/root" "$work/system"
python3 - "$work/disk" <<'PYTHON'
import struct
import sys

with open(sys.argv[1], "wb") as disk:
    disk.truncate(100 << 20)
    disk.seek(446)
    for number, kind in enumerate((0x0C, 0x83, 0x83)):
        first = (4 + 32 * number) * 2048
        disk.write(struct.pack("<B3sB3sII", 0 if number else 0x80, b"\xfe\xff\xff", kind, b"\xfe\xff\xff", first, 65536))
    disk.seek(510)
    disk.write(b"\x55\xaa")
PYTHON
for place in 4:boot 36:system 68:system; do
  dd if="$work/${place#*:}" of="$work/disk" bs=1M seek="${place%:*}" conv=notrunc status=none
done

# B three times, A as what is come back to, and when nothing is left all of it again.
arguments='rootfstype=ext4 ro rootwait panic=10 rauc.slot'
b="==  root=/dev/vda3 $arguments=B "
a="==  root=/dev/vda2 $arguments=A edge_cctv.fallback"
printf '%s\n' "$b" "$b" "$b" "$a" "$a" "$a" '== none' "$b" >"$work/wanted"
qemu-system-aarch64 -machine virt -cpu cortex-a57 -m 512 -net none -nographic -bios $uboot \
  -drive "if=none,file=$work/disk,format=raw,id=disk" -device virtio-blk-device,drive=disk </dev/null >"$work/console" 2>&1 &
qemu=$!
for ((tries = 0; tries < 120; tries++)); do
  sleep 1
  tr -d '\r' <"$work/console" | grep -a '^== ' | head -8 >"$work/found" || true
  [ "$(wc -l <"$work/found")" -lt 8 ] || break
done
kill $qemu
wait $qemu 2>/dev/null || true
diff "$work/wanted" "$work/found" >&2 || { echo "yocto-boot: U-Boot starts something else (>) than it should (<)" >&2; exit 1; }
echo "yocto-boot: U-Boot counts, falls back and says so" >&2
