"""Find and read the machine-readable zone of a travel document.

The zone is a band of wide, dense, dark rows of one size. Fillers (`<`) are recognised by their
shape, which is unmistakable, as Tesseract often reads K, X or nothing for them; all other
characters are read by the engine.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_server.document.model import Line, Page, Symbol, Word, Zone, ZoneKind, hull_of
from ocr_server.extraction.mrz import ALPHABET, FILLER, LENGTHS
from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Canvas, Pixels
from ocr_server.job import PSM_OF_LAYOUT, Layout
from ocr_server.page.framing import FramedPage, put_back

_UNREAD = 0.0  # confidence of a character that the engine did not read
_WORK_PX = 800  # width of the copy: rows can be separated, and it takes milliseconds
_MOST_PIXELS = 2e6  # of the copy, three times as high as wide; limits very high pictures
_LEAST_WIDTH = 0.5  # of the picture, as the zone is as wide as the document
_LEAST_SHAPE = 4  # width divided by height; pictures and frames have less
_MARGIN = 0.35  # of the zone's height, so that letters are not cut if it was found too small
_LEAST_HEIGHT_PX = 6
_MOST_JOINED = 5  # width divided by height; characters joined by blur or ink have less
_TIP = 0.55  # share of its height that has ink in the left fifth of a filler; K, C and X have more


def read_mrz_page(framed_page: FramedPage) -> Page:
    """Read the machine-readable zone, with one line and one word for each of its rows.

    If none is found, the whole page or the requested zones are read.

    Raises:
        OcrServerError: any error of the engine, and DeadlinePassed.
    """
    options = replace(
        framed_page.options,
        psm=PSM_OF_LAYOUT[Layout.BLOCK],
        alphabet=ALPHABET,
        operations=(),
        symbols=True,
    )
    boxes = [zone.box for zone in options.zones] or [framed_page.canvas.box]
    parts = filter(None, (box.intersection(framed_page.canvas.box) for box in boxes))
    bands = (find_band(framed_page.canvas.cropped(part)) for part in parts)
    band = next(filter(None, bands), None)
    if band is None:
        return framed_page.read(options)
    rows = _rows(band)
    alone = replace(framed_page, canvas=_without_fillers(band.as_page(), rows))
    page = alone.read(replace(options, zones=()))
    if rows:
        symbols = [symbol for word in page.words for symbol in word.symbols]
        lines = tuple(_line(row, symbols) for row in rows)
        quad = hull_of(lines).quad()
        page = replace(page, zones=(Zone(ZoneKind.TEXT, quad, lines),))
    return put_back(page, band, framed_page.canvas)


def find_band(canvas: Canvas) -> Canvas | None:
    """The part of the canvas with the machine-readable zone, deskewed; None if there is none."""
    found = _band(canvas)
    if found is None:
        return None
    angle_deg, box = found
    if abs(angle_deg) > 0.4:
        level = canvas.rotated(-angle_deg, fill=255)
        found = _band(level)
        if found is None:
            return None
        canvas, box = level, found[1]
    margin = _MARGIN * box.height
    wider = Box(box.left - margin, box.top - margin, box.right + margin, box.bottom + margin)
    inside = wider.intersection(canvas.box)
    return canvas.cropped(inside) if inside else None


@dataclass(frozen=True, slots=True)
class MrzCell:
    """The box of one character, in canvas pixels, and whether it is a filler."""

    box: Box
    is_filler: bool


def find_mrz_cells(canvas: Canvas) -> tuple[tuple[MrzCell, ...], ...]:
    """The cells of each row from left to right; rows from top to bottom."""
    grey = canvas.grey().pixels
    _, ink = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink)
    pieces = [
        Box(left, top, left + wide, top + high)
        for left, top, wide, high in stats[1:, :4].tolist()
        if high >= _LEAST_HEIGHT_PX and wide < _MOST_JOINED * high
    ]
    if not pieces:
        return ()
    # Most components are characters, which have one height.
    usual = float(np.median([box.height for box in pieces]))
    pieces = [box for box in pieces if 0.6 * usual <= box.height <= 1.5 * usual]
    rows: list[list[Box]] = []
    for box in sorted(pieces, key=lambda one: one.left):
        # Compared with the last box of each row, as rows may be skewed.
        row = next((r for r in rows if r[-1].top < box.middle.y < r[-1].bottom), None)
        if row is None:
            rows.append([box])
        else:
            row.append(box)
    rows.sort(key=lambda row: row[0].top)
    mask = ink > 0
    return tuple(
        tuple(MrzCell(box, _is_filler(_part(mask, box))) for box in _evenly_spaced(row))
        for row in rows
        if len(row) > 1
    )


def _rows(band: Canvas) -> tuple[tuple[MrzCell, ...], ...]:
    """The rows with as many cells as lines of a format have; none if fewer than two have."""
    rows = find_mrz_cells(band)
    lengths = Counter(len(row) for row in rows if len(row) in LENGTHS)
    length, count = max(lengths.items(), key=lambda pair: pair[1], default=(0, 0))
    return tuple(row for row in rows if len(row) == length) if count >= 2 else ()


def _without_fillers(canvas: Canvas, rows: Sequence[Sequence[MrzCell]]) -> Canvas:
    """The canvas with fillers painted over, as engines misread names among them."""
    grey = canvas.grey()
    pixels = grey.pixels.copy()
    paper = int(np.percentile(pixels, 80))
    for cell in (cell for row in rows for cell in row if cell.is_filler):
        left, top = int(cell.box.left) - 1, int(cell.box.top) - 1
        right, bottom = int(cell.box.right) + 1, int(cell.box.bottom) + 1
        pixels[max(0, top) : bottom, max(0, left) : right] = paper
    return grey.with_pixels(pixels)


def _line(row: Sequence[MrzCell], symbols: Sequence[Symbol]) -> Line:
    """A line of one word, which has one character for each cell of the row."""
    read = tuple(_symbols(row, symbols))
    quad = hull_of(read).quad()
    letters = [symbol for symbol in read if symbol.text != FILLER] or list(read)
    word = Word(
        text="".join(symbol.text for symbol in read),
        quad=quad,
        confidence=sum(symbol.confidence for symbol in letters) / len(letters),
        symbols=read,
    )
    return Line((word,), quad, (quad.bottom_left, quad.bottom_right), quad.box.height)


def _symbols(row: Sequence[MrzCell], symbols: Sequence[Symbol]) -> Iterator[Symbol]:
    """The symbol of each cell: a filler, or what the engine read there."""
    top, bottom = min(cell.box.top for cell in row), max(cell.box.bottom for cell in row)
    read = sorted(
        (
            symbol
            for symbol in symbols
            if symbol.text in ALPHABET and top < symbol.quad.box.middle.y < bottom
        ),
        key=lambda symbol: symbol.quad.box.middle.x,
    )
    letters = [cell for cell in row if not cell.is_filler]
    # The engine's boxes are imprecise: if the numbers agree, order decides, not position.
    in_order = iter(read) if len(read) == len(letters) else None
    for cell in row:
        quad = cell.box.quad()
        if cell.is_filler:
            yield Symbol(FILLER, quad, 1.0)
            continue
        found = next(in_order) if in_order else _nearest(cell.box, read)
        if found is None:
            yield Symbol(FILLER, quad, _UNREAD)
        else:
            yield Symbol(found.text, quad, found.confidence)


def _nearest(box: Box, symbols: Sequence[Symbol]) -> Symbol | None:
    """The symbol whose middle is nearest in x, if it is within the width of the box."""
    distances = [(abs(one.quad.box.middle.x - box.middle.x), one) for one in symbols]
    distance, nearest = min(distances, key=lambda pair: pair[0], default=(float("inf"), None))
    return nearest if distance < box.width else None


def _band(canvas: Canvas) -> tuple[float, Box] | None:
    """The clockwise angle of the zone in degrees, and its box in canvas pixels; None without one.

    It is the lowest wide row of dense strokes, and rows of similar width close above it.
    """
    room = math.sqrt(_MOST_PIXELS / (canvas.width_px * canvas.height_px))
    shrink = min(_WORK_PX / canvas.width_px, room)
    rows = sorted(
        _wide_rows(_strokes(canvas.grey().pixels, shrink)), key=lambda row: -row[1].bottom
    )
    if not rows:
        return None
    angle_deg, zone = rows[0]
    for _, row in rows[1:]:
        is_near = zone.top - row.bottom < 2.5 * row.height and row.bottom < zone.bottom
        is_alike = abs(row.width - zone.width) < 0.15 * zone.width
        if is_near and is_alike:
            zone = Box(
                min(zone.left, row.left), min(zone.top, row.top),
                max(zone.right, row.right), zone.bottom,
            )  # fmt: skip
    return angle_deg, Box(
        zone.left / shrink, zone.top / shrink, zone.right / shrink, zone.bottom / shrink
    )


def _strokes(grey: Pixels, shrink: float) -> Pixels:
    """A mask, 255 where vertical dark strokes are close together, of a copy scaled by `shrink`."""
    height_px, width_px = grey.shape
    size = (max(1, round(width_px * shrink)), max(1, round(height_px * shrink)))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (3, 3), 0)
    ink = cv2.morphologyEx(small, cv2.MORPH_BLACKHAT, np.ones((9, 15), np.uint8))
    edges = np.abs(cv2.Sobel(ink, cv2.CV_32F, 1, 0, ksize=3))
    strong = np.clip(edges * (255 / max(float(np.percentile(edges, 99.5)), 1.0)), 0, 255)
    joined = cv2.morphologyEx(strong.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 25), np.uint8))
    _, mask = cv2.threshold(joined, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 25), np.uint8))
    return opened.astype(np.uint8, copy=False)


def _wide_rows(mask: Pixels) -> Iterator[tuple[float, Box]]:
    """The clockwise angle in degrees and the box of each wide component of a mask."""
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    for outline in outlines:
        left, top, width, height = cv2.boundingRect(outline)
        if width < _LEAST_WIDTH * mask.shape[1] or width < _LEAST_SHAPE * height:
            continue
        *_, angle_deg = cv2.minAreaRect(outline)
        # OpenCV's angle may be that of either side, so that of a level row may be 90°.
        yield (angle_deg + 45) % 90 - 45, Box(left, top, left + width, top + height)


def _evenly_spaced(row: Sequence[Box]) -> Iterator[Box]:
    """A box for each character of a row, as all have one pitch.

    Joined characters are cut, and boxes are added for characters that were not found.
    """
    pitch = float(np.median([b.left + b.right - a.left - a.right for a, b in pairwise(row)])) / 2
    if pitch <= 0:  # one box is inside the other, as in a double frame; these are no characters
        yield from row
        return
    before: Box | None = None
    for box in row:
        count = max(1, round(box.width / pitch))
        for number in range(count):
            left = box.left + box.width * number / count
            one = Box(left, box.top, box.left + box.width * (number + 1) / count, box.bottom)
            if before is not None:
                yield from _missing_places(before, one, pitch)
            yield one
            before = one


def _missing_places(one: Box, other: Box, pitch: float) -> Iterator[Box]:
    distance = (other.left + other.right - one.left - one.right) / 2
    missing = round(distance / pitch) - 1
    for number in range(1, missing + 1):
        middle = (one.left + one.right) / 2 + distance * number / (missing + 1)
        yield Box(middle - pitch / 2, other.top, middle + pitch / 2, other.bottom)


def _part(mask: NDArray[np.bool_], box: Box) -> NDArray[np.bool_]:
    left, top, right, bottom = (int(side) for side in (box.left, box.top, box.right, box.bottom))
    return mask[top:bottom, left:right]


def _is_filler(glyph: NDArray[np.bool_]) -> bool:
    """Whether a glyph has the shape of `<`.

    It has a tip at the left in the middle, and two arms that end at the right above and below it.
    """
    height = glyph.shape[0]
    if not glyph.any():
        return False
    columns = np.flatnonzero(np.count_nonzero(glyph, axis=0))
    glyph = glyph[:, columns[0] : columns[-1] + 1]
    edge = max(1, round(glyph.shape[1] * 0.2))
    tip = np.flatnonzero(np.count_nonzero(glyph[:, :edge], axis=1))
    arms = np.flatnonzero(np.count_nonzero(glyph[:, -edge:], axis=1))
    middle = np.abs(arms - height / 2) < height / 10
    return bool(
        np.ptp(tip) + 1 <= _TIP * height
        and 0.3 * height < tip.mean() < 0.7 * height
        and arms[0] < height / 3
        and arms[-1] >= 2 * height / 3
        and not middle.any()
    )
