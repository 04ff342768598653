FILESEXTRAPATHS:prepend:cctv-appliance := "${THISDIR}/files:"

SRC_URI:append:cctv-appliance = " file://edge-cctv.cfg"
# meta-raspberrypi asks for fw_env.config itself, and finds the one of this layer.
SRC_URI:append:cctv-appliance:qemuarm64 = " file://qemuarm64.cfg file://fw_env.config"
