"""How well `languages=auto` finds the language of pictures, and what it costs.

    python -m benchmarks.languages CORPUS [--sample N] [--only TEXT] [--engine tesserocr]
        [--default eng] [--told] [--each]

Reads the pictures of a corpus (see `benchmarks.accuracy`) twice: told their language, and with
`languages=auto`, which reads first in the default language. A picture is a *piece* if its true text
has fewer than 20 letters or it is read as a word or in vertical lines, a *line* if it is read as
one or is no higher than 150 px, else a *page*; pieces are not decided. The language is right if it
is one of those told, or, where that is not installed, if one is named as missing. The cost is the
processor time of `auto` over that of being told: the median of the ratios, and the ratio of sums.

With `--told` all pictures are read as if the default had been asked for, and what the program then
advises is counted instead.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import mean, median

from benchmarks.accuracy import (
    Item,
    asked_items,
    context_of,
    options,
    processes,
    processor_s,
    rate,
)
from ocr_server.document.languages import script_of_language, tag_of
from ocr_server.document.model import Page
from ocr_server.engines import describe_choice
from ocr_server.job import PSM_OF_LAYOUT, Layout, Limits, PageSegmentation, ReadOptions
from ocr_server.page.reading import read_page
from ocr_server.runtime.language_detector import rank
from ocr_server.sources.decode import decode_page

KINDS = ("page", "line", "piece")
GROUPS = ("default", "Latin", "other script")
FEWEST_LETTERS = 20
LINE_PX = 150
PIECES = (PageSegmentation.SINGLE_BLOCK_VERTICAL, PSM_OF_LAYOUT[Layout.WORD])
LINES = (PSM_OF_LAYOUT[Layout.LINE], PageSegmentation.RAW_LINE)


@dataclass(frozen=True, slots=True)
class Found:
    """What was found on a picture; `told_s` and `auto_s` are processor seconds, 0 if not read."""

    kind: str
    group: str
    is_right: bool
    is_sure: bool
    codes: tuple[str, ...]
    confidence: float
    words: str
    told_s: float
    auto_s: float
    told_cer: float
    auto_cer: float
    advice: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print the tables."""
    parser = options("benchmarks.languages", __doc__)
    parser.set_defaults(engine="tesserocr")
    parser.add_argument("--default", default="eng", metavar="LANGUAGES", help="read first (eng)")
    parser.add_argument("--told", action="store_true", help="count what is advised")
    parser.add_argument("--each", action="store_true", help="print every picture")
    asked = parser.parse_args(arguments)
    items = asked_items(asked)
    jobs = [(item, asked) for item in items]
    with processes(asked.workers) as pool:
        found = list(pool.map(_find, jobs))
    if asked.each:
        for item, one in zip(items, found, strict=True):
            print(_row_of(item, one))
        print()
    print(advised(items, found) if asked.told else table(found))
    return 0


def table(found: Sequence[Found]) -> str:
    """How many were right and sure, and the cost, for each kind and group."""
    columns = ("kind", "language", "n", "right", "sure", "wrong but sure", "cost median", "cost",
               "CER told", "CER auto")  # fmt: skip
    rows = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for kind in KINDS:
        of_kind = [one for one in found if one.kind == kind]
        for group in (*GROUPS, "all"):
            some = [one for one in of_kind if group in (one.group, "all")]
            if some:
                rows.append(f"| {kind} | {group} | {_figures(some)} |")
    return "\n".join(rows)


def advised(items: Sequence[Item], found: Sequence[Found]) -> str:
    """For each data set, on how many pictures another language was advised."""
    by_set: dict[str, list[Found]] = defaultdict(list)
    for item, one in zip(items, found, strict=True):
        by_set[f"{item.path.parent.name} ({'+'.join(item.languages)})"].append(one)
    rows = ["| set | n | fits | advised |", "|---|---|---|---|"]
    for name, some in by_set.items():
        fits = sum(one.group == "default" for one in some)
        rows.append(f"| {name} | {len(some)} | {fits} | {sum(bool(one.advice) for one in some)} |")
    return "\n".join(rows)


