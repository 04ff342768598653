"""Measures the shipped network and what the program makes of it, and prints the model card's tables.

  evaluate.py PROGRAM [--data DIR] [--keep DIR]          what `edge-cctv analyze` finds in labelled footage
  evaluate.py PROGRAM --ways [--data DIR] [--keep DIR]   other ways to judge the same frames, beside the shipped one
  evaluate.py --held-out                                 the figures of training, on the scenes that it never saw
  evaluate.py --latency                                  time of one inference, one thread

PROGRAM is a release build. It looks for the network in models/ of this checkout and for ONNX Runtime as it always
does (ORT_DYLIB_PATH helps). --keep leaves the verdicts in a folder, and takes those of the same program and network
that lie there instead of judging again. --card puts the tables into README.md, in the place of those with the same head;
its prose is yours to check. All but the first need the Python package onnxruntime, --ways needs ffmpeg, --held-out Pillow.

Nothing here is normalised per clip, and no threshold is chosen on what is judged.
"""
import argparse
import contextlib
import csv
import hashlib
import io
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import numpy as np

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
MODEL = CHECKOUT / "models/anomaly.onnx"
UPCAM = "anomaly/upcam"
AVENUE = "anomaly/avenue"
UPCAM_LEARN = [f"{UPCAM}/learn/upcam_day09_h{hour}.mp4" for hour in (19, 21, 23)]
UPCAM_JUDGE = [f"{UPCAM}/staged.mp4"]
AVENUE_LEARN = [f"{AVENUE}/train/{clip}.mp4" for clip in (12, 16)]
AVENUE_JUDGE = [f"{AVENUE}/test/{clip}.mp4" for clip in ("08", "17", "18", "19", "20", "21")]
LONG_LEARN = [f"longrun/upcam_day00_h{hour}.mp4" for hour in (14, 20)]
LONG_JUDGE = [f"longrun/upcam_day00_h{hour}.mp4" for hour in ("03", "08")]
SIGNALS = ("behaviour", "network", "all")
# Frames of staged.mp4, 1-based as in events.md, in which nothing is strange but the light.
LAMPS_OFF = (8110, 9000)
SCREENS_OFF = (3673, 4169)


def auc(scores, labels):
    """Share of the pairs of an anomalous and a normal frame in which the anomalous one scores higher, in %; a tie is
    half a pair."""
    scores, labels = np.asarray(scores, float), np.asarray(labels, bool)
    strange, normal = scores[labels], np.sort(scores[~labels])
    if not len(strange) or not len(normal):
        raise SystemExit("frames of one class only: there is no AUC")
    lower, not_higher = (np.searchsorted(normal, strange, side) for side in ("left", "right"))
    return 100 * float((lower + not_higher).mean()) / 2 / len(normal)


def flag_figures(flags, labels):
    """Precision, recall and F of the flag, in %; dashes where nothing is flagged."""
    if not flags.any():
        return ["–", 0.0, "–"]
    hits = (flags & labels).sum()
    return [100 * float(x) for x in (hits / flags.sum(), hits / labels.sum(), 2 * hits / (flags.sum() + labels.sum()))]


def without(frames, *stretches):
    """Which of the frames (1-based) lie in none of the stretches."""
    return ~np.any([(frames >= first) & (frames <= last) for first, last in stretches], 0)


def labels_of(data, folder):
    """{file: {1-based frame: anomalous}}"""
    found = {}
    with open(data / folder / "frame_labels.csv") as rows:
        for row in csv.DictReader(rows):
            found.setdefault(row["file"], {})[int(row["frame"])] = row["label"] == "1"
    return found


def fingerprint(program):
    """Of the program and the network: the figures of two programs must never mix."""
    return hashlib.sha256(pathlib.Path(program).read_bytes() + MODEL.read_bytes()).hexdigest()[:12]


