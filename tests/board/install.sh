#!/bin/bash
# Runs in the guest, from /board/in: installs the program as a package would, with the service's own files.
set -e
install -D edge-cctv /usr/bin/edge-cctv
[ ! -e libonnxruntime.so ] || install -D -m644 libonnxruntime.so /usr/lib/edge-cctv/libonnxruntime.so
[ ! -e anomaly.onnx ] || install -D -m644 anomaly.onnx /usr/share/edge-cctv/models/anomaly.onnx
install -D -m644 edge-cctv.service /usr/lib/systemd/system/edge-cctv.service
install -D -m644 edge-cctv-password.service /usr/lib/systemd/system/edge-cctv-password.service
install -D -m644 edge-cctv.sysusers /usr/lib/sysusers.d/edge-cctv.conf
install -D -m644 edge-cctv.rules /usr/lib/udev/rules.d/60-edge-cctv.rules
systemd-sysusers
systemctl daemon-reload
udevadm control --reload
udevadm trigger --settle --subsystem-match=gpio
