"""Geometry of detected text quads (horizontal, rotated, stacked), and words from characters.

A quad may hold a horizontal line, a line rotated by 90°, or letters stacked one above another. The
recognition network only gives the position of each character along the line.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from statistics import median_low

import cv2
import numpy as np

from ocr_server.document.model import Line, Symbol, Word
from ocr_server.geometry import Box, Quad, Transform, lerp
from ocr_server.imaging.canvas import Canvas, Pixels
from ocr_server.imaging.glyphs import find_ink, run_lengths
from ocr_server.layout.line_ink import WordPlace, boxes_of_words

_TALL, _SQUARE, _LONG = 1.5, 1.3, 3.0  # ratios of the longer to the shorter side
_MOST_TURNED_DEG = 20.0  # relative to the long lines of the page
_RULE = 0.25  # of the quad's width; parts no higher are rules of fractions, or dirt
_MARGIN = 0.2  # above and below a letter, in heights of the letter
# A fraction's rule: width as a multiple of its height, place of its middle and least height of the
# figures on both sides in heights of the line. The dots of ÷ are lower, and under = is nothing.
_FLAT, _MIDDLE, _FIGURE = 3.0, (0.25, 0.75), 0.2
# Shares of the height of a detected line, which is a little higher than its letters.
_BASELINE, _X_HEIGHT = 0.76, 0.46


def width_px(quad: Quad) -> float:
    """The longer of the quad's upper and lower side."""
    return max(math.dist(quad[0], quad[1]), math.dist(quad[3], quad[2]))


def height_px(quad: Quad) -> float:
    """The longer of the quad's left and right side."""
    return max(math.dist(quad[0], quad[3]), math.dist(quad[1], quad[2]))


def levelled(quads: Iterable[Quad]) -> Iterator[Quad]:
    """The quads, with nearly square ones rotated to the angle of the long ones if that differs.

    The smallest rectangle around a plus sign, for example, stands on its corner, and the picture
    cut out by it would show a cross.
    """
    found = tuple(quads)
    long = [quad.angle_deg for quad in found if is_long(quad)]
    usual_deg = median_low(long) if long else 0.0
    for quad in found:
        shorter_px, longer_px = sorted((width_px(quad), height_px(quad)))
        is_square = longer_px < _SQUARE * shorter_px
        is_turned = abs(quad.angle_deg - usual_deg) > _MOST_TURNED_DEG
        yield _turned_to(quad, usual_deg) if is_square and is_turned else quad


def without_nested(quads: Iterable[Quad]) -> tuple[Quad, ...]:
    """The quads less those in another, whose text would be read twice."""
    found = tuple(quads)
    corners = np.array(found, np.float32).reshape(-1, 4, 2)
    middles = corners.mean(axis=1)
    within = (
        (middles[:, None] > corners.min(axis=1)) & (middles[:, None] < corners.max(axis=1))
    ).all(axis=2)
    shrunk = (corners + middles[:, None]) / 2  # a little may stick out
    nested = {
        int(inner)
        for inner, outer in np.argwhere(within)
        if _area(found[inner]) < _area(found[outer])
        and all(
            cv2.pointPolygonTest(corners[outer], point, measureDist=False) >= 0
            for point in shrunk[inner].tolist()
        )
    }
    return tuple(quad for at, quad in enumerate(found) if at not in nested)


def is_long(quad: Quad) -> bool:
    """Whether the quad is three times as wide as high, so that its angle is that of its text."""
    return width_px(quad) >= _LONG * height_px(quad)


def is_tall(quad: Quad) -> bool:
    """Whether the quad is so tall that its text is rotated by 90° or stacked."""
    return height_px(quad) >= _TALL * width_px(quad)


def turned_upright(quad: Quad) -> tuple[Quad, Quad]:
    """The quad as that of a line which runs down the page, and of one which runs up.

    The corners begin at the top left of the text.
    """
    return Quad(*quad[1:], quad[0]), Quad(quad[3], *quad[:3])


def stacked(quad: Quad, canvas: Canvas) -> Iterator[Quad]:
    """The quads of stacked letters or lines in a quad, which white or rules divide."""
    width, height = round(width_px(quad)), round(height_px(quad))
    if not width:
        return
    strip = canvas.rectified(quad, width, height).grey().pixels
    inked = find_ink(strip, window_px=2 * width).max(axis=1) > 0
    parts = [(start, end) for start, end in run_lengths(inked) if end - start > _RULE * width]
    middles_px = [(one[1] + other[0]) / 2 for one, other in pairwise(parts)]
    reaches = pairwise([0, *middles_px, height])
    down, _ = turned_upright(quad)
    for (start, end), (highest, lowest) in zip(parts, reaches, strict=False):
        margin = _MARGIN * (end - start)
        top, bottom = max(highest, start - margin), min(lowest, end + margin)
        _, part = turned_upright(down.slice(top / height, bottom / height))
        yield part