def _figures(some: Sequence[Found]) -> str:
    right = sum(one.is_right for one in some)
    sure = [one for one in some if one.is_sure]
    told_s, auto_s = (
        sum(times) for times in zip(*((o.told_s, o.auto_s) for o in some), strict=True)
    )
    ratio = median(one.auto_s / one.told_s for one in some if one.told_s) if told_s else 0.0
    return " | ".join(
        (
            str(len(some)),
            f"{right} ({right / len(some):.1%})",
            str(len(sure)),
            str(sum(not one.is_right for one in sure)),
            f"{ratio:.2f}",
            f"{auto_s / told_s:.2f}" if told_s else "–",
            f"{mean(one.told_cer for one in some):.3f}",
            f"{mean(one.auto_cer for one in some):.3f}",
        )
    )


def _find(job: tuple[Item, argparse.Namespace]) -> Found:
    item, asked = job
    installed = describe_choice(asked.engine).languages
    default = tuple(asked.default.split("+"))
    known = item.languages if set(item.languages) <= set(installed) else default
    told = ReadOptions(languages=known, psm=item.psm, installed=installed)
    if asked.told:
        page, spent_s = _read(item, replace(told, languages=default), asked.engine)
        return _found(item, page, default, installed=installed, auto_s=spent_s)
    first = replace(told, languages=default, auto_language=True)
    rank("loaded before it is measured", ("eng",))
    _read(item, told, asked.engine)  # so that both find the models loaded
    page, auto_s = _read(item, first, asked.engine)
    expected, told_s = _read(item, told, asked.engine)
    found = _found(item, page, default, installed=installed, auto_s=auto_s)
    cer = rate(item, expected.text, (), cpu_s=0).cer
    return replace(found, told_s=told_s, told_cer=cer)


def _read(item: Item, read_options: ReadOptions, engine: str) -> tuple[Page, float]:
    canvas = decode_page(item.path, 0, limits=Limits(), password=None, grey=True)
    context = replace(context_of(engine), rank_languages=rank)
    before_s = processor_s()
    page = read_page(canvas, number=1, options=read_options, context=context)
    return page, processor_s() - before_s


def _found(
    item: Item, page: Page, default: tuple[str, ...], *, installed: Iterable[str], auto_s: float
) -> Found:
    language = page.language
    problems = page.quality.problems if page.quality else ()
    advice = [one.message for one in problems if one.code == "other-language"]
    codes = language.codes if language else ()
    is_right = bool({_plain(code) for code in codes[:1]} & set(map(_plain, item.languages)))
    if language and not language.is_sure and not set(item.languages) & set(installed):
        is_right = bool(advice)
    return Found(
        kind=_kind_of(item, page),
        group=_group_of(item, default),
        is_right=is_right,
        is_sure=bool(language and language.is_sure),
        codes=codes,
        confidence=language.confidence if language else 0.0,
        words=(language.reason if language else "") or "",
        told_s=0.0,
        auto_s=auto_s,
        told_cer=0.0,
        auto_cer=rate(item, page.text, (), cpu_s=0).cer,
        advice=" ".join(advice),
    )


def _kind_of(item: Item, page: Page) -> str:
    letters = sum(map(str.isalpha, item.truth))
    if letters < FEWEST_LETTERS or item.psm in PIECES:
        return "piece"
    is_low = min(page.width_px, page.height_px) <= LINE_PX
    return "line" if item.psm in LINES or is_low else "page"


def _group_of(item: Item, default: tuple[str, ...]) -> str:
    if set(item.languages) & set(default):
        return "default"
    return "Latin" if script_of_language(item.languages[0]) == "Latin" else "other script"


def _plain(code: str) -> str:
    """Fraktur is a language of its own here; vertical writing is not."""
    return code if code == "frk" else (tag_of(code) or code)


def _row_of(item: Item, one: Found) -> str:
    ratio = one.auto_s / one.told_s if one.told_s else 0.0
    return (
        f"{'ok ' if one.is_right else 'NO '}{'sure ' if one.is_sure else '     '}{one.kind:6}"
        f"{'+'.join(item.languages):12} → {'+'.join(one.codes):12} {one.confidence:.2f} "
        f"cost {ratio:5.2f} CER {one.told_cer:.3f} {one.auto_cer:.3f} "
        f"{item.path.parent.name}/{item.path.name} {one.words} {one.advice}"
    )


if __name__ == "__main__":
    sys.exit(main())
