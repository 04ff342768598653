"""Writes a trained network as ONNX with everything that the service checks at start in the file's metadata."""
import pathlib
import subprocess

import onnx
import torch

from network import FRAMES, GROUPS, INTERVAL_MS, Exported
from scenes import STRIDE

#: Of the network. A new training that ships gets a new one, and README.md with it.
VERSION = "1.0.0"
#: Of the agreement with the service (src/anomaly/contract.rs).
CONTRACT = "1"
#: The oldest that has all operators, for old runtimes on boards.
OPSET = 13


def commit():
    """The commit that the training code is at, with "-dirty" if anything was changed since; "unknown" without git."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    try:
        described = subprocess.run(command, cwd=pathlib.Path(__file__).parent, capture_output=True, text=True)
    except FileNotFoundError:
        return "unknown"
    return described.stdout.strip() or "unknown"


def write(network, path, digest):
    """`digest`: SHA-256 of the rendered frames, in hexadecimal. The network goes on in the mode that it was in."""
    was_training = network.training
    shipped = Exported(network).eval()
    example = torch.zeros(1, FRAMES, 64, 128, dtype=torch.uint8)
    axes = {2: "height", 3: "width"}
    torch.onnx.export(shipped, example, path, opset_version=OPSET, input_names=["frames"], output_names=["descriptors"],
                      dynamic_axes={"frames": axes, "descriptors": {2: "rows", 3: "columns"}})
    network.train(was_training)
    model = onnx.load(path)
    del model.metadata_props[:]
    facts = {"contract": CONTRACT, "version": VERSION, "training_commit": commit(), "data_sha256": digest,
             "frames": FRAMES, "interval_ms": INTERVAL_MS, "stride": STRIDE,
             "channels": ",".join(f"{name}:{count}" for name, count in GROUPS)}
    for key, value in facts.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = f"edge_cctv.{key}", str(value)
    onnx.checker.check_model(model)
    onnx.save(model, path)
