#!/bin/bash
# Makes the virtual board's files: Debian's own arm64 kernel, an initramfs, and an ext4 root file system with systemd.
#   usage: build-rootfs.sh [CACHE_DIR]
# The packages are unpacked, not installed, so no arm64 program runs here: no binfmt_misc, no chroot, no qemu-user.
# Made again only when this file changes. The Debian release and mirror are this host's. Root is needed only if host
# packages are missing.
set -euo pipefail
cache=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/virtual-board}
PKGS="base-files base-passwd usr-is-merged bash coreutils dash grep sed mawk findutils
 tar gzip util-linux mount procps libc-bin init-system-helpers systemd systemd-sysv
 udev kmod iproute2 v4l-utils gpiod tzdata apt gpgv ca-certificates diffutils passwd perl-base rauc rauc-service"
# Kernel modules: to boot QEMU's machine virt, to boot its Raspberry Pi 3B, for both, and for the tests.
VIRTMODS="virtio_mmio virtio_pci virtio_blk virtio_net virtio_rng 9p 9pnet_virtio"
PIMODS="bcm2835 bcm2835_wdt bcm2835_rng dwc2 cdc_ether rndis_host"
BOOTMODS="crc32c_generic ext4 configfs"
TESTMODS="vivid uvcvideo xhci_pci i6300esb loop squashfs dm_verity"

mkdir -p "$cache"/apt/lists/partial "$cache"/apt/{archives,none}/partial
cache=$(cd "$cache" && pwd)
key=$(sha256sum <"$0" | cut -c1-16)
[ "$(cat "$cache/key" 2>/dev/null)" = "$key" ] && { echo "up to date: $cache"; exit 0; }
rm -f "$cache/key"

# --- host tools -----------------------------------------------------------------
export PATH=$PATH:/usr/sbin:/sbin
need=()
for t in qemu-system-aarch64=qemu-system-arm mke2fs=e2fsprogs cpio=cpio zstd=zstd modprobe=kmod; do
  command -v "${t%=*}" >/dev/null || need+=("${t#*=}")
