#!/usr/bin/env python3
"""The way of one frame as the integration guide describes it, in Python and OpenCV on one thread: guide_pipeline.py VIDEO

Decode, motion by the difference of blurred frames, statistics over the last hundred, overlay, JPEG. Prints the milliseconds of CPU
a frame of the whole process, and its peak memory in MB, as `benches/compare.sh` reads them. Needs opencv-python-headless.
"""
import collections
import resource
import sys
import time

import cv2
import numpy

SMALLEST = 1500
CYAN, RED = (255, 255, 0), (68, 0, 255)


def moving(grey, before):
    """Boxes around what differs."""
    changed = cv2.threshold(cv2.absdiff(before, grey), 25, 255, cv2.THRESH_BINARY)[1]
    outlines, _ = cv2.findContours(
        cv2.dilate(changed, None, iterations=2), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    return [cv2.boundingRect(outline) for outline in outlines if cv2.contourArea(outline) >= SMALLEST]


class Baseline:
    """What the last hundred frames were like."""

    def __init__(self):
        self.signals = [collections.deque(maxlen=100) for _ in range(2)]
        self.strange = 0

    def is_alert(self, boxes):
        now = [len(boxes), max((w * h for _, _, w, h in boxes), default=0)]
        for signal, value in zip(self.signals, now):
            signal.append(value)
        if len(self.signals[0]) < 30:
            return False
        deviations = [
            (value - numpy.mean(signal)) / (numpy.std(signal) + 1e-6) for signal, value in zip(self.signals, now)
        ]
        self.strange = self.strange + 1 if max(deviations) > 2 else 0
        return self.strange >= 3


def label(frame, text, x, y, colour):
    """A line of text on a plate that lets a third of the picture through."""
    (w, h), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1)
    plate = frame[max(y - h - 6, 0) : y + 6, max(x - 6, 0) : x + w + 6]
    cv2.addWeighted(plate, 0.3, numpy.zeros_like(plate), 0.7, 0, plate)
    cv2.putText(frame, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)


def draw(frame, boxes, state):
    height = frame.shape[0]
    for number, (x, y, w, h) in enumerate(boxes, 1):
        cv2.rectangle(frame, (x, y), (x + w, y + h), CYAN, 2, cv2.LINE_AA)
        label(frame, f"M{number}", x, y - 8 if y > 25 else y + h + 18, CYAN)
    label(frame, time.strftime("%H:%M:%S"), 15, height - 15, CYAN)
    label(frame, state, 15, height - 45, RED if state == "ALERT" else CYAN)
    label(frame, "AI ACTIVE", 15, 30, CYAN)


def main():
    cv2.setNumThreads(1)
    video, baseline, before, frames = cv2.VideoCapture(sys.argv[1]), Baseline(), None, 0
    begin = time.process_time()
    while (read := video.read())[0]:
        frame = read[1]
        grey = cv2.GaussianBlur(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), (21, 21), 0)
        boxes = [] if before is None else moving(grey, before)
        before = grey
        state = "ALERT" if baseline.is_alert(boxes) else "MOTION" if boxes else "IDLE"
        draw(frame, boxes, state)
        cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 80])
        frames += 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{1000 * (time.process_time() - begin) / frames:.3f} {peak:.1f}")


main()
