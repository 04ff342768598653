#!/usr/bin/env python3
"""From a frame's arrival to its last byte at viewers: latency.py PROGRAM VIDEO [VIEWERS [FPS [SECONDS [OPTIONS]]]]

VIDEO (Motion JPEG in AVI) is played as live and watched by VIEWERS (1) at FPS (0: all) for SECONDS (20), with OPTIONS added to the
address, such as overlay=0. Prints first how long a little work of a fixed amount takes this machine while nothing else is asked of
it: the program can't be steadier. Then the latency in ms (median, 99 % and the longest; the reader's own time is in it), the
frames a second of the slowest and the fastest viewer, the longest gap between two of a viewer's pictures, and what the program
used: of a core, and memory at the end.
"""
import os
import re
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
import time

HEAD = re.compile(rb"Content-Length: (\d+)\r\nX-Timestamp: ([0-9.]+)\r\n\r\n")


class Viewer:
    """One stream, read as it comes."""

    def __init__(self, port, path):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.sendall(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path.encode())
        self.socket.setblocking(False)
        self.head, self.left, self.taken = b"", 0, 0.0
        self.latencies, self.arrivals = [], []

    def read(self, buffer):
        try:
            count = self.socket.recv_into(buffer)
        except BlockingIOError:
            return
        if count == 0:
            sys.exit("latency.py: the program closed a stream")
        at, now = 0, time.time()
        while at < count:
            if self.left > 0:
                part = min(self.left, count - at)
                self.left -= part
                at += part
                if self.left == 0:
                    self.latencies.append(1000 * (now - self.taken))
                    self.arrivals.append(now)
                continue
            self.head += bytes(buffer[at:count])
            found = HEAD.search(self.head)
            if not found:
                return
            at = count - (len(self.head) - found.end())
            self.left, self.taken, self.head = int(found[1]), float(found[2]), b""


def resources(pid):
    stat = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    memory = int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pid}/status").read())[1])
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK"), memory / 1024


def unrest(seconds=10):
    took, end = [], time.time() + seconds
    while time.time() < end:
        time.sleep(1 / 30)
        begin = time.perf_counter()
        sum(number * number for number in range(14_000))
        took.append(1000 * (time.perf_counter() - begin))
    print("this machine, for work of a fixed amount: {} ms".format(quantiles(sorted(took))), flush=True)


def quantiles(values):
    at = lambda share: values[round(share * (len(values) - 1))]
    return f"{at(0.5):.2f} / {at(0.99):.2f} / {at(1):.2f}"


def measure(pid, port, viewers, path, seconds):
    watching = [Viewer(port, path) for _ in range(viewers)]
    selector = selectors.DefaultSelector()
    for viewer in watching:
        selector.register(viewer.socket, selectors.EVENT_READ, viewer)
    buffer, begin, before = memoryview(bytearray(1 << 20)), time.time(), resources(pid)
    while time.time() < begin + seconds:
        for key, _ in selector.select(0.1):
            key.data.read(buffer)
    took, after = time.time() - begin, resources(pid)
    # The first pictures wait for viewers to be known.
    latencies = sorted(value for viewer in watching for value in viewer.latencies[3:])
    rates = sorted(len(viewer.arrivals) / took for viewer in watching)
    gaps = [later - earlier for viewer in watching for earlier, later in zip(viewer.arrivals, viewer.arrivals[1:])]
    print(f"{viewers} viewers, {path}: latency {quantiles(latencies)} ms, "
          f"{rates[0]:.2f} to {rates[-1]:.2f} frames a second, longest gap {1000 * max(gaps):.0f} ms, "
          f"{100 * (after[0] - before[0]) / took:.1f} % of a core, {after[1]:.1f} MB", flush=True)


def main(program, video, viewers="1", fps="0", seconds="20", options=""):
    unrest()
    with tempfile.TemporaryDirectory() as state:
        config = f"{state}/config.toml"
        with open(config, "w") as file:
            file.write(f"[server]\nmax_viewers = {int(viewers) + 1}\n")
        command = [program, "run", "--config", config, "--camera", video, "--listen", "127.0.0.1:0", "--state", state]
        server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            port = next(int(found[1]) for line in server.stderr if (found := re.search(r"http://127\.0\.0\.1:(\d+)", line)))
            threading.Thread(target=server.stderr.read, daemon=True).start()
            time.sleep(3)
            wishes = "&".join(filter(None, [f"fps={fps}" if float(fps) > 0 else "", options]))
            measure(server.pid, port, int(viewers), "/live" + (f"?{wishes}" if wishes else ""), float(seconds))
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    sys.exit(__doc__) if len(sys.argv) < 3 else main(*sys.argv[1:])
