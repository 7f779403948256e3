"""The finder `display`: reads seven-segment displays by which bars of a digit are dark.

No engine is used: Tesseract cannot read them, as it takes the bars for separate strokes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_server.document.model import Line, Page, Symbol, Word, Zone, ZoneKind, hull_of
from ocr_server.extraction.validation import NOTHING, Match, of_words
from ocr_server.geometry import Box, Quad, Transform
from ocr_server.imaging import contrast
from ocr_server.imaging.canvas import Canvas, Pixels
from ocr_server.job import FieldSpec
from ocr_server.layout.rows import rows_of
from ocr_server.page.framing import FramedPage

_WORK_PX = 640  # longer side of the copy on which the panel is detected
_PANEL_PX = 200  # height that the panel is scaled to; sizes in pixels below refer to it
_MOST_SHAPE = 40  # width divided by height; no display has more digits
_LEAST_CONTRAST = 40  # of 400: bars are at least a tenth darker than their surroundings
_NARROW = 0.32  # width divided by height of a 1, which has only its right bars
_LIT = 0.38  # share of a bar's middle that is dark if the bar is lit
# Shares of a digit's height: sides of the decimal point, and how far its foot may be from the
# lower foot of the digits beside it; 1, 4 and 7 end higher than others.
_POINT, _ABOVE_FOOT, _BELOW_FOOT = (0.05, 0.2), 0.1, 0.2
# Digits glow if few pixels are darker than usual: in grey levels, relative to how much others are
# lighter. Drawn ones that glow have 0.05 at most, dark ones 0.66 at least, in glare less.
_GLOWS, _FEWEST_LIGHT = 0.25, 2
# Of the usual distance between digits: the frame of a display is out of step by more than this;
# from so much on, a digit between two was lost.
_OUT_OF_STEP, _LOST, _FEWEST_IN_STEP = 0.35, 1.7, 4
_SHEARS = tuple(float(shear) for shear in np.arange(-0.02, 0.25, 0.02))  # digits lean to the right
# Lit bars: top, upper left, upper right, middle, lower left, lower right, bottom. On some displays
# 6 and 9 have no tail, or 7 has a hook.
_DIGITS = {
    "1110111": "0", "0010010": "1", "1011101": "2", "1011011": "3", "0111010": "4",
    "1101011": "5", "1101111": "6", "0101111": "6", "1010010": "7", "1110010": "7",
    "1111111": "8", "1111011": "9", "1111010": "9",
}  # fmt: skip
# Top, bottom, left and right of the middle of each bar, as shares of the digit.
_BARS = (
    (0.0, 0.16, 0.3, 0.7), (0.17, 0.42, 0.0, 0.3), (0.17, 0.42, 0.7, 1.0), (0.42, 0.58, 0.3, 0.7),
    (0.58, 0.83, 0.0, 0.3), (0.58, 0.83, 0.7, 1.0), (0.84, 1.0, 0.3, 0.7),
)  # fmt: skip
NAMES = ("value",)
UNKNOWN, POINT = "?", "."


@dataclass(frozen=True, slots=True)
class Digit:
    """A digit, `?` if its bars form none, or a decimal point; `quad` is in page pixels.

    `confidence`, from 0 to 1, is how far its most doubtful bar is from the threshold.
    """

    text: str
    quad: Quad
    confidence: float


def read_display(canvas: Canvas) -> tuple[Digit, ...]:
    """The digits of the display on the canvas from left to right; none if there is no display.

    A decimal point between two digits is one of them. Bars are darker than the display, or lighter.
    """
    panel = _panel(canvas.grey())
    if panel.width_px > _MOST_SHAPE * panel.height_px:
        return ()
    panel = panel.scaled(_PANEL_PX / panel.height_px)
    dark = _read_panel(panel)
    darkest, usual, lightest = np.percentile(panel.pixels, (2, 50, 98))
    if usual - darkest > _GLOWS * (lightest - usual):
        return dark
    light = _read_panel(contrast.invert(panel).canvas)
    return light if len(light) >= _FEWEST_LIGHT and _are_told(light) else dark


def read_display_page(framed_page: FramedPage) -> Page:
    """Read the digits of the display as one word, without an engine."""
    digits = read_display(framed_page.canvas)
    zones: tuple[Zone, ...] = ()
    if digits:
        symbols = tuple(Symbol(one.text, one.quad, one.confidence) for one in digits)
        quad = hull_of(digits).quad()
        text = "".join(one.text for one in digits)
        # The mean of the digits; symbols tell which of them is doubtful.
        confidence = sum(one.confidence for one in digits) / len(digits)
        word = Word(text, quad, confidence, symbols if framed_page.options.symbols else ())
        line = Line((word,), quad, (quad.bottom_left, quad.bottom_right), quad.box.height)
        zones = (Zone(ZoneKind.TEXT, quad, (line,)),)
    return Page(
        framed_page.number,
        framed_page.canvas.width_px,
        framed_page.canvas.height_px,
        framed_page.canvas.dpi,
        zones,
    )


def find_on_display(page: Page, _spec: FieldSpec) -> Match:
    """All digits of the display, with an error if one is unknown."""
    words = [word for row in rows_of(page) for word in row.words]
    if not words:
        return NOTHING
    read = of_words(words)
    if UNKNOWN in read.raw:
        error = f"a digit could not be told ({UNKNOWN})"
        return Match(read.raw, read.confidence, read.box, error=error)
    return read


def _read_panel(panel: Canvas) -> tuple[Digit, ...]:
    """The dark digits on a panel that is 200 px high."""
    ink = _ink(panel.pixels)
    segments = _segments(ink)
    if not segments.any():
        return ()
    bars, shear = _unslanted(segments)
    to_page = panel.to_page.after(Transform((1, -shear, 0, 0, 1, 0, 0, 0, 1)))
    boxes = _boxes(bars)
    digits = [(box, *_digit(bars, box)) for box in boxes]
    digits += _points(_sheared(ink, shear), boxes)
    digits.sort(key=lambda digit: digit[0].left)
    return tuple(Digit(text, box.quad().mapped(to_page), sure) for box, text, sure in digits)


def _are_told(digits: tuple[Digit, ...]) -> bool:
    return all(digit.text != UNKNOWN for digit in digits)


def _panel(canvas: Canvas) -> Canvas:
    """The dark wide rectangle that contains the digits, else the whole canvas."""
    shrink = min(1.0, _WORK_PX / max(canvas.width_px, canvas.height_px))
    small = cv2.GaussianBlur(canvas.scaled(shrink).pixels, (0, 0), 1.5).astype(np.uint8)
    height, width = small.shape
    _, dark = cv2.threshold(small, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    dark = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, np.ones((9, 25), np.uint8))
    dark = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((15, 15), np.uint8))
    outlines, _ = cv2.findContours(dark, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    boxes = [
        Box(left / shrink, top / shrink, (left + wide) / shrink, (top + high) / shrink)
        for left, top, wide, high in map(cv2.boundingRect, outlines)
        if wide > 1.4 * high and wide > 0.3 * width and high > 0.1 * height
    ]
    return canvas.cropped(max(boxes, key=lambda box: box.area)) if boxes else canvas


def _ink(panel: Pixels) -> Pixels:
    """A mask, 255 where pixels are darker than their surroundings, relative to their brightness."""
    usual = float(np.median(panel))
    # Clipped, as a bright frame and glare would count as surroundings.
    dull = np.minimum(panel, min(255, 1.9 * usual + 12)).astype(np.uint8)
    dull = cv2.GaussianBlur(dull, (0, 0), 1.5).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (41, 41))  # wider than a bar is thick
    ground = cv2.morphologyEx(dull, cv2.MORPH_CLOSE, disc)
    ratio = cv2.divide(cv2.subtract(ground, dull), cv2.max(ground, np.ones_like(ground)), scale=400)
    level, mask = cv2.threshold(ratio, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    if level < _LEAST_CONTRAST:
        mask = np.where(ratio > _LEAST_CONTRAST, 255, 0).astype(np.uint8)
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    return opened.astype(np.uint8, copy=False)


def _segments(ink: Pixels) -> Pixels:
    """The components that may be bars: without specks, dots, rules and what the edges cut off."""
    height, width = ink.shape
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink)
    kept = []
    for label, (left, top, wide, high, area) in enumerate(stats):
        is_cut = (
            (left <= 2 and wide < 40) or top <= 1 or top + high >= height - 1
            or left + wide >= width - 2
        )  # fmt: skip
        is_rule = (wide > 4 * high and wide > 0.5 * height) or (
            high > 7 * wide and high > 0.55 * height
        )
        is_dot = max(wide, high) < 0.13 * height and wide < 1.7 * high and high < 1.7 * wide
        is_large = high >= 0.85 * height or wide >= 0.25 * width
        if label and area > 60 and not (is_cut or is_rule or is_dot or is_large):
            kept.append(label)
    segments = np.where(np.isin(labels, kept), 255, 0).astype(np.uint8)
    if kept:
        rows = np.count_nonzero(segments, axis=1)
        inside = np.flatnonzero(rows > 0.15 * rows.max())
        segments[: max(0, inside[0] - 4)] = 0
        segments[inside[-1] + 5 :] = 0
    return segments


def _unslanted(segments: Pixels) -> tuple[Pixels, float]:
    """The bars sheared so that vertical bars are vertical, and the shear.

    Then columns of pixels are either full or empty, so that their sum of squares is largest.
    """
    best, most, best_shear = segments, -1.0, 0.0
    for shear in _SHEARS:
        bars = _sheared(segments, shear)
        columns = np.count_nonzero(bars, axis=0).astype(float)
        spikiness = float((columns * columns).sum())
        if spikiness > most:
            best, most, best_shear = bars, spikiness, shear
    return best, best_shear


def _sheared(mask: Pixels, shear: float) -> Pixels:
    """The mask with each row moved to the right by its number times `shear`."""
    height, width = mask.shape
    matrix = np.array([[1, shear, 0], [0, 1, 0]], dtype=np.float32)
    size = (width + int(shear * height) + 1, height)
    found = cv2.warpAffine(mask, matrix, size, flags=cv2.INTER_NEAREST)
    return found.astype(np.uint8, copy=False)


def _boxes(bars: Pixels) -> list[Box]:
    """Boxes of the digits from left to right: components after the gaps between bars are closed."""
    near = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (13, 15))
    _, _, stats, _ = cv2.connectedComponentsWithStats(cv2.morphologyEx(bars, cv2.MORPH_CLOSE, near))
    pieces = [tuple(int(value) for value in row[:4]) for row in stats[1:]]
    tallest = max((high for _, _, _, high in pieces), default=0)
    boxes = sorted(
        (
            Box(left, top, left + wide, top + high)
            for left, top, wide, high in pieces
            if high > 0.75 * tallest and wide < tallest
        ),
        key=lambda box: box.left,
    )
    return _in_step(boxes)


def _in_step(boxes: list[Box]) -> list[Box]:
    """The boxes less those of the frame at both ends, and one in each place of a lost digit.

    The right edges of digits, of a 1 too, are at equal distances.
    """
    usual = median([after.right - before.right for before, after in pairwise(boxes)] or [0])
    if len(boxes) < _FEWEST_IN_STEP or usual <= 0:
        return boxes
    found = boxes[:1]
    for box in boxes[1:]:
        before = found[-1]
        step = (box.right - before.right) / usual
        if step > _LOST:
            found.append(replace(before, left=before.right, right=before.right + usual))
        elif abs(step - 1) > _OUT_OF_STEP:
            if box is boxes[-1]:
                break
            if before is boxes[0]:
                found.clear()
        found.append(box)
    return found


def _points(ink: Pixels, boxes: list[Box]) -> list[tuple[Box, str, float]]:
    """The decimal point between two digits; none if there is one in more than one gap."""
    if len(boxes) < 2:
        return []
    tall = median(box.height for box in boxes)
    rim = _POINT[0] * tall
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink)
    found: dict[int, tuple[Box, str, float]] = {}
    for left, top, wide, high, area in stats[1:].tolist():
        shorter, longer = sorted((wide, high))
        is_dot = shorter >= _POINT[0] * tall and longer <= min(2 * shorter, _POINT[1] * tall)
        box = Box(left, top, left + wide, top + high)
        for at, (before, after) in enumerate(pairwise(boxes)):
            below = (box.bottom - max(before.bottom, after.bottom)) / tall
            is_between = before.right - rim <= box.middle.x <= after.left + rim
            if is_dot and is_between and -_ABOVE_FOOT <= below <= _BELOW_FOOT:
                known = found.get(at)
                if known is None or box.area > known[0].area:
                    found[at] = box, POINT, area / box.area
    return list(found.values()) if len(found) == 1 else []


def _digit(bars: Pixels, box: Box) -> tuple[str, float]:
    left, top, right, bottom = (int(side) for side in (box.left, box.top, box.right, box.bottom))
    digit = bars[top:bottom, left:right] > 0
    if box.width < _NARROW * box.height:
        return "1", float(digit.mean())
    shares = [_share(digit, *bar) for bar in _BARS]
    lit = "".join("1" if share > _LIT else "0" for share in shares)
    sure = [(s - _LIT) / (1 - _LIT) if s > _LIT else (_LIT - s) / _LIT for s in shares]
    return _DIGITS.get(lit, "?"), (min(sure) if lit in _DIGITS else 0.0)


def _share(digit: NDArray[np.bool_], top: float, bottom: float, left: float, right: float) -> float:
    """The dark share of a part of the digit, whose sides are shares of the digit's."""
    height, width = digit.shape
    y, x = int(top * height), int(left * width)
    part = digit[y : max(y + 1, int(bottom * height)), x : max(x + 1, int(right * width))]
    return float(part.mean())
