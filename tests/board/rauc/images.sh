# Makes the systems and the signed bundles of rauc.sh on the host; sourced, not run. No file system is mounted, and root
# isn't needed: debugfs writes the files.
# shellcheck shell=bash
PATH=$PATH:/usr/sbin:/sbin
layer=${LAYER:-$repo/yocto/meta-edge-cctv/dynamic-layers/rauc}
appliance=$layer/recipes-core/edge-cctv-appliance/files
cache=${XDG_CACHE_HOME:-$HOME/.cache}/virtual-board

# put IMAGE TREE: the folder's files and links into the file system, as root's.
put() {
  (cd "$2" && find . -mindepth 1 -printf '%y %P\n' | sort -k2) | while read -r kind path; do
    case $kind in
    d) echo "mkdir /$path" ;;
    l) printf '%s\n' "rm /$path" "symlink /$path $(readlink "$2/$path")" ;;
    f) printf '%s\n' "rm /$path" "cd /$(dirname "$path")" "write $2/$path ${path##*/}" ;;
    esac
  done | debugfs -w -f - "$1" >>"$work/debugfs.log" 2>&1
}

# take_out IMAGE PATH...
take_out() { printf 'rm %s\n' "${@:2}" | debugfs -w -f - "$1" >>"$work/debugfs.log" 2>&1; }

# enable TREE UNIT.wants|UNIT.requires UNIT...
enable() {
  local unit
  mkdir -p "$1/etc/systemd/system/$2"
  for unit in "${@:3}"; do ln -sf "/usr/lib/systemd/system/$unit" "$1/etc/systemd/system/$2/$unit"; done
}

# What the appliance's image has beyond the board's: the program as a package installs it, and the layer's own files for
# updates. But for the judgement's patience, they are as they ship.
tree() {
  local tree=$1 units=$1/usr/lib/systemd/system file
  install -D "$program" "$tree/usr/bin/edge-cctv"
  install -D -m644 "$here/rauc/config.toml" "$tree/etc/edge-cctv/config.toml"
  install -D -m644 -t "$units" "$repo"/packaging/systemd/*.service "$here"/rauc/*.{mount,service}
  install -D -m644 "$repo/packaging/systemd/edge-cctv.rules" "$tree/usr/lib/udev/rules.d/60-edge-cctv.rules"
  install -D -t "$tree/usr/lib/edge-cctv" "$appliance"/*-update
  sed "s/--within 120/--within $PATIENCE/" "$appliance/edge-cctv-health.service" >"$units/edge-cctv-health.service"
  grep -q -e "--within $PATIENCE" "$units/edge-cctv-health.service" || return 1
  install -D -t "$tree/usr/sbin" "$here"/rauc/fw_{printenv,setenv}
  enable "$tree" local-fs.target.wants data.mount var-lib.mount
  enable "$tree" multi-user.target.wants edge-cctv.service rauc-mark-good.service
  enable "$tree" boot-complete.target.requires edge-cctv-health.service
  # Its reasons are seen from outside.
  mkdir -p "$tree/etc/systemd/system/edge-cctv-health.service.d"
  printf '[Service]\nStandardOutput=journal+console\n' >"$tree/etc/systemd/system/edge-cctv-health.service.d/console.conf"
  # Nobody logs in.
  ln -s /dev/null "$tree/etc/systemd/system/systemd-logind.service"

  # Debian 12's RAUC is older than min-bundle-version, and finds its configuration in /etc.
  mkdir -p "$tree/etc/rauc" "$tree/etc/modules-load.d" "$tree/etc/modprobe.d" "$tree/data"
  sed -e '/^min-bundle-version=/d' -e 's|@MACHINE@|board|' -e 's|@KEYRING@|keyring.pem|' \
    -e 's|@PARTITION@2|/dev/disk/by-id/virtio-slotA|' -e 's|@PARTITION@3|/dev/disk/by-id/virtio-slotB|' \
    "$layer/recipes-core/rauc/files/system.conf" >"$tree/etc/rauc/system.conf"
  cp "$tmp/keys/ours.cert" "$tree/etc/rauc/keyring.pem"
  echo vivid >"$tree/etc/modules-load.d/camera.conf"
  echo 'options vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0' >"$tree/etc/modprobe.d/camera.conf"

  # The service's user, whom the image's recipe makes.
  for file in passwd group; do debugfs -R "cat /etc/$file" "$2" >"$tree/etc/$file" 2>/dev/null; done
  printf '%s\n' gpio:x:980: edge-cctv:x:981: >>"$tree/etc/group"
  echo 'edge-cctv:x:981:981:Smart CCTV:/:/usr/sbin/nologin' >>"$tree/etc/passwd"
}

# The board's system, without what an appliance hasn't: it would only make each installation slower.
base_image() {
  local gone=$tmp/gone path least
  cp --sparse=always "$cache/root.ext4" "$1"
  mkdir "$gone"
  for path in /usr/lib/aarch64-linux-gnu/{gconv,perl-base} /usr/lib/udev/hwdb.d /usr/share/perl5 /var/lib/dpkg; do
    mkdir -p "$gone${path%/*}"
    debugfs -R "rdump $path $gone${path%/*}" "$1" >/dev/null 2>&1
  done
  (cd "$gone" && find . ! -type d -printf '/%P\n') | xargs -d '\n' bash -c 'printf "rm %s\n" "$@"' _ \
    /usr/bin/perl /usr/bin/perl5.36.0 /usr/bin/v4l2-compliance |
    debugfs -w -f - "$1" >>"$work/debugfs.log" 2>&1
  tree "$tmp/tree" "$1" || return 1
  put "$1" "$tmp/tree"
  e2fsck -fy "$1" >>"$work/debugfs.log" 2>&1
  # With 12 MiB to spare.
  least=$(resize2fs -P "$1" 2>/dev/null | sed -n 's/.*: //p')
  resize2fs "$1" $((least + 3072)) >>"$work/debugfs.log" 2>&1 && truncate -s $(((least + 3072) * 4096)) "$1"
}

# variant NAME VERSION: a copy of the system, $images/NAME.ext4, that says which it is.
variant() {
  images=$work/images
  mkdir -p "$images" "$tmp/version/etc"
  cp --sparse=always "$work/base.ext4" "$images/$1.ext4"
  echo "$2" >"$tmp/version/etc/system-version"
  put "$images/$1.ext4" "$tmp/version"
}

# Two owners; certificates that have long run out when the tests' clock says 2099.
keys() {
  local owner
  mkdir -p "$tmp/keys"
  for owner in ours theirs; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$owner" \
      -keyout "$tmp/keys/$owner.key" -out "$tmp/keys/$owner.cert" 2>/dev/null || return 1
  done
}

# bundle NAME IMAGE VERSION [COMPATIBLE [OWNER [FORMAT]]]: $in/NAME.raucb
bundle() {
  local folder=$tmp/bundle owner=${5:-ours}
  rm -rf "$folder"; mkdir "$folder"
  cp --sparse=always "$2" "$folder/rootfs.ext4"
  printf '%s\n' '[update]' "compatible=${4:-edge-cctv-board}" "version=$3" '[bundle]' "format=${6:-verity}" \
    '[image.rootfs]' filename=rootfs.ext4 >"$folder/manifest.raucm"
  # Quickly unpacked by the emulated processor.
  rauc --cert "$tmp/keys/$owner.cert" --key "$tmp/keys/$owner.key" --mksquashfs-args='-comp zstd -Xcompression-level 3' \
    bundle "$folder" "$in/$1.raucb" >>"$work/bundles.log" 2>&1
  rm -rf "$folder"
}
