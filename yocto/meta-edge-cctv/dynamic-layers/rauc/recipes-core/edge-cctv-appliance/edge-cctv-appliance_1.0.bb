SUMMARY = "What makes a read-only system with edge-cctv a device that updates itself safely"
DESCRIPTION = "Says before an update what works, and after it whether that still does: only then the new system is \
kept. Mounts the partition of the boot loader, and keeps the journal in memory."
HOMEPAGE = "https://edge-cctv.example"
BUGTRACKER = "https://edge-cctv.example/issues"
SECTION = "base"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302"
CVE_PRODUCT = ""

SRC_URI = "\
    file://after-update \
    file://before-update \
    file://boot-firmware.mount \
    file://edge-cctv-health.service \
    file://journald.conf \
"
S = "${UNPACKDIR}"

inherit systemd features_check

REQUIRED_DISTRO_FEATURES = "cctv-appliance systemd"
PACKAGE_ARCH = "${MACHINE_ARCH}"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    install -Dm 0755 ${S}/before-update ${D}${nonarch_libdir}/edge-cctv/before-update
    install -Dm 0755 ${S}/after-update ${D}${nonarch_libdir}/edge-cctv/after-update
    install -Dm 0644 ${S}/edge-cctv-health.service ${D}${systemd_system_unitdir}/edge-cctv-health.service
    install -Dm 0644 ${S}/boot-firmware.mount ${D}${systemd_system_unitdir}/boot-firmware.mount
    sed -i 's|@PARTITION@|${EDGE_CCTV_PARTITION}|' ${D}${systemd_system_unitdir}/boot-firmware.mount
    install -Dm 0644 ${S}/journald.conf ${D}${systemd_unitdir}/journald.conf.d/10-edge-cctv.conf
    install -d ${D}/boot/firmware ${D}/data
}

SYSTEMD_SERVICE:${PN} = "boot-firmware.mount edge-cctv-health.service"
FILES:${PN} += "${nonarch_libdir}/edge-cctv ${systemd_unitdir}/journald.conf.d /boot/firmware /data"
RDEPENDS:${PN} = "edge-cctv edge-cctv-watchdog rauc rauc-conf rauc-mark-good u-boot-env"
