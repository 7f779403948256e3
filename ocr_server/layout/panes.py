"""Panes: parts of a picture that are pages of their own, such as two receipts or a window's panes.

They are told apart by the ground: by changes of its brightness that run through the whole
picture, by sheets that lie on another ground, or by white between two texts whose rows do not
match or that have the form of whole ones (`layout.texts_beside`). Each pane is read by itself.
"""

from __future__ import annotations

from itertools import combinations, pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Pixels
from ocr_server.imaging.glyphs import GlyphBoxes, run_lengths, shrink
from ocr_server.imaging.skew import measure_skew, sharpness
from ocr_server.imaging.statistics import ImageStatistics
from ocr_server.layout.texts_beside import are_texts, row_spans

_COPY_PX, _SHEETS_COPY_PX = 800, 250  # longer sides of the copies that are looked at

# A change of the ground is at least 8 grey levels, within 6 px of the copy. From top to bottom of
# its band it may miss letters and a marked entry of a list; across, it reaches the picture's edges,
# as no table does.
_STEP, _REACH = 8, 3
_DOWN, _ACROSS = 0.88, 0.98
_LEAST_SIDE = 0.06  # of the page's width or, of a band with panes beside each other, of its height
_LEAST_BAND = 0.15
_RIM = 2  # px of the copy
_GROUND, _FLAT = 10, 0.6  # levels around the median; share of a pane that has them
_INK, _LEAST_INK = 40, 0.002  # levels from the ground; share of a pane that has text

_SHEET_CONTRAST = 25.0  # grey levels between sheets and what they lie on
_LEAST_SHEET, _LEAST_AROUND = 0.06, 0.08  # shares of the picture
_RECTANGULAR = 0.85  # of the smallest rectangle around it that a sheet fills
_MOST_OUTSIDE = 0.05  # of all glyphs

_LEAST_GUTTER = 2.5  # x-heights
_GUTTER_BETWEEN = (0.2, 0.8)  # shares of the width
_FEWEST_GLYPHS = 40  # on each side of a gutter
_MOST_GUTTERS = 5  # more are those of a table
# Difference of two sheets that were laid down by hand. Each has rows that are sharper at its own
# angle, 1.3 times and more; short entries of a table are 1.06 times at an angle that they seem to
# have.
_OTHER_SKEW_DEG, _SHARPER = 0.8, 1.2
# Rows of both sides are level if they differ by less than this share of their distance; a quarter
# of the rows are by chance.
_LEVEL, _MOST_LEVEL, _FEWEST_ROWS = 0.12, 0.4, 5
_FEWEST_FEET = 3  # of letters, in a row


def find_panes(statistics: ImageStatistics) -> tuple[Box, ...]:
    """The panes in reading order, in pixels of the canvas; empty if the page is one."""
    panes = (
        _by_ground(shrink(statistics.small, _COPY_PX)[0])
        or _by_sheets(shrink(statistics.small, _SHEETS_COPY_PX)[0], statistics)
        or _by_gutter(statistics)
    )
    width, height = statistics.canvas.width_px, statistics.canvas.height_px
    return tuple(
        Box(box.left * width, box.top * height, box.right * width, box.bottom * height)
        for box in panes
    )


def _by_ground(copy: Pixels) -> list[Box]:
    """Panes between changes of brightness that run through the picture; in shares of its sides."""
    grey = cv2.medianBlur(copy, 3).astype(np.int16)
    height, width = grey.shape
    bands: list[tuple[int, int, list[tuple[int, int]]]] = []
    for top, bottom in pairwise((0, *_edges(grey.T, through=_ACROSS), height)):
        band = grey[top:bottom]
        is_high = bottom - top >= _LEAST_BAND * height
        xs = (0, *_edges(band, through=_DOWN), width) if is_high else (0, width)
        wide = [part for part in pairwise(xs) if part[1] - part[0] >= _LEAST_SIDE * width]
        bands.append((top, bottom, _of_other_ground(band, wide) if len(wide) > 1 else wide))
    if all(len(parts) < 2 for _, _, parts in bands):
        return []
    panes: list[Box] = []
    is_divided = False
    for top, bottom, parts in bands:
        kept = [(a, b) for a, b in parts if _has_text(grey[top:bottom, a:b])]
        is_divided |= len(kept) > 1 and all(_is_flat(grey[top:bottom, a:b]) for a, b in kept)
        upper, lower = _within(top, bottom, height)
        for left, right in (_within(*part, width) for part in kept):
            panes.append(Box(left / width, upper / height, right / width, lower / height))
    return panes if is_divided else []


