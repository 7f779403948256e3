"""A PP-OCR reading network (ONNX) as a torch module with the same weights, and back again.

The graph is run node by node; sequences that torch has as one operation (bias, GELU, layer
normalisation, swish, a dense layer) are joined. `save` writes the trained weights into the same
graph as 16-bit numbers, so that whatever reads the base reads the trained network too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
import torch.nn.functional as F  # noqa: N812  the name that torch's own documentation gives it
from onnx import helper, numpy_helper
from torch import Tensor, nn

from scripts.training.letters import letters_kept

HALVED_FROM_VALUES = 512  # smaller weights stay as 32-bit numbers
LEARNT = {"Conv", "BiasedConv", "LayerNorm", "Linear", "BatchNormalization"}
LAYER_NORM = ["ReduceMean", "Sub", "Pow", "ReduceMean", "Add", "Sqrt", "Div", "Mul", "Add"]
GELU = ["Div", "Erf", "Add", "Mul", "Mul"]


@dataclass
class Step:
    """One operation: its inputs and its output by name."""

    kind: str
    inputs: list[str]
    output: str
    settings: dict[str, Any] = field(default_factory=dict)


class Network(nn.Module):
    """`forward` takes (n, 3, 48, width) from -1 to 1 and gives logits (n, width / 8, classes).

    Args:
        path: PP-OCRv6 tiny or small, or what `save` wrote.
        dictionary: The base's characters, one a line, where its metadata has none.
    """

    def __init__(self, path: Path, dictionary: Path | None = None) -> None:
        super().__init__()
        self.model = onnx.load(path)
        widen(self.model)
        listed = {one.key: one.value for one in self.model.metadata_props}.get("character")
        if listed is None:
            if dictionary is None:
                raise ValueError(f"{path} does not tell its characters: name its dictionary")
            listed = dictionary.read_text(encoding="utf8")
        kept, self.letters = letters_kept(listed)
        constants = _constants(self.model.graph)
        steps = _plain_steps(self.model.graph)
        if steps.pop().kind != "Softmax":
            raise ValueError(f"{path} does not end in probabilities")
        head = {steps[-2].inputs[1], steps[-1].inputs[1]}
        self.steps = _joined(steps, constants)
        self.weights, self.constants = nn.ParameterDict(), dict[str, Tensor]()
        for step in self.steps:
            for place, name in enumerate(step.inputs):
                if name not in constants or _key(name) in self.weights:
                    continue
                value = constants[name]
                running = step.kind == "BatchNormalization" and place >= 3
                if step.kind in LEARNT and value.dtype == np.float32 and not running:
                    value = value[..., kept] if name in head else value
                    self.weights[_key(name)] = nn.Parameter(torch.from_numpy(value.copy()))
                else:
                    self.constants[name] = torch.from_numpy(value.copy())

    def freeze_until(self, weight: str) -> None:
        """Leave the weights of all steps before the one that uses `weight` as they are."""
        for step in self.steps:
            if weight in step.inputs:
                return
            for name in step.inputs:
                if _key(name) in self.weights:
                    self.weights[_key(name)].requires_grad_(requires_grad=False)
        raise ValueError(f"no step uses {weight}")

    def forward(self, pictures: Tensor) -> Tensor:
        """Logits of each column; see the class."""
        values: dict[str, Tensor] = {"x": pictures}

        def value(name: str) -> Tensor:
            if name in values:
                return values[name]
            key = _key(name)
            if key in self.weights:
                return self.weights[key]
            constant = self.constants[name]
            if constant.is_floating_point() and constant.device != pictures.device:
                constant = self.constants[name] = constant.to(pictures.device)
            return constant

        for step in self.steps:
            given = [value(name) for name in step.inputs]
            values[step.output] = OPERATIONS[step.kind](given, step.settings)
        return values[self.steps[-1].output]

    def save(self, path: Path, notes: dict[str, str] | None = None) -> None:
        """Write the network with its letters (`character`) and `notes` in the metadata."""
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        trained = {
            key.replace("#", "."): one.detach().float().cpu().numpy()
            for key, one in self.weights.items()
        }
        for tensor in (*model.graph.initializer, *_constant_tensors(model.graph).values()):
            if tensor.name in trained:
                _put(tensor, trained.pop(tensor.name))
        for name, tensor in _constant_tensors(model.graph).items():
            if name in trained:
                _put(tensor, trained.pop(name))
        if trained:
            raise ValueError(f"the graph has no place for {sorted(trained)}")
        letters = "\n".join(self.letters[1:-1])
        helper.set_model_props(model, {"character": letters, **(notes or {})})
        classes = model.graph.output[0].type.tensor_type.shape.dim[2]
        classes.dim_value = len(self.letters)
        del model.graph.value_info[:]  # the shapes of the base
        _halve(model.graph)
        onnx.save(model, path)


def _key(name: str) -> str:
    """A name that torch takes for a parameter."""
    return name.replace(".", "#")


def _put(tensor: onnx.TensorProto, value: np.ndarray) -> None:
    same_size = value.size == int(np.prod(tensor.dims))
    value = value.reshape(tensor.dims) if same_size else value
    tensor.CopyFrom(numpy_helper.from_array(value, tensor.name))


def widen(model: onnx.ModelProto) -> None:
    """Undo `_halve` and `quantise`: weights as 32-bit numbers, by the names that steps use."""
    graph = model.graph
    weights = {one.name: one for one in graph.initializer}
    values = {name: numpy_helper.to_array(one) for name, one in weights.items()}
    for node in list(graph.node):
        kind, source = node.op_type, node.input[0]
        if kind == "QuantizeLinear" or (kind == "DequantizeLinear" and source not in weights):
            node.op_type = "Identity"
            del node.input[1:]
        elif kind in ("Cast", "DequantizeLinear") and source in weights:
            wide = values[source].astype(np.float32)
            if kind == "DequantizeLinear":
                by_channel = (-1,) + (1,) * (wide.ndim - 1)
                scale, zero = (values[name].reshape(by_channel) for name in node.input[1:])
                wide = (wide - zero.astype(np.float32)) * scale
            weights[source].CopyFrom(numpy_helper.from_array(wide, node.output[0]))
            graph.node.remove(node)
    used = {name for node in graph.node for name in node.input}
    kept = [one for one in graph.initializer if one.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def _halve(graph: onnx.GraphProto) -> None:
    casts = []
    for weight in graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < HALVED_FROM_VALUES:
            continue
        name, half = weight.name, f"{weight.name}_half"
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), half))
        casts.append(helper.make_node("Cast", [half], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _constant_tensors(graph: onnx.GraphProto) -> dict[str, onnx.TensorProto]:
    return {
        node.output[0]: node.attribute[0].t for node in graph.node if node.op_type == "Constant"
    }


def _constants(graph: onnx.GraphProto) -> dict[str, np.ndarray]:
    tensors = {one.name: one for one in graph.initializer} | _constant_tensors(graph)
    return {name: numpy_helper.to_array(one) for name, one in tensors.items()}


def _plain_steps(graph: onnx.GraphProto) -> list[Step]:
    """The graph's nodes without constants and identities."""
    same: dict[str, str] = {}
    steps = []
    for node in graph.node:
        inputs = [same.get(name, name) for name in node.input]
        if node.op_type == "Constant":
            continue
        if node.op_type == "Identity":
            same[node.output[0]] = inputs[0]
            continue
        settings = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        steps.append(Step(node.op_type, inputs, node.output[0], settings))
    return steps


