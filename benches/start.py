#!/usr/bin/env python3
"""From the program's start to the first whole picture of the demo at a viewer, five times, in seconds: start.py PROGRAM"""
import socket
import subprocess
import sys
import tempfile
import time

ADDRESS = ("127.0.0.1", 18799)
for _ in range(5):
    with tempfile.TemporaryDirectory() as state:
        begin = time.monotonic()
        command = [sys.argv[1], "run", "--camera", "demo", "--listen", "%s:%d" % ADDRESS, "--state", state]
        program = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        while True:
            try:
                viewer = socket.create_connection(ADDRESS)
                break
            except ConnectionRefusedError:
                time.sleep(0.005)
        viewer.sendall(b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        received = b""
        while b"\xff\xd9\r\n" not in received:
            received += viewer.recv(65536)
        print(f"{time.monotonic() - begin:.3f}")
        program.kill()
        program.wait()
