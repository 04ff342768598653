SUMMARY = "Smart CCTV appliance: motion, anomalies, alerts, live picture, REST API and page"
SUMMARY:${PN}-watchdog = "Resets the board when the system hangs"
DESCRIPTION = "Turns an ARM board with a camera into a smart CCTV appliance. It reads the camera, finds what moves, \
learns what is normal before it, raises alerts in zones, switches LEDs and relays, and serves the pictures, a REST API \
and a page. Everything stays on the board."
HOMEPAGE = "https://edge-cctv.example"
BUGTRACKER = "https://edge-cctv.example/issues"
SECTION = "multimedia"
LICENSE = "MIT | Apache-2.0"
LIC_FILES_CHKSUM = "\
    file://LICENSE-MIT;md5=28c25db7f6b54b452aae16e7157bba26 \
    file://LICENSE-APACHE;md5=1836efb2eb779966696f473ee8540542 \
"
CVE_PRODUCT = "edge-cctv"

DEPENDS = "clang-native"
# mozjpeg's SIMD; on ARM the compiler does it all.
DEPENDS:append:x86 = " nasm-native"
DEPENDS:append:x86-64 = " nasm-native"

# The release's archive: the sources with the page built, which takes the network. packaging/source.sh makes it, and
# edge-cctv-source.inc with its checksum, which is why a checkout lacks that file and a release's layer has it.
EDGE_CCTV_SOURCE ?= "https://edge-cctv.example/releases/${PV}/edge-cctv-${PV}.tar.xz"
SRC_URI = "${EDGE_CCTV_SOURCE};name=source"
# nooelint: oelint.file.includenotfound,oelint.file.requireinclude
include edge-cctv-source.inc
require ${BPN}-crates.inc

inherit cargo cargo-update-recipe-crates systemd useradd

# The tests and examples are for the workbench.
CARGO_BUILD_FLAGS:append = " --bin edge-cctv"

# v4l2-sys-mit makes its bindings from the target's header.
export LIBCLANG_PATH = "${STAGING_LIBDIR_NATIVE}"
export BINDGEN_EXTRA_CLANG_ARGS = "--target=${TARGET_SYS} --sysroot=${STAGING_DIR_HOST} ${TUNE_CCARGS}"

do_install:append() {
    if [ ! -e ${S}/web/dist/index.html ]; then
        bbfatal "the archive has no page in it: make it with packaging/source.sh"
    fi
    install -Dm 0644 ${S}/models/anomaly.onnx ${D}${datadir}/edge-cctv/models/anomaly.onnx
    install -Dm 0644 ${S}/packaging/config.toml ${D}${sysconfdir}/edge-cctv/config.toml
    install -Dm 0644 ${S}/packaging/systemd/edge-cctv.service ${D}${systemd_system_unitdir}/edge-cctv.service
    install -Dm 0644 ${S}/packaging/systemd/edge-cctv-password.service \
        ${D}${systemd_system_unitdir}/edge-cctv-password.service
    install -Dm 0644 ${S}/packaging/systemd/edge-cctv.sysusers ${D}${nonarch_libdir}/sysusers.d/edge-cctv.conf
    install -Dm 0644 ${S}/packaging/systemd/edge-cctv.rules ${D}${nonarch_base_libdir}/udev/rules.d/60-edge-cctv.rules
    install -Dm 0644 ${S}/packaging/systemd/watchdog.conf ${D}${systemd_unitdir}/system.conf.d/edge-cctv.conf
}

# edge-cctv-password.service is started by the other one.
SYSTEMD_SERVICE:${PN} = "edge-cctv.service"

# As edge-cctv.sysusers says: a read-only root has no way to add users later.
USERADD_PACKAGES = "${PN}"
GROUPADD_PARAM:${PN} = "--system gpio"
USERADD_PARAM:${PN} = "--system --user-group --no-create-home --home-dir / --shell /sbin/nologin \
    --comment 'Smart CCTV' edge-cctv"

PACKAGE_BEFORE_PN = "${PN}-watchdog"
FILES:${PN}-watchdog += "${systemd_unitdir}/system.conf.d/edge-cctv.conf"
FILES:${PN} += "${nonarch_libdir}/sysusers.d ${nonarch_base_libdir}/udev/rules.d ${systemd_system_unitdir}"
CONFFILES:${PN} = "${sysconfdir}/edge-cctv/config.toml"

# Schedules are by local time.
RDEPENDS:${PN} = "tzdata"
# Loaded when the program runs; without it there is no anomaly detection by appearance, and the page says so.
RRECOMMENDS:${PN}:append:aarch64 = " edge-cctv-onnxruntime"
RRECOMMENDS:${PN}:append:x86-64 = " edge-cctv-onnxruntime"
