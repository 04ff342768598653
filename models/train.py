"""Renders the training scenes, trains the network and writes anomaly.onnx. Seeded; needs two cores and no GPU.

  train.py [--samples N] [--steps N] [--batch N] [--cache DIR] [--output FILE] [--any-versions]

The scenes are kept in --cache for the next time. Until training is done, the network of the moment lies there too;
--output is written at the end. Plan for 4 GB of memory and 1.2 GB of disk.
"""
import argparse
import hashlib
import multiprocessing
import pathlib
import shutil
import sys
import time

import versions

# Before what it looks for is imported, which would fail in fewer words.
if __name__ == "__main__" and "--any-versions" not in sys.argv:
    versions.check()

import numpy as np
import torch
from torch.nn import functional

import export
import scenes
from network import Network
from scenes import HELD_OUT, SEED

#: Arrays of a sample.
KEYS = ["frames_a", "frames_b", "moving_a", "moving_b", "flow_a", "flow_b", "kind_a", "kind_b", "size_a", "size_b", "changed"]


def render(count, cache):
    """All samples as {key: array [count, ...]}, rendered once for each state of scenes.py, and the SHA-256 of the frames."""
    code = hashlib.sha256(pathlib.Path(scenes.__file__).read_bytes()).hexdigest()[:8]
    path = pathlib.Path(cache) / f"scenes-{code}-{count}.npz"
    if not path.exists():
        with multiprocessing.Pool(2) as pool:
            samples = pool.map(scenes.sample, range(SEED, SEED + count), chunksize=16)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".part.npz")
        np.savez(fresh, **{key: np.stack([sample[key] for sample in samples]) for key in KEYS})
        fresh.rename(path)
    stored = np.load(path)
    data = {key: stored[key] for key in KEYS}
    digest = hashlib.sha256(data["frames_a"].tobytes())
    digest.update(data["frames_b"].tobytes())
    return data, digest.hexdigest()


def batch(data, chosen, flip):
    """Both shots of the chosen samples one after the other, and which cells differ between them."""
    def get(key):
        value = np.concatenate([data[key + "_a"][chosen], data[key + "_b"][chosen]])
        return value[..., ::-1].copy() if flip else value
    flow = get("flow")
    if flip:
        flow[:, 0] *= -1
    changed = data["changed"][chosen]
    changed = changed[..., ::-1].copy() if flip else changed
    tensors = get("frames"), get("moving"), flow, get("kind"), get("size"), changed
    return [torch.from_numpy(value) for value in tensors]


def losses(network, tensors):
    """Weighted losses by name, and what `score` needs of the way to them."""
    frames, moving, flow, kind, size, changed = tensors
    out = network(frames)
    kind = kind.long()
    there = (kind > 0).float()
    share = moving.clamp(0, 1)
    # A cell that a thing only touches says little of it: neither yes nor no.
    sure = ((share < 0.02) | (share > 0.12)).float()
    wanted = (share > 0.12).float()
    loss = {}
    loss["moving"] = (functional.binary_cross_entropy_with_logits(out["moving"][:, 0], wanted, reduction="none") * sure * (1 + 2 * wanted)).mean()
    moves = (wanted * there)[:, None]
    error = functional.smooth_l1_loss(out["flow"], flow, reduction="none", beta=0.05)
    # Speeds are judged by their ratio to what is usual: the same error is worse for somebody slow.
    weight = 1 / (0.25 + flow.pow(2).sum(1, keepdim=True).sqrt())
    loss["flow"] = 3 * (error * moves * weight).sum() / (moves.sum() * 2 + 1) + 0.5 * (error * (share < 0.02)[:, None]).mean()
    loss["size"] = 0.3 * (functional.smooth_l1_loss(out["size"][:, 0], size, reduction="none") * there).sum() / (there.sum() + 1)
    weights = torch.ones(len(scenes.KINDS))
    weights[0] = 0.2
    loss["kind"] = 0.4 * functional.cross_entropy(network.name(out["kind"]), kind, weight=weights)
    # Keeps the descriptor from growing without end: cross-entropy alone rewards length.
    loss["kind_length"] = 0.002 * (out["kind"] ** 2).mean()
    a, b = out["appearance"].chunk(2)
    # Contrastive: alike where only light differs, at least 1 apart where another thing is (Hadsell et al. 2006).
    square = ((a - b) ** 2).mean(1)
    same, other = (changed < 0.01).float(), (changed > 0.2).float()
    distance = torch.sqrt(square + 1e-5)
    pull = (square * same).sum() / (same.sum() + 1)
    push = (torch.relu(1 - distance) ** 2 * other).sum() / (other.sum() + 1)
    loss["appearance"] = 3 * pull + push
    return loss, (out, wanted, sure, distance, same, other)


