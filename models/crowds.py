"""Draws people on a footpath as a camera on a pole sees them, some of them on wheels or running, and prints how well the
program tells them: the model card's table of drawn crowds.

  crowds.py PROGRAM [--scenes N] [--keep DIR] [--card]

In each scene the program learns 16 clips of 15 s in which everybody walks, and judges 12 clips of 17 s in which somebody
rides, glides, drives or runs for a while; a frame is strange while at least a fifth of such a one is seen. The figures are
drawn by scenes.py, like those of training, but in other views, sizes and numbers, and walk on instead of standing still for
three frames. So this shows how motion and kinds are judged and pooled, not how real people look. Needs ffmpeg.
"""
import argparse
import contextlib
import csv
import io
import pathlib
import subprocess
import tempfile

import numpy as np
from PIL import Image, ImageDraw

import evaluate
import scenes

#: Drawn so many times larger, then averaged.
SCALE = 2
FPS = 10
LEARNED, JUDGED = (16, 150), (12, 170)
#: Heights a second, and radians of a step a second.
PACE = {"walker": 0.8, "glider": 1.7, "runner": 2.0, "vehicle": 2.2, "cyclist": 2.6}
CADENCE = {"walker": 5.5, "runner": 8.5, "cyclist": 4.0}
STRANGE = ["cyclist", "glider", "vehicle", "runner", "cyclist", "glider"]
#: Of a figure that fills about two fifths of the square of its height.
SEEN = 0.08


class Across:
    """A footpath that crosses the picture; people come from both sides."""

    width, height = 360, 240

    def __init__(self, rng):
        self.slant = rng.uniform(-0.12, 0.12) * self.width

    def size(self, y):
        return 22 + 16 * y / self.height

    def path(self, x, y):
        return (y > 0.2 * self.height) & (y < 0.95 * self.height)

    def way(self, rng, pace):
        """Where somebody is after so many seconds (x, y, facing), from picture's edge to picture's edge."""
        low, high = 0.28 * self.height, 0.98 * self.height
        facing, start = rng.choice([-1, 1]), rng.uniform(low, high)
        end = float(np.clip(start + self.slant * facing + rng.normal(0, 10), low, high))
        margin = self.size(start)
        speed = pace * self.size((start + end) / 2)

        def at(seconds):
            gone = speed * seconds - margin
            return (gone if facing > 0 else self.width - gone), start + (end - start) * gone / self.width, facing

        return at, (self.width + 2 * margin) / speed


class Away:
    """A footpath that leads away from the camera: people are small far off, and most of their way isn't seen."""

    width, height = 238, 158
    #: Steps on the ground look shorter along the line of sight.
    foreshortening = 0.45

    def __init__(self, rng):
        pass

    def size(self, y):
        return 6 + 30 * np.maximum(0.02, y / self.height - 0.05)

    def half(self, y):
        return self.width * (0.07 + 0.33 * y / self.height)

    def path(self, x, y):
        return np.abs(x - 0.48 * self.width) < self.half(y)

    def way(self, rng, pace):
        lane, drift, away = rng.uniform(-0.85, 0.85), rng.normal(0, 0.01), rng.random() < 0.5
        far, near = 0.12 * self.height, self.height + 8.0
        ys = [near if away else far]
        while far <= ys[-1] <= near + 1:
            ys.append(ys[-1] + (-1 if away else 1) * self.size(ys[-1]) * pace * self.foreshortening / FPS)

        def at(seconds):
            y = ys[min(int(seconds * FPS), len(ys) - 1)]
            return 0.48 * self.width + self.half(y) * (lane + drift * seconds), y, 1 if lane > 0 else -1

        return at, len(ys) / FPS


class Passer:
    """Somebody who comes by once."""

    def __init__(self, rng, layout, kind, start):
        self.sprite = scenes.Sprite(rng)
        while self.sprite.kind != kind:
            self.sprite = scenes.Sprite(rng)
        self.kind, self.start = kind, start
        self.phase, self.squeeze = rng.uniform(0, 2 * np.pi), rng.uniform(0.7, 1.05)
        self.at, self.lasts = layout.way(rng, PACE[kind] * np.exp(rng.normal(0, 0.17)))

    def is_there(self, time):
        return 0 <= time - self.start < self.lasts


def background(rng, layout):
    """Albedo at the large size."""
    view = scenes.View(rng, layout.width * SCALE, layout.height * SCALE)
    height, width = view.albedo.shape
    y, x = np.mgrid[:height, :width] / SCALE
    ground = 0.52 + 0.03 * scenes.noise(rng, [3, 9], width, height) + 0.01 * scenes.noise(rng, [60], width, height)
    return np.where(layout.path(x, y), ground, 0.35 * view.albedo + 0.15).astype(np.float32)


