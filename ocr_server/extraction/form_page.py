"""Read a form that is filled in by hand: its print, and apart from it what stands in its entries.

Each entry is a zone of its own, empty if nothing is written there, and its lines are handwritten.
The letters of a comb are set close to each other and read as a line. Capitals and figures are
tried before all letters, as they are easily mistaken for each other. A box to tick is `☒` or `☐`.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np

from ocr_server.document.model import Line, Page, Word, Zone, ZoneKind
from ocr_server.engines.engine import Engine
from ocr_server.geometry import Box, hull, hull_of_boxes
from ocr_server.imaging import ruling_lines
from ocr_server.imaging.canvas import Canvas
from ocr_server.imaging.glyphs import connected_components, find_ink, paper_level
from ocr_server.imaging.skew import deskew_by
from ocr_server.imaging.statistics import ImageStatistics
from ocr_server.job import HandwritingUse, PageSegmentation, ReadOptions, ZoneSpec
from ocr_server.layout.entries import EntryKind, FormEntry, find_entries
from ocr_server.layout.rows import in_reading_order
from ocr_server.page.combs import inside_cell, line_of, read_runs, runs_in
from ocr_server.page.framing import FramedPage, put_back
from ocr_server.page.state import PageState, ReadContext

TICKED, UNTICKED = "☒", "☐"
DIGITS = "0123456789"
_FIGURES = f"{DIGITS} .,/-+()"  # of dates, amounts and telephone numbers
_CAPITALS = f"{string.ascii_uppercase}ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝŒŸ-.,'/&@"
_HAND_READER = "rapidocr"

_LEAST_SKEW_DEG = 0.2  # a tenth of a line's height over a box as wide as the page
_TICKED_INK = 0.05  # of a box's inside; dirt has less, a thin stroke across it more
_AS_SURE = 0.5  # of the letters expected to be right in any alphabet, those in a smaller one
_RIM_PX = 3  # around an entry, wiped out with it
_STICKS_OUT = 0.3  # of the side of a box, by which a tick may stick out of it
_LEAST_PIECE = 0.12  # of an entry's height; lower ink is dirt, or a dot that matters little
_AROUND = 0.15  # paper around a line, of its height


def read_form_page(framed_page: FramedPage) -> Page:
    """Read the print and the entries; of requested zones, only the entries in them.

    Raises:
        OcrServerError: any error of the engine, and DeadlinePassed.
    """
    page, options = framed_page.canvas, framed_page.options
    statistics = ImageStatistics(page)
    fill = paper_level(statistics.small)
    level = deskew_by(statistics.canvas, statistics.skew, least_deg=_LEAST_SKEW_DEG, fill=fill)
    canvas = level.canvas
    entries = find_entries(ImageStatistics(canvas))
    reader = _EntryReader(canvas.as_page(), options, framed_page.context)
    if options.zones:
        zones = tuple(_requested(spec, canvas, entries, reader) for spec in options.zones)
        read = Page(framed_page.number, page.width_px, page.height_px, page.dpi, zones)
    else:
        alone = replace(framed_page, canvas=_without(canvas, entries).as_page())
        read = alone.read(_for_print(options))
        zones = tuple(_zone(entry.box, reader.lines(entry)) for entry in entries)
        read = replace(read, zones=in_reading_order((*read.zones, *zones)))
    return put_back(read, canvas, page)


def _requested(
    spec: ZoneSpec, canvas: Canvas, entries: Sequence[FormEntry], reader: _EntryReader
) -> Zone:
    """The zone with the entries in it; without any, all of it is one."""
    box = hull(spec.box.quad().mapped(canvas.to_page.inverse()))
    within = [entry for entry in entries if box.contains(entry.box.middle)]
    whole = [FormEntry(EntryKind.TEXT, (box,))] if box.intersection(canvas.box) else []
    lines = [line for entry in within or whole for line in reader.lines(entry)]
    return replace(_zone(box, lines), name=spec.name)


def _zone(box: Box, lines: Sequence[Line]) -> Zone:
    return Zone(ZoneKind.TEXT, box.quad(), tuple(lines))


def _for_print(options: ReadOptions) -> ReadOptions:
    skipped = (*options.skip_stages, "combs")
    return replace(options, skip_stages=skipped, handwriting=HandwritingUse.NEVER)


def _without(canvas: Canvas, entries: Sequence[FormEntry]) -> Canvas:
    """The canvas without the entries and what is written there."""
    mask = np.zeros(canvas.pixels.shape, np.uint8)
    for entry in entries:
        left, top, right, bottom = entry.box.rounded()
        is_tick = entry.kind is EntryKind.TICK
        rim = max(_RIM_PX, round(_STICKS_OUT * entry.box.width)) if is_tick else _RIM_PX
        mask[max(0, top - rim) : bottom + rim, max(0, left - rim) : right + rim] = 255
    return ruling_lines.wipe(canvas, mask)


class _EntryReader:
    """Reads what stands in entries of a canvas, by the network for handwriting if there is one."""

    def __init__(self, canvas: Canvas, options: ReadOptions, context: ReadContext) -> None:
        self._canvas = canvas
        options = replace(options, zones=(), handwriting=HandwritingUse.LINE, alphabet=None)
        by_hand = replace(context, engine=_by_hand(context), second_engine=None)
        self._state = PageState(ImageStatistics(canvas), options, by_hand)

    def lines(self, entry: FormEntry) -> Sequence[Line]:
        """The line in an entry; none if nothing is written there."""
        if entry.kind is EntryKind.TICK:
            words = [self._tick(entry.box)]
        else:
            words = self._comb(entry) if entry.kind is EntryKind.COMB else self._text(entry.box)
        return (replace(line_of(words), handwritten=True),) if words else ()

    def _tick(self, box: Box) -> Word:
        inside = inside_cell(self._canvas, _inset(box, 0.1 * box.width))
        ink = find_ink(inside, ratio=0.75, window_px=2 * max(inside.shape))
        distance = float((ink > 0).mean()) - _TICKED_INK
        confidence = min(0.99, 0.6 + 8 * abs(distance))
        return Word(TICKED if distance > 0 else UNTICKED, box.quad(), confidence)

    def _comb(self, entry: FormEntry) -> list[Word]:
        runs = runs_in(self._canvas, entry.cells)
        return self._surest((_CAPITALS, DIGITS), lambda state: read_runs(state, runs))

    def _text(self, box: Box) -> list[Word]:
        strip = _line_in(self._canvas, box)
        if strip is None:
            return []
        return self._surest((_FIGURES,), lambda state: self._read(state, strip))

    def _surest(
        self, alphabets: Sequence[str], read: Callable[[PageState], list[Word]]
    ) -> list[Word]:
        """The words read in one of the alphabets, or in any letters if those are much surer."""
        any_letters = read(self._state)
        options = self._state.options
        states = (replace(self._state, options=replace(options, alphabet=one)) for one in alphabets)
        best = max(map(read, states), key=_letters_right)
        is_kept = _letters_right(best) >= _AS_SURE * _letters_right(any_letters)
        return [word for word in (best if is_kept else any_letters) if word.text]

    def _read(self, state: PageState, strip: Canvas) -> list[Word]:
        read = state.read(strip, psm=PageSegmentation.SINGLE_LINE)
        return [word.mapped(strip.to_page) for word in read.words]


def _by_hand(context: ReadContext) -> Engine:
    """The engine that reads handwriting, else the first one."""
    engines = filter(None, (context.engine, context.second_engine))
    return next((one for one in engines if one.name == _HAND_READER), context.engine)


def _letters_right(words: Sequence[Word]) -> float:
    """How many letters are expected to be right."""
    return sum(word.confidence * len(word.text) for word in words)


def _line_in(canvas: Canvas, box: Box) -> Canvas | None:
    """What is written in a box, on white paper, without its rules; None if nothing is."""
    part = canvas.cropped(_inset(box, _RIM_PX))
    paper = max(1.0, float(np.percentile(part.pixels, 80)))
    pixels = np.clip(part.pixels * (255.0 / paper), 0, 255).astype(np.uint8)
    ink = find_ink(pixels, ratio=0.8, window_px=2 * max(pixels.shape))
    brush = np.ones((1, max(25, ink.shape[1] // 3)), np.uint8)
    thicker = cv2.dilate(ink, np.ones((3, 1), np.uint8))
    rules = cv2.dilate(cv2.morphologyEx(thicker, cv2.MORPH_OPEN, brush), np.ones((3, 3), np.uint8))
    pixels[rules > 0] = 255
    ink[rules > 0] = 0
    pieces = list(_pieces(ink))
    if not pieces:
        return None
    inner = hull_of_boxes(pieces)
    line = part.with_pixels(pixels).cropped(inner)
    return line.padded(max(2, round(_AROUND * line.height_px)), fill=255)


def _pieces(ink: np.ndarray) -> Iterator[Box]:
    """The connected pieces of ink that are no dirt, nor what reaches in from above or below."""
    height = ink.shape[0]
    for left, top, width, high, area in connected_components(ink).tolist():
        at_edge = top == 0 or top + high == height
        if area >= 12 and high >= _LEAST_PIECE * height and not (at_edge and high < 0.3 * height):
            yield Box(left, top, left + width, top + high)


def _inset(box: Box, by: float) -> Box:
    x, y = min(by, box.width / 4), min(by, box.height / 4)
    return Box(box.left + x, box.top + y, box.right - x, box.bottom - y)