def score(network, data, held):
    """Figures on held-out scenes: F of motion, errors of flow in cells an interval where things move and where nothing does,
    and the AUC by which the distance of appearance tells changed cells from unchanged ones."""
    network.eval()
    found = {key: [] for key in ("moving", "flow", "still", "changed")}
    with torch.no_grad():
        for start in range(0, len(held), 20):
            tensors = batch(data, held[start:start + 20], False)
            _, (out, wanted, sure, distance, same, other) = losses(network, tensors)
            probability = torch.sigmoid(out["moving"][:, 0])
            found["moving"].append(torch.stack([probability, wanted, sure], -1).reshape(-1, 3))
            moves = wanted.bool() & (tensors[3] > 0)
            gap = (out["flow"] - tensors[2]).pow(2).sum(1).sqrt()
            found["flow"].append(torch.stack([gap[moves], tensors[2].pow(2).sum(1).sqrt()[moves]], -1))
            found["still"].append(out["flow"].pow(2).sum(1).sqrt()[(tensors[1] < 0.02)])
            known = (same + other) > 0
            found["changed"].append(torch.stack([distance[known], other[known]], -1))
    network.train()
    moving = torch.cat(found["moving"]).numpy()
    moving = moving[moving[:, 2] > 0]
    hit = moving[:, 0] > 0.5
    f = 2 * (hit & (moving[:, 1] > 0)).sum() / (hit.sum() + (moving[:, 1] > 0).sum())
    flow = torch.cat(found["flow"]).numpy()
    changed = torch.cat(found["changed"]).numpy()
    order = changed[:, 0].argsort()
    rank = np.empty(len(order))
    rank[order] = np.arange(len(order))
    yes = changed[:, 1] > 0
    auc = (rank[yes].mean() - (yes.sum() - 1) / 2) / (~yes).sum()
    return dict(moving_f=round(float(f), 4), flow_error_cells=round(float(flow[:, 0].mean()), 4),
                flow_mean_cells=round(float(flow[:, 1].mean()), 4),
                still_flow_cells=round(float(torch.cat(found["still"]).mean()), 4), changed_auc=round(float(auc), 4))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=scenes.SAMPLES)
    parser.add_argument("--steps", type=int, default=6_000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--cache", default="target/models")
    parser.add_argument("--output", default="models/anomaly.onnx")
    parser.add_argument("--any-versions", action="store_true", help="don't insist on the versions in requirements.txt")
    arguments = parser.parse_args()
    if arguments.samples <= HELD_OUT:
        parser.error(f"--samples must exceed the {HELD_OUT} scenes that are held out")
    started = time.time()
    data, digest = render(arguments.samples, arguments.cache)
    print(f"rendered {arguments.samples} scenes in {time.time() - started:.0f} s, sha256 {digest[:16]}", flush=True)
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    network = Network()
    network.train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=arguments.steps, pct_start=0.1)
    unfinished = pathlib.Path(arguments.cache) / "unfinished.onnx"
    held = np.arange(arguments.samples - HELD_OUT, arguments.samples)
    seen = {}
    for step in range(arguments.steps):
        chosen = rng.integers(0, arguments.samples - HELD_OUT, arguments.batch)
        loss, _ = losses(network, batch(data, chosen, rng.random() < 0.5))
        optimiser.zero_grad()
        sum(loss.values()).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        for key, value in loss.items():
            seen[key] = 0.98 * seen.get(key, float(value)) + 0.02 * float(value)
        if step % 500 == 499 or step == arguments.steps - 1:
            figures = " ".join(f"{key} {value:.4f}" for key, value in seen.items())
            print(f"step {step + 1} at {time.time() - started:.0f} s: {figures}; held out {score(network, data, held)}", flush=True)
            export.write(network, str(unfinished), digest)
    shutil.move(unfinished, arguments.output)
    print(f"{arguments.output} written after {time.time() - started:.0f} s")


if __name__ == "__main__":
    main()
