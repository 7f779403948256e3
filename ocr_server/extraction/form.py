"""The finder `form`: values that are written by hand, by the print beside or above their places.

A field with `one_of` beside whose values stand boxes to tick has the one that is ticked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from math import inf
from statistics import median
from typing import NamedTuple

from ocr_server.document.characters import skeleton
from ocr_server.document.model import Page, Word, Zone, ZoneKind, hull_of
from ocr_server.extraction.form_page import TICKED, UNTICKED
from ocr_server.extraction.keyword import TextSearch
from ocr_server.extraction.validation import Match
from ocr_server.geometry import Box, Quad, Transform, hull_of_boxes
from ocr_server.job import FieldSpec
from ocr_server.layout.rows import is_level, rows_in

# In heights of the words of a label: how far its entry may be to the right and below it, by how
# much their edges may differ, and how far a box to tick may be from its label.
_RIGHT, _BELOW, _EDGE = 25.0, 3.5, 3.0
_BESIDE, _LEAST_GAP = 2.5, 0.5  # boxes may overlap a little
_LEVEL = 0.6  # of the higher one, within which the middles of a label and its entry are level

_BLANK = Match("", 1.0, is_blank=True)


class FormSearch:
    """Looks for fields on a page that `read_form_page` has read."""

    def __init__(self, page: Page) -> None:
        self._page = page
        angles_deg = [
            zone.quad.angle_deg for zone in page.zones if zone.box.width > page.width_px / 8
        ]
        self._level = Transform.rotation(-median(angles_deg) if angles_deg else 0.0)
        ticks = (word for word in page.words if word.text in {TICKED, UNTICKED})
        self._ticks = [(self._box(tick.quad), tick) for tick in ticks]
        entries = (zone for zone in page.zones if _is_entry(zone))
        self._entries = [(self._box(zone.quad), zone) for zone in entries]
        rows = rows_in(zone for zone in page.zones if not _is_entry(zone))
        self._rows = [[part for word in row.words for part in self._parts(word)] for row in rows]
        self._printed = [part.box for row in self._rows for part in row]

    def find(self, spec: FieldSpec) -> Match:
        """What stands in its zone, else what is ticked, or stands beside or below a keyword."""
        named = [zone for zone in self._page.zones if zone.name == (spec.zone or spec.name)]
        if named or not (spec.one_of or spec.after):
            is_blank = bool(named) and not any(zone.lines for zone in named)
            return _BLANK if is_blank else TextSearch(self._page).find(spec)
        return self._ticked(spec) or self._beside_label(spec)

    def _beside_label(self, spec: FieldSpec) -> Match:
        labels = [label for keyword in spec.after for label in self._labels(keyword)]
        if not labels:
            named = f"none of {', '.join(spec.after or spec.one_of)} was read"
            return Match("", 0.0, error=named)
        places = [place for label in labels for place in self._places_of(label)]
        if not places:
            return Match("", 0.0, error="there is no place to fill in beside or below its name")
        _, zone = min(places, key=lambda place: place[0])
        if not zone.lines:
            return replace(_BLANK, box=zone.box)
        search, spec = TextSearch(replace(self._page, zones=(zone,))), replace(spec, after=())
        found = search.find(spec)
        return found if found.raw else search.find(replace(spec, mask=None))

    def _ticked(self, spec: FieldSpec) -> Match | None:
        """The value whose box is ticked; None if no boxes stand beside the values."""
        value_of: dict[Word, str] = {}  # by the box; of two at one, the longer
        for value in sorted(spec.one_of, key=len):
            boxes = filter(None, map(self._tick_of, self._labels(value)))
            value_of |= dict.fromkeys(boxes, value)
        if not value_of:
            return None
        ticked = [tick for tick in value_of if tick.text == TICKED]
        confidence = min(tick.confidence for tick in value_of)
        if not ticked:
            return Match("", confidence, hull_of(list(value_of)), is_blank=True)
        text = ", ".join(value_of[tick] for tick in ticked)
        error = "more than one box is ticked" if len(ticked) > 1 else None
        return Match(text, confidence, hull_of(ticked), error=error)

    def _tick_of(self, label: Box) -> Word | None:
        """The box to tick beside a label, on the side where the form has them."""
        gaps = (
            (_gap(box, label) if self._are_left else _gap(label, box), tick)
            for box, tick in self._ticks
            if _is_level(label, box)
        )
        near = [(gap, tick) for gap, tick in gaps if -_LEAST_GAP <= gap / label.height <= _BESIDE]
        return min(near, key=lambda one: one[0])[1] if near else None

    def _box(self, quad: Quad) -> Box:
        """Its box once the page is turned so that its entries are level."""
        return quad.mapped(self._level).box

    def _parts(self, word: Word) -> Iterator[_Part]:
        """The pieces of a word that punctuation divides, as blanks are easily missed."""
        length = len(word.text)
        for found in re.finditer(r"[\w|]+", word.text):
            quad = word.quad.slice(found.start() / length, found.end() / length)
            yield _Part(_letters(found[0]), self._box(quad))

    @cached_property
    def _are_left(self) -> bool:
        """Whether most boxes to tick are nearer to the word behind them than to that before."""
        nearer = 0
        for tick, _ in self._ticks:
            level = [box for box in self._printed if _is_level(box, tick)]
            behind = [_gap(tick, box) for box in level if box.middle.x > tick.middle.x]
            before = [_gap(box, tick) for box in level if box.middle.x < tick.middle.x]
            nearer += 1 if min(behind, default=inf) <= min(before, default=inf) else -1
        return nearer >= 0

    def _labels(self, keyword: str) -> list[Box]:
        """The boxes of the printed words that together are the keyword."""
        wanted = _letters(keyword)
        found = (parts for row in self._rows for parts in _phrases(row, wanted))
        return [hull_of_boxes(part.box for part in parts) for parts in found]

    def _places_of(self, label: Box) -> Iterator[tuple[float, Zone]]:
        """Entries to the right of a label and below it, and how far they are in heights of it.

        One at the right is nearer than one below.
        """
        unit = label.height
        for box, zone in self._entries:
            right, below = _gap(label, box) / unit, (box.top - label.bottom) / unit
            is_under = abs(box.left - label.left) <= _EDGE * unit
            if _is_level(label, box) and -_LEAST_GAP <= right <= _RIGHT:
                between = Box(label.right, label.top, max(label.right, box.left), label.bottom)
                if not any(between.contains(word.middle) for word in self._printed):
                    yield right, zone
            elif is_under and -_LEAST_GAP <= below <= _BELOW:
                yield _RIGHT + below, zone


def _is_entry(zone: Zone) -> bool:
    return zone.kind is ZoneKind.TEXT and all(line.handwritten for line in zone.lines)


class _Part(NamedTuple):
    """A piece of a printed word without punctuation, and where it stands."""

    letters: str
    box: Box


def _letters(text: str) -> str:
    """Its letters and digits, look-alikes as one: a single I is easily read as a stroke."""
    return "".join(filter(str.isalnum, "".join(map(skeleton, text.split()))))


def _phrases(row: Sequence[_Part], wanted: str) -> Iterator[Sequence[_Part]]:
    """The pieces of a row that have the letters and digits wanted, and no others."""
    for start in range(len(row)):
        text = ""
        for end in range(start, len(row)):
            text += row[end].letters
            if text == wanted:
                yield row[start : end + 1]
            if not wanted.startswith(text):
                break


def _gap(one: Box, other: Box) -> float:
    """How far `other` begins to the right of the end of `one`; negative if they overlap."""
    return other.left - one.right


def _is_level(one: Box, other: Box) -> bool:
    within_px = _LEVEL * max(one.height, other.height)
    return is_level(one.middle, other.middle, within_px=within_px)
