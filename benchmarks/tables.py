"""How well tables are found: their cells by place and by neighbours, and false ones in prose.

    python -m benchmarks.tables [FOLDER] [--count 200] [--only KIND] [--engine NAME]

Without a folder it draws pages of every kind of `benchmarks.table_pages`. A folder has
`truth.json`, a list of pages with `file`, `kind` and `tables`; a table has `cells` of `row`,
`column`, `text` and, where more than 1, `rows` and `columns` that they span.

Place F1: a cell is right if the true one of its row and column has a text that is alike (0.8).
Neighbours F1: pairs of texts side by side or one above the other. Pages without a table are
prose; `false` counts tables where there is none, and `false pages` is the share of prose with one.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

from benchmarks.accuracy import context_of, processes
from benchmarks.table_pages import KINDS, PROSE, TABLES, draw_page
from benchmarks.table_scores import TableScore, TrueCell, score_page
from ocr_server.document.model import Page, Table
from ocr_server.engines import ENGINE_CHOICES
from ocr_server.job import Limits, ReadOptions
from ocr_server.page.reading import read_page
from ocr_server.sources.decode import decode_page

PROSE_SHARE = 0.3  # of the drawn pages


@dataclass(frozen=True, slots=True)
class TrueTables:
    """A picture of a page and its tables."""

    path: Path
    kind: str
    tables: tuple[tuple[TrueCell, ...], ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """Read, score, and print a row a kind."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path, nargs="?", help="real pages with their truth.json")
    parser.add_argument("--count", type=int, default=200, help="drawn pages (200)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", metavar="KIND")
    parser.add_argument("--engine", choices=ENGINE_CHOICES, default="auto")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes (2)")
    parser.add_argument("--verbose", action="store_true", help="print a row a page, too")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, processes(asked.workers) as pool:
        if asked.folder:
            pages = list(load(asked.folder))
        else:
            pages = list(draw(Path(folder), count=asked.count, seed=asked.seed, only=asked.only))
        pages = [page for page in pages if asked.only in {"", page.kind}]
        if not pages:
            print("There is no such page.", file=sys.stderr)
            return 1
        scores = []
        for page, score in zip(pages, pool.map(rate, pages, repeat(asked.engine)), strict=True):
            scores.append(score)
            if asked.verbose:
                print(row(page.path.name, [score]), flush=True)
    print(report(pages, scores))
    return 0


def load(folder: Path) -> Iterator[TrueTables]:
    """The pages of a folder."""
    for page in json.loads((folder / "truth.json").read_text(encoding="utf-8")):
        tables = (tuple(_true_cell(cell) for cell in table["cells"]) for table in page["tables"])
        yield TrueTables(folder / page["file"], page["kind"], tuple(tables))


def draw(folder: Path, *, count: int, seed: int, only: str = "") -> Iterator[TrueTables]:
    """About `count` drawn pages, so many of each kind, in a folder."""
    prose = max(1, round(PROSE_SHARE * count / len(PROSE)))
    each = max(1, round((count - prose * len(PROSE)) / len(TABLES)))
    for kind in KINDS:
        for number in range(each if kind in TABLES else prose):
            if only in {"", kind}:
                page = draw_page(kind, number, seed=seed)
                path = folder / f"{kind.replace(' ', '-')}-{number}.png"
                page.picture.save(path, dpi=(150, 150))
                yield TrueTables(path, kind, page.tables)


def rate(page: TrueTables, engine: str) -> TableScore:
    """Read a page, and score its tables."""
    return score_page(map(cells_of, tables_on(read(page.path, engine))), page.tables)


def read(path: Path, engine: str) -> Page:
    """The page as the server reads it by itself."""
    return read_page(
        decode_page(path, 0, limits=Limits(), password=None, grey=True),
        number=1, options=ReadOptions(languages=("eng",)), context=context_of(engine),
    )  # fmt: skip


def tables_on(page: Page) -> list[Table]:
    """The tables of a page."""
    return [zone.table for zone in page.zones if zone.table]


def cells_of(table: Table) -> list[TrueCell]:
    """The cells of a table as they were found."""
    return [
        TrueCell(cell.row, cell.column, cell.text, cell.row_span, cell.column_span)
        for cell in table.cells
    ]


def report(pages: Sequence[TrueTables], scores: Sequence[TableScore]) -> str:
    """A row a kind, in Markdown, and what was found on pages of prose."""
    by_kind: dict[str, list[TableScore]] = defaultdict(list)
    for page, score in zip(pages, scores, strict=True):
        by_kind[page.kind].append(score)
    lines = ["| kind (pages) | found | false | place F1 | neighbours F1 |", "|---|---|---|---|---|"]
    lines += [row(f"{kind} ({len(found)})", found) for kind, found in by_kind.items()]
    lines.append(row(f"all ({len(scores)})", scores))
    prose = [score for page, score in zip(pages, scores, strict=True) if not page.tables]
    if prose:
        wrong = sum(score.false > 0 for score in prose)
        lines += ["", f"false pages: {wrong} of {len(prose)} of prose, {wrong / len(prose):.1%}"]
    return "\n".join(lines)


def row(name: str, scores: Iterable[TableScore]) -> str:
    """One row of the report."""
    total = sum(scores, TableScore())
    figures = ("–", "–")
    if total.tables:
        figures = (f"{total.place.f1:.3f}", f"{total.neighbours.f1:.3f}")
    return f"| {name} | {total.hits}/{total.tables} | {total.false} | {' | '.join(figures)} |"


def _true_cell(cell: dict[str, Any]) -> TrueCell:  # JSON
    return TrueCell(
        cell["row"], cell["column"], cell["text"], cell.get("rows", 1), cell.get("columns", 1)
    )


if __name__ == "__main__":
    sys.exit(main())
