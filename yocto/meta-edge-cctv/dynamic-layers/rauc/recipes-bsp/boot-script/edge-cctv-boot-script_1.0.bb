SUMMARY = "U-Boot's script that starts one of the two systems"
DESCRIPTION = "Counts the attempts to start a system, and goes back to the other one when they are used up."
HOMEPAGE = "https://edge-cctv.example"
BUGTRACKER = "https://edge-cctv.example/issues"
SECTION = "bootloaders"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302"
CVE_PRODUCT = ""

DEPENDS = "u-boot-mkimage-native"
PROVIDES = "u-boot-default-script"

SRC_URI = "file://boot.cmd.in"
S = "${UNPACKDIR}"

inherit kernel-arch deploy nopackages features_check

# Other builds for a Raspberry Pi have a script of their own.
REQUIRED_DISTRO_FEATURES = "cctv-appliance"

INHIBIT_DEFAULT_DEPS = "1"
COMPATIBLE_MACHINE = "^(qemuarm64|rpi)$"
PACKAGE_ARCH = "${MACHINE_ARCH}"

do_compile() {
    sed -e 's|@DEVICE@|${EDGE_CCTV_UBOOT_DEVICE}|' -e 's|@PARTITION@|${EDGE_CCTV_PARTITION}|' \
        -e 's|@KERNEL@|${KERNEL_IMAGETYPE}|' ${S}/boot.cmd.in >${B}/boot.cmd
    mkimage -A ${UBOOT_ARCH} -T script -C none -n edge-cctv -d ${B}/boot.cmd ${B}/boot.scr
}

do_deploy() {
    install -Dm 0644 ${B}/boot.scr ${DEPLOYDIR}/boot.scr
}
addtask deploy after do_compile before do_build