def clip(rng, layout, ground, frames, kinds):
    """One clip, uint8 [frames, height, width], and which of its frames are strange."""
    passers, time, lasts = [], -40.0, frames / FPS
    rate = rng.uniform(0.3, 0.8)
    while time < lasts:
        time += rng.exponential(1 / rate)
        passers.append(Passer(rng, layout, "walker", time))
    passers += [Passer(rng, layout, kind, rng.uniform(-1, 0.6 * lasts)) for kind in kinds]
    pictures, strange = [], []
    for frame in range(frames):
        time = frame / FPS
        there = [(passer, *passer.at(time - passer.start)) for passer in passers if passer.is_there(time)]
        there.sort(key=lambda entry: entry[2])
        albedo, mask = Image.fromarray(ground), Image.new("L", ground.shape[::-1], 0)
        draws = ImageDraw.Draw(albedo), ImageDraw.Draw(mask)
        for number, (passer, x, y, facing) in enumerate(there, 1):
            phase = passer.phase + CADENCE.get(passer.kind, 0) * time
            passer.sprite.draw(*draws, x * SCALE, y * SCALE, layout.size(y) * SCALE, 0.0, passer.squeeze, phase, facing, number)
        shares = np.bincount(np.asarray(mask).ravel(), minlength=len(there) + 1)[1:]
        strange.append(any(passer.kind != "walker" and share > SEEN * (layout.size(y) * SCALE) ** 2
                           for (passer, _, y, _), share in zip(there, shares)))
        picture = np.asarray(albedo).reshape(layout.height, SCALE, layout.width, SCALE).mean((1, 3))
        picture = 0.21 + 0.57 * picture + rng.normal(0, 0.008, picture.shape)
        pictures.append(np.clip(255 * picture, 0, 255).astype(np.uint8))
    return np.stack(pictures), strange


def write(pictures, path):
    count, height, width = pictures.shape
    command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{width}x{height}", "-r", str(FPS),
               "-i", "-", "-c:v", "libx264", "-crf", "14", "-pix_fmt", "yuv420p", str(path)]
    subprocess.run(command, input=pictures.tobytes(), check=True)


def draw(seed, layout, folder):
    """Clips and labels of one scene; the names of the clips to learn and to judge."""
    rng = np.random.default_rng(seed)
    layout = layout(rng)
    ground = background(rng, layout)
    folder.mkdir(parents=True)
    learn = [f"learn{i:02d}.mp4" for i in range(LEARNED[0])]
    judge = [f"judge{i:02d}.mp4" for i in range(JUDGED[0])]
    for name in learn:
        write(clip(rng, layout, ground, LEARNED[1], [])[0], folder / name)
    with open(folder / "frame_labels.csv", "w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["file", "frame", "label"])
        for i, name in enumerate(judge):
            pictures, strange = clip(rng, layout, ground, JUDGED[1], [STRANGE[i % len(STRANGE)]])
            write(pictures, folder / name)
            rows.writerows([name, frame, int(label)] for frame, label in enumerate(strange, 1))
    return learn, judge


def print_table(program, count, keep):
    rows = []
    for layout in (Across, Away):
        found = {signals: [] for signals in evaluate.SIGNALS}
        for seed in range(count):
            with tempfile.TemporaryDirectory() as folder:
                folder = pathlib.Path(folder)
                learn, judge = draw(seed, layout, folder / "scene")
                truth = evaluate.labels_of(folder, "scene")
                for signals in found:
                    path = keep / f"crowd_{layout.__name__.lower()}_{seed}_{signals}.jsonl"
                    lines = evaluate.verdicts(program, folder / "scene", learn, judge, signals, path)
                    scores, _, labels, _ = evaluate.aligned(lines, truth)
                    found[signals].append(evaluate.auc(scores, labels))
        rows.append([f"{layout.__name__.lower()}, {layout.width}x{layout.height}",
                     *(f"{np.mean(values):.1f} ({min(values):.1f}–{max(values):.1f})" for values in found.values())])
    evaluate.print_table(["drawn crowd", *evaluate.SIGNALS], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--scenes", type=int, default=2, help="of each layout")
    parser.add_argument("--keep", type=pathlib.Path, help="for the verdicts")
    parser.add_argument("--card", action="store_true", help="put the table into README.md")
    arguments = parser.parse_args()
    program = str(pathlib.Path(arguments.program).resolve())
    written = io.StringIO()
    with tempfile.TemporaryDirectory() as fallback, contextlib.redirect_stdout(written):
        keep = (arguments.keep or pathlib.Path(fallback)).resolve() / evaluate.fingerprint(program)
        keep.mkdir(parents=True, exist_ok=True)
        print_table(program, arguments.scenes, keep)
    print(written.getvalue(), end="")
    if arguments.card:
        evaluate.into_card(written.getvalue())


if __name__ == "__main__":
    main()
