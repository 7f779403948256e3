"""Text of a client as values; a parser raises ValueError with a sentence on what it takes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeGuard

from ocr_server.document.cursor import Cursor, Faults
from ocr_server.engines import ENGINE_CHOICES
from ocr_server.export import FORMATS
from ocr_server.geometry import Box
from ocr_server.imaging import operations
from ocr_server.job import (
    PSM_OF_LAYOUT,
    Detail,
    FieldSpec,
    Layout,
    PageSelection,
    TextLayerUse,
    ZoneSpec,
)
from ocr_server.page.recipe import STAGES
from ocr_server.request.fields import read_fields

MOST_RANGES = 100
MOST_STEPS = 20
MOST_ZONES = 100
MOST_LETTERS = 256
LONGEST_SIDE_PX = 1_000_000
_ZONE_MEMBERS = {"box", "box_percent", "name", "layout", "alphabet"}
_RANGE = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?")
_SEPARATORS = re.compile(r"[+,\s]+")
# 0 only finds the orientation and 2 only the layout: neither reads anything.
_PSMS = {str(psm) for psm in (1, *range(3, 14))}


def parse_languages(text: str) -> tuple[str, ...]:
    """Names, joined by + or commas; whether they are installed is asked later."""
    names = tuple(dict.fromkeys(name for name in _SEPARATORS.split(text) if name))
    if not names:
        raise ValueError("name at least one language, such as eng")
    return names


def parse_engine(text: str) -> str:
    """The name of an engine; whether it is installed is asked later."""
    if text not in ENGINE_CHOICES:
        raise ValueError(f"use {_listed(ENGINE_CHOICES)}")
    return text


def parse_formats(text: str) -> tuple[str, ...]:
    """Names of formats, joined by commas."""
    names = tuple(dict.fromkeys(name for name in _SEPARATORS.split(text.lower()) if name))
    if not names or not FORMATS.keys() >= set(names):
        raise ValueError(f"use {_listed(FORMATS)}, or several joined by commas")
    return names


def parse_layout(text: str) -> int:
    """A word of ours or a page segmentation mode, as such a mode."""
    if text in _PSMS:
        return int(text)
    try:
        return PSM_OF_LAYOUT[Layout(text.lower())]
    except ValueError:
        raise ValueError(
            f"use {_listed(Layout)}, or one of Tesseract's modes 1 and 3 to 13"
        ) from None


def parse_detail(text: str) -> Detail:
    """The name of a level."""
    try:
        return Detail[text.upper()]
    except KeyError:
        raise ValueError(f"use {_listed(detail.name.lower() for detail in Detail)}") from None


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


def parse_without(text: str) -> tuple[str, ...]:
    """Stages of the recipe, joined by commas."""
    names = tuple(dict.fromkeys(name for name in _SEPARATORS.split(text.lower()) if name))
    if not names or not set(STAGES) >= set(names):
        raise ValueError(f"use {_listed(STAGES)}, or several joined by commas")
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
        raise ValueError(f"zone {position} takes {_listed(sorted(_ZONE_MEMBERS))}")
    is_percent = "box" not in item and "box_percent" in item
    sides = item.get("box_percent" if is_percent else "box")
    if not _is_box(sides) or (is_percent and max(sides) > 100):
        raise ValueError(
            f"zone {position} needs a box of left, top, right and bottom in pixels, none of them "
            "negative, left before right and top before bottom, or a box_percent of the "
            "same in per cent, to 100"
        )
    name, layout, alphabet = item.get("name"), item.get("layout"), item.get("alphabet")
    if not all(isinstance(text, str | None) for text in (name, alphabet)):
        raise ValueError(f"zone {position} takes text as name and alphabet")
    return ZoneSpec(
        box=Box(*sides),
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


def parse_lines(text: str) -> bool:
    """Whether lines are joined."""
    if text.lower() not in {"keep", "join"}:
        raise ValueError("use keep or join")
    return text.lower() == "join"


def parse_alternatives(text: str) -> tuple[str, ...]:
    """Sources of alternatives, joined by commas; none for `none`."""
    names = tuple(dict.fromkeys(name for name in _SEPARATORS.split(text.lower()) if name))
    if names == ("none",):
        return ()
    if not names or not {"dictionary", "engine"} >= set(names):
        raise ValueError("use dictionary, engine, both joined by a comma, or none")
    return names


def parse_dictionary(text: str) -> bool:
    """Whether a dictionary is used."""
    if text.lower() not in {"dictionary", "none"}:
        raise ValueError("use dictionary or none")
    return text.lower() == "dictionary"


def parse_text_layer(text: str) -> TextLayerUse:
    """What becomes of a PDF's own text."""
    try:
        return TextLayerUse(text.lower())
    except ValueError:
        raise ValueError(f"use {_listed(TextLayerUse)}") from None


def parse_flag(text: str) -> bool:
    """True or false, as forms, queries and JSON write them."""
    if text.lower() in {"true", "1", "yes", "on"}:
        return True
    if text.lower() in {"false", "0", "no", "off"}:
        return False
    raise ValueError("use true or false")


def parse_password(text: str) -> str:
    """Taken as it is."""
    return text


def number(least: float, most: float) -> Callable[[str], float]:
    """A parser of numbers between two bounds, both allowed."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            raise ValueError(f"use a number from {least:g} to {most:g}")
        return value

    return parse


def _listed(names: Iterable[str]) -> str:
    *most, last = map(str, names)
    return f"{', '.join(most)} or {last}"


def _is_box(sides: object) -> TypeGuard[list[float]]:
    return (
        isinstance(sides, list)
        and len(sides) == 4
        and all(type(side) in {int, float} for side in sides)
        # An integer may be too long for a float: it is compared, never made one.
        and 0 <= sides[0] < sides[2] <= LONGEST_SIDE_PX
        and 0 <= sides[1] < sides[3] <= LONGEST_SIDE_PX
    )
