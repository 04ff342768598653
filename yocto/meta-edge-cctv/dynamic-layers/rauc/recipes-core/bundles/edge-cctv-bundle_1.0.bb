SUMMARY = "The appliance's update, signed"
DESCRIPTION = "edge-cctv-image as a RAUC bundle for one kind of board. Devices check its signature before they write \
anything, and take no bundle of another board or of an older version."
HOMEPAGE = "https://edge-cctv.example"
BUGTRACKER = "https://edge-cctv.example/issues"
SECTION = "images"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302"
CVE_PRODUCT = ""

SRC_URI = ""

EDGE_CCTV_KEYS = "EDGE_CCTV_RAUC_KEY_FILE EDGE_CCTV_RAUC_CERT_FILE EDGE_CCTV_RAUC_KEYRING_FILE"
inherit bundle features_check edge_cctv_keys

REQUIRED_DISTRO_FEATURES = "cctv-appliance rauc systemd"
COMPATIBLE_MACHINE = "^(qemuarm64|rpi)$"

RAUC_BUNDLE_COMPATIBLE = "edge-cctv-${MACHINE}"
RAUC_BUNDLE_VERSION = "${EDGE_CCTV_BUNDLE_VERSION}"
RAUC_BUNDLE_FORMAT = "verity"
RAUC_BUNDLE_SLOTS = "rootfs"
RAUC_SLOT_rootfs = "edge-cctv-image"
RAUC_SLOT_rootfs[fstype] = "ext4"

RAUC_KEY_FILE = "${EDGE_CCTV_RAUC_KEY_FILE}"
RAUC_CERT_FILE = "${EDGE_CCTV_RAUC_CERT_FILE}"
RAUC_KEYRING_FILE = "${EDGE_CCTV_RAUC_KEYRING_FILE}"
