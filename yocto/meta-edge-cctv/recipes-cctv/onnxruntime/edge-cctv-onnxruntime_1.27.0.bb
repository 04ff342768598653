SUMMARY = "ONNX Runtime's own library, for edge-cctv"
DESCRIPTION = "The library that computes edge-cctv's network, as its makers built it: taken out of the wheel that \
packaging/onnxruntime.lock names, for nobody else than edge-cctv to load."
HOMEPAGE = "https://onnxruntime.ai"
BUGTRACKER = "https://github.com/microsoft/onnxruntime/issues"
SECTION = "libs"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://onnxruntime/LICENSE;md5=0f7e3b1308cb5c00b372a6e78835732d"
CVE_PRODUCT = "microsoft:onnxruntime"

COMPATIBLE_HOST = "(aarch64|x86_64).*-linux"
COMPATIBLE_HOST:libc-musl = "null"

WHEEL_ARCH:aarch64 = "aarch64"
WHEEL_ARCH:x86-64 = "x86_64"
WHEEL = "onnxruntime-${PV}-cp311-cp311-manylinux_2_27_${WHEEL_ARCH}.manylinux_2_28_${WHEEL_ARCH}.whl"
# A wheel lies in a folder named by its BLAKE2b-256: `b2sum -l 256`.
WHEEL_SUM:aarch64 = "ed/1f/a2117aa3f144fce88774efa37440d0ca72d0c9144854dfc0961f2b04c6fc"
WHEEL_SUM:x86-64 = "e0/cd/74bb804170ceb622fda9111df31a07b3024f7491472256d3a90b5391a4d2"

# pypi.bbclass knows where it all lies. A wheel is a zip file.
PYPI_PACKAGE = "onnxruntime"
PYPI_PACKAGE_EXT = "whl"
PYPI_SRC_URI = "${@pypi_src_uri(d).split('/source/')[0]}/${WHEEL_SUM}/${WHEEL};name=${WHEEL_ARCH};\
downloadfilename=onnxruntime-${PV}-${WHEEL_ARCH}.zip;subdir=${BP}"
inherit pypi

SRC_URI[aarch64.sha256sum] = "2eb083321af8a236a84c7c140a7f4cecbfa2a987a18c07c78db471c20cd390ef"
SRC_URI[x86_64.sha256sum] = "e4f7b0e90d2d212e2c2deaa6c8291616183ab815d3ec558ea12d3ac8b26d36f4"

S = "${UNPACKDIR}/${BP}"
do_unpack[depends] += "unzip-native:do_populate_sysroot"
do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    # Where edge-cctv looks for it, whatever ${libdir} is.
    install -Dm 0644 ${S}/onnxruntime/capi/libonnxruntime.so.${PV} ${D}${nonarch_libdir}/edge-cctv/libonnxruntime.so
    install -Dm 0644 ${S}/onnxruntime/ThirdPartyNotices.txt ${D}${datadir}/${BPN}/ThirdPartyNotices.txt
}

FILES:${PN} += "${nonarch_libdir}/edge-cctv ${datadir}/${BPN}"
# It answers for nobody else's dependencies, and is stripped already.
PRIVATE_LIBS:${PN} = "libonnxruntime.so.1"
INHIBIT_PACKAGE_STRIP = "1"
