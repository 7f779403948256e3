"""Networks in 8 bits; left out where what training needs is not installed, as with the server."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed: scripts/training needs it")
onnx = pytest.importorskip("onnx", reason="onnx is not installed: scripts/training needs it")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from scripts.training.evaluate import load  # noqa: E402
from scripts.training.quantise import quantise  # noqa: E402
from scripts.training.sets import Line  # noqa: E402

CONVOLUTIONS, CHANNELS = 8, 16


def make_network(path: Path) -> Path:
    """Convolutions, each with a GELU in one node, as a network has that was quantised before."""
    random = np.random.default_rng(0)
    shapes = [(CHANNELS, 3, 48, 8), *[(CHANNELS, CHANNELS, 1, 1)] * (CONVOLUTIONS - 1)]
    weights = [random.normal(0, 1 / np.sqrt(np.prod(shape[1:])), shape) for shape in shapes]
    nodes, source = [], "x"
    for at, shape in enumerate(shapes):
        nodes += [
            helper.make_node(
                "Conv", [source, f"w{at}", f"b{at}"], [f"c{at}"], name=f"conv{at}",
                strides=list(shape[2:]), kernel_shape=list(shape[2:]),
            ),
            helper.make_node("Gelu", [f"c{at}"], [f"g{at}"], domain="com.microsoft"),
        ]  # fmt: skip
        source = f"g{at}"
    nodes += [
        helper.make_node("Squeeze", [source, "height"], ["row"]),
        helper.make_node("Transpose", ["row"], ["columns"], perm=[0, 2, 1]),
        helper.make_node("Softmax", ["columns"], ["y"], axis=2),
    ]
    constants = {
        **{f"w{at}": weight.astype(np.float32) for at, weight in enumerate(weights)},
        **{f"b{at}": np.zeros(CHANNELS, np.float32) for at in range(CONVOLUTIONS)},
        "height": np.array([2], np.int64),
    }
    graph = helper.make_graph(
        nodes, "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 48, "width"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, "columns", CHANNELS])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )  # fmt: skip
    domains = [helper.make_opsetid("", 13), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=domains, ir_version=8)
    helper.set_model_props(model, {"character": "\n".join("abcdefghijklmn")})
    onnx.save(model, path)
    return path


def test_what_was_trained_from_a_quantised_network_is_quantised_again(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 640), np.uint8)
    cv2.imwrite(str(tmp_path / "line.png"), noise)
    trained = make_network(tmp_path / "trained.onnx")

    quantise(trained, tmp_path / "eight.onnx", [Line(tmp_path / "line.png", "any", (), "ours")])

    kinds = [node.op_type for node in onnx.load(tmp_path / "eight.onnx").graph.node]
    assert kinds.count("QuantizeLinear") >= 2  # the stem stays as it is
    picture = np.random.default_rng(2).uniform(-1, 1, (1, 48, 320)).astype(np.float32)
    (read, letters), (read_in_8_bits, same_letters) = (
        load(path) for path in (trained, tmp_path / "eight.onnx")
    )
    assert letters == same_letters
    assert np.abs(read(picture) - read_in_8_bits(picture)).max() < 0.02
