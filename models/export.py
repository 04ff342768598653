"""Writes a trained network as ONNX with everything that the service checks at start in the file's metadata."""
import subprocess

import onnx
import torch

from network import FRAMES, GROUPS, Exported
from scenes import STRIDE

VERSION = "1.0.0"
OPSET = 13


def commit():
    """The commit that the training code is at, and whether it was changed since."""
    described = subprocess.run(["git", "describe", "--always", "--dirty", "--exclude=*"], capture_output=True, text=True)
    return described.stdout.strip() or "unknown"


def write(network, path, digest):
    was_training = network.training
    shipped = Exported(network).eval()
    example = torch.zeros(1, FRAMES, 64, 128, dtype=torch.uint8)
    axes = {2: "height", 3: "width"}
    torch.onnx.export(shipped, example, path, opset_version=OPSET, input_names=["frames"], output_names=["descriptors"],
                      dynamic_axes={"frames": axes, "descriptors": {2: "rows", 3: "columns"}})
    network.train(was_training)
    model = onnx.load(path)
    del model.metadata_props[:]
    facts = {"contract": "1", "version": VERSION, "training_commit": commit(), "data_sha256": digest,
             "frames": FRAMES, "interval_ms": 200, "stride": STRIDE,
             "channels": ",".join(f"{name}:{count}" for name, count in GROUPS)}
    for key, value in facts.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = f"edge_cctv.{key}", str(value)
    onnx.checker.check_model(model)
    onnx.save(model, path)
