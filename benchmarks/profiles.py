"""How often profiles find fields: the true ones against those read, and against plain Tesseract.

    python -m benchmarks.profiles CORPUS [--as DATASET=PROFILE …] [--only TEXT] [--shown]

A corpus is a folder as `benchmarks.accuracy` tells of it, or as `benchmarks.draw` draws it. The
true `fields` stand in `NAME.gt.json`; a dataset's profile stands in its `meta.json`, or is told by
`--as`. A dataset with a text only (`NAME.gt.txt`) has its one field there, and with `contains` in
its `meta.json` the value only has to contain it.

A field is right if it is the truth but for blanks, capitals and, in amounts, the currency. It is
near if one character in ten differs at most. `valid` are those said to be so, and `false` those
of them that are wrong. Tesseract has a field if its text contains it, wherever that stands.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz.distance import Levenshtein

from ocr_server.deadline import Deadline
from ocr_server.engines import ENGINE_CHOICES
from ocr_server.extraction.finders import read_framed_page, with_fields
from ocr_server.job import Limits, ReadOptions
from ocr_server.page.state import ReadContext
from ocr_server.request.profiles import Profile, load_profiles
from ocr_server.sources.decode import decode_page

TIMEOUT_S = 120
NEAR = 0.9
DEFAULT_LAYOUT = 3


@dataclass(frozen=True, slots=True)
class Item:
    """A picture, its fields, and the profile to read it by."""

    path: Path
    dataset: str
    profile: str
    truth: dict[str, str]
    contains: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one field of one picture."""

    dataset: str
    name: str
    truth: str
    value: str
    is_valid: bool
    is_right: bool
    is_near: bool
    plain_has_it: bool
    ms: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description="Measure the built-in profiles.")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--as", dest="profiles", action="append", default=[], metavar="SET=PROFILE")
    parser.add_argument("--only", default="", help="text that a picture's path has to contain")
    parser.add_argument("--engine", default="auto", choices=list(ENGINE_CHOICES))
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--shown", action="store_true", help="print what is not right")
    asked = parser.parse_args(arguments)
    items = load_items(
        asked.corpus, dict(pair.split("=", 1) for pair in asked.profiles), asked.only
    )
    if not items:
        print(
            f"There is no picture with true fields and a profile in {asked.corpus}.",
            file=sys.stderr,
        )
        return 1
    with ProcessPoolExecutor(asked.workers) as pool:
        found = list(pool.map(measure, items, [asked.engine] * len(items)))
    outcomes = [outcome for outcomes in found for outcome in outcomes]
    print(table(outcomes))
    if asked.shown:
        for one in outcomes:
            if not one.is_right:
                print(f"{one.dataset} {one.name}: {one.truth!r} was read as {one.value!r}")
    return 0


def load_items(corpus: Path, profiles: dict[str, str], only: str) -> list[Item]:
    """The pictures that have true fields and a profile."""
    items = []
    with (corpus / "items.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            folder = corpus / row["category"] / row["dataset"]
            if only not in row["file"] or not (folder / "meta.json").exists():
                continue
            meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
            profile = profiles.get(row["dataset"], meta.get("profile"))
            truth = _truth(folder / row["name"])
            if profile and truth:
                contains = bool(meta.get("contains"))
                items.append(Item(corpus / row["file"], row["dataset"], profile, truth, contains))
    return items


def measure(item: Item, engine: str) -> list[Outcome]:
    """Read a picture by its profile and by plain Tesseract."""
    profile = load_profiles("")[item.profile]
    begun = time.perf_counter()
    canvas = decode_page(item.path, 0, limits=Limits(), password=None)
    options = _reading(profile)
    context = ReadContext.of(profile.options.get("engine", engine), Deadline.after(TIMEOUT_S))
    page = read_framed_page(canvas, number=1, options=options, context=context)
    fields = {field.name: field for field in with_fields(page, options).fields}
    ms = (time.perf_counter() - begun) * 1000
    plain = _plain(item.path)
    outcomes = []
    for name in item.truth.keys() & fields.keys():
        truth, value = _folded(name, item.truth[name]), _folded(name, fields[name].value or "")
        outcomes.append(
            Outcome(
                dataset=item.dataset, name=name, truth=item.truth[name],
                value=fields[name].value or "",
                is_valid=fields[name].is_valid,
                is_right=truth in value if item.contains else truth == value,
                is_near=Levenshtein.normalized_similarity(truth, value) >= NEAR,
                plain_has_it=truth in _folded("", plain),
                ms=ms,
            )
        )  # fmt: skip
    return outcomes


def table(outcomes: Sequence[Outcome]) -> str:
    """A row for each field of each dataset, in per cent of the pictures that have it."""
    groups: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.dataset, outcome.name].append(outcome)
    rows = ["| set | field | pictures | right | near | valid | false | Tesseract | ms |"]
    rows.append("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for (dataset, name), group in sorted(groups.items()):
        shares = [
            sum(one.is_right for one in group),
            sum(one.is_right or one.is_near for one in group),
            sum(one.is_valid for one in group),
            sum(one.is_valid and not one.is_right for one in group),
            sum(one.plain_has_it for one in group),
        ]
        cells = [f"{100 * share / len(group):.0f} %" for share in shares]
        ms = sum(one.ms for one in group) / len(group)
        rows.append(f"| {dataset} | {name} | {len(group)} | {' | '.join(cells)} | {ms:.0f} |")
    return "\n".join(rows)


def _reading(profile: Profile) -> ReadOptions:
    given = {name: value for name, value in profile.options.items() if name != "layout"}
    return ReadOptions(
        psm=profile.options.get("layout", DEFAULT_LAYOUT), fields=profile.fields,
        finder=profile.finder, framing=profile.framing, **given,
    )  # fmt: skip


def _truth(stem: Path) -> dict[str, str]:
    described, text = Path(f"{stem}.gt.json"), Path(f"{stem}.gt.txt")
    fields = (
        json.loads(described.read_text(encoding="utf-8")).get("fields")
        if described.exists()
        else None
    )
    if fields is None:
        return {"value": text.read_text(encoding="utf-8").strip()} if text.exists() else {}
    # The names of fields in a truth of passports are not all ours.
    names = {"date_of_birth": "birth_date", "expiration_date": "expiry_date"}
    return {names.get(name, name): str(value).strip("<") for name, value in fields.items()}


def _folded(name: str, text: str) -> str:
    kept = "0-9." if name == "total" else r"\w."
    return re.sub(f"[^{kept}]", "", text.upper())


def _plain(path: Path) -> str:
    done = subprocess.run(  # noqa: S603  # our own arguments
        ["tesseract", str(path), "-"], capture_output=True, text=True, check=False,  # noqa: S607
    )  # fmt: skip
    return done.stdout


if __name__ == "__main__":
    raise SystemExit(main())
