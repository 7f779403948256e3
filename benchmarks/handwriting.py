"""How well handwriting is read: plain Tesseract against this server, on the same pages, in one run.

    python -m benchmarks.handwriting FOLDER [--language NAME] [--sample N]

In the folder stand pictures of handwritten pages, each beside `NAME.gt.txt` with its text. For
each it prints CER, F1 and processor seconds of the `tesseract` command, of this server without its
network for handwriting, and with it; then those of all: the CER of all letters together, the mean
F1, and the ratio of the seconds to those of the command. F1 and CER are those of
`benchmarks.accuracy`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import NamedTuple

from benchmarks.accuracy import Item, Score, context_of, processor_s, rate, read_plainly
from benchmarks.pictures import SUFFIXES
from ocr_server.job import HandwritingUse, Limits, PageSegmentation, ReadOptions
from ocr_server.page.reading import read_page
from ocr_server.sources.decode import decode_page

NAMES = ("tesseract", "without", "with")


class Row(NamedTuple):
    """A page: the length of its text, and its scores in the order of `NAMES`."""

    letters: int
    scores: tuple[Score, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """Read, and print."""
    parser = argparse.ArgumentParser("benchmarks.handwriting", description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--language", default="eng", help="by Tesseract's name (eng)")
    parser.add_argument("--sample", type=int, metavar="N", help="so many pages only")
    asked = parser.parse_args(arguments)
    items = list(pages_of(asked.folder, asked.language))[: asked.sample]
    if not items:
        print(f"There is no picture with a true text in {asked.folder}.", file=sys.stderr)
        return 1
    print(f"| page | {' | '.join(f'{name}: CER, F1, s' for name in NAMES)} |")
    print("|---" * (len(NAMES) + 1) + "|")
    rows = []
    for item in items:
        scores = (
            read_plainly(item),
            read(item, HandwritingUse.NEVER),
            read(item, HandwritingUse.AUTO),
        )
        rows.append(Row(len(item.truth), scores))
        cells = (f"{score.cer:.3f}, {score.f1:.3f}, {score.cpu_s:.2f}" for score in scores)
        print(f"| {item.path.name} | {' | '.join(cells)} |", flush=True)
    print(f"| all ({len(rows)}) | {' | '.join(totals(rows))} |")
    return 0


def pages_of(folder: Path, language: str) -> list[Item]:
    """The pictures of a folder that have a text."""
    paths = (path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES)
    pairs = ((path, path.with_name(f"{path.stem}.gt.txt")) for path in paths)
    return [
        Item(
            category="handwriting",
            path=path,
            truth=text.read_text(encoding="utf-8"),
            boxes=(),
            languages=(language,),
            psm=PageSegmentation.AUTO,
            any_case=False,
        )
        for path, text in pairs
        if text.exists()
    ]


def read(item: Item, handwriting: HandwritingUse) -> Score:
    """What this server makes of a page."""
    before_s = processor_s()
    page = read_page(
        decode_page(item.path, 0, limits=Limits(), password=None, grey=True),
        number=1,
        options=ReadOptions(languages=item.languages, handwriting=handwriting),
        context=context_of("best"),
    )
    return rate(item, page.text, (), cpu_s=processor_s() - before_s)


def totals(rows: Sequence[Row]) -> list[str]:
    """CER, F1 and ratio of the seconds to those of the first column, for each column."""
    letters = sum(row.letters for row in rows)
    plain_s = sum(row.scores[0].cpu_s for row in rows)
    cells = []
    for at in range(len(NAMES)):
        scores = [row.scores[at] for row in rows]
        cer = sum(row.letters * row.scores[at].cer for row in rows) / letters
        ratio = sum(score.cpu_s for score in scores) / plain_s
        cells.append(f"{cer:.3f}, {mean(score.f1 for score in scores):.3f}, × {ratio:.2f}")
    return cells


if __name__ == "__main__":
    sys.exit(main())