def verdicts(program, data, learn, judge, signals, path):
    """Runs the program, if its verdicts aren't at `path` already: the lines, as dictionaries."""
    if not path.exists():
        fresh = path.with_suffix(".part")
        taught = [word for name in learn for word in ("--learn", str(data / name))]
        command = [program, "analyze", "--signals", signals, "--output", str(fresh), *taught, *(str(data / name) for name in judge)]
        result = subprocess.run(command, cwd=CHECKOUT, stderr=subprocess.PIPE, text=True)
        if result.returncode:
            raise SystemExit(f"{' '.join(command)}\nended with {result.returncode}:\n{result.stderr}")
        if "judged without the network" in result.stderr:
            raise SystemExit(f"the program had no network, so there is nothing to measure:\n{result.stderr}")
        if fingerprint(program) != path.parent.name:
            raise SystemExit(f"{program} or {MODEL} was replaced meanwhile: measure again")
        fresh.rename(path)
    with open(path) as lines:
        return [json.loads(line) for line in lines]


def aligned(lines, truth):
    """Scores, flags, labels and 1-based frame numbers of the labelled frames. All must have been judged."""
    judged = {}
    for line in lines:
        clip = next((name for name in truth if line["input"].endswith(name)), None)
        if clip:
            judged[clip, line["frame"] + 1] = line["anomaly_score"], line["is_anomaly"]
    rows = [(*judged[clip, frame], label, frame) for clip, frames in truth.items() for frame, label in frames.items()]
    scores, flags, labels, frames = (np.array(column) for column in zip(*rows))
    return scores, flags.astype(bool), labels.astype(bool), frames


def alarms(lines):
    """How often the state enters ALERT in each input: {file name: (times, hours)}"""
    found, before = {}, {}
    for line in lines:
        clip = pathlib.Path(line["input"]).name
        times, _ = found.get(clip, (0, 0.0))
        rises = line["ai_status"] == "ALERT" and before.get(clip) != "ALERT"
        found[clip], before[clip] = (times + rises, line["time"] / 3600), line["ai_status"]
    return found


def events(path):
    """The staged events: (first frame, last frame, strange, what happens)."""
    found = re.findall(r"- (\d+) - (\d+): \*\*\(([NA])\)\*\* (.+?)\.? *$", path.read_text(), re.MULTILINE)
    return [(int(first), int(last), mark == "A", what) for first, last, mark, what in found]


def into_card(text):
    """Puts each table of the text into the card."""
    card = pathlib.Path(__file__).with_name("README.md")
    lines = card.read_text().split("\n")
    for table in (part.split("\n") for part in text.strip().split("\n\n")):
        if table[0] not in lines:
            raise SystemExit(f"{card} has no table with the head\n{table[0]}")
        first = lines.index(table[0])
        lines[first:lines.index("", first)] = table
    card.write_text("\n".join(lines))


def print_table(head, rows):
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(cell if isinstance(cell, str) else f'{cell:.2f}' for cell in row)} |", flush=True)


def print_tables(program, data, keep):
    rows = []
    for name, folder, learn, judge in (("upcam", UPCAM, UPCAM_LEARN, UPCAM_JUDGE), ("avenue", AVENUE, AVENUE_LEARN, AVENUE_JUDGE)):
        truth = labels_of(data, folder)
        for signals in SIGNALS:
            lines = verdicts(program, data, learn, judge, signals, keep / f"{name}_{signals}.jsonl")
            scores, flags, labels, frames = aligned(lines, truth)
            light = ["–", "–"]
            if name == "upcam":
                parts = without(frames, LAMPS_OFF), without(frames, LAMPS_OFF, SCREENS_OFF)
                light = [auc(scores[part], labels[part]) for part in parts]
            rows.append([name, signals, auc(scores, labels), *light, *flag_figures(flags, labels)])
    print_table(["footage", "signals", "AUC", "AUC without lamps off", "AUC without lamps and screens off",
                 "flag precision", "flag recall", "flag F"], rows)
    print()
    lines = verdicts(program, data, LONG_LEARN, LONG_JUDGE, "all", keep / "longrun_all.jsonl")
    found = alarms(lines)
    print_table(["normal footage", "hours", "false alarms"],
                [[clip, hours, str(times)] for clip, (times, hours) in found.items()])
    print()
    lines = verdicts(program, data, UPCAM_LEARN, UPCAM_JUDGE, "all", keep / "upcam_all.jsonl")
    scores, flags, _, frames = aligned(lines, labels_of(data, UPCAM))
    alerts = np.array([line["ai_status"] == "ALERT" for line in lines])
    rows = []
    for first, last, strange, what in events(data / UPCAM / "events.md"):
        part = (frames >= first) & (frames <= last)
        rows.append([f"{first}–{last}", "strange" if strange else "normal", what, float(np.median(scores[part])),
                     f"{100 * flags[part].mean():.0f} %", f"{100 * alerts[part].mean():.0f} %"])
    print_table(["frames", "label", "what happens", "median score", "flagged", "in ALERT"], rows)


