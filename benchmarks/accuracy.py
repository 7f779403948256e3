"""How well pages are read: plain Tesseract against this server, on the same pictures, in one run.

    python -m benchmarks.accuracy CORPUS [--sample N] [--without STAGE] [--engine NAME]

A corpus is a folder with a table `items.csv`, whose columns `category`, `dataset`, `name` and
`file` (a path inside the corpus) name one picture a row. Beside a picture of a dataset, in
`category/dataset/`, stand `name.gt.txt` with the true text, and, where known, `name.gt.json` with
`words`, each with a `bbox` of left, top, right and bottom in pixels of the picture. The dataset's
`meta.json` tells its language (`lang`), how Tesseract is to look at it (`psm`), and whether
capitals count (`case_insensitive`). Pictures without a true text are left out.

The character error rate (CER) and word error rate (WER) are edits over the length of the truth, at
most 1; F1 compares the bags of words. White space is folded, and so are typographic quotes, dashes
and ligatures. A word's box is found if one overlaps it by half (intersection over union). All are
means over pictures. Seconds are those of the processor, from the file to the text.
"""

from __future__ import annotations

import argparse
import csv
import json
import platform
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path

import cv2
from rapidfuzz.distance import Levenshtein

from ocr_server.deadline import Deadline
from ocr_server.document.model import Page
from ocr_server.engines import ENGINE_CHOICES, describe_choice, new_engine
from ocr_server.engines.engine import Engine
from ocr_server.errors import LanguageMissing
from ocr_server.geometry import Box
from ocr_server.job import Limits, ReadOptions
from ocr_server.page.reading import read_page
from ocr_server.page.recipe import STAGES
from ocr_server.page.state import ReadContext
from ocr_server.request.build import check_installed
from ocr_server.sources.decode import decode_page

