"""Bands: runs of rows of phrases that share gutters, in which tables are looked for.

All coordinates are level (`layout.phrases`); lengths are in median heights of a word.
"""

from __future__ import annotations

from collections.abc import Sequence

from ocr_server.layout.gutters import LEAST_WIDTH, Gutter, extent, find_gutters
from ocr_server.layout.phrases import PhraseRow

_ROW_GAP = 3.2  # the widest gap between rows of a table
_KEPT = 0.6  # of the gutters that a further row leaves
_LONG_PHRASE, _LONG_SECTION = 6, 10  # words


def bands_of(rows: Sequence[PhraseRow], unit_px: float) -> list[list[int]]:
    """Indices of runs of rows that share gutters."""
    found: list[list[int]] = []
    start = 0
    while start < len(rows):
        band = _band(rows, start, unit_px) if len(rows[start]) >= 2 else [start]
        if sum(len(rows[index]) >= 2 for index in band) >= 2:
            found.append(band)
            start = band[-1] + 1
        else:
            start += 1
    return found


def _band(rows: Sequence[PhraseRow], start: int, unit_px: float) -> list[int]:
    band, base = [start], [rows[start]]
    before: list[Gutter] = []
    for index in range(start + 1, len(rows)):
        row = rows[index]
        if top_of(row) - bottom_of(rows[band[-1]]) > _ROW_GAP * unit_px:
            break
        after = find_gutters([*base, row], unit_px)
        if len(base) >= 2:
            if before and _is_section(rows, index, base, before, unit_px):
                band.append(index)
                continue
            if not after or len(after) < _KEPT * len(before):
                break
            if _is_text_across(row, base, before, unit_px):
                break
        elif not _shares_gap(base[0], row, unit_px) or (
            len(row) == 1 and len(row[0].words) > _LONG_PHRASE
        ):
            break
        base.append(row)
        band.append(index)
        before = after
    return band


def _shares_gap(one: PhraseRow, other: PhraseRow, unit_px: float) -> bool:
    """Whether two rows have a gap in common."""
    boxes = sorted((phrase.box for phrase in (*one, *other)), key=lambda box: box.left)
    reach = boxes[0].right
    for box in boxes[1:]:
        if box.left - reach >= LEAST_WIDTH * unit_px:
            return True
        reach = max(reach, box.right)
    return False


def _is_text_across(
    row: PhraseRow, base: Sequence[PhraseRow], gutters: Sequence[Gutter], unit_px: float
) -> bool:
    """Whether a row is a single phrase over gutters: a sentence below or between tables."""
    if len(row) > 1:
        return False
    (phrase,) = row
    crossed = sum(gutter.is_crossed_by(phrase) for gutter in gutters)
    if not crossed:
        return False
    ends = extent(base)
    is_under = (
        phrase.box.left > ends.left + 2 * unit_px
        and crossed < len(gutters)
        and any(
            abs(phrase.box.left - one.box.left) < 0.5 * unit_px for other in base for one in other
        )
    )
    return not is_under and (len(phrase.words) >= 4 or crossed == len(gutters))


def _is_section(
    rows: Sequence[PhraseRow],
    index: int,
    base: Sequence[PhraseRow],
    gutters: Sequence[Gutter],
    unit_px: float,
) -> bool:
    """Whether a row is a lone heading of rows: at the left edge, with a row of the table below."""
    row = rows[index]
    if len(row) != 1 or len(row[0].words) > _LONG_SECTION:
        return False
    ends, box = extent(base), row[0].box
    if not ends.left - 1.5 * unit_px <= box.left <= ends.left + 4 * unit_px:
        return False
    if box.right >= ends.left + 0.7 * (ends.right - ends.left):
        return False
    for below in rows[index + 1 : index + 3]:
        fits = len(below) >= 2 and below[0].box.left <= gutters[0].left
        if fits and not any(gutter.is_crossed_by(one) for gutter in gutters for one in below):
            return top_of(below) - box.bottom < _ROW_GAP * unit_px
    return False


def top_of(row: PhraseRow) -> float:
    """The upper edge of a row."""
    return min(phrase.box.top for phrase in row)


def bottom_of(row: PhraseRow) -> float:
    """The lower edge of a row."""
    return max(phrase.box.bottom for phrase in row)