# --- Other ways -------------------------------------------------------------------------------------------------

LEARN_EACH, JUDGE_EACH = 20, 5
# What is learned lies in two halves that judge each other, in turns of so many learned frames (five minutes).
TURN = 75
# The last so many judged frames (of one a second) of the smoothed score.
SMOOTH = 8


def luma(path):
    """All frames of a recording as uint8 [n, 64, 128]."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-vf", "scale=128:64:flags=area", "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    data = subprocess.run(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, check=True).stdout
    return np.frombuffer(data, np.uint8).reshape(-1, 64, 128)


def session():
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(MODEL), options, providers=["CPUExecutionProvider"])


def groups(network):
    """{name: slice of the channels}"""
    channels = network.get_modelmeta().custom_metadata_map["edge_cctv.channels"]
    found, start = {}, 0
    for name, count in (group.split(":") for group in channels.split(",")):
        found[name] = slice(start, start + int(count))
        start += int(count)
    return found


def describe(network, frames, chosen):
    """Descriptors [n, cells, channels] of the stacks that end with the chosen frames."""
    out = []
    for last in chosen:
        stack = frames[[max(last - 2, 0), max(last - 1, 0), last]][None]
        values = network.run(None, {"frames": stack})[0][0]
        out.append(values.reshape(len(values), -1).T)
    return np.stack(out)


def hand_made(frames):
    """Per 8x8 cell: mean and deviation of log luma, mean absolute slopes across and down; [n, cells, 4]."""
    log = np.log(frames.astype(np.float32) / 255 + 0.06)

    def cells(values):
        n, height, width = values.shape
        return values.reshape(n, height // 8, 8, width // 8, 8).mean((2, 4)).reshape(n, -1)

    down, across = np.zeros_like(log), np.zeros_like(log)
    down[:, 1:-1] = np.abs(log[:, 2:] - log[:, :-2])
    across[:, :, 1:-1] = np.abs(log[:, :, 2:] - log[:, :, :-2])
    mean = cells(log)
    return np.stack([mean, np.sqrt(np.maximum(cells(log * log) - mean**2, 0)), cells(across), cells(down)], -1)


def nearest(known, asked):
    """Distance of each asked vector to the nearest known one of the same cell; [n, cells]."""
    out = np.empty(asked.shape[:2], np.float32)
    for cell in range(asked.shape[1]):
        a, b = asked[:, cell], known[:, cell]
        square = (a * a).sum(1)[:, None] + (b * b).sum(1)[None] - 2 * a @ b.T
        out[:, cell] = np.sqrt(np.maximum(square.min(1), 0))
    return out


def mahalanobis(known, asked, shrinkage=0.1):
    """Distance to a Gaussian per cell, whose covariance is drawn to a multiple of the unit matrix; [n, cells]."""
    out = np.empty(asked.shape[:2], np.float32)
    dimensions = known.shape[2]
    for cell in range(asked.shape[1]):
        values = known[:, cell].astype(np.float64)
        covariance = np.cov(values.T)
        even = np.trace(covariance) / dimensions + 1e-6
        covariance = (1 - shrinkage) * covariance + shrinkage * even * np.eye(dimensions)
        gap = asked[:, cell] - values.mean(0)
        out[:, cell] = np.sqrt(np.einsum("nd,nd->n", gap @ np.linalg.inv(covariance), gap))
    return out


def excess(distance, learned, asked):
    """Mean over the cells of how far the distance exceeds its normal range; [n].

    The range is the 99 % quantile of distances between the two halves of what was learned, half of it the cell's own
    and half that of all cells: the same treatment for each way."""
    half = np.arange(len(learned)) // TURN % 2
    first, second = learned[half == 0], learned[half == 1]
    normal = np.concatenate([distance(first, second), distance(second, first)])
    upper = np.quantile(normal, 0.99, axis=0)
    upper = (upper + np.median(upper)) / 2 + 1e-3
    found = np.minimum(distance(first, asked), distance(second, asked))
    return np.maximum(found / upper - 1, 0).mean(1)


def speed_excess(learned, asked, parts):
    """Motion alone: mean over the cells of how far the speed of what moves exceeds its place's 95 % quantile."""
    def speeds(values):
        moves = values[:, :, parts["moving"]][..., 0] > 0.5
        return np.where(moves, np.linalg.norm(values[:, :, parts["flow"]], axis=-1), np.nan)

    known = speeds(learned)
    overall = np.nanquantile(known, 0.95)
    # Where little moved, all places together stand in.
    upper = np.array([np.nanquantile(cell, 0.95) if np.isfinite(cell).sum() >= 20 else overall for cell in known.T])
    return np.nan_to_num(np.maximum(speeds(asked) / upper - 1, 0)).mean(1)


