"""Quantise a trained network to 8 bits: half the time to read a line, two thirds of the file.

    python -m scripts.training.quantise TRAINED.onnx OUT.onnx --lines LINES

LINES is the folder that `lines.py` wrote; on some of the lines that are learnt, ranges are
measured, without the outermost values: with them CER is .01 higher. The stem, the gates, what
follows the trunk and the convolutions within one channel stay as they are: these take little time.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
from onnx import helper, version_converter
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
from onnxruntime.quantization.onnx_model import ONNXModel
from onnxruntime.quantization.shape_inference import quant_pre_process

from scripts.models.make import OPSET, halve, join_gelus, left_whole
from scripts.training.batches import as_input, to_height
from scripts.training.network import widen
from scripts.training.sets import SHARES, Line, read_sets

LINES, WIDEST_PX = 24, 1200
OUTERMOST = 0.0002  # of the values of a tensor, on each side, are cut off
SEED = 2

Seen = Mapping[str, np.ndarray]


class SeenLines(CalibrationDataReader):
    """What the network sees to have its ranges measured."""

    def __init__(self, lines: Sequence[Seen]) -> None:
        self._lines = iter(lines)

    def get_next(self) -> Seen | None:
        """The next line; None after the last."""
        return next(self._lines, None)


def quantise(trained: Path, target: Path, lines: Sequence[Line]) -> None:
    """Write a network that `train` wrote with 8 bits, its ranges measured on lines."""
    seen = [_as_seen(line) for line in lines]
    with tempfile.TemporaryDirectory() as folder:
        whole, ready, made = (Path(folder) / f"{name}.onnx" for name in ("whole", "ready", "made"))
        model = onnx.load(trained)
        letters = {one.key: one.value for one in model.metadata_props}
        widen(model)
        for node in model.graph.node:
            if node.op_type == "Softmax":  # all over the last axis, which the converter knows
                node.attribute[0].i = -1
        _tell_gelus(model.graph)
        onnx.save(version_converter.convert_version(model, OPSET), whole)
        quant_pre_process(whole, ready, skip_symbolic_shape=True)
        model = onnx.load(ready)
        quantize_static(
            ready, made, SeenLines(seen[:1]), op_types_to_quantize=["Conv"],
            nodes_to_exclude=[*left_whole(model.graph), *_within_channels(model.graph)],
            per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
            extra_options={"TensorQuantOverrides": _ranges(model, seen)},
        )  # fmt: skip
        model = onnx.load(made)
    helper.set_model_props(model, letters)
    del model.graph.value_info[:]  # types that names had before
    join_gelus(model.graph)
    halve(model.graph)
    in_order = ONNXModel(model)  # as training wants it
    in_order.topological_sort()
    onnx.save(in_order.model, target)


def _tell_gelus(graph: onnx.GraphProto) -> None:
    """Tell the type of what comes out of joined GELUs, an operation that onnx does not know."""
    for node in graph.node:
        if node.op_type == "Gelu":
            told = helper.make_tensor_value_info(node.output[0], onnx.TensorProto.FLOAT, None)
            graph.value_info.append(told)


def _as_seen(line: Line) -> Seen:
    grey = to_height(cv2.imread(str(line.picture), cv2.IMREAD_GRAYSCALE))[:, :WIDEST_PX]
    return {"x": np.repeat(as_input([grey])[:, None], 3, axis=1)}


def _within_channels(graph: onnx.GraphProto) -> Iterator[str]:
    for node in graph.node:
        if any(one.name == "group" and one.i > 1 for one in node.attribute):
            yield node.name


def _ranges(model: onnx.ModelProto, seen: Sequence[Seen]) -> dict[str, list[dict[str, object]]]:
    """The ranges of what goes into convolutions and comes out, as onnxruntime takes them."""
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    names = {name for node in convolutions for name in (node.input[0], node.output[0])} - {"x"}
    told = onnx.ModelProto()
    told.CopyFrom(model)
    for name in sorted(names):
        told.graph.output.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(
        told.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    values: dict[str, list[np.ndarray]] = {name: [] for name in names}
    draw = np.random.default_rng(SEED)
    for line in seen:
        for name, value in zip(sorted(names), session.run(sorted(names), line), strict=True):
            values[name].append(draw.choice(value.ravel(), 20_000))
    cut = {
        name: np.quantile(np.concatenate(some), (OUTERMOST, 1 - OUTERMOST))
        for name, some in values.items()
    }
    return {
        name: [{
            "quant_type": QuantType.QUInt8,
            "rmin": np.float32(min(low, 0.0)), "rmax": np.float32(max(high, 0.0)),
        }]
        for name, (low, high) in cut.items()
    }  # fmt: skip


def main() -> None:
    """Quantise what the command line names."""
    ask = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ask.add_argument("trained", type=Path)
    ask.add_argument("out", type=Path)
    ask.add_argument("--lines", type=Path, default=Path("lines"))
    asked = ask.parse_args()
    learnt = read_sets(asked.lines)[0]
    shares = [SHARES.get(line.set, 1.0) for line in learnt]
    lines = random.Random(SEED).choices(learnt, shares, k=LINES)
    quantise(asked.trained, asked.out, lines)
    sys.stdout.write(f"{asked.out.name}: {asked.out.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
