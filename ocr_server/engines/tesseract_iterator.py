"""What Tesseract's result iterator gives for a page, as zones, lines and words.

Source: Tesseract 5.5, `hocrrenderer.cpp` (order and meaning of the iterator's calls).
"""

from __future__ import annotations

import math
from enum import IntEnum
from itertools import groupby
from typing import Any, NamedTuple

from ocr_server.document.model import Direction, Line, Word, Zone, ZoneKind
from ocr_server.engines.tesseract_hocr import (
    baseline_of,
    box_of,
    rotated_quad,
    share_of,
    x_height_of,
)
from ocr_server.geometry import Box


class _Level(IntEnum):
    """Tesseract's `PageIteratorLevel`."""

    BLOCK = 0
    PARAGRAPH = 1
    LINE = 2
    WORD = 3


# Tesseract's `PolyBlockType`: kinds of pictures, then horizontal and vertical rules.
_KINDS = dict.fromkeys((9, 10, 11), ZoneKind.PICTURE) | dict.fromkeys((12, 13), ZoneKind.RULE)


class _Paragraph(NamedTuple):
    number: int
    language: str | None
    direction: Direction


class _Row(NamedTuple):
    """A line without its words; `angle` is anticlockwise, as in hOCR."""

    number: int
    box: Box
    angle: int
    slope: float
    offset: float
    x_height_px: float


class _Found(NamedTuple):
    """A word with its line, its paragraph and the number of its zone on the page."""

    zone: int
    paragraph: _Paragraph
    row: _Row
    word: Word


def read_iterator(results: Any) -> tuple[Zone, ...]:  # noqa: ANN401  # tesserocr has no types
    """The zones of the page that the result iterator goes through; none if it is None.

    Coordinates are in pixels of the recognised picture. Words without text are left out, and so are
    lines and text zones without words.
    """
    boxes: list[tuple[ZoneKind, Box]] = []
    found: list[_Found] = []
    paragraph: _Paragraph | None = None
    row: _Row | None = None
    more = results is not None
    while more:
        kind = _KINDS.get(results.BlockType(), ZoneKind.TEXT)
        if kind is not ZoneKind.TEXT:
            boxes.append((kind, _box(results, _Level.LINE)))  # the box that the hOCR gives
            more = results.Next(_Level.BLOCK)
            continue
        if not results.Empty(_Level.WORD):
            if results.IsAtBeginningOf(_Level.BLOCK):
                boxes.append((kind, _box(results, _Level.BLOCK)))
            if paragraph is None or results.IsAtBeginningOf(_Level.PARAGRAPH):
                number = found[-1].paragraph.number + 1 if found else 0
                paragraph = _paragraph(results, number)
            if row is None or results.IsAtBeginningOf(_Level.LINE):
                row = _row(results, len(found))
            word = _word(results, row.angle)
            if word.text:
                found.append(_Found(len(boxes) - 1, paragraph, row, word))
        more = results.Next(_Level.WORD)
    words = {zone: list(group) for zone, group in groupby(found, lambda one: one.zone)}
    return tuple(
        Zone(kind, box.quad(), _lines(words.get(number, [])))
        for number, (kind, box) in enumerate(boxes)
        if kind is not ZoneKind.TEXT or number in words
    )


def _lines(found: list[_Found]) -> tuple[Line, ...]:
    lines = []
    for _, group in groupby(found, lambda one: one.row.number):
        words = list(group)
        _, paragraph, row, _ = words[0]
        lines.append(
            Line(
                words=tuple(one.word for one in words),
                quad=rotated_quad(row.box, row.angle),
                baseline=baseline_of(row.box, row.angle, row.slope, row.offset),
                x_height_px=row.x_height_px,
                paragraph=paragraph.number - found[0].paragraph.number,
                language=paragraph.language,
                direction=paragraph.direction,
            )
        )
    return tuple(lines)


def _paragraph(results: Any, number: int) -> _Paragraph:  # noqa: ANN401  # tesserocr has no types
    ltr = results.ParagraphIsLtr()
    direction = Direction.LEFT_TO_RIGHT if ltr else Direction.RIGHT_TO_LEFT
    return _Paragraph(number, results.WordRecognitionLanguage() or None, direction)


def _row(results: Any, number: int) -> _Row:  # noqa: ANN401  # tesserocr has no types
    box = _box(results, _Level.LINE)
    orientation = results.Orientation()[0]
    size = results.RowAttributes()
    x_height_px = x_height_of(size["row_height"], -size["descenders"], size["ascenders"])
    ends = None if orientation else results.Baseline(_Level.LINE)
    if ends is None or ends[0][0] == ends[1][0]:
        return _Row(number, box, -90 * orientation % 360, math.nan, 0.0, x_height_px)
    (left, top), (right, bottom) = ends
    slope = (bottom - top) / (right - left)
    return _Row(number, box, 0, slope, top - box.bottom - slope * (left - box.left), x_height_px)


def _word(results: Any, angle: int) -> Word:  # noqa: ANN401  # tesserocr has no types
    return Word(
        text=results.GetUTF8Text(_Level.WORD).strip(),
        quad=rotated_quad(_box(results, _Level.WORD), angle),
        confidence=share_of(int(results.Confidence(_Level.WORD))),
    )


def _box(results: Any, level: int) -> Box:  # noqa: ANN401  # tesserocr has no types
    return box_of(*results.BoundingBox(level))
