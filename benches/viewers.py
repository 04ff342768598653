#!/usr/bin/env python3
"""What viewers cost: viewers.py PROGRAM. Starts the demo scene, and prints CPU, memory and each viewer's frame rate
without viewers, with 1, 10 and 30, with a stalled one beside 10, and after 100 reconnects."""
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

SECONDS = 8


def watch(port, seconds, counts, stalled=False):
    viewer = socket.create_connection(("127.0.0.1", port))
    viewer.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
    end, parts, tail = time.monotonic() + seconds, 0, b""
    while time.monotonic() < end:
        if stalled:
            time.sleep(0.1)
            continue
        data = tail + viewer.recv(1 << 16)
        parts += data.count(b"Content-Type: image/jpeg")
        tail = data[-23:]
    viewer.close()
    if not stalled:
        counts.append(parts / seconds)


def resources(pid):
    stat = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    ticks = int(stat[11]) + int(stat[12])
    memory = int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pid}/status").read())[1])
    return ticks / os.sysconf("SC_CLK_TCK"), memory / 1024


def measure(name, server, port, viewers, stalled=0):
    counts = []
    threads = [threading.Thread(target=watch, args=(port, SECONDS, counts, n < stalled)) for n in range(viewers + stalled)]
    before = resources(server.pid)
    began = time.monotonic()
    [thread.start() for thread in threads]
    time.sleep(SECONDS) if not threads else [thread.join() for thread in threads]
    after, seconds = resources(server.pid), time.monotonic() - began
    rates = f"{min(counts):.1f} to {max(counts):.1f} frames a second each" if counts else ""
    print(f"{name:32} {100 * (after[0] - before[0]) / seconds:5.1f} % of a core, {after[1]:5.1f} MB  {rates}", flush=True)


def main(program):
    with tempfile.TemporaryDirectory() as state:
        server = subprocess.Popen([program, "run", "--listen", "127.0.0.1:0", "--state", state], stderr=subprocess.PIPE, text=True)
        try:
            port = next(int(found[1]) for line in server.stderr if (found := re.search(r"http://127\.0\.0\.1:(\d+)", line)))
            threading.Thread(target=server.stderr.read, daemon=True).start()
            time.sleep(3)
            for viewers in (0, 1, 10, 30):
                measure(f"{viewers} viewers", server, port, viewers)
            measure("10 viewers, a stalled one beside", server, port, 10, stalled=1)
            for _ in range(100):
                watch(port, 0.02, [])
            measure("after 100 reconnects, none", server, port, 0)
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    sys.exit(__doc__) if len(sys.argv) != 2 else main(sys.argv[1])