def _within(start: int, end: int, size: int) -> tuple[int, int]:
    """The pane without the rim beside other panes, where both grounds mingle."""
    return start + _RIM if start > 0 else start, end - _RIM if end < size else end


def _edges(grey: NDArray[np.int16], *, through: float) -> list[int]:
    """The columns at which brightness changes in that share of the rows."""
    if min(grey.shape) <= 4 * _REACH:
        return []
    rows = grey[_REACH:-_REACH]
    changes = np.abs(rows[:, 2 * _REACH :] - rows[:, : -2 * _REACH]) >= _STEP
    return [(a + b - 1) // 2 + _REACH for a, b in run_lengths(changes.mean(axis=0) >= through)]


def _of_other_ground(
    band: NDArray[np.int16], parts: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    """The parts of a band, those joined that only a rule divides."""
    joined: list[tuple[int, int]] = []
    for left, right in parts:
        level = np.median(band[:, left:right])
        if joined and abs(level - np.median(band[:, slice(*joined[-1])])) < _STEP:
            joined[-1] = (joined[-1][0], right)
        else:
            joined.append((left, right))
    return joined


def _is_flat(grey: NDArray[np.int16]) -> bool:
    """Whether most of a pane has one brightness; a photograph has not."""
    return float(np.mean(np.abs(grey - np.median(grey)) <= _GROUND)) >= _FLAT


def _has_text(grey: NDArray[np.int16]) -> bool:
    inner = grey[2 * _REACH : -2 * _REACH, 2 * _REACH : -2 * _REACH]
    if not inner.size:
        return False
    return float(np.mean(np.abs(inner - np.median(inner)) >= _INK)) >= _LEAST_INK


def _by_sheets(copy: Pixels, statistics: ImageStatistics) -> list[Box]:
    """Bright sheets on darker ground, from left to right; in shares of the picture's sides."""
    ground = cv2.medianBlur(copy, 5)
    level, mask = cv2.threshold(ground, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    bright = ground > level
    share = float(bright.mean())
    if not _LEAST_SHEET < share < 1 - _LEAST_AROUND:
        return []
    if np.median(ground[bright]) - np.median(ground[~bright]) < _SHEET_CONTRAST:
        return []
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    height, width = copy.shape
    sheets: list[Box] = []
    for contour in contours:
        area = cv2.contourArea(contour)
        if area < _LEAST_SHEET * copy.size:
            continue
        (across, down) = cv2.minAreaRect(contour)[1]
        if area < _RECTANGULAR * across * down:
            return []
        x, y, w, h = cv2.boundingRect(contour)
        sheets.append(Box(x / width, y / height, (x + w) / width, (y + h) / height))
    if len(sheets) < 2 or _outside(sheets, statistics) > _MOST_OUTSIDE:
        return []
    return _in_order(sheets)


def _outside(sheets: list[Box], statistics: ImageStatistics) -> float:
    """The share of all glyphs that no sheet contains."""
    x, y = _middles(statistics.glyphs)
    height, width = statistics.small.shape
    inside = np.zeros(len(x), bool)
    for sheet in sheets:
        inside |= (x > sheet.left * width) & (x < sheet.right * width) & (
            y > sheet.top * height
        ) & (y < sheet.bottom * height)  # fmt: skip
    return float(1 - inside.mean()) if len(inside) else 1.0


def _in_order(sheets: list[Box]) -> list[Box]:
    """Sheets beside each other from left to right, rows of them from top to bottom."""
    rows: list[list[Box]] = []
    for sheet in sorted(sheets, key=lambda box: box.top):
        row = next((row for row in rows if all(sheet.is_beside(one) for one in row)), None)
        if row is None:
            rows.append([sheet])
        else:
            row.append(sheet)
    return [sheet for row in rows for sheet in sorted(row, key=lambda box: box.left)]


def _by_gutter(statistics: ImageStatistics) -> list[Box]:
    """Texts on both sides of a white gutter, if they do not belong together."""
    unit = statistics.x_height_px / statistics.ratio
    glyphs = statistics.glyphs
    if not unit or len(glyphs) < 2 * _FEWEST_GLYPHS:
        return []
    width = statistics.small.shape[1]
    filled = np.asarray(statistics.ink[::2].max(axis=0)) > 0
    low, high = (round(share * width) for share in _GUTTER_BETWEEN)
    places = [
        low + (start + end) / 2
        for start, end in run_lengths(~filled[low:high])
        if end - start >= _LEAST_GUTTER * unit
    ]
    whole_deg = statistics.skew.angle_deg
    cuts = _between_unlike(glyphs, places, whole_deg)
    cuts = cuts or _between_texts(glyphs, places, slope=_slope(whole_deg), unit=unit)
    edges = (0.0, *cuts, float(width))
    return [Box(a / width, 0, b / width, 1) for a, b in pairwise(edges)] if cuts else []


def _between_unlike(glyphs: GlyphBoxes, places: list[float], whole_deg: float) -> list[float]:
    """The places with texts on both sides that have other angles, or rows that do not match."""
    middles = _middles(glyphs)[0]
    cuts: list[float] = []
    for x in places:
        left = glyphs[(middles >= max(cuts, default=0.0)) & (middles < x)]
        right = glyphs[middles >= x]
        if min(len(left), len(right)) >= _FEWEST_GLYPHS and _are_two(left, right, whole_deg):
            cuts.append(x)
    return cuts


def _between_texts(
    glyphs: GlyphBoxes, places: list[float], *, slope: float, unit: float
) -> list[float]:
    """The fewest of the places that part the page into texts of their own."""
    middles = _middles(glyphs)[0]
    some = places if len(places) <= _MOST_GUTTERS else []
    for count in range(1, len(some) + 1):
        for cuts in combinations(some, count):
            of_side = np.searchsorted(cuts, middles)
            sides = [glyphs[of_side == side] for side in range(count + 1)]
            if min(map(len, sides)) >= _FEWEST_GLYPHS and are_texts(sides, slope=slope, unit=unit):
                return list(cuts)
    return []


def _are_two(left: GlyphBoxes, right: GlyphBoxes, whole_deg: float) -> bool:
    """Whether two sides of a page do not belong together; `whole_deg` is the skew of the page."""
    skews = [measure_skew(side) for side in (left, right)]
    if not all(skew.is_clear for skew in skews):
        return False
    one, other = (skew.angle_deg for skew in skews)
    if abs(one - other) >= _OTHER_SKEW_DEG and _are_sharper(
        left, right, (one, other), (other, one)
    ):
        return True
    angles = [(one + other) / 2]
    if not _are_sharper(left, right, (one, other), (whole_deg, whole_deg)):
        angles.append(whole_deg)
    return not any(_are_level(left, right, _slope(angle)) for angle in angles)


def _are_sharper(
    left: GlyphBoxes, right: GlyphBoxes, own: tuple[float, float], than: tuple[float, float]
) -> bool:
    """Whether the rows of both sides are clearly sharper at their own angles than at others."""
    gains = map(sharpness, (left, right), own, than)
    return min(gains) >= _SHARPER


def _are_level(left: GlyphBoxes, right: GlyphBoxes, slope: float) -> bool:
    """Whether the rows of both sides are, or there are too few of them to tell."""
    few, many = sorted((_baselines(left, slope), _baselines(right, slope)), key=len)
    if len(few) < _FEWEST_ROWS:
        return True
    pitch = float(np.median(np.diff(few)))
    apart = np.abs(few[:, None] - many[None]).min(axis=1)
    return float(np.mean(apart < _LEVEL * pitch)) >= _MOST_LEVEL


def _baselines(glyphs: GlyphBoxes, slope: float) -> NDArray[np.float64]:
    """The heights of the rows' baselines: most feet of letters stand on one."""
    return np.array(
        [
            np.median(row[:, 1] + row[:, 3] - slope * (row[:, 0] + row[:, 2] / 2))
            for row in row_spans(glyphs, slope)
            if len(row) >= _FEWEST_FEET
        ]
    )


def _slope(angle_deg: float) -> float:
    return float(np.tan(np.radians(angle_deg)))


def _middles(glyphs: GlyphBoxes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return glyphs[:, 0] + glyphs[:, 2] / 2, glyphs[:, 1] + glyphs[:, 3] / 2
