#!/usr/bin/env python3
"""CPU time of OpenCV's MOG2 on one thread, to stand beside `edge-cctv analyze`: mog2.py VIDEO...

Needs opencv-python-headless. Decoding isn't counted; frames are grey, as ours.
"""
import sys
import time

import cv2

cv2.setNumThreads(1)
for video in sys.argv[1:]:
    capture, frames = cv2.VideoCapture(video), []
    while (read := capture.read())[0]:
        frames.append(cv2.cvtColor(read[1], cv2.COLOR_BGR2GRAY))
    subtractor = cv2.createBackgroundSubtractorMOG2()
    before = time.process_time()
    for frame in frames:
        subtractor.apply(frame)
    print(f"{video}: {1000 * (time.process_time() - before) / len(frames):.3f} ms of CPU a frame")