def parted_at_fractions(quad: Quad, strip: Canvas) -> tuple[Quad, ...]:
    """The parts of a line's quad if the line has fractions, else none; `strip` is its picture.

    The text beside a fraction is one part, what stands above its rule one and what stands below it.
    """
    grey = strip.grey().pixels
    _, ink = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    _, _, found, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8, copy=False))
    boxes = found[1:, :4].astype(np.float64) / strip.height_px  # left, top, width, height
    left, top, width, height = boxes.T
    middle, tall = left + width / 2, height >= _FIGURE
    level = top + height / 2
    low, high = _MIDDLE
    parts: list[Box] = []
    end = 0.0
    rules = np.flatnonzero((width >= _FLAT * height) & (level > low) & (level < high))
    for at in sorted(rules.tolist(), key=lambda at: float(left[at])):
        beside = tall & (middle > left[at]) & (middle < left[at] + width[at])
        above, below = beside & (top + height <= top[at]), beside & (top >= top[at] + height[at])
        if not above.any() or not below.any() or left[at] < end:
            continue
        start, rule = float(left[at]), float(level[at])
        parts.append(Box(end, 0, start, 1))
        end = start + float(width[at])
        parts += (Box(start, 0, end, rule), Box(start, rule, end, 1))
    if not parts:
        return ()
    whole = strip.width_px / strip.height_px
    parts.append(Box(min(end, whole), 0, whole, 1))  # they may differ by rounding
    return tuple(
        _part(quad, replace(part, left=part.left / whole, right=part.right / whole))
        for part in parts
        if part.width > _FIGURE
    )


@dataclass(frozen=True, slots=True)
class Character:
    """A character; `middle` is the position of its middle along the line, from 0 to 1."""

    text: str
    confidence: float
    middle: float


def line_of(
    characters: Sequence[Character],
    words: Sequence[str],
    quad: Quad,
    strip: Pixels,
    *,
    symbols: bool,
) -> Line:
    """The line in `quad`, in the quad's coordinates; `strip` is its picture.

    `words` has the texts of the words, at least one, which together are those of `characters`.
    Where the ink does not tell, a character is assumed to extend half way to the next of its word,
    and a third of the way to that of another word.
    """
    rest = iter(characters)
    cut = [tuple(islice(rest, len(word))) for word in words]
    usual = _pitch(characters) / 2
    reaches = [usual, *(min(usual, _gap(one, other) / 3) for one, other in pairwise(cut)), usual]
    places = [
        WordPlace(word[0].middle, word[-1].middle, word[0].middle - before, word[-1].middle + after)
        for word, (before, after) in zip(cut, pairwise(reaches), strict=True)
    ]
    boxes = boxes_of_words(strip, places, reach=usual)
    return Line(
        words=tuple(
            _word(word, box, quad, symbols=symbols) for word, box in zip(cut, boxes, strict=True)
        ),
        quad=quad,
        baseline=(
            lerp(quad.top_left, quad.bottom_left, _BASELINE),
            lerp(quad.top_right, quad.bottom_right, _BASELINE),
        ),
        x_height_px=_X_HEIGHT * math.dist(quad.top_left, quad.bottom_left),
    )


def _part(quad: Quad, shares: Box) -> Quad:
    """The part of a quad in a box whose sides are shares of its width and height."""
    down, _ = turned_upright(quad.slice(shares.left, shares.right))
    _, part = turned_upright(down.slice(shares.top, shares.bottom))
    return part


def _turned_to(quad: Quad, angle_deg: float) -> Quad:
    """A rectangle of the quad's size, around its middle, rotated clockwise by that angle."""
    x, y = quad.middle
    width, height = width_px(quad), height_px(quad)
    level = Box(-width / 2, -height / 2, width / 2, height / 2).quad()
    return level.mapped(Transform.rotation(angle_deg).then(Transform.shift(x, y)))


def _area(quad: Quad) -> float:
    return width_px(quad) * height_px(quad)


def _gap(one: Sequence[Character], other: Sequence[Character]) -> float:
    return other[0].middle - one[-1].middle


def _word(characters: Sequence[Character], box: Box, quad: Quad, *, symbols: bool) -> Word:
    """The word in a box of shares of the quad."""
    middles = [(one.middle + other.middle) / 2 for one, other in pairwise(characters)]
    ends = [box.left, *(min(max(box.left, x), box.right) for x in middles), box.right]
    return Word(
        text="".join(one.text for one in characters),
        quad=_part(quad, box),
        confidence=sum(one.confidence for one in characters) / len(characters),
        symbols=tuple(
            Symbol(one.text, _part(quad, replace(box, left=start, right=end)), one.confidence)
            for one, (start, end) in zip(characters, pairwise(ends), strict=True)
            if symbols
        ),
    )


def _pitch(characters: Sequence[Character]) -> float:
    """Median distance of characters as a share of the line; 1 if there is only one."""
    steps = sorted(other.middle - one.middle for one, other in pairwise(characters))
    return steps[len(steps) // 2] if steps else 1.0
