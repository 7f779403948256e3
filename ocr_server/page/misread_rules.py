"""Words that were read into ruling lines: wide letters of level rules, and `|` of upright ones.

Rules of a full grid are wiped out before a page is read. Those between columns remain, as they help
layout analysis, and are read as `|` beside the words of a table.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from ocr_server.document.model import Direction, Line, Word
from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Pixels
from ocr_server.imaging.glyphs import find_ink

# Words read into level rules and gaps between columns: letters wider than four times their height,
# with low confidence. There were 42 such words on 790 pages and parts of pages; all were wrong.
_WIDEST_LETTER, _SURE_OF_WIDE = 4.0, 0.7
_BAR = "|"
_WIDTH_OF_BAR = 0.4  # of a line's height, in which a bar's ink stands
_BEYOND = 0.9  # of a line's height: a rule reaches so far over or under its line
_INKED = 0.9  # of a rule’s pixels: those of tables may be interrupted where rows meet


def without_rules(line: Line, grey: Pixels) -> Line | None:
    """The line without what was read into rules; None if nothing else is in it.

    `grey` are the pixels of the line's canvas. A `|` that is as high as a line is kept: it parts
    words of a heading.
    """
    is_level = line.direction is Direction.LEFT_TO_RIGHT and not line.quad.angle_deg
    words = []
    for word in line.words:
        if _is_level_rule(word):
            continue
        has_bar = is_level and (word.text[:1] == _BAR or word.text[-1:] == _BAR)
        rest = _without_bars(word, grey) if has_bar else word
        if rest:
            words.append(rest)
    if not words:
        return None
    return line if words == [*line.words] else line.with_words(tuple(words))


def _is_level_rule(word: Word) -> bool:
    if word.confidence >= _SURE_OF_WIDE or not word.letter_count:
        return False  # dashes have no limit of width
    return word.box.width > _WIDEST_LETTER * len(word.text) * word.box.height


def _without_bars(word: Word, grey: Pixels) -> Word | None:
    """The word without the bars at its ends that are upright rules; None if nothing is left."""
    text, symbols, quad = word.text, word.symbols, word.quad
    box = quad.box
    reach = min(1.0, _WIDTH_OF_BAR * box.height / box.width)
    if text[0] == _BAR and _is_upright_rule(quad.slice(0, reach).box, grey):
        text, symbols, quad = text[1:], symbols[1:], quad.slice(reach, 1)
    if text and text[-1] == _BAR and _is_upright_rule(word.quad.slice(1 - reach, 1).box, grey):
        end = 1 - reach * box.width / quad.box.width
        text, symbols, quad = text[:-1], symbols[:-1], quad.slice(0, end)
    if text == word.text:
        return word
    return replace(word, text=text, symbols=symbols, quad=quad, alternatives=()) if text else None


def _is_upright_rule(bar: Box, grey: Pixels) -> bool:
    """Whether ink in the box of a bar goes on above or below it, on the canvas."""
    beyond_px = round(_BEYOND * bar.height)
    left, top, right, bottom = (max(0, edge) for edge in bar.rounded())
    right = min(right, grey.shape[1])
    around = max(0, left - beyond_px)  # paper, without which ink is not told from it
    for start, end in ((top - beyond_px, bottom), (top, bottom + beyond_px)):
        if start < 0 or end > len(grey) or left >= right:
            continue
        ink = find_ink(grey[start:end, around : right + beyond_px], ratio=0.9)  # hairlines are pale
        columns = ink[:, max(0, left - around - 2) : right - around + 2]
        leaning = cv2.dilate(columns, np.ones((1, 3), np.uint8)) > 0  # by a pixel or two
        if leaning.mean(axis=0).max() >= _INKED:
            return True
    return False
