"""How many letters and words networks read wrongly on lines that none of them has learnt.

    python -m scripts.training.evaluate LINES NETWORK.onnx [NETWORK.onnx ...] [--pairs FOLDER ...]
        [--words fra]

LINES is the folder that `lines.py` wrote into. A folder of `--pairs` has pictures of lines and
`NAME.gt.txt` beside each `NAME.jpg`. Lines are read as they are cut, with their neighbours; with
`--words` as the server reads them, with the model of the words of a language. That needs what the
server needs.
"""

# ruff: noqa: T201  # a script tells what it found

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from rapidfuzz.distance import Levenshtein

from scripts.training.batches import as_input, to_height
from scripts.training.letters import fold, spell
from scripts.training.sets import Line, read_sets

Read = Callable[[np.ndarray], np.ndarray]
"""From pictures (n, 48, width) to classes (n, columns, classes)."""

Choose = Callable[[np.ndarray], np.ndarray]
"""From the probabilities of a line (columns, classes) to the class of each column."""


def likeliest(columns: np.ndarray) -> np.ndarray:
    """Each column by itself."""
    return columns.argmax(-1)


def error_rates(
    read: Read, letters: Sequence[str], lines: Sequence[Line], choose: Choose = likeliest
) -> tuple[float, float]:
    """Character and word error rate: all edits by all letters (words), both sides folded."""
    wrong = np.zeros(4)
    for line in lines:
        grey = to_height(cv2.imread(str(line.picture), cv2.IMREAD_GRAYSCALE))
        said = spell(choose(read(as_input([grey]))[0]).tolist(), letters)
        true = fold(line.text)
        wrong += (
            Levenshtein.distance(true, said), len(true),
            Levenshtein.distance(true.split(), said.split()), len(true.split()),
        )  # fmt: skip
    return wrong[0] / wrong[1], wrong[2] / wrong[3]


def read_pairs(folder: Path) -> list[Line]:
    """Pictures of lines with their texts beside them."""
    texts = {one: one.with_name(f"{one.stem}.gt.txt") for one in sorted(folder.glob("*.jpg"))}
    return [
        Line(picture, fold(text.read_text(encoding="utf8")), (), folder.name)
        for picture, text in texts.items()
        if text.exists()
    ]


def load(network: Path) -> tuple[Read, list[str]]:
    """A network as the product runs it, in onnxruntime, and its letters."""
    session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
    listed = session.get_modelmeta().custom_metadata_map["character"]

    def read(pictures: np.ndarray) -> np.ndarray:
        return session.run(None, {"x": np.repeat(pictures[:, None], 3, axis=1)})[0]

    return read, ["", *listed.split("\n"), " "]


def with_words(language: str, letters: Sequence[str]) -> Choose:
    """The likeliest text by the columns and a model of the words of a language (`fra`)."""
    from ocr_server.engines import word_model  # noqa: PLC0415  training is installed without it

    model = word_model.letter_model([language])
    if model is None:
        raise ValueError(f"no list of words of {language}")
    return lambda columns: word_model.likeliest_path(columns, letters, model)


def main() -> None:
    """A table in Markdown of all that the command line names."""
    ask = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    ask.add_argument("lines", type=Path)
    ask.add_argument("networks", type=Path, nargs="+")
    ask.add_argument("--pairs", type=Path, nargs="*", default=[])
    ask.add_argument(
        "--words", metavar="LANGUAGE", help="by Tesseract's name, as the server has it"
    )
    asked = ask.parse_args()
    tests: Mapping[str, list[Line]] = read_sets(asked.lines)[1]
    tests = {**tests, **{folder.name: read_pairs(folder) for folder in asked.pairs}}
    loaded = [
        (read, letters, with_words(asked.words, letters) if asked.words else likeliest)
        for read, letters in map(load, asked.networks)
    ]
    print("| CER / WER (lines) |", *(f" {one.stem} |" for one in asked.networks))
    print("| --- |", *(" --- |" for _ in asked.networks))
    for name, lines in tests.items():
        told = (error_rates(read, letters, lines, choose) for read, letters, choose in loaded)
        print(
            f"| {name} ({len(lines)}) |",
            *(f"{cer:.3f} / {wer:.3f} |" for cer, wer in told),
            flush=True,
        )


if __name__ == "__main__":
    main()
