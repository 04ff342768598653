#!/usr/bin/env python3
"""Looks at the board's GPIO lines from outside the guest, and drives its inputs.
usage: pin.py OUT_DIR get LINE               prints 0 or 1
       pin.py OUT_DIR wait LINE VALUE SECS   waits for that level and prints how long, in seconds; fails after SECS
       pin.py OUT_DIR set LINE VALUE         drives an input (virt only)
       pin.py OUT_DIR watch LINE SECS        prints: changes, share of the time high, longest time high in seconds,
                                             shortest time low between two times high ("-" without two)
OUT_DIR is that of the running run.sh. virt has the lines 0..7 of a PL061 (3 is QEMU's power key), the Pi the lines
0..53 of its BCM2835. The levels are the chip's own registers, however the guest drives the lines: character device
or /dev/mem. All times are the host's."""
import os, re, socket, sys, time

PL061_DATA = 0x090303FC               # all eight lines
BCM2835_LEVEL = 0x3F200034            # 32 lines a word
STEP = 0.02                           # between two looks; shorter changes may go unseen


class Board:
    def __init__(self, out):
        self.out = out
        self.monitor = socket.socket(socket.AF_UNIX)
        self.monitor.connect(os.path.realpath(out + "/monitor.sock"))
        self.answer()
        self.pl061 = re.search(r"/(device\[\d+\]) \(pl061\)", self.ask("info qom-tree"))

    def answer(self):
        text = b""
        while not text.endswith(b"(qemu) "):
            part = self.monitor.recv(65536)
            if not part:
                sys.exit("pin: QEMU is gone")
            text += part
        return text.decode(errors="replace")

    def ask(self, order):
        self.monitor.sendall(order.encode() + b"\n")
        return self.answer()

    def level(self, line):
        address, bit = (PL061_DATA, line) if self.pl061 else (BCM2835_LEVEL + line // 32 * 4, line % 32)
        word = re.search(r": (0x[0-9a-f]{8})", self.ask(f"xp /1wx {address:#x}"))[1]
        return int(word, 16) >> bit & 1

    def drive(self, line, value):
        if not self.pl061:
            sys.exit("pin: the inputs of this board can't be driven")
        qtest = socket.socket(socket.AF_UNIX)
        qtest.connect(os.path.realpath(self.out + "/qtest.sock"))
        qtest.sendall(f"set_irq_in /machine/unattached/{self.pl061[1]} unnamed-gpio-in {line} {value}\n".encode())
        return qtest.recv(100).startswith(b"OK")

    def wait(self, line, value, seconds):
        start = time.monotonic()
        while self.level(line) != value:
            if time.monotonic() > start + seconds:
                return None
            time.sleep(STEP)
        return time.monotonic() - start

    def watch(self, line, seconds):
        start = before = time.monotonic()
        level, since = self.level(line), start
        changes, high, longest, shortest, fell = 0, 0.0, 0.0, None, None
        while before < start + seconds:
            time.sleep(STEP)
            now_level, now = self.level(line), time.monotonic()
            high += (now - before) * level
            if now_level != level:
                changes += 1
                if now_level:
                    shortest = now - fell if fell and (not shortest or now - fell < shortest) else shortest
                else:
                    fell = now
                level, since = now_level, now
            longest = max(longest, (now - since) * level)
            before = now
        return f"{changes} {high / (before - start):.3f} {longest:.2f} {'-' if shortest is None else f'{shortest:.2f}'}"


def main(out, order, line, *rest):
    board, line = Board(out), int(line)
    match order, rest:
        case "get", ():
            print(board.level(line))
        case "wait", (value, seconds):
            if (took := board.wait(line, int(value), float(seconds))) is None:
                return 1
            print(f"{took:.1f}")
        case "set", (value,):
            return 0 if board.drive(line, int(value)) else 1
        case "watch", (seconds,):
            print(board.watch(line, float(seconds)))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    try:
        sys.exit(main(*sys.argv[1:]))
    except (ConnectionError, FileNotFoundError):
        sys.exit("pin: the board isn't running")