done
if [ ${#need[@]} -gt 0 ]; then
  apt-get -qq update
  DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 install -y \
    --no-install-recommends "${need[@]}" >/dev/null
fi

# --- fetch: this host's apt sources, with an empty arm64 dpkg state of its own ----
: >"$cache/apt/status"
debs=$cache/apt/archives
apt() {
  "apt-$1" -o APT::Architecture=arm64 -o APT::Architectures::=arm64 \
    -o Dir::State::lists="$cache/apt/lists" -o Dir::State::status="$cache/apt/status" \
    -o Dir::Cache="$cache/apt" -o APT::Install-Recommends=0 \
    -o APT::Sandbox::User=root -o Debug::NoLocking=1 "${@:2}"
}
fetch() { # PACKAGE: download it, print the .deb's path
  local f
  f=$(apt get -qq -o Dir::Cache::archives="$cache/apt/none" --print-uris download "$1" | cut -d' ' -f2)
  [ -f "$debs/$f" ] || (cd "$debs" && apt get -qq download "$1" >/dev/null)
  echo "$debs/$f"
}
apt get -qq update
# shellcheck disable=SC2086
apt get -qq -y -o Dir::Cache::archives="$cache/apt/none" --print-uris install $PKGS |
  cut -d' ' -f2 >"$cache/apt/list"
# shellcheck disable=SC2086
apt get -qq -y --download-only install $PKGS
kernel=$(apt cache depends linux-image-arm64 | sed -n 's/.*Depends: \(linux-image-[0-9][^ :<>]*\).*/\1/p' | head -1)

# --- root tree --------------------------------------------------------------------
work=$(mktemp -d "$cache/work.XXXXXX"); trap 'rm -rf "$work"' EXIT
root=$work/root k=$work/kernel ird=$work/initrd
mkdir -p "$root"/usr/{bin,sbin,lib} "$root"/{dev,proc,sys,run,tmp,board/in,board/out,var/lib/dpkg/info} "$k"
for d in bin sbin lib; do ln -s "usr/$d" "$root/$d"; done              # merged /usr
while read -r deb; do
  dpkg-deb --fsys-tarfile "$debs/$deb" | tar -x -C "$root" --keep-directory-symlink \
    --exclude=./usr/share/{doc,man,locale,info,lintian}
  # Tell the guest's dpkg that it is there, so that packages can be installed.
  { dpkg-deb -f "$debs/$deb" | sed '1a Status: install ok installed'; echo; } >>"$root/var/lib/dpkg/status"
  name=$(dpkg-deb -f "$debs/$deb" Package)
  [ "$(dpkg-deb -f "$debs/$deb" Multi-Arch)" != same ] || name+=:arm64
  dpkg-deb --fsys-tarfile "$debs/$deb" | tar -t | sed 's/^\.//; s/\(.\)\/$/\1/; s/^\/$/\/./' \
    >"$root/var/lib/dpkg/info/$name.list"
done <"$cache/apt/list"

dpkg-deb -x "$(fetch "$kernel")" "$k"
ver=$(basename "$k"/lib/modules/*)
cp "$k/boot/vmlinuz-$ver" "$cache/vmlinuz"
cp "$k/boot/config-$ver" "$cache/config"
cp "$k/usr/lib/linux-image-$ver/broadcom/bcm2837-rpi-3-b.dtb" "$cache/pi3b.dtb"

depmod -b "$k" "$ver"
copymods() { # DEST MODULE...: these modules and all that they need
  local dest=$1 m f; shift
  for m; do modprobe -d "$k" -S "$ver" --show-depends "$m" || echo "no module $m" >&2; done |
    sed -n 's/^insmod \([^ ]*\).*/\1/p' | sort -u | while read -r f; do
      install -D -m644 "$f" "$dest/${f#"$k"}"; done
  cp "$k/lib/modules/$ver"/modules.{builtin,builtin.modinfo,order} "$dest/lib/modules/$ver/"
  depmod -b "$dest" "$ver"
}
# shellcheck disable=SC2086
copymods "$root/usr" $BOOTMODS $VIRTMODS $PIMODS $TESTMODS
# shellcheck disable=SC2086
copymods "$ird" $BOOTMODS $VIRTMODS $PIMODS

# --- what the maintainer scripts would have set up ------------------------------------
cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
n=900
for g in systemd-journal systemd-network messagebus _apt input render kvm sgx; do
  echo "$g:x:$n:" >>"$root/etc/group"
  echo "$g:x:$n:$n::/:/usr/sbin/nologin" >>"$root/etc/passwd"; n=$((n + 1))
done
sed -i 's/^root:[^:]*:/root::/' "$root/etc/passwd"                     # no password
cp "$root/usr/share/libc-bin/nsswitch.conf" "$root/etc/nsswitch.conf"
cat "$root"/usr/share/ca-certificates/mozilla/*.crt >"$root/etc/ssl/certs/ca-certificates.crt"
ln -sf mawk "$root/usr/bin/awk"
ln -sf ../proc/self/mounts "$root/etc/mtab"
rm -rf "$root"/var/{run,lock}; ln -s /run "$root/var/run"; ln -s /run/lock "$root/var/lock"
echo board >"$root/etc/hostname"
echo '127.0.0.1 localhost board' >"$root/etc/hosts"
echo 'nameserver 10.0.2.3' >"$root/etc/resolv.conf"
echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"          # never a "first boot"
: >"$root/etc/fstab"
touch "$root/etc/.updated" "$root/var/.updated"                       # nothing to rebuild at boot
# Off: what only costs boot time here.
u=$root/etc/systemd; mkdir -p "$u/system-generators"
for g in "$root"/lib/systemd/system-generators/*; do ln -sf /dev/null "$u/system-generators/${g##*/}"; done
for m in getty.target remote-fs.target systemd-{pstore,journal-flush,random-seed,update-utmp}.service \
  systemd-{update-utmp-runlevel,remount-fs,pcrphase,pcrphase-sysinit}.service \
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer \
  dev-hugepages.mount sys-kernel-tracing.mount systemd-ask-password-{console,wall}.path \
  systemd-initctl.socket proc-sys-fs-binfmt_misc.automount; do ln -sf /dev/null "$u/system/$m"; done

cat >"$u/system/board.target" <<'U'
[Unit]
Description=Virtual edge board
Requires=multi-user.target
After=multi-user.target
Wants=board-test.service
AllowIsolate=yes
U
cat >"$u/system/board-test.service" <<'U'
[Unit]
Description=The command that run.sh handed over
After=multi-user.target
[Service]
ExecStart=/usr/sbin/board-test
U
cat >"$root/usr/sbin/board-test" <<'U'
#!/bin/bash
up() { cut -d' ' -f1 /proc/uptime; }
export HOME=/root
echo "board: systemd ready at $(up) s" >/dev/console
if cd /board/in && cmd=$(cat /board/out/.cmd); then
  bash -c "$cmd" </dev/null > >(tee -a /board/out/test.log >/dev/console) 2>&1
  rc=$?
else rc=125; fi
echo "board: command ended at $(up) s, status $rc" >/dev/console   # run.sh takes the status from there
journalctl -b --no-pager -o short-monotonic >/board/out/journal.log 2>&1
dmesg >/board/out/dmesg.log
sync
systemctl poweroff --force --force
U
cat >"$root/usr/sbin/board-net" <<'U'
#!/bin/sh
ip addr add 10.0.2.15/24 dev "$1"; ip link set "$1" up; ip route add default via 10.0.2.2
U
chmod 755 "$root"/usr/sbin/board-{test,net}
# The Pi's USB network device comes too late for the initramfs.
echo 'ACTION=="add", SUBSYSTEM=="net", KERNEL=="usb0", RUN+="/usr/sbin/board-net usb0"' \
  >"$root/etc/udev/rules.d/60-board.rules"

# --- initramfs: busybox, the boot modules; mount the disk, hand over --------------------
mkdir -p "$ird"/{bin,dev,proc,sys,root}
dpkg-deb --fsys-tarfile "$(fetch busybox-static)" | tar -xO ./bin/busybox >"$ird/bin/busybox"
chmod 755 "$ird/bin/busybox"; ln -s busybox "$ird/bin/sh"
{ echo '#!/bin/sh'; echo "BOOT='$BOOTMODS' VIRT='$VIRTMODS' PI='$PIMODS'"; cat <<'U'; } >"$ird/init"
/bin/busybox --install -s /bin; export PATH=/bin
mount -t devtmpfs dev /dev; mount -t proc proc /proc; mount -t sysfs sys /sys
if grep -q raspberrypi /proc/device-tree/compatible; then mods=$PI; else mods=$VIRT; fi
for m in $BOOT $mods; do modprobe $m 2>/dev/null; done
mkdir -p /in /out; p=trans=virtio,version=9p2000.L,msize=262144
mount -t 9p -o $p,ro in /in 2>/dev/null && mount -t 9p -o $p out /out
want=root; [ ! -x /in/bootloader ] || want=$(/in/bootloader)
for i in $(seq 100); do
  [ -b /dev/mmcblk0 ] && disk=/dev/mmcblk0 && break
  disk=$(grep -lx "$want" /sys/block/vd*/serial 2>/dev/null) && disk=/dev/$(echo $disk | cut -d/ -f4) && break
  sleep 0.1
done
mount -t ext4 -o rw,noatime $disk /root || poweroff -f
# QEMU's user network, without waiting for DHCP; the kernel argument net.ifnames=0 goes with it.
ip link set lo up
[ ! -e /sys/class/net/eth0 ] || /root/usr/sbin/board-net eth0
if [ -d /board ]; then cp -a /board/. /root/board/     # the Pi: run.sh put the files into the initramfs
else mount -o move /in /root/board/in; mount -o move /out /root/board/out; fi
for d in dev proc sys; do mount -o move /$d /root/$d; done
exec switch_root /root /lib/systemd/systemd
U
chmod 755 "$ird/init"
(cd "$ird" && find . | cpio -o -H newc -R 0:0 --quiet | zstd -q -10 >"$cache/initrd.zst")
truncate -s %4 "$cache/initrd.zst"                 # run.sh appends a cpio, which has to begin at a multiple of 4

# --- disk: as an SD card it has to have a power of two as its size -----------------------------
rm -f "$cache/root.ext4"
mke2fs -q -t ext4 -O ^metadata_csum -E lazy_itable_init=1 -L board \
  -d "$root" "$cache/root.ext4" 512M >/dev/null 2>&1
echo "$key" >"$cache/key"
echo "made in $SECONDS s: kernel $ver, root $(du -sh "$root" | cut -f1), initrd $(du -h "$cache/initrd.zst" | cut -f1)"
