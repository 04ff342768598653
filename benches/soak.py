#!/usr/bin/env python3
"""A long run with viewers who come and go: soak.py PROGRAM VIDEO [MINUTES]

VIDEO (Motion JPEG in AVI) is played as live for MINUTES (30). One viewer stays; others come for 1 to 20 seconds, up to eight at once,
each with another wish. Prints each minute the stayer's frames a second and longest gap, how many came, the program's share of a
core, and its memory.
"""
import random
import re
import selectors
import subprocess
import sys
import tempfile
import threading
import time

from latency import Viewer, resources

WISHES = ["/live", "/live?overlay=0", "/live?fps=5", "/live?quality=50", "/live?quality=90&overlay=0", "/live?fps=15&quality=70"]


def main(program, video, minutes="30"):
    random.seed(1)
    with tempfile.TemporaryDirectory() as state:
        command = [program, "run", "--camera", video, "--listen", "127.0.0.1:0", "--state", state]
        server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            port = next(int(found[1]) for line in server.stderr if (found := re.search(r"http://127\.0\.0\.1:(\d+)", line)))
            threading.Thread(target=server.stderr.read, daemon=True).start()
            time.sleep(5)
            selector, buffer = selectors.DefaultSelector(), memoryview(bytearray(1 << 20))
            stays, guests, came = Viewer(port, "/live"), {}, 0
            selector.register(stays.socket, selectors.EVENT_READ, stays)
            for minute in range(1, int(minutes) + 1):
                begin, before, last = time.time(), resources(server.pid), len(stays.arrivals)
                while time.time() < begin + 60:
                    for key, _ in selector.select(0.05):
                        key.data.read(buffer)
                    for guest in [guest for guest, leaves in guests.items() if leaves < time.time()]:
                        selector.unregister(guest.socket)
                        guest.socket.close()
                        del guests[guest]
                    if len(guests) < 8 and random.random() < 0.02:
                        guest = Viewer(port, random.choice(WISHES))
                        selector.register(guest.socket, selectors.EVENT_READ, guest)
                        guests[guest] = time.time() + random.uniform(1, 20)
                        came += 1
                after, took = resources(server.pid), time.time() - begin
                arrivals = stays.arrivals[max(last - 1, 0):]
                gap = max(later - earlier for earlier, later in zip(arrivals, arrivals[1:]))
                print(f"minute {minute}: {(len(stays.arrivals) - last) / took:.2f} frames a second, longest gap {1000 * gap:.0f} ms, "
                      f"{came} came, {100 * (after[0] - before[0]) / took:.1f} % of a core, {after[1]:.1f} MB", flush=True)
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    sys.exit(__doc__) if len(sys.argv) < 3 else main(*sys.argv[1:])
