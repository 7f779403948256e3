"""What of a PDF page is drawn by its text and what by all else, from two small drawings of it.

The page is drawn as it is, and again without text. Where both are alike, text that is said to stand
there cannot be seen: it has the colour of its ground, lies under something, is switched off, cut
off or invisible by its rendering mode. What looks like letters on the second drawing is not text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import pypdfium2
from numpy.typing import NDArray
from pypdfium2 import raw

from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Pixels
from ocr_server.imaging.glyphs import GlyphBoxes, connected_components, find_glyphs, find_ink
from ocr_server.pdf.opening import OpenedPage
from ocr_server.pdf.page_objects import hide_text

_LONGER_SIDE_PX = 700  # of the drawings: words of 8 points are 7 px high on an A4 page
_LARGER_SIDE_PX = 1300  # to find rows: letters of 6 points are 5 px high
_SEEN = 12  # grey levels by which a pixel differs; the palest watermarks have 20
_SEEN_SHARE = 0.01  # of the pixels of a word, thin letters in wide boxes included
# Letters of a row are this near to each other, in heights of a letter, and of one size.
_NEAR, _OTHER_SIZE = 1.2, 2.2
_FEWEST_IN_ROW = 5  # letters; fewer are signs of a drawing
_AROUND_WORDS = 0.4  # of their height, by which invisible words may miss the ink they stand for
_DARK = 128  # grey level of ground on which letters may be light
_MUCH_DARK = 0.01  # of the page, on less of which there is no light text
_MOST_ROWS = 400  # told of a page; more are a pattern
_BLOCK = 1.5  # heights of a row and its margins, within which rows belong together


@dataclass(frozen=True, slots=True)
class PageInk:
    """Both drawings: `scale` is how many of their pixels a pixel of the page has.

    `seen` sums up the pixels that the text changes; `rest` is what is left without it, in grey, and
    `other` the same larger, of the scale `other_scale`, where anything is left.
    """

    seen: NDArray[np.int32]
    rest: Pixels
    scale: float
    other: Pixels | None
    other_scale: float

    def shows(self, box: Box) -> bool:
        """Whether any of the text in a box of the page can be seen."""
        height, width = (side - 1 for side in self.seen.shape)
        left, top, right, bottom = _scaled(box, self.scale)
        left, right = max(0, left), min(width, max(right, left + 1))
        top, bottom = max(0, top), min(height, max(bottom, top + 1))
        if left >= right or top >= bottom:
            return False
        seen, area = self.seen, (right - left) * (bottom - top)
        count = seen[bottom, right] - seen[top, right] - seen[bottom, left] + seen[top, left]
        return bool(count >= max(1, _SEEN_SHARE * area))

    def has_other_ink(self, box: Box) -> bool:
        """Whether something that is not text is drawn in a box of the page, in several greys."""
        left, top, right, bottom = _scaled(box, self.scale)
        part = self.rest[max(0, top) : max(bottom, 0), max(0, left) : max(right, 0)]
        return bool(part.size) and int(part.max()) - int(part.min()) > 2 * _SEEN

    def find_rows(self, covered: Sequence[Box]) -> tuple[Box, ...]:
        """Where letters seem to stand in rows without being text, outside some boxes."""
        if self.other is None:
            return ()
        rows = self._rows(self.other, find_glyphs(find_ink(self.other)), covered)
        if np.count_nonzero(self.other[::4, ::4] < _DARK) > _MUCH_DARK * self.other.size / 16:
            light = _on_dark(find_glyphs(find_ink(255 - self.other)), self.other)
            rows += self._rows(self.other, light, covered)
        return tuple(rows[:_MOST_ROWS])

    def _rows(self, other: Pixels, glyphs: GlyphBoxes, covered: Sequence[Box]) -> list[Box]:
        if len(glyphs) < _FEWEST_IN_ROW:
            return []
        height_px, width_px = other.shape
        told = np.zeros((height_px, width_px), np.uint8)
        for box in covered:
            more = _AROUND_WORDS * box.height
            around = Box(box.left - more, box.top - more, box.right + more, box.bottom + more)
            left, top, right, bottom = _scaled(around, self.other_scale)
            told[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = 255
        middles_x = np.minimum(glyphs[:, 0] + glyphs[:, 2] // 2, width_px - 1)
        middles_y = np.minimum(glyphs[:, 1] + glyphs[:, 3] // 2, height_px - 1)
        glyphs = glyphs[told[middles_y, middles_x] == 0]
        # Each letter is drawn as a bar half its height, as long as the white that may follow it.
        bars = np.zeros(other.shape, np.uint8)
        for left, top, width, height in glyphs.tolist():
            quarter, reach = height // 4, round(_NEAR * height / 2)
            start, end = max(0, left - reach), left + width + reach
            bars[top + quarter : top + height - quarter, start:end] = 255
        rows = []
        for left, top, width, height, _ in connected_components(bars).tolist():
            x, y = glyphs[:, 0] + glyphs[:, 2] // 2, glyphs[:, 1] + glyphs[:, 3] // 2
            inside = (x >= left) & (x < left + width) & (y >= top) & (y < top + height)
            some = glyphs[inside]
            if len(some) < _FEWEST_IN_ROW:
                continue
            usual = float(np.median(some[:, 3]))
            alike = some[(some[:, 3] < _OTHER_SIZE * usual) & (some[:, 3] * _OTHER_SIZE > usual)]
            # Letters that form a block as high as wide are a pattern.
            if len(alike) < _FEWEST_IN_ROW or height > width:
                continue
            rows.append(self._on_page(alike))
        return rows

    def _on_page(self, glyphs: GlyphBoxes) -> Box:
        left, top = glyphs[:, 0].min(), glyphs[:, 1].min()
        right, bottom = (glyphs[:, 0] + glyphs[:, 2]).max(), (glyphs[:, 1] + glyphs[:, 3]).max()
        height = float(bottom - top)
        sides = left - height / 2, top - height / 2, right + height / 2, bottom + height / 2
        return Box(*(float(side) / self.other_scale for side in sides))


def _on_dark(glyphs: GlyphBoxes, grey: Pixels) -> GlyphBoxes:
    """Those whose boxes have dark corners: white between dark shapes has none."""
    height, width = grey.shape
    left, top = np.maximum(glyphs[:, 0] - 1, 0), np.maximum(glyphs[:, 1] - 1, 0)
    right = np.minimum(glyphs[:, 0] + glyphs[:, 2], width - 1)
    bottom = np.minimum(glyphs[:, 1] + glyphs[:, 3], height - 1)
    corners = ((top, left), (top, right), (bottom, left), (bottom, right))
    lightest = np.max([grey[rows, columns] for rows, columns in corners], axis=0)
    return np.ascontiguousarray(glyphs[lightest < _DARK])


def _scaled(box: Box, scale: float) -> tuple[int, int, int, int]:
    left, top, right, bottom = (side * scale for side in (box.left, box.top, box.right, box.bottom))
    return int(left), int(top), int(np.ceil(right)), int(np.ceil(bottom))


def draw_ink(opened: OpenedPage) -> PageInk:
    """Draw a page; afterwards, its text is invisible."""
    page, width_px = opened.page, opened.width_px
    longer = max(*page.get_size(), 1.0)
    scale = _LONGER_SIDE_PX / longer
    whole = _draw(page, scale)
    hide_text(opened.objects)
    kinds = {shown.kind for shown in opened.objects}
    is_plain = kinds == {raw.FPDF_PAGEOBJ_TEXT} and not raw.FPDFPage_GetAnnotCount(page)
    other = np.full_like(whole, 255) if is_plain else _draw(page, scale)
    blue, green, red = cv2.split(cv2.absdiff(whole, other))
    difference = cv2.max(cv2.max(blue, green), red)
    _, seen = cv2.threshold(difference, _SEEN, 1, cv2.THRESH_BINARY)
    rest = cv2.cvtColor(other, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
    pixels_per_unit = page.get_width() / width_px
    larger = _LARGER_SIDE_PX / longer
    is_blank = int(rest.max()) - int(rest.min()) <= 2 * _SEEN
    return PageInk(
        np.asarray(cv2.integral(seen), dtype=np.int32),
        rest,
        scale * pixels_per_unit,
        other=None if is_blank else _draw(page, larger, grey=True),
        other_scale=larger * pixels_per_unit,
    )


def _draw(page: pypdfium2.PdfPage, scale: float, *, grey: bool = False) -> Pixels:
    pixels = page.render(scale=scale, grayscale=grey).to_numpy()
    if grey:
        return np.array(pixels[..., 0] if pixels.ndim == 3 else pixels, dtype=np.uint8)
    return np.array(pixels[..., :3], dtype=np.uint8)


def blocks_of(rows: Sequence[Box]) -> list[Box]:
    """The rows, those near each other as one box: thin letters at their ends belong to them."""
    blocks: list[Box] = []
    for row in rows:
        block = row
        reach = _BLOCK * row.height
        around = Box(row.left - reach, row.top - reach, row.right + reach, row.bottom + reach)
        near = [other for other in blocks if around.intersection(other)]
        for other in near:
            blocks.remove(other)
            block = Box(
                min(block.left, other.left),
                min(block.top, other.top),
                max(block.right, other.right),
                max(block.bottom, other.bottom),
            )
        blocks.append(block)
    return blocks
