"""Parse Tesseract's hOCR into zones.

Source: Thomas Breuel, "hOCR 1.2", 2020, sections on `bbox`, `baseline`, `x_wconf`, `textangle`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from xml.etree import ElementTree

from ocr_server.document.model import Alternative, Direction, Line, Symbol, Word, Zone, ZoneKind
from ocr_server.errors import EngineFailed
from ocr_server.geometry import Box, Point, Quad

_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # forbidden by XML 1.0, 2.2
_ZONES = {"ocr_carea": ZoneKind.TEXT, "ocr_photo": ZoneKind.PICTURE, "ocr_separator": ZoneKind.RULE}
_PAGES = frozenset({"ocr_page"})
_LINES = frozenset({"ocr_line", "ocr_header", "ocr_caption", "ocr_textfloat"})
_X_HEIGHT_SHARE = 0.5
_LEAST_CHOICE, _MOST_CHOICES = 0.05, 5  # most of Tesseract's alternatives have a confidence of 0


def read_hocr(hocr: bytes, *, symbols: bool) -> tuple[Zone, ...]:
    """The zones of hOCR with one page, in pixels of the recognised picture.

    Raises:
        EngineFailed: this is not hOCR, or has another number of pages.
    """
    (zones,) = read_pages(hocr, symbols=symbols, count=1)
    return zones


def read_pages(hocr: bytes, *, symbols: bool, count: int) -> tuple[tuple[Zone, ...], ...]:
    """The zones of each of `count` pages, in pixels of the recognised picture.

    Words without text are left out, and so are lines and text zones without words.

    Raises:
        EngineFailed: this is not hOCR, or has another number of pages.
    """
    try:
        root = ElementTree.fromstring(_CONTROL.sub(b"", hocr))  # noqa: S314  # Tesseract's own
    except ElementTree.ParseError as error:
        raise _not_understood() from error
    pages = tuple(_descendants(root, _PAGES))
    if len(pages) != count:
        raise _not_understood()
    return tuple(tuple(_zones(page, symbols=symbols)) for page in pages)


def _zones(page: ElementTree.Element, *, symbols: bool) -> Iterator[Zone]:
    for area in page.iter():
        zone = _zone(area, symbols=symbols) if _class(area) in _ZONES else None
        if zone is not None:
            yield zone


def _not_understood() -> EngineFailed:
    return EngineFailed("Tesseract's answer is not understood. Send the page again.")


def _zone(area: ElementTree.Element, *, symbols: bool) -> Zone | None:
    kind, quad = _ZONES[_class(area)], _box(_properties(area)["bbox"]).quad()
    if kind is not ZoneKind.TEXT:
        return Zone(kind, quad)
    lines = tuple(_lines(area, symbols=symbols))
    return Zone(kind, quad, lines) if lines else None


def _lines(area: ElementTree.Element, *, symbols: bool) -> Iterator[Line]:
    paragraph = 0
    for block in _descendants(area, frozenset({"ocr_par"})):
        found = False
        for element in _descendants(block, _LINES):
            line = _line(element, block, paragraph, symbols=symbols)
            if line is not None:
                found = True
                yield line
        if found:
            paragraph += 1


def _line(
    element: ElementTree.Element, block: ElementTree.Element, paragraph: int, *, symbols: bool
) -> Line | None:
    properties = _properties(element)
    angle = round(float(properties.get("textangle", ["0"])[0])) % 360
    words = tuple(
        word
        for child in _descendants(element, frozenset({"ocrx_word"}))
        if (word := _word(child, angle, symbols=symbols)).text
    )
    if not words:
        return None
    box = _box(properties["bbox"])
    x_size, down, up = (
        float(properties.get(name, ["0"])[0]) for name in ("x_size", "x_descenders", "x_ascenders")
    )
    slope, offset = map(float, properties.get("baseline", ["nan", "0"])[:2])
    return Line(
        words=words,
        quad=rotated_quad(box, angle),
        baseline=baseline_of(box, angle, slope, offset),
        x_height_px=x_height_of(x_size, down, up),
        paragraph=paragraph,
        language=block.get("lang"),
        direction=Direction.RIGHT_TO_LEFT if block.get("dir") == "rtl" else Direction.LEFT_TO_RIGHT,
    )


def x_height_of(row_px: float, down_px: float, up_px: float) -> float:
    """The x-height of a row, in pixels: its height less descenders and ascenders.

    Half the height of the row if that leaves nothing.
    """
    x_height_px = row_px - down_px - up_px
    return x_height_px if x_height_px > 0 else row_px * _X_HEIGHT_SHARE


def baseline_of(box: Box, angle: int, slope: float, offset: float) -> tuple[Point, ...]:
    """The baseline of a line; `slope` and `offset` are relative to the bottom left of its box.

    If `slope` is not a number, or the line is rotated by `angle` degrees anticlockwise, it is the
    lower side of the rotated box.

    Source: Thomas Breuel, "hOCR 1.2", 2020, `baseline`.
    """
    if math.isnan(slope) or angle:
        quad = rotated_quad(box, angle)
        return (quad.bottom_left, quad.bottom_right)
    start = box.bottom + offset
    return (Point(box.left, start), Point(box.right, start + slope * box.width))


def _word(element: ElementTree.Element, angle: int, *, symbols: bool) -> Word:
    properties = _properties(element)
    letters = tuple(_symbols(element, angle))
    return Word(
        text="".join(letter.text for letter in letters) or "".join(element.itertext()).strip(),
        quad=rotated_quad(_box(properties["bbox"]), angle),
        confidence=_share(properties["x_wconf"][0]),
        symbols=letters if symbols else (),
        alternatives=_alternatives(element, [letter.text for letter in letters]),
    )


def _symbols(element: ElementTree.Element, angle: int) -> Iterator[Symbol]:
    for child in _descendants(element, frozenset({"ocrx_cinfo"})):
        properties = _properties(child)
        text = "".join(child.itertext()).strip()
        if text and "x_bboxes" in properties:
            quad = rotated_quad(_box(properties["x_bboxes"]), angle)
            yield Symbol(text, quad, _share(properties["x_conf"][0]))


def _alternatives(element: ElementTree.Element, letters: list[str]) -> tuple[Alternative, ...]:
    """The word with one letter exchanged for one of Tesseract's alternatives, likeliest first.

    In the hOCR, a letter's alternatives (`lstm_choices`) follow its character box; without
    character boxes there are none.
    """
    found: dict[str, float] = {}
    at = -1
    for child in element:
        text = "".join(child.itertext()).strip()
        if "x_bboxes" in _properties(child):
            at += 1 if text else 0
        elif at >= 0 and child.get("id", "").startswith("lstm_choices_"):
            for choice in child:
                letter = "".join(choice.itertext()).strip()
                share = _share(_properties(choice)["x_confs"][0])
                if letter and letter != letters[at] and share >= _LEAST_CHOICE:
                    other = "".join([*letters[:at], letter, *letters[at + 1 :]])
                    found[other] = max(share, found.get(other, 0.0))
    ranked = sorted(found, key=lambda other: (-found[other], other))
    return tuple(Alternative(other, found[other], "engine") for other in ranked[:_MOST_CHOICES])


def rotated_quad(box: Box, angle: int) -> Quad:
    """The corners of the box, from the top left of the text, rotated by `angle`° anticlockwise."""
    corners = box.quad()
    start = {90: 3, 180: 2, 270: 1}.get(angle, 0)
    return Quad(*corners[start:], *corners[:start]) if start else corners


def share_of(percent: float) -> float:
    """A confidence from 0 to 1; Tesseract's percentages may be slightly below 0 or above 100."""
    return min(max(percent / 100, 0.0), 1.0)


def box_of(left: float, top: float, right: float, bottom: float) -> Box:
    """Tesseract's box; for an empty one, its right may be before its left, or bottom above top."""
    return Box(left, top, max(left, right), max(top, bottom))


def _share(percent: str) -> float:
    return share_of(float(percent))


def _box(values: list[str]) -> Box:
    return box_of(*map(float, values[:4]))


def _class(element: ElementTree.Element) -> str:
    return element.get("class", "")


def _descendants(
    element: ElementTree.Element, classes: frozenset[str]
) -> Iterator[ElementTree.Element]:
    return (child for child in element.iter() if _class(child) in classes)


def _properties(element: ElementTree.Element) -> dict[str, list[str]]:
    """The properties in the title attribute, which has the form `name value value; name value`."""
    parts = (part.split() for part in element.get("title", "").split(";"))
    return {part[0]: part[1:] for part in parts if part}
