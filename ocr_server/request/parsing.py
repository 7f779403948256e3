"""Text of a client as values; a parser raises ValueError with a sentence on what it takes."""

from __future__ import annotations

import json
import re
from typing import Any

from ocr_server.bounds import MOST_PX, box_of
from ocr_server.document.cursor import Cursor, Faults
from ocr_server.imaging import operations
from ocr_server.job import PSM_OF_LAYOUT, FieldSpec, Layout, PageSelection, ZoneSpec
from ocr_server.request.fields import read_fields
from ocr_server.request.kinds import listed, split

MOST_RANGES = 100
MOST_STEPS = 20
MOST_ZONES = 100
MOST_LETTERS = 256
IS_JSON = {"contentMediaType": "application/json"}
_ZONE_MEMBERS = {"box", "box_percent", "name", "layout", "alphabet"}
_RANGE = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?")
# 0 only finds the orientation and 2 only the layout: neither reads anything.
_PSMS = {str(psm) for psm in (1, *range(3, 14))}


def parse_languages(text: str) -> tuple[str, ...]:
    """Names, joined by + or commas; whether they are installed is asked later."""
    names = split(text)
    if not names:
        raise ValueError("name at least one language, such as eng")
    return names


def parse_layout(text: str) -> int:
    """A word of ours or a page segmentation mode, as such a mode."""
    if text in _PSMS:
        return int(text)
    try:
        return PSM_OF_LAYOUT[Layout(text.lower())]
    except ValueError:
        raise ValueError(
            f"use {listed(Layout)}, or one of Tesseract's modes 1 and 3 to 13"
        ) from None


def write_layout(psm: int) -> str:
    """Our word for a page segmentation mode; its number where there is none."""
    words = (layout.value for layout, mode in PSM_OF_LAYOUT.items() if mode == psm)
    return next(words, str(psm))


def parse_pages(text: str) -> PageSelection:
    """Ranges of page numbers, such as 1-3,7."""
    ranges: list[tuple[int, int]] = []
    for part in text.replace(" ", "").split(","):
        match = _RANGE.fullmatch(part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last or len(ranges) >= MOST_RANGES:
            raise ValueError("use page numbers and ranges such as 1-3,7")
        ranges.append((first, last))
    return PageSelection(tuple(ranges))


def parse_steps(text: str) -> tuple[str, ...]:
    """`auto`, `none`, or steps in order; `imaging.operations` knows them."""
    names = operations.parse_operations(text)
    if len(names) > MOST_STEPS:
        raise ValueError(f"use at most {MOST_STEPS} steps")
    return names


def parse_alphabet(text: str) -> str:
    """The characters that may be read."""
    if len(text) > MOST_LETTERS or not text.isprintable() or " " in text:
        raise ValueError(f"use at most {MOST_LETTERS} printable characters, without blanks")
    return text


def parse_zones(text: str) -> tuple[ZoneSpec, ...]:
    """Rectangles as JSON: `[{"box": [left, top, right, bottom], "name": …, "layout": …}]`."""
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        items = None
    return zones_from(items)


def zones_from(items: object) -> tuple[ZoneSpec, ...]:
    """The same from plain values."""
    if not isinstance(items, list) or not 0 < len(items) <= MOST_ZONES:
        raise ValueError(f'use JSON such as [{{"box": [0, 0, 100, 50]}}], at most {MOST_ZONES}')
    return tuple(_zone(position, item) for position, item in enumerate(items))


def _zone(position: int, item: Any) -> ZoneSpec:  # noqa: ANN401  # JSON of a client
    if not isinstance(item, dict) or not item.keys() <= _ZONE_MEMBERS:
        raise ValueError(f"zone {position} takes {listed(sorted(_ZONE_MEMBERS))}")
    is_percent = "box" not in item and "box_percent" in item
    try:
        box = box_of(
            item.get("box_percent" if is_percent else "box"), most=100 if is_percent else MOST_PX
        )
    except ValueError:
        raise ValueError(
            f"zone {position} needs a box of left, top, right and bottom in pixels, none of them "
            "negative, left before right and top before bottom, or a box_percent of the "
            "same in per cent, to 100"
        ) from None
    name, layout, alphabet = item.get("name"), item.get("layout"), item.get("alphabet")
    if not all(isinstance(text, str | None) for text in (name, alphabet)):
        raise ValueError(f"zone {position} takes text as name and alphabet")
    return ZoneSpec(
        box=box,
        name=name,
        psm=None if layout is None else parse_layout(str(layout)),
        alphabet=alphabet and parse_alphabet(alphabet),
        is_percent=is_percent,
    )


def parse_profile(text: str) -> str:
    """The name of a profile; whether there is one is asked later."""
    return text


def parse_fields(text: str) -> tuple[FieldSpec, ...]:
    """Fields as JSON, by name: `{"lot": {"after": ["LOT"], "mask": "A9999"}}`; no pattern."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    faults = Faults()
    fields = read_fields(Cursor(value, "", faults), may_have_patterns=False)
    if faults.found:
        raise ValueError(
            " ".join(f"{fault['field'] or 'it'} {fault['message']}." for fault in faults.found)
        )
    return fields


def parse_alternatives(text: str) -> tuple[str, ...]:
    """Sources of alternatives, joined by commas; none for `none`."""
    names = split(text.lower())
    if names == ("none",):
        return ()
    if not names or not {"dictionary", "engine"} >= set(names):
        raise ValueError("use dictionary, engine, both joined by a comma, or none")
    return names
