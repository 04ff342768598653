#!/usr/bin/env python3
"""How long lists of many events take, and the memory for them: events.py PROGRAM [COUNT]

Fills the list of a state folder with COUNT events (10000) of two cameras over a month, then asks for pages and filters. Prints
milliseconds by the clock, median and longest of 20, and the program's memory before and after a thousand questions.
"""
import json
import pathlib
import random
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

KINDS = ["loitering", "crowd", "rapid_movement", "unusual_size"]
SEVERITIES = ["LOW", "MEDIUM", "HIGH", "CRITICAL"]
QUESTIONS = {
    "a page of 100": "limit=100",
    "the 90th page": "limit=100&before={early}",
    "alerts": "state=ALERT&limit=100",
    "one kind": "type=crowd&limit=100",
    "one camera, one severity": "camera=door&severity=HIGH&limit=100",
    "a day": "from={day}&to={next_day}&limit=1000",
    "none": "zone=nowhere&limit=100",
}


def start(program, folder):
    process = subprocess.Popen([program, "run", "--camera", "demo", "--listen", "127.0.0.1:0", "--state", folder],
                               stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if found := re.search(r"listening on (http\S+)", line):
            return process, found[1]
    sys.exit("events.py: the program doesn't listen")


def ask(url, query):
    begin = time.perf_counter()
    with urllib.request.urlopen(f"{url}/api/events?{query}") as answer:
        count = len(json.load(answer)["events"])
    return 1000 * (time.perf_counter() - begin), count


def memory(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def fill(path, count, now):
    """As the program writes them, but for files."""
    chance = random.Random(1)
    rows = []
    for number in range(count):
        began = now - (count - number) * 30 * 86_400_000 // count
        kind, severity = (chance.choice(KINDS), chance.choice(SEVERITIES)) if number % 5 == 0 else (None, None)
        verdict = json.dumps({"is_anomaly": True, "anomaly_type": kind, "severity": severity, "reasoning": ["x" * 80] * 2}) if kind else None
        clip = json.dumps({"frames": 300, "seconds": 12.0, "width": 640, "height": 480, "bytes": 9_000_000, "began": began - 5000})
        rows.append((began, chance.choice(["yard", "door"]), began, began + 8000, 1, 1000, "ALERT" if kind else "MOTION", kind, severity,
                     verdict, None, 1.5, 2, '[{"x":1,"y":2,"w":30,"h":40}]', clip, 0, None, 0))
    with sqlite3.connect(path) as list_:
        list_.executemany(f"INSERT INTO event VALUES ({','.join('?' * 18)})", rows)


def main():
    program, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        process, url = start(program, folder)
        ask(url, "limit=1")
        process.terminate()
        process.wait()
        now = int(time.time() * 1000)
        fill(f"{folder}/events/events.sqlite", count, now)
        process, url = start(program, folder)
        first = ask(url, "limit=1")[0]
        print(f"{count} events; the first answer, which opens and checks the list, after {first:.0f} ms")
        early, day = now - 27 * 86_400_000, now - 10 * 86_400_000
        before = memory(process)
        for name, query in QUESTIONS.items():
            query = query.format(early=early, day=day, next_day=day + 86_400_000)
            times = [ask(url, query) for _ in range(20)]
            print(f"{name}: {statistics.median(t for t, _ in times):.1f} ms, longest {max(t for t, _ in times):.1f} ms, {times[0][1]} events")
        for number in range(1000):
            ask(url, f"limit=100&before={now - number * 1_000_000}")
        print(f"memory {before:.1f} MB before, {memory(process):.1f} MB after")
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
