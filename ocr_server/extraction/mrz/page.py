"""How the machine-readable zone is read: fillers by their shape, all else by the engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ocr_server.document.model import Line, Page, Symbol, Word, Zone, ZoneKind, hull_of
from ocr_server.extraction.mrz.band import find_band
from ocr_server.extraction.mrz.fields import ALPHABET, FILLER, LENGTHS
from ocr_server.extraction.mrz.filler import MrzCell, find_mrz_cells
from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import PSM_OF_LAYOUT, Layout
from ocr_server.page.framing import FramedPage, put_back

_UNREAD = 0.0  # the confidence of a character that the engine passed over


def read_mrz_page(framed_page: FramedPage) -> Page:
    """The zone alone, a line to each of its rows; all that was asked for where none is found."""
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


def _rows(band: Canvas) -> tuple[tuple[MrzCell, ...], ...]:
    """The rows of the zone, if all of them have as many places as one of its formats."""
    rows = find_mrz_cells(band)
    lengths = Counter(len(row) for row in rows if len(row) in LENGTHS)
    length, count = max(lengths.items(), key=lambda pair: pair[1], default=(0, 0))
    return tuple(row for row in rows if len(row) == length) if count >= 2 else ()


def _without_fillers(canvas: Canvas, rows: Sequence[Sequence[MrzCell]]) -> Canvas:
    """The canvas with paper where fillers are: among them the engine misreads names."""
    grey = canvas.grey()
    pixels = grey.pixels.copy()
    paper = int(np.percentile(pixels, 80))
    for glyph in (glyph for row in rows for glyph in row if glyph.is_filler):
        left, top = int(glyph.box.left) - 1, int(glyph.box.top) - 1
        right, bottom = int(glyph.box.right) + 1, int(glyph.box.bottom) + 1
        pixels[max(0, top) : bottom, max(0, left) : right] = paper
    return grey.with_pixels(pixels)


def _line(row: Sequence[MrzCell], symbols: Sequence[Symbol]) -> Line:
    """One word with as many characters as the row has."""
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
    """What stands at each place of a row: the filler that it is, or what was read there."""
    top, bottom = min(one.box.top for one in row), max(one.box.bottom for one in row)
    read = sorted(
        (
            symbol
            for symbol in symbols
            if symbol.text in ALPHABET and top < symbol.quad.box.middle.y < bottom
        ),
        key=lambda symbol: symbol.quad.box.middle.x,
    )
    letters = [glyph for glyph in row if not glyph.is_filler]
    # The engine's boxes are rough: one for each letter, in order, is better than by place.
    in_order = iter(read) if len(read) == len(letters) else None
    for glyph in row:
        quad = glyph.box.quad()
        if glyph.is_filler:
            yield Symbol(FILLER, quad, 1.0)
            continue
        found = next(in_order) if in_order else _nearest(glyph.box, read)
        if found is None:
            yield Symbol(FILLER, quad, _UNREAD)
        else:
            yield Symbol(found.text, quad, found.confidence)


def _nearest(box: Box, symbols: Sequence[Symbol]) -> Symbol | None:
    """The symbol whose middle is nearest, if that is no farther off than the box is wide."""
    distances = [(abs(one.quad.box.middle.x - box.middle.x), one) for one in symbols]
    distance, nearest = min(distances, key=lambda pair: pair[0], default=(float("inf"), None))
    return nearest if distance < box.width else None