def _joined(steps: list[Step], constants: dict[str, np.ndarray]) -> list[Step]:
    """Sequences of steps that torch has as one operation, joined to one step."""
    uses = Counter(name for step in steps for name in step.inputs)
    joined, at = [], 0
    while at < len(steps):
        part = steps[at : at + len(LAYER_NORM)]
        kinds, first = [one.kind for one in part], part[0]
        length, made = 1, first
        follows = len(part) > 1 and part[1].inputs[0] == first.output and uses[first.output] == 1
        if kinds[:2] in (["Conv", "Add"], ["MatMul", "Add"]) and follows:
            bias = part[1].inputs[1]
            weight_ndim = constants[first.inputs[1]].ndim if first.inputs[1] in constants else 0
            if bias in constants and weight_ndim:
                kind = "BiasedConv" if first.kind == "Conv" else "Linear"
                if kind == "Linear" or constants[bias].ndim == 4:
                    made = Step(kind, [*first.inputs, bias], part[1].output, first.settings)
                    length = 2
        elif kinds[:5] == GELU and first.inputs[1] in constants:
            made, length = Step("Gelu", first.inputs[:1], part[4].output), 5
        elif kinds == LAYER_NORM:
            epsilon = float(constants[part[4].inputs[1]])
            inputs = [first.inputs[0], part[7].inputs[1], part[8].inputs[1]]
            made, length = Step("LayerNorm", inputs, part[8].output, {"epsilon": epsilon}), 9
        elif kinds[:2] == ["Sigmoid", "Mul"] and part[1].inputs == [first.inputs[0], first.output]:
            made, length = Step("Swish", first.inputs, part[1].output), 2
        joined.append(made)
        at += length
    return joined


