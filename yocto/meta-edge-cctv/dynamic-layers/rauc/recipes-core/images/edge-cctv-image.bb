SUMMARY = "The appliance: edge-cctv on a read-only system with updates"
DESCRIPTION = "What is released. Two systems of which one runs, and a partition with data; nobody can log in but to \
edge-cctv's own page."
HOMEPAGE = "https://edge-cctv.example"
BUGTRACKER = "https://edge-cctv.example/issues"
SECTION = "images"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302"
CVE_PRODUCT = ""

EDGE_CCTV_KEYS = "EDGE_CCTV_RAUC_KEYRING_FILE"
inherit core-image features_check edge_cctv_keys

REQUIRED_DISTRO_FEATURES = "cctv-appliance rauc systemd"
COMPATIBLE_MACHINE = "^(qemuarm64|rpi)$"

IMAGE_FEATURES = "read-only-rootfs overlayfs-etc"
IMAGE_INSTALL = "packagegroup-core-boot edge-cctv-appliance kernel-image kernel-modules"
IMAGE_LINGUAS = ""

IMAGE_FSTYPES = "ext4 wic.zst wic.bmap"
# It has to fit into its partition, with some room for the updates to come.
IMAGE_ROOTFS_MAXSIZE = "${@int(d.getVar('EDGE_CCTV_SYSTEM_MIB') or 0) * 1024 - 65536}"

IMAGE_BOOT_FILES:qemuarm64 = "boot.scr"
do_image_wic[depends] += "edge-cctv-boot-script:do_deploy virtual/bootloader:do_deploy"

# What opens a device is for images of one's own, by another name.
# nooelint: oelint.task.noanonpython
python () {
    opens = ("debug-tweaks", "empty-root-password", "allow-empty-password", "allow-root-login", "serial-autologin-root",
             "ssh-server-dropbear", "ssh-server-openssh", "package-management")
    found = [name for name in opens if name in d.getVar("IMAGE_FEATURES").split()]
    if found:
        raise bb.parse.SkipRecipe("edge-cctv-image is what is released, and can't have %s: "
                                  "make an image of your own that requires it" % ", ".join(found))
}
