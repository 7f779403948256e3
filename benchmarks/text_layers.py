"""What becomes of the text layers of PDFs, and what that costs.

`python -m benchmarks.text_layers FOLDER` looks at the first pages of all PDFs below a folder. Each
page with text is decided on as the server does; with `--read`, it is recognised as well, to compare
the cost. Only ratios and counts hold on other machines.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

from benchmarks.report import Section, as_markdown
from ocr_server.deadline import Deadline
from ocr_server.errors import OcrServerError
from ocr_server.job import Limits, ReadOptions
from ocr_server.page.layer_verdict import band_reader, judge_layer
from ocr_server.page.reading import read_page
from ocr_server.page.state import ReadContext
from ocr_server.pdf.opening import count_pdf_pages
from ocr_server.pdf.text_extraction import read_text_layer
from ocr_server.sources.decode import decode_page

T = TypeVar("T")
TIMEOUT_S = 600


@dataclass(frozen=True, slots=True)
class Decided:
    """A page with text: whether lines were sampled, what came of it, and CPU seconds."""

    name: str
    outcome: str
    is_sampled: bool
    layer_s: float
    verdict_s: float
    reading_s: float | None


def decide_all(folder: Path, *, pages: int, reads: bool) -> Iterator[Decided]:
    """The pages with text among the first pages of each PDF."""
    limits, options = Limits(), ReadOptions()
    context = ReadContext.of(options.engine, Deadline.after(TIMEOUT_S))
    for path in sorted(folder.rglob("*.pdf")):
        try:
            count = count_pdf_pages(path, password=None)
        except OcrServerError:
            continue
        for index in range(min(pages, count)):
            yield from _decide(path, index, limits, options, context, reads=reads)


def _decide(
    path: Path,
    index: int,
    limits: Limits,
    options: ReadOptions,
    context: ReadContext,
    *,
    reads: bool,
) -> Iterator[Decided]:
    asked = []

    def counted() -> ReadContext:
        asked.append(1)
        return context

    layer, layer_s = _timed(lambda: read_text_layer(path, index, limits=limits, password=None))
    if not layer.zones:
        return
    read_bands = band_reader(
        path, index, options=options, limits=limits, password=None, context=counted
    )
    verdict, verdict_s = _timed(lambda: judge_layer(layer, read_bands, options.languages))
    outcome = "refused"
    if verdict.is_believed:
        outcome = "joined" if verdict.layer.rows or verdict.layer.pictures else "used"
    reading_s = None
    if reads:
        _, reading_s = _timed(
            lambda: read_page(
                decode_page(path, index, limits=limits, password=None, grey=True),
                number=1, options=options, context=context,
            )
        )  # fmt: skip
    name = f"{path.name} {index + 1}"
    yield Decided(name, outcome, bool(asked), layer_s, verdict_s, reading_s)


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    begun_s = time.process_time()
    done = work()
    return done, time.process_time() - begun_s


def summarise(decided: list[Decided]) -> Section:
    """One row for what becomes of pages, with the medians of what they cost."""
    rows = []
    for is_sampled in (False, True):
        for outcome in ("used", "joined", "refused"):
            some = [
                one for one in decided if (one.outcome, one.is_sampled) == (outcome, is_sampled)
            ]
            if not some:
                continue
            label = f"{outcome}, {'sampled' if is_sampled else 'not sampled'}"
            shares = [one.verdict_s / one.reading_s for one in some if one.reading_s]
            rows.append(
                (
                    label,
                    len(some),
                    median(one.layer_s for one in some) * 1000,
                    median(shares) if shares else None,
                )
            )
    columns = ("", "pages", "layer, CPU ms", "verdict ÷ reading the page")
    return Section("Text layers", columns, tuple(rows))


def main() -> None:
    """Print the table, and the pages whose layer was not simply used."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pages", type=int, default=3, help="of each PDF")
    parser.add_argument("--read", action="store_true", help="recognise each page, too")
    arguments = parser.parse_args()
    decided = list(decide_all(arguments.folder, pages=arguments.pages, reads=arguments.read))
    print(as_markdown(summarise(decided)))
    for one in decided:
        if one.outcome != "used":
            print(f"{one.outcome}: {one.name}")


if __name__ == "__main__":
    main()
