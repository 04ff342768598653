FILESEXTRAPATHS:prepend:cctv-appliance := "${THISDIR}/../../../../files/kernel:"

SRC_URI:append:cctv-appliance = " file://edge-cctv.cfg"
