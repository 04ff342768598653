#!/usr/bin/env python3
"""Writes the tiny networks of tests/network.rs beside this file. Needs the package onnx (Debian: python3-onnx).

good.onnx says of each 8x8 cell the mean of each plane (0..1), and the newest less the oldest. Nothing is learned: the
right numbers can be computed by hand."""
from pathlib import Path

from onnx import TensorProto, checker, helper, save

HERE = Path(__file__).parent
METADATA = {
    "edge_cctv.contract": "1",
    "edge_cctv.version": "1.2.3",
    "edge_cctv.training_commit": "0123abc",
    "edge_cctv.data_sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "edge_cctv.frames": "3",
    "edge_cctv.interval_ms": "200",
    "edge_cctv.stride": "8",
    "edge_cctv.channels": "change:1,mean:3",
}


def constant(name, values, shape):
    return helper.make_tensor(name, TensorProto.FLOAT, shape, values)


def nodes(last="descriptors", source="frames"):
    """Mean of each cell and plane by average pooling; the change by a 1x1 convolution."""
    return [
        helper.make_node("Cast", [source], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["float", "white"], ["unit"]),
        helper.make_node("AveragePool", ["unit"], ["mean"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("Conv", ["mean", "mix"], [last], kernel_shape=[1, 1]),
    ]


WHITE = constant("white", [255.0], [1])
# Output channels from the planes: newest less oldest, and each by itself.
MIX = constant("mix", [-1, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1], [4, 3, 1, 1])


def write(name, graph_nodes, metadata=METADATA, input_name="frames", input_type=TensorProto.UINT8,
          input_shape=(1, 3, "height", "width"), output_shape=(1, 4, "rows", "columns"), constants=()):
    graph = helper.make_graph(
        graph_nodes,
        name,
        [helper.make_tensor_value_info(input_name, input_type, list(input_shape))],
        [helper.make_tensor_value_info("descriptors", TensorProto.FLOAT, list(output_shape))],
        [WHITE, MIX, *constants],
    )
    model = helper.make_model(graph, producer_name="edge-cctv tests", opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    helper.set_model_props(model, metadata)
    checker.check_model(model)
    save(model, HERE / f"{name}.onnx")


def main():
    write("good", nodes())
    write("no_metadata", nodes(), metadata={})
    write("other_contract", nodes(), metadata=METADATA | {"edge_cctv.contract": "2"})
    write("other_channels", nodes(), metadata=METADATA | {"edge_cctv.channels": "change:1,mean:2"})
    write("other_input", nodes(source="picture"), input_name="picture", input_type=TensorProto.FLOAT)
    write("fixed_size", nodes(), input_shape=(1, 3, 64, 64), output_shape=(1, 4, 8, 8))
    # Where all planes are black, 0 / 0.
    write("not_a_number", [*nodes("sums"), helper.make_node("Div", ["sums", "sums"], ["descriptors"])])
    # Its file promises cells of 8 pixels, its output has cells of 4.
    halves = nodes()
    halves[2] = helper.make_node("AveragePool", ["unit"], ["mean"], kernel_shape=[4, 4], strides=[4, 4])
    write("other_stride", halves)


main()
