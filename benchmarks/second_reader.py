"""When the second reader is asked, and whose reading is kept: fitted on pictures of known text.

    python -m benchmarks.second_reader CORPUS [--sample N] [--only TEXT] [--lines] [--as-it-comes]

Reads the pictures of a corpus (see `benchmarks.accuracy`) by the recipe, and what the recipe made
of each by the second reader as well. It prints for each data set how well the first reader, the
second, and the two together read; the constants that tell from the second reader's confidences how
well it read (`calibration` in `ocr_server/engines/rapidocr.py`); and for each limit of doubt
(`limit_of` in `ocr_server/page/second_opinion.py`) what the two together are worth and cost.
With `--lines` Tesseract reads the lines that the second reader found, too; with `--as-it-comes`
rapidocr reads the pages by itself, without any of our preparation.

F1 and CER are those of `benchmarks.accuracy`; languages that the second reader does not know
are left out, and pictures that say more than their truth. Seconds are those of the processor.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import takewhile
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import rapidocr

from benchmarks.accuracy import (
    Item,
    Score,
    asked_items,
    check_languages,
    context_of,
    options,
    processes,
    processor_s,
    rate,
)
from benchmarks.quality import fit
from ocr_server.deadline import Deadline
from ocr_server.document.model import Zone
from ocr_server.engines.rapidocr import RapidocrEngine
from ocr_server.job import PSM_OF_LAYOUT, Layout, Limits, ReadOptions
from ocr_server.page.postprocessing import drop_noise
from ocr_server.page.quality import ReadingResult, expected_accuracy
from ocr_server.page.reading import read_page
from ocr_server.page.recipe import RECIPE
from ocr_server.page.second_opinion import is_better, limit_of
from ocr_server.page.state import PageState, StageResult
from ocr_server.sources.decode import decode_page

TIMEOUT_S = 300
LIMITS_OF_DOUBT = (0.0, 0.5, 0.8, 0.85, 0.88, 0.9, 0.91, 0.92, 1.0)
LEAST_LETTERS = 10  # with fewer, the F1 of a picture is none or all


@dataclass(frozen=True, slots=True)
class Take:
    """One reading of one picture."""

    score: Score
    result: ReadingResult


@dataclass(frozen=True, slots=True)
class Pair:
    """Both readings of a picture, and if asked for, what else there is to compare them with.

    Under `limit` the program would ask the second reader; `chosen` and `is_doubtful` take another.
    """

    first: Take
    second: Take
    limit: float
    lines: Score | None
    as_it_comes: Score | None

    def chosen(self, limit: float | None = None) -> Take:
        """What is kept."""
        asked = self.is_doubtful(limit)
        is_kept = asked and is_better(self.second.result, self.first.result)
        return self.second if is_kept else self.first

    def cost_s(self, limit: float | None = None) -> float:
        """Processor seconds of both, or of the first reader if the second is not asked."""
        once_s = self.first.score.cpu_s
        return once_s + self.second.score.cpu_s if self.is_doubtful(limit) else once_s

    def is_doubtful(self, limit: float | None = None) -> bool:
        """Whether the second reader is asked at all."""
        return expected_accuracy(self.first.result) < (self.limit if limit is None else limit)


def main(arguments: Sequence[str] | None = None) -> int:
    """Read, fit, and print."""
    parser = options("benchmarks.second_reader", __doc__)
    parser.add_argument("--lines", action="store_true", help="read its lines with Tesseract, too")
    parser.add_argument("--as-it-comes", action="store_true", help="read by rapidocr alone, too")
    asked = parser.parse_args(arguments)
    items = [
        item
        for item in asked_items(asked)
        if set(item.languages) <= set(RapidocrEngine().describe().languages) and not item.contains
    ]
    if not items:
        print(f"There is no picture with a true text in {asked.corpus}.", file=sys.stderr)
        return 1
    check_languages(items, asked.engine)
    with processes(asked.workers) as pool:
        jobs = [(item, asked.engine, asked.lines, asked.as_it_comes) for item in items]
        pairs = list(pool.map(read, jobs))
    print(table(items, pairs))
    fitted = [pair.second for pair in pairs if pair.second.result.letters >= LEAST_LETTERS]
    features = np.array([(1.0, take.result.sure_share) for take in fitted])
    # Two weights need no more, and both readers have to be compared where both are good.
    weights = fit(features, np.array([take.score.f1 for take in fitted]), ridge=0.001)
    print(f"\n{len(fitted)} pictures: bias {weights[0]:.2f}, per sure share {weights[1]:.2f}\n")
    print(limits(pairs))
    return 0


def read(job: tuple[Item, str, bool, bool]) -> Pair:
    """A picture by both readers."""
    item, engine, with_lines, with_plain = job
    states: list[PageState] = []

    def keep(state: PageState) -> StageResult:
        states.append(state)
        return StageResult(state)

    before_s = processor_s()
    read_page(
        decode_page(item.path, 0, limits=Limits(), password=None, grey=True),
        number=1,
        options=ReadOptions(languages=item.languages, psm=item.psm),
        context=replace(context_of(engine), second_engine=None),  # it reads all parts of the page
        recipe=(*takewhile(lambda stage: stage[0] != "second-reader", RECIPE), ("keep", keep)),
    )
    between_s = processor_s()
    (state,) = states
    canvas, left = state.best.canvas, drop_noise(state).state.best
    zones = _second().recognise(canvas, state.options, Deadline.after(TIMEOUT_S))
    after_s = processor_s()
    return Pair(
        Take(
            rate(item, _text(left.zones), (), cpu_s=between_s - before_s),
            replace(
                ReadingResult.of(state.best.words, state.best.engine.calibration),
                letters=left.letters,
            ),
        ),
        Take(
            rate(item, _text(zones), (), cpu_s=after_s - between_s),
            ReadingResult.of(
                tuple(word for zone in zones for word in zone.words), _second().calibration
            ),
        ),
        limit_of(state),
        rate(item, _read_lines(state, zones), (), cpu_s=0) if with_lines else None,
        rate(item, _read_as_it_comes(item.path), (), cpu_s=0) if with_plain else None,
    )


def table(items: Sequence[Item], pairs: Sequence[Pair]) -> str:
    """A row a data set: Tesseract's figures, the second reader's, and those of what is kept."""
    rows: dict[str, list[Pair]] = defaultdict(list)
    for item, pair in zip(items, pairs, strict=True):
        rows[item.path.parent.name].append(pair)
    head = (
        "| set (n) | CER | F1 | CPU s | read again | CER of its lines by Tesseract | "
        "CER, F1 of rapidocr as it comes |"
    )
    lines = [head, "|---" * 7 + "|"]
    for name, group in sorted(rows.items()):
        takes = ([p.first for p in group], [p.second for p in group], [p.chosen() for p in group])
        cells = [
            ", ".join(_means([take.score for take in side], figure) for side in takes)
            for figure in ("cer", "f1")
        ]
        costs = ([take.score.cpu_s for take in side] for side in takes[:2])
        cells.append(", ".join(map(_mean, (*costs, [pair.cost_s() for pair in group]))))
        cells.append(str(sum(pair.is_doubtful() for pair in group)))
        cells.append(_means([pair.lines for pair in group if pair.lines], "cer"))
        plain = [pair.as_it_comes for pair in group if pair.as_it_comes]
        cells.append(_means(plain, "cer", "f1"))
        lines.append(f"| {name} ({len(group)}) | {' | '.join(cells)} |")
    return "\n".join(lines)


def limits(pairs: Sequence[Pair]) -> str:
    """A row for each limit of doubt: pages read again, and what all are worth and cost then."""
    lines = ["| limit | read again | F1 | CER | CPU |", "|---" * 5 + "|"]
    once_s = sum(pair.first.score.cpu_s for pair in pairs)
    for limit in (*LIMITS_OF_DOUBT, None):
        kept = [pair.chosen(limit).score for pair in pairs]
        again = sum(pair.is_doubtful(limit) for pair in pairs)
        cost_s = sum(pair.cost_s(limit) for pair in pairs)
        name = "the program's" if limit is None else f"{limit:.2f}"
        lines.append(
            f"| {name} | {again} of {len(pairs)} | {_mean(s.f1 for s in kept)} | "
            f"{_mean(s.cer for s in kept)} | {cost_s / once_s:.2f} × |"
        )
    return "\n".join(lines)


@cache
def _second() -> RapidocrEngine:
    return RapidocrEngine()


@cache
def _plain() -> Any:  # noqa: ANN401  # rapidocr's types do not tell what comes out
    return rapidocr.RapidOCR(params={"Global.log_level": "critical"})


def _read_as_it_comes(path: Path) -> str:
    page = decode_page(path, 0, limits=Limits(), password=None)
    pixels = page.pixels[..., ::-1] if page.is_colour else page.pixels  # it wants blue first
    return "\n".join(_plain()(np.ascontiguousarray(pixels)).txts or ())


def _text(zones: tuple[Zone, ...]) -> str:
    return "\n\n".join(zone.text for zone in zones if zone.lines)


def _read_lines(state: PageState, zones: tuple[Zone, ...]) -> str:
    """What Tesseract reads in the lines of the second reader, each as a line of its own."""
    texts = []
    for line in (line for zone in zones for line in zone.lines):
        width_px, height_px = round(line.box.width), round(line.box.height)
        strip = state.best.canvas.rectified(line.quad, max(1, width_px), max(1, height_px))
        found = state.read(strip.padded(10, fill=255), psm=PSM_OF_LAYOUT[Layout.LINE])
        texts.append(" ".join(word.text for word in found.words))
    return "\n".join(texts)


def _means(scores: Sequence[Score], *figures: str) -> str:
    if not scores:
        return "–"
    return ", ".join(_mean(getattr(score, figure) for score in scores) for figure in figures)


def _mean(values: Iterable[float]) -> str:
    return f"{mean(values):.3f}"


if __name__ == "__main__":
    sys.exit(main())