Settings = dict[str, Any]
Given = Sequence[Tensor]


def _integers(tensor: Tensor) -> list[int]:
    return [int(one) for one in tensor.reshape(-1).tolist()]


def _convolve(given: Given, settings: Settings) -> Tensor:
    picture, weight = given[:2]
    bias = given[2].reshape(-1) if len(given) > 2 else None
    padding = (0, 0)
    if settings.get("auto_pad") == b"SAME_UPPER":
        picture = F.pad(picture, _same_upper(settings))
    else:
        padding = tuple(settings["pads"][:2])
    strides, dilations, groups = settings["strides"], settings["dilations"], settings["group"]
    return F.conv2d(picture, weight, bias, strides, padding, dilations, groups)


def _same_upper(settings: Settings) -> tuple[int, int, int, int]:
    height, width = settings["kernel_shape"]
    return 0, width - 1, 0, height - 1


def _normalise_batch(given: Given, settings: Settings) -> Tensor:
    """With the statistics that the base came with."""
    values, scale, shift, mean, variance = given
    factor = scale / torch.sqrt(variance + settings["epsilon"])
    shape = (1, -1) + (1,) * (values.dim() - 2)
    return values * factor.reshape(shape) + (shift - mean * factor).reshape(shape)


def _pool_maximum(given: Given, settings: Settings) -> Tensor:
    padded = F.pad(given[0], _same_upper(settings), value=float("-inf"))
    return F.max_pool2d(padded, settings["kernel_shape"], settings["strides"])


def _cut(given: Given, _: Settings) -> Tensor:
    values, starts, ends = given[:3]
    axes = _integers(given[3]) if len(given) > 3 else range(len(starts))
    where = [slice(None)] * values.dim()
    for axis, start, end in zip(axes, _integers(starts), _integers(ends), strict=True):
        where[axis] = slice(start, end)
    return values[tuple(where)]


def _squeeze(given: Given, settings: Settings) -> Tensor:
    axes = settings.get("axes") or _integers(given[1])
    return given[0].squeeze(tuple(axes))


def _unsqueeze(given: Given, settings: Settings) -> Tensor:
    values = given[0]
    for axis in settings.get("axes") or _integers(given[1]):
        values = values.unsqueeze(axis)
    return values


def _reshape(given: Given, _: Settings) -> Tensor:
    values, shape = given
    sizes = _integers(shape)
    return values.reshape([values.shape[k] if size == 0 else size for k, size in enumerate(sizes)])


def _concatenate(given: Given, settings: Settings) -> Tensor:
    return torch.cat(
        [one.reshape(-1) if one.dim() == 0 else one for one in given], settings["axis"]
    )


OPERATIONS: dict[str, Callable[[Given, Settings], Tensor]] = {
    "Add": lambda given, _: given[0] + given[1],
    "AveragePool": lambda given, s: F.avg_pool2d(given[0], s["kernel_shape"], s["strides"]),
    "BatchNormalization": _normalise_batch,
    "BiasedConv": _convolve,
    "Concat": _concatenate,
    "Conv": _convolve,
    "Div": lambda given, _: given[0] / given[1],
    "Gelu": lambda given, _: F.gelu(given[0]),
    "HardSigmoid": lambda given, _: F.hardsigmoid(given[0]),
    "LayerNorm": lambda given, s: F.layer_norm(
        given[0], (given[1].numel(),), given[1].reshape(-1), given[2].reshape(-1), s["epsilon"]
    ),
    "Linear": lambda given, _: F.linear(given[0], given[1].t(), given[2]),
    "MatMul": lambda given, _: torch.matmul(given[0], given[1]),
    "MaxPool": _pool_maximum,
    "Mul": lambda given, _: given[0] * given[1],
    "ReduceMean": lambda given, s: given[0].mean(s["axes"], keepdim=bool(s.get("keepdims", 1))),
    "Relu": lambda given, _: F.relu(given[0]),
    "Reshape": _reshape,
    "Shape": lambda given, _: torch.tensor(given[0].shape),
    "Sigmoid": lambda given, _: torch.sigmoid(given[0]),
    "Slice": _cut,
    "Softmax": lambda given, s: torch.softmax(given[0], s.get("axis", -1)),
    "Squeeze": _squeeze,
    "Swish": lambda given, _: F.silu(given[0]),
    "Transpose": lambda given, s: given[0].permute(s["perm"]),
    "Unsqueeze": _unsqueeze,
}
