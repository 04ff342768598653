FILESEXTRAPATHS:prepend:cctv-appliance := "${THISDIR}/files:"

inherit_defer ${@bb.utils.contains("DISTRO_FEATURES", "cctv-appliance", "edge_cctv_keys", "", d)}

EDGE_CCTV_KEYS:cctv-appliance = "EDGE_CCTV_RAUC_KEYRING_FILE"
RAUC_KEYRING_FILE:cctv-appliance = "${EDGE_CCTV_RAUC_KEYRING_FILE}"

# Partitions differ between boards.
PACKAGE_ARCH:cctv-appliance = "${MACHINE_ARCH}"

# The linter doesn't know what a DISTROOVERRIDES of a configuration file adds.
# nooelint: oelint.func.specific
do_install:append:cctv-appliance() {
    sed -i -e 's|@MACHINE@|${MACHINE}|' -e 's|@VERSION@|${EDGE_CCTV_BUNDLE_VERSION}|' \
        -e 's|@PARTITION@|${EDGE_CCTV_PARTITION}|' \
        -e 's|@KEYRING@|${@os.path.basename(d.getVar("RAUC_KEYRING_FILE") or "")}|' \
        ${D}${nonarch_libdir}/rauc/system.conf
}