def print_ways(program, data, keep):
    network = session()
    parts = groups(network)
    learned, hands, count = [], [], 0
    for name in UPCAM_LEARN:
        frames = luma(data / name)
        chosen = np.arange(2, len(frames), LEARN_EACH)
        learned.append(describe(network, frames, chosen))
        hands.append(hand_made(frames[chosen]))
        count += len(chosen)
    learned, hands = np.concatenate(learned), np.concatenate(hands)
    frames = luma(data / UPCAM_JUDGE[0])
    chosen = np.arange(2, len(frames), JUDGE_EACH)
    asked, asked_hands = describe(network, frames, chosen), hand_made(frames[chosen])
    look, tone = parts["appearance"], parts["tone"]
    found = {
        "hand-made features, nearest neighbour": excess(nearest, hands, asked_hands),
        "appearance, Gaussian per place (as PaDiM)": excess(mahalanobis, learned[..., look], asked[..., look]),
        "appearance, nearest neighbour per place (as PatchCore)": excess(nearest, learned[..., look], asked[..., look]),
        "tone, nearest neighbour per place": excess(nearest, learned[..., tone], asked[..., tone]),
        "speed over the place's usual one": speed_excess(learned, asked, parts),
    }
    truth = labels_of(data, UPCAM)
    for signals in SIGNALS:
        lines = verdicts(program, data, UPCAM_LEARN, UPCAM_JUDGE, signals, keep / f"upcam_{signals}.jsonl")
        name = "**shipped: all signals**" if signals == "all" else f"shipped, {signals} alone"
        found[name] = aligned(lines, truth)[0][chosen]
    labels = np.array([truth["staged.mp4"][frame + 1] for frame in chosen])
    lit = without(chosen + 1, LAMPS_OFF), without(chosen + 1, LAMPS_OFF, SCREENS_OFF)
    rows = []
    for name, scores in found.items():
        total = np.concatenate([np.zeros(1), scores.astype(float).cumsum()])
        first = np.maximum(np.arange(len(scores)) + 1 - SMOOTH, 0)
        smooth = (total[1:] - total[first]) / (np.arange(len(scores)) + 1 - first)
        rows.append([name, auc(scores, labels), *(auc(scores[part], labels[part]) for part in lit), auc(smooth, labels),
                     *(auc(smooth[part], labels[part]) for part in lit[1:])])
    print(f"{count} frames learned, {len(chosen)} judged, {labels.sum()} of them anomalous", file=sys.stderr)
    print_table(["way", "AUC", "without lamps off", "without lamps and screens off", f"AUC of the last {SMOOTH} s",
                 "the same without lamps and screens off"], rows)


