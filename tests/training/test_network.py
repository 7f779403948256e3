"""The network in training; left out where torch is not installed, as with the server."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: scripts/training needs it")
onnx = pytest.importorskip("onnx", reason="onnx is not installed: scripts/training needs it")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from scripts.training.network import Network  # noqa: E402
from scripts.training.train import Sitting  # noqa: E402

BASE_LETTERS = ["中", "b", "a", "é", "文"]


def make_base(path: Path, *, tells: bool = True) -> Path:
    """A network with the operations that are joined: bias, GELU, swish, layer normalisation."""
    random_ = np.random.default_rng(0)
    weights = {
        "conv.w": random_.normal(0, 0.3, (64, 3, 48, 8)), "conv.b": np.zeros((1, 64, 1, 1)),
        "dense.w": random_.normal(0, 0.3, (64, 64)), "dense.b": random_.normal(0, 0.3, 64),
        "scale": random_.normal(1, 0.1, 64), "shift": random_.normal(0, 0.1, 64),
        "head.w": random_.normal(0, 0.3, (64, 7)), "head.b": np.zeros(7),
        "root": np.array(2**0.5), "one": np.array(1.0), "half": np.array(0.5),
        "two": np.array(2.0), "epsilon": np.array(1e-5),
    }  # fmt: skip
    steps: list[tuple[str, list[str], str, dict[str, Any]]] = [
        ("Conv", ["x", "conv.w"], "c", {"strides": [48, 8], "pads": [0, 0, 0, 0],
                                        "dilations": [1, 1], "group": 1, "kernel_shape": [48, 8]}),
        ("Add", ["c", "conv.b"], "c1", {}),
        ("Div", ["c1", "root"], "g1", {}), ("Erf", ["g1"], "g2", {}),
        ("Add", ["g2", "one"], "g3", {}),
        ("Mul", ["c1", "g3"], "g4", {}), ("Mul", ["g4", "half"], "g5", {}),
        ("Identity", ["g5"], "same", {}),
        ("Squeeze", ["same"], "q", {"axes": [2]}), ("Transpose", ["q"], "t", {"perm": [0, 2, 1]}),
        ("MatMul", ["t", "dense.w"], "d", {}), ("Add", ["d", "dense.b"], "d1", {}),
        ("Sigmoid", ["d1"], "s", {}), ("Mul", ["d1", "s"], "s1", {}),
        ("ReduceMean", ["s1"], "m", {"axes": [-1]}), ("Sub", ["s1", "m"], "m1", {}),
        ("Pow", ["m1", "two"], "m2", {}), ("ReduceMean", ["m2"], "m3", {"axes": [-1]}),
        ("Add", ["m3", "epsilon"], "m4", {}), ("Sqrt", ["m4"], "m5", {}),
        ("Div", ["m1", "m5"], "m6", {}), ("Mul", ["m6", "scale"], "m7", {}),
        ("Add", ["m7", "shift"], "n", {}),
        ("MatMul", ["n", "head.w"], "h", {}), ("Add", ["h", "head.b"], "h1", {}),
        ("Softmax", ["h1"], "y", {"axis": 2}),
    ]  # fmt: skip
    graph = helper.make_graph(
        [
            helper.make_node(kind, inputs, [out], **settings)
            for kind, inputs, out, settings in steps
        ],
        "base",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 48, "width"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, "columns", 7])],
        [
            numpy_helper.from_array(value.astype(np.float32), name)
            for name, value in weights.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
    if tells:
        helper.set_model_props(model, {"character": "\n".join(BASE_LETTERS)})
    onnx.save(model, path)
    return path


def read_with_opencv(path: Path, picture: np.ndarray) -> np.ndarray:
    """Probabilities as the server computes them."""
    net = cv2.dnn.readNetFromONNX(str(path))
    net.setInput(picture)
    return net.forward()


def picture(width_px: int = 64) -> np.ndarray:
    """Noise from -1 to 1."""
    return np.random.default_rng(1).uniform(-1, 1, (1, 3, 48, width_px)).astype(np.float32)


def test_it_says_what_the_base_says_of_the_letters_that_are_kept(tmp_path: Path) -> None:
    path = make_base(tmp_path / "base.onnx")
    network = Network(path)
    with torch.no_grad():
        logits = network(torch.from_numpy(picture()))[0].numpy()

    assert network.letters == ["", "b", "a", "é", " "]
    base = np.log(read_with_opencv(path, picture()))[0][:, [0, 2, 3, 4, 6]]
    differences = logits - base  # the same but for a constant in each column
    assert np.abs(differences - differences[:, :1]).max() < 1e-4


def test_what_is_saved_says_the_same_and_is_halved(tmp_path: Path) -> None:
    network, path = Network(make_base(tmp_path / "base.onnx")), tmp_path / "saved.onnx"
    network.save(path)

    with torch.no_grad():
        said = torch.softmax(network(torch.from_numpy(picture(96))), -1).numpy()
        again = torch.softmax(Network(path)(torch.from_numpy(picture(96))), -1).numpy()
    assert np.abs(read_with_opencv(path, picture(96)) - said).max() < 3e-3
    assert np.abs(again - said).max() < 3e-3
    assert Network(path).letters == network.letters
    assert path.stat().st_size < 0.6 * (tmp_path / "base.onnx").stat().st_size


def in_8_bits(base: Path, path: Path) -> Path:
    """A base whose convolution is quantised, its weights by channel, and its output."""
    model = onnx.load(base)
    (weights,) = (one for one in model.graph.initializer if one.name == "conv.w")
    values = numpy_helper.to_array(weights)
    scales = np.abs(values).max(axis=(1, 2, 3)) / 127
    eight = np.round(values / scales[:, None, None, None]).astype(np.int8)
    weights.CopyFrom(numpy_helper.from_array(eight, "conv.w8"))
    model.graph.initializer.extend(
        numpy_helper.from_array(value, name)
        for name, value in {
            "scales": scales.astype(np.float32), "zeros": np.zeros(64, np.int8),
            "step": np.array(0.2, np.float32), "middle": np.array(128, np.uint8),
        }.items()
    )  # fmt: skip
    add = model.graph.node[1]
    add.input[0] = "c.whole"
    widen = helper.make_node("DequantizeLinear", ["conv.w8", "scales", "zeros"], ["conv.w"], axis=0)
    model.graph.node.insert(0, widen)
    for at, (kind, source, out) in enumerate(
        (("QuantizeLinear", "c", "c.8"), ("DequantizeLinear", "c.8", "c.whole")), 2
    ):
        model.graph.node.insert(at, helper.make_node(kind, [source, "step", "middle"], [out]))
    model.opset_import[0].version = 13
    onnx.save(model, path)
    return path


def test_training_goes_on_from_a_network_of_8_bits(tmp_path: Path) -> None:
    base = Network(make_base(tmp_path / "base.onnx"))
    network = Network(in_8_bits(tmp_path / "base.onnx", tmp_path / "eight.onnx"))

    assert network.weights.keys() == base.weights.keys()
    with torch.no_grad():
        said, whole = (one(torch.from_numpy(picture(96))) for one in (network, base))
    assert torch.abs(said - whole).max() < 0.2
    network.save(tmp_path / "saved.onnx")
    assert Network(tmp_path / "saved.onnx").weights.keys() == base.weights.keys()


def test_a_base_that_tells_no_letters_needs_a_dictionary(tmp_path: Path) -> None:
    path = make_base(tmp_path / "base.onnx", tells=False)
    listed = tmp_path / "letters.txt"
    listed.write_text("\n".join(BASE_LETTERS) + "\n", encoding="utf8")

    with pytest.raises(ValueError, match="name its dictionary"):
        Network(path)
    assert Network(path, listed).letters == ["", "b", "a", "é", " "]


def test_what_is_frozen_stays(tmp_path: Path) -> None:
    network = Network(make_base(tmp_path / "base.onnx"))
    network.freeze_until("dense.w")

    frozen = {name for name, one in network.weights.items() if not one.requires_grad}

    assert frozen == {"conv#w", "conv#b"}
    with pytest.raises(ValueError, match="no step uses"):
        network.freeze_until("dense.x")


def learn(sitting: Sitting, steps: int) -> float:
    """Learn one picture with the text `ab`; the loss of the last step."""
    grey = torch.from_numpy(picture())
    loss = 0.0
    for _ in range(steps):
        loss = sitting.learn(sitting.network(grey), [[2, 1]], 0.0)
    return loss


def test_learning_goes_on_from_a_checkpoint_as_if_it_had_not_ended(tmp_path: Path) -> None:
    torch.manual_seed(0)
    through = Sitting(Network(make_base(tmp_path / "base.onnx")), 1e-2)
    first = learn(through, 1)
    learn(through, 29)
    through.save(tmp_path / "out.onnx")
    resumed = Sitting(Network(tmp_path / "base.onnx"), 1e-2)
    resumed.load(tmp_path / "out.pt")

    assert resumed.seen == 30
    last = learn(through, 20)
    assert learn(resumed, 20) == pytest.approx(last, rel=1e-4)
    assert last < 0.5 * first


def test_a_broken_step_is_left_out(tmp_path: Path) -> None:
    sitting = Sitting(Network(make_base(tmp_path / "base.onnx")), 1e-2)
    before = sitting.network.weights["head#b"].detach().clone()

    sitting.learn(sitting.network(torch.full((1, 3, 48, 64), float("nan"))), [[1]], 0.0)

    assert torch.equal(sitting.network.weights["head#b"], before)


def test_fonts_write_what_they_have(tmp_path: Path) -> None:
    fonts = pytest.importorskip("scripts.training.fonts", exc_type=ImportError)
    pillow = pytest.importorskip("PIL.ImageFont")
    face = pillow.load_default(60).path  # Pillow's own font, in memory
    path = tmp_path / "font.ttf"
    path.write_bytes(face.getvalue())
    writer = fonts.Writer([["Zwei kurze Zeilen, gesetzt."]], random.Random(0))

    made = writer.line([fonts.Font(path, frozenset(range(32, 127)))], by_hand=True)
    none = writer.line([fonts.Font(path, frozenset())], by_hand=True)

    assert made is not None
    grey, text = made
    assert set(text.split()) - {"Zwei", "kurze", "Zeilen,", "gesetzt."} == set()
    assert grey.shape[0] == 64
    assert grey.max() - grey.min() > 50
    assert none is None
