"""Whether a word's confidence means what it says: reliability, on pictures of known text.

    python -m benchmarks.confidence CORPUS [--sample N] [--engine NAME] [--svg FILE]

Reads the pictures of a corpus (see `benchmarks.accuracy`). A word is right if the truth has it, as
often as it was read; of equal words the surest count first. For each engine it prints ten ranges of
confidence with the share of right words in each, and for each data set and all of them

- the expected calibration error (ECE): by how much the mean confidence and the share of right words
  differ, the mean over the ranges, weighted by their words;
- the area under the receiver operating characteristic (AUROC): how often a right word has a higher
  confidence than a wrong one.

Pictures that say more than their truth are left out. `--svg` draws the ranges as a reliability
diagram: the mean confidence of the words of a range to the right, the share of right ones upwards.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy import (
    Item,
    asked_items,
    check_languages,
    folded,
    options,
    processes,
    read_item,
)
from benchmarks.report import as_diagram
from ocr_server.document.model import Word

RANGES = 10


class Point(NamedTuple):
    """A word: by which engine and in which data set, its confidence, and whether it is right."""

    engine: str
    data_set: str
    confidence: float
    is_right: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """Read, and print."""
    parser = options("benchmarks.confidence", __doc__)
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw the ranges here, too")
    asked = parser.parse_args(arguments)
    items = [item for item in asked_items(asked) if not item.contains]
    if not items:
        print(f"There is no picture with a true text in {asked.corpus}.", file=sys.stderr)
        return 1
    check_languages(items, asked.engine)
    with processes(asked.workers) as pool:
        read_all = list(pool.map(read, [(item, asked.engine) for item in items]))
    by_engine: dict[str, list[Point]] = defaultdict(list)
    for point in (point for points in read_all for point in points):
        by_engine[point.engine].append(point)
    for engine, points in sorted(by_engine.items()):
        print(f"\n{engine}\n\n{reliability(points)}\n\n{table(points)}")
    if asked.svg:
        curves = {
            engine: [(one.mean, one.right, one.words) for one in ranges_of(points)]
            for engine, points in sorted(by_engine.items())
        }
        title = "Share of right words by their confidence"
        asked.svg.write_text(as_diagram(title, curves), encoding="utf-8")
    return 0


def read(job: tuple[Item, str]) -> list[Point]:
    """The words of one picture."""
    item, engine = job
    page = read_item(item, engine=engine)
    by_engine: dict[str, list[Word]] = defaultdict(list)
    for zone in page.zones:
        by_engine[zone.engine or engine] += zone.words
    return [
        Point(name, item.path.parent.name, word.confidence, is_right)
        for name, words in by_engine.items()
        for word, is_right in judged(item, words)
    ]


def judged(item: Item, words: Iterable[Word]) -> list[tuple[Word, bool]]:
    """The words, and whether the truth has each, the surest first."""
    left = Counter(folded(item.truth, any_case=item.any_case).split())
    found = []
    for word in sorted(words, key=lambda word: -word.confidence):
        parts = Counter(folded(word.text, any_case=item.any_case).split())
        is_right = bool(parts) and parts <= left
        if is_right:
            left -= parts
        found.append((word, is_right))
    return found


class Range(NamedTuple):
    """A tenth of the confidences: its number, its words, their mean confidence, right ones."""

    at: int
    words: int
    mean: float
    right: float


def ranges_of(points: Sequence[Point]) -> list[Range]:
    """The tenths that have words, the lowest first."""
    confidence, right = _columns(points)
    inside = ((at, _range_of(confidence) == at) for at in range(RANGES))
    return [
        Range(at, int(these.sum()), float(confidence[these].mean()), float(right[these].mean()))
        for at, these in inside
        if these.any()
    ]


def reliability(points: Sequence[Point]) -> str:
    """A row a range of confidence: words, their mean confidence, and the share of right ones."""
    lines = ["| confidence | words | mean | right |", "|---" * 4 + "|"]
    for one in ranges_of(points):
        bounds = f"{one.at / RANGES:.1f} to {(one.at + 1) / RANGES:.1f}"
        lines.append(f"| {bounds} | {one.words} | {one.mean:.2f} | {one.right:.2f} |")
    return "\n".join(lines)


def table(points: Sequence[Point]) -> str:
    """A row a data set, and one for all."""
    by_set: dict[str, list[Point]] = defaultdict(list)
    for point in points:
        by_set[point.data_set].append(point)
    lines = ["| set (words) | right | ECE | AUROC |", "|---" * 4 + "|"]
    for name, group in (*sorted(by_set.items()), ("all", list(points))):
        confidence, right = _columns(group)
        figures = f"{right.mean():.2f} | {calibration_error(confidence, right):.3f}"
        lines.append(f"| {name} ({len(group)}) | {figures} | {auroc(confidence, right):.3f} |")
    return "\n".join(lines)


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """The expected calibration error, from 0 to 1."""
    ranges = _range_of(confidence)
    return float(
        sum(abs((confidence[ranges == at] - right[ranges == at]).sum()) for at in np.unique(ranges))
        / len(right)
    )


def auroc(confidence: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """The area under the curve; words of one confidence count half. 0.5 if all are right or none.

    Source: Mann and Whitney, "On a test of whether one of two random variables is stochastically
    larger than the other", 1947.
    """
    _, place, count = np.unique(confidence, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    ones = right.sum()
    zeros = len(right) - ones
    if not ones or not zeros:
        return 0.5
    return float((rank[right == 1].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def _columns(points: Sequence[Point]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return (
        np.array([point.confidence for point in points]),
        np.array([float(point.is_right) for point in points]),
    )


def _range_of(confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.minimum((confidence * RANGES).astype(np.int64), RANGES - 1)


if __name__ == "__main__":
    sys.exit(main())