def print_held_out():
    """The same as train.score says at the end of training, of the file instead of the weights in memory."""
    import scenes

    network = session()
    parts = groups(network)
    found = {key: [] for key in ("probability", "share", "error", "speed", "still", "distance", "changed")}
    for seed in range(scenes.SEED + scenes.SAMPLES - scenes.HELD_OUT, scenes.SEED + scenes.SAMPLES):
        sample, looks = scenes.sample(seed), []
        for shot in "ab":
            values = network.run(None, {"frames": sample["frames_" + shot][None]})[0][0]
            share, flow = sample["moving_" + shot].clip(0, 1), sample["flow_" + shot]
            found["probability"].append(values[parts["moving"]][0])
            found["share"].append(share)
            moves = (share > 0.12) & (sample["kind_" + shot] > 0)
            found["error"].append(np.linalg.norm(values[parts["flow"]] - flow, axis=0)[moves])
            found["speed"].append(np.linalg.norm(flow, axis=0)[moves])
            found["still"].append(np.linalg.norm(values[parts["flow"]], axis=0)[share < 0.02])
            looks.append(values[parts["appearance"]])
        found["distance"].append(np.square(looks[0] - looks[1]).mean(0))
        found["changed"].append(sample["changed"])
    found = {key: np.concatenate([part.ravel() for part in parts]) for key, parts in found.items()}
    # As in training, cells that a thing only touches count neither way.
    sure = (found["share"] < 0.02) | (found["share"] > 0.12)
    moving = flag_figures(found["probability"][sure] > 0.5, found["share"][sure] > 0.12)[2]
    known = (found["changed"] < 0.01) | (found["changed"] > 0.2)
    print_table(["figure", "value"], [
        ["F of motion, per cell, %", moving],
        ["error of flow where something moves, cells an interval", float(found["error"].mean())],
        ["speed there, cells an interval", float(found["speed"].mean())],
        ["flow where nothing moves, cells an interval", float(found["still"].mean())],
        ["AUC of changed against unchanged cells by distance of appearance, %",
         auc(found["distance"][known], found["changed"][known] > 0.2)]])


def print_latency():
    network = session()
    rows = []
    for width, height in ((128, 64), (192, 128), (208, 120)):
        stack = np.random.default_rng(0).integers(0, 255, (1, 3, height, width), dtype=np.uint8)
        spent = []
        for _ in range(300):
            begin = time.process_time()
            network.run(None, {"frames": stack})
            spent.append(1000 * (time.process_time() - begin))
        rows.append([f"{width}x{height}", float(np.median(spent[20:])), float(np.quantile(spent[20:], 0.95))])
    print_table(["frames", "median, ms of processor time", "95 % quantile"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?")
    parser.add_argument("--data", type=pathlib.Path, default=CHECKOUT / "../shared/data")
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--ways", action="store_true")
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--latency", action="store_true")
    parser.add_argument("--card", action="store_true")
    arguments = parser.parse_args()
    if not arguments.card:
        return measure(parser, arguments)
    written = io.StringIO()
    with contextlib.redirect_stdout(written):
        measure(parser, arguments)
    print(written.getvalue(), end="")
    return into_card(written.getvalue())


def measure(parser, arguments):
    if arguments.held_out:
        return print_held_out()
    if arguments.latency:
        return print_latency()
    if not arguments.program:
        parser.error("which program? (target/release/edge-cctv)")
    if not (arguments.data / UPCAM).is_dir():
        raise SystemExit(f"no footage in {arguments.data}: --data says where it is")
    with tempfile.TemporaryDirectory() as fallback:
        keep = arguments.keep or pathlib.Path(fallback)
        program, data = str(pathlib.Path(arguments.program).resolve()), arguments.data.resolve()
        keep = keep.resolve() / fingerprint(program)
        keep.mkdir(parents=True, exist_ok=True)
        return (print_ways if arguments.ways else print_tables)(program, data, keep)


if __name__ == "__main__":
    main()