TIMEOUT_S = 300
# Typographic and plain signs that readers and truths mix up without anybody minding.
FOLDED = str.maketrans(
    {
        "\u2019": "'", "\u2018": "'", "\u201a": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"',
        "\u00ab": '"', "\u00bb": '"', "\u2014": "-", "\u2013": "-", "\u2010": "-", "\u2011": "-",
        "\u2212": "-", "\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\u017f": "s",
        "\u2026": "...", "\u00ad": "",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """A picture, its truth, and how it is to be read."""

    category: str
    path: Path
    truth: str
    boxes: tuple[Box, ...]
    languages: tuple[str, ...]
    psm: int
    any_case: bool
    contains: bool = False  # the picture says more than the truth


@dataclass(frozen=True, slots=True)
class Score:
    """How one picture was read; recall and precision of boxes are None without true ones."""

    cer: float
    wer: float
    f1: float
    cpu_s: float
    box_recall: float | None = None
    box_precision: float | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print the table."""
    parser = options("benchmarks.accuracy", __doc__)
    parser.add_argument(
        "--without", action="append", default=[], metavar="STAGE",
        choices=STAGES, help="leave a stage out",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here, too")
    asked = parser.parse_args(arguments)
    items = asked_items(asked)
    if not items:
        print(f"There is no picture with a true text in {asked.corpus}.", file=sys.stderr)
        return 1
    check_languages(items, asked.engine)
    jobs = [(item, asked.engine, tuple(asked.without)) for item in items]
    with processes(asked.workers) as pool:
        scores = list(pool.map(_both, jobs))
    info = describe_choice(asked.engine)
    date = datetime.now(UTC).date().isoformat()
    print(f"{date}, {info.name} {info.version}, plain {_plain_version()}, {platform.machine()}.")
    if asked.without:
        print(f"Without {', '.join(asked.without)}.")
    print()
    print(table(items, scores))
    if asked.json:
        rows = [
            {"category": i.category, "file": str(i.path.relative_to(asked.corpus)),
             "plain": asdict(plain), "ours": asdict(ours)}
            for i, (plain, ours) in zip(items, scores, strict=True)
        ]  # fmt: skip
        answer = {"date": date, "engine": asdict(info), "without": asked.without, "items": rows}
        asked.json.write_text(json.dumps(answer, indent=1), encoding="utf-8")
    return 0


def options(name: str, about: str) -> argparse.ArgumentParser:
    """The options of every benchmark that reads a corpus."""
    parser = argparse.ArgumentParser(prog=name, description=about.split("\n", 1)[0])
    parser.add_argument("corpus", type=Path, help="a folder as benchmarks/accuracy.py describes it")
    parser.add_argument("--sample", type=int, metavar="N", help="at most N pictures a category")
    parser.add_argument("--only", default="", metavar="TEXT", help="pictures with TEXT in the path")
    parser.add_argument("--engine", choices=ENGINE_CHOICES, default="auto")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes (2)")
    return parser


def processes(count: int) -> ProcessPoolExecutor:
    """Processes to read in; not forked, as a fork of a process with threads may hang."""
    return ProcessPoolExecutor(count, mp_context=get_context("spawn"))


def asked_items(asked: argparse.Namespace) -> list[Item]:
    """The pictures that the options pick."""
    return sample(load_items(asked.corpus, only=asked.only), asked.sample)


def check_languages(items: Sequence[Item], engine: str) -> None:
    """Do nothing if the engine has the languages of all pictures; better known now than at the end.

    Raises:
        SystemExit: it has not.
    """
    wanted = {language for item in items for language in item.languages}
    try:
        check_installed(tuple(sorted(wanted)), describe_choice(engine))
    except LanguageMissing as error:
        sys.exit(f"{error.message} Install them, or pick other pictures with --only.")


def load_items(corpus: Path, *, only: str = "") -> list[Item]:
    """The pictures of a corpus that have a true text, and `only` in their path."""
    items = []
    with (corpus / "items.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            folder = corpus / row["category"] / row["dataset"]
            text, boxes = folder / f"{row['name']}.gt.txt", folder / f"{row['name']}.gt.json"
            path = corpus / row["file"]
            if only not in row["file"] or not text.exists() or not path.exists():
                continue
            meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
            items.append(
                Item(
                    category=row["category"],
                    path=path,
                    truth=text.read_text(encoding="utf-8"),
                    boxes=_true_boxes(boxes),
                    languages=tuple(meta["lang"].split("+")),
                    psm=int(meta["psm"]),
                    any_case=bool(meta.get("case_insensitive")),
                    contains=bool(meta.get("contains")),
                )
            )
    return items


def sample(items: list[Item], count: int | None) -> list[Item]:
    """At most `count` of each category, the same ones every time."""
    if count is None:
        return items
    by_category: dict[str, list[Item]] = defaultdict(list)
    for item in sorted(items, key=lambda item: sha256(item.path.name.encode()).digest()):
        by_category[item.category].append(item)
    return [item for name in sorted(by_category) for item in by_category[name][:count]]


def read_plainly(item: Item) -> Score:
    """What `tesseract FILE` makes of it."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / "text"
        before = processor_s()
        subprocess.run(  # noqa: S603  # our own arguments
            ["tesseract", str(item.path), str(base), "-l", "+".join(item.languages),  # noqa: S607
             "--psm", str(item.psm), "txt", "tsv"],
            capture_output=True, check=False, timeout=TIMEOUT_S,
        )  # fmt: skip
        cpu_s = processor_s() - before
        text, rows = base.with_suffix(".txt"), base.with_suffix(".tsv")
        found = text.read_text(encoding="utf-8", errors="replace") if text.exists() else ""
        boxes = _tsv_boxes(rows.read_text(encoding="utf-8", errors="replace")) if found else ()
    return rate(item, found, boxes, cpu_s=cpu_s)


def read_ourselves(item: Item, *, engine: str, without: tuple[str, ...] = ()) -> Score:
    """What this server makes of it, its recipe less some stages."""
    before = processor_s()
    page = read_item(item, engine=engine, without=without)
    cpu_s = processor_s() - before
    return rate(item, page.text, tuple(word.box for word in page.words), cpu_s=cpu_s)


def read_item(item: Item, *, engine: str, without: tuple[str, ...] = ()) -> Page:
    """The picture, read by this server's recipe less some stages."""
    return read_page(
        decode_page(item.path, 0, limits=Limits(), password=None, grey=True),
        number=1,
        options=ReadOptions(languages=item.languages, psm=item.psm, skip_stages=without),
        context=context_of(engine),
    )


def rate(item: Item, text: str, boxes: tuple[Box, ...], *, cpu_s: float) -> Score:
    """How near a reading comes to the truth."""
    true, found = (folded(t, any_case=item.any_case) for t in (item.truth, text))
    true_words, found_words = true.split(), found.split()
    common = sum((Counter(true_words) & Counter(found_words)).values())
    total = len(true_words) + len(found_words)
    matched = _matched(item.boxes, boxes) if item.boxes else 0
    return Score(
        cer=min(1.0, Levenshtein.distance(true, found) / max(1, len(true))),
        wer=min(1.0, Levenshtein.distance(true_words, found_words) / max(1, len(true_words))),
        f1=2 * common / total if total else 1.0,
        cpu_s=cpu_s,
        box_recall=matched / len(item.boxes) if item.boxes else None,
        box_precision=(matched / len(boxes) if boxes else 0.0) if item.boxes else None,
    )


def table(items: Sequence[Item], scores: Sequence[tuple[Score, Score]]) -> str:
    """One row a category, plain → ours in each cell, in Markdown."""
    rows: dict[str, list[tuple[Score, Score]]] = defaultdict(list)
    for item, pair in zip(items, scores, strict=True):
        rows[item.category].append(pair)
    rows = {name: rows[name] for name in sorted(rows)} | {"all": list(scores)}
    columns = ("CER mean", "CER median", "WER", "F1", "box recall", "box precision", "CPU s")
    lines = [f"| category (n) | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for name, pairs in rows.items():
        plain, ours = ([pair[side] for pair in pairs] for side in (0, 1))
        cells = [
            _cell((s.cer for s in plain), (s.cer for s in ours)),
            f"{statistics.median(s.cer for s in plain):.3f} → "
            f"{statistics.median(s.cer for s in ours):.3f}",
            _cell((s.wer for s in plain), (s.wer for s in ours)),
            _cell((s.f1 for s in plain), (s.f1 for s in ours)),
            _cell((s.box_recall for s in plain), (s.box_recall for s in ours)),
            _cell((s.box_precision for s in plain), (s.box_precision for s in ours)),
            _cell((s.cpu_s for s in plain), (s.cpu_s for s in ours)),
        ]
        lines.append(f"| {name} ({len(pairs)}) | {' | '.join(cells)} |")
    return "\n".join(lines)


@cache
def engine_of(name: str) -> Engine:
    """One engine a process: tesserocr keeps its models, as it does in a worker."""
    cv2.setNumThreads(1)
    return new_engine(name)


def context_of(name: str) -> ReadContext:
    """What reads a page as the option `engine=name` has it."""
    return ReadContext.of(name, Deadline.after(TIMEOUT_S), engine=engine_of)


def _both(job: tuple[Item, str, tuple[str, ...]]) -> tuple[Score, Score]:
    item, engine, without = job
    return read_plainly(item), read_ourselves(item, engine=engine, without=without)


def _true_boxes(path: Path) -> tuple[Box, ...]:
    if not path.exists():
        return ()
    words = json.loads(path.read_text(encoding="utf-8")).get("words") or []
    corners = (word["bbox"] for word in words if word.get("bbox"))
    return tuple(Box(*c) for c in corners if c[0] < c[2] and c[1] < c[3])


def _tsv_boxes(text: str) -> tuple[Box, ...]:
    boxes = []
    for row in csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        if row["level"] == "5" and (row["text"] or "").strip():
            left, top, width, height = (int(row[k]) for k in ("left", "top", "width", "height"))
            boxes.append(Box(left, top, left + width, top + height))
    return tuple(boxes)


def folded(text: str, *, any_case: bool) -> str:
    """A text without what nobody minds: kinds of blanks, quotes and dashes, and maybe capitals."""
    plain = re.sub(r"\s+", " ", unicodedata.normalize("NFC", text).translate(FOLDED)).strip()
    return plain.casefold() if any_case else plain


def _matched(true: tuple[Box, ...], found: tuple[Box, ...]) -> int:
    """How many pairs overlap by half, the best first, each box once."""
    pairs = []
    for i, one in enumerate(true):
        for j, other in enumerate(found):
            common = one.intersection(other)
            if common:
                share = common.area / (one.area + other.area - common.area)
                if share >= 0.5:
                    pairs.append((share, i, j))
    used_true: set[int] = set()
    used_found: set[int] = set()
    for _, i, j in sorted(pairs, reverse=True):
        if i not in used_true and j not in used_found:
            used_true.add(i)
            used_found.add(j)
    return len(used_true)


def _cell(plain: Iterable[float | None], ours: Iterable[float | None]) -> str:
    known = [[v for v in values if v is not None] for values in (plain, ours)]
    return " → ".join(f"{statistics.mean(v):.3f}" for v in known) if all(known) else "–"


def processor_s() -> float:
    """Processor seconds of this process and of the programs it has run."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _plain_version() -> str:
    answer = subprocess.run(["tesseract", "--version"], capture_output=True, text=True, check=True)  # noqa: S607
    return answer.stdout.split("\n", 1)[0]


if __name__ == "__main__":
    sys.exit(main())
