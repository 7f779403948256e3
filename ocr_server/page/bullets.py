"""The stage `bullets`: dots before the items of a list.

Tesseract reads them as «, ¢, e or *, or takes them for noise. By their ink they are told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ocr_server.document.model import Direction, Line, Symbol, Word
from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Pixels
from ocr_server.imaging.glyphs import connected_components
from ocr_server.page.postprocessing import with_each_line
from ocr_server.page.state import PageState, StageResult

BULLET = "\u2022"
_READ_AS = frozenset("•«»¢©®°*¥@+¬§·eoO0")
# Of a bullet: its size in x-heights, how square it is, and the share of its box that is ink. A disc
# has .79, an e or o with its white inside .6.
_SIZES, _MOST_OBLONG, _LEAST_INK = (0.3, 1.1), 1.35, 0.68
# From a bullet to the word behind it, in x-heights; and how exactly bullets stand below each other.
_LEAST_GAP, _MOST_GAP, _ALIGNED = 0.35, 4.0, 0.5
_LEAST_CONTRAST = 50  # grey levels


def read_bullets(state: PageState) -> StageResult:
    """Read dots at the beginning of lines as bullets.

    A dot before which no word was read is one only if another stands above or below it.
    """
    candidate = state.best
    grey = candidate.canvas.grey().pixels
    lines = [line for zone in candidate.zones for line in zone.lines]
    dots = [dot for line in lines if (dot := dot_before(line, grey))]

    def change(line: Line) -> Line:
        dot = dot_before(line, grey)
        if dot and (_is_read(line, dot) or _are_several(dot, dots, line.x_height_px)):
            return with_bullet(line, dot)
        return line

    zones = tuple(with_each_line(candidate.zones, change))
    if zones == candidate.zones:
        return StageResult(state, "no dots before items of a list")
    after = state.with_candidate(replace(candidate, zones=zones))
    count = len(dots)
    return StageResult(after, f"{count} dots before lines", "read as bullets")


def dot_before(line: Line, grey: Pixels) -> Box | None:
    """The dot before the first word of a line, or as which it was misread; None if there is none.

    In pixels of the canvas that the line was read from, which are `grey`.
    """
    x_height_px = line.x_height_px
    if line.direction is not Direction.LEFT_TO_RIGHT or line.quad.angle_deg or not x_height_px:
        return None
    first = line.words[0].box
    if len(line.words) > 1 and line.words[0].text in _READ_AS:
        around, behind = first, line.words[1].box.left
    else:
        y = line.baseline[0].y
        reach = _MOST_GAP * x_height_px
        around, behind = Box(first.left - reach, y - 1.2 * x_height_px, first.left, y), first.left
    dot = _dot_in(around, x_height_px, grey)
    return dot if dot and behind - dot.right >= _LEAST_GAP * x_height_px else None


def with_bullet(line: Line, dot: Box) -> Line:
    """The line with a bullet for the dot, in place of a word that was read there."""
    first = line.words[0]
    if _is_read(line, dot):
        symbols = tuple(replace(symbol, text=BULLET) for symbol in first.symbols[:1])
        bullet = replace(first, text=BULLET, symbols=symbols, alternatives=())
        return replace(line, words=(bullet, *line.words[1:]))
    symbols = (Symbol(BULLET, dot.quad(), line.confidence),) if first.symbols else ()
    return line.with_words((Word(BULLET, dot.quad(), line.confidence, symbols), *line.words))


def _is_read(line: Line, dot: Box) -> bool:
    return line.words[0].box.contains(dot.middle)


def _are_several(dot: Box, dots: Sequence[Box], x_height_px: float) -> bool:
    """Whether another dot stands above or below one."""
    within_px = _ALIGNED * x_height_px
    return sum(abs(other.middle.x - dot.middle.x) < within_px for other in dots) > 1


def _dot_in(around: Box, x_height_px: float, grey: Pixels) -> Box | None:
    """The filled disc or square that is the only ink in a box, if it is smaller than letters."""
    left, top, right, bottom = (max(0, edge) for edge in around.rounded())
    part = grey[top:bottom, left:right]
    if not part.size or int(part.max()) - int(part.min()) < _LEAST_CONTRAST:
        return None
    ink = (part < (int(part.min()) + int(part.max())) / 2).astype(np.uint8)
    found = connected_components(ink)
    least, most = (size * x_height_px for size in _SIZES)
    found = found[found[:, 2:4].max(axis=1) >= least / 2]
    if len(found) != 1:
        return None
    x, y, width, height, inked = found[0].tolist()
    is_dot = (
        least <= min(width, height)
        and max(width, height) <= min(most, _MOST_OBLONG * min(width, height))
        and inked >= _LEAST_INK * width * height
    )
    return Box(left + x, top + y, left + x + width, top + y + height) if is_dot else None
