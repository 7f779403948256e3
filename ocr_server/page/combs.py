"""The stage for combs: letters in boxes of their own are read as words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ocr_server.document.model import Line, Word, hull_of
from ocr_server.geometry import Box, hull_of_boxes
from ocr_server.imaging import ruling_lines
from ocr_server.imaging.canvas import Canvas, Pixels
from ocr_server.imaging.glyphs import find_ink
from ocr_server.imaging.statistics import ImageStatistics
from ocr_server.job import PageSegmentation
from ocr_server.layout.combs import find_combs
from ocr_server.page.state import PageState, StageResult

_INSET = 0.07  # of a cell's width, at each side, in which its strokes are
_LEAST_INK = 0.01  # of a cell; less is dust
_GAPS = (0.12, 0.22, 0.06)  # between letters, in heights of a cell; tried in turn
_LINE_PX = 48  # height of the line that is read; letters are some 30 px high
_LEAST_CONFIDENCE = 0.5
_MARGIN = 0.22  # of a cell's height, above and below its letter


def read_combs(state: PageState) -> StageResult:
    """Read what stands one letter to a box as words, and wipe out the boxes."""
    if state.statistics.shorter_px <= 200 or state.options.psm != PageSegmentation.AUTO:
        return StageResult(state, "a piece of a page")
    combs = find_combs(state.statistics)
    if not combs:
        return StageResult(state, "no boxes for letters")
    found = f"{len(combs)} rows of boxes for letters"
    runs = [(comb, run) for comb in combs for run in runs_in(state.canvas, comb)]
    words: dict[tuple[Box, ...], list[Word]] = {}
    for (comb, _), word in zip(runs, read_runs(state, [run for _, run in runs]), strict=True):
        if word.text:
            words.setdefault(comb, []).append(word)
    words = {  # where none is sure, it may be no comb
        comb: some
        for comb, some in words.items()
        if any(word.confidence >= _LEAST_CONFIDENCE for word in some)
    }
    read_apart = [_line_in(comb, some) for comb, some in words.items()]
    mask = np.zeros(state.canvas.pixels.shape, np.uint8)
    for comb in combs:
        _mark(mask, comb, is_read=comb in words)
    to_page = state.canvas.to_page
    after = replace(
        state,
        statistics=ImageStatistics(ruling_lines.wipe(state.canvas, mask)),
        labels=state.labels._replace(combs=tuple(line.mapped(to_page) for line in read_apart)),
    )
    return StageResult(after, found, "boxes wiped out, letters read as words")


def runs_in(canvas: Canvas, cells: Sequence[Box]) -> list[list[Box]]:
    """The cells with letters, in words that empty cells divide."""
    runs: list[list[Box]] = [[]]
    for cell in cells:
        if _ink_of(inside_cell(canvas, cell)).mean() >= _LEAST_INK:
            runs[-1].append(cell)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def read_runs(state: PageState, runs: Sequence[Sequence[Box]]) -> list[Word]:
    """The word in each run of cells: the first reading with a letter for each, else the surest."""
    best: dict[int, Word] = {}
    waiting = list(range(len(runs)))
    for gap in _GAPS:
        canvases = [_typeset(state.canvas, runs[index], gap=gap) for index in waiting]
        read = state.read_all(canvases, psm=PageSegmentation.SINGLE_LINE)
        for index, candidate in zip(waiting, read, strict=True):
            text = "".join(word.text for word in candidate.words)
            quad = hull_of_boxes(runs[index]).quad()
            word, before = Word(text, quad, candidate.confidence), best.get(index)
            fits = len(text) == len(runs[index])
            if before is None or fits or before.confidence < word.confidence:
                best[index] = word
        waiting = [index for index in waiting if len(best[index].text) != len(runs[index])]
    return [best[index] for index in range(len(runs))]


def _typeset(canvas: Canvas, cells: Sequence[Box], *, gap: float) -> Canvas:
    """The letters of the cells close to each other, as in a line of print.

    `gap` is the white between two, in heights of a cell.
    """
    height = round(min(cell.height for cell in cells) * (1 - 2 * _INSET))
    gap_px = max(2, round(gap * height))
    pieces: list[Pixels] = [_blank(height, 2 * gap_px)]
    for cell in cells:
        pixels = inside_cell(canvas, cell)
        pixels = pixels[-height:] if len(pixels) >= height else pixels
        columns = np.flatnonzero(_ink_of(pixels).any(axis=0))
        letter = pixels[:, columns[0] : columns[-1] + 1] if len(columns) else pixels
        letter = np.pad(letter, ((height - len(letter), 0), (0, 0)), constant_values=255)
        pieces += [letter, _blank(height, gap_px)]
    framed = Canvas(np.hstack([*pieces, _blank(height, gap_px)])).padded(height // 6 + 4, fill=255)
    return framed.scaled(_LINE_PX / framed.height_px)


def _blank(height: int, width: int) -> Pixels:
    return np.full((height, width), 255, np.uint8)


def inside_cell(canvas: Canvas, cell: Box) -> Pixels:
    """The pixels of a cell without its strokes, its paper made white."""
    inset = min(max(2.0, _INSET * cell.width), (cell.width - 1) / 2)
    top, bottom = cell.top + inset, cell.bottom - inset
    inner = Box(cell.left + inset, min(top, bottom - 1), cell.right - inset, bottom)
    pixels = canvas.cropped(inner).pixels
    paper = max(1.0, float(np.percentile(pixels, 90)))
    inner_pixels: Pixels = np.clip(pixels * (255.0 / paper), 0, 255).astype(np.uint8)
    return inner_pixels


def _ink_of(pixels: Pixels) -> Pixels:
    return (find_ink(pixels, ratio=0.75, window_px=2 * max(pixels.shape)) > 0).astype(np.uint8)


def line_of(words: Sequence[Word]) -> Line:
    """The words as a line; the engine tells neither baseline nor x-height."""
    quad = hull_of(words).quad()
    return Line(tuple(words), quad, (quad.bottom_left, quad.bottom_right), quad.box.height / 2)


def _line_in(cells: Sequence[Box], words: Sequence[Word]) -> Line:
    """The words as a line as high as the boxes, in words as high as letters: so rows are told."""
    inset_px = _MARGIN * cells[0].height
    boxes = (word.box for word in words)
    lower = (Box(box.left, box.top + inset_px, box.right, box.bottom - inset_px) for box in boxes)
    as_high = (replace(word, quad=box.quad()) for word, box in zip(words, lower, strict=True))
    return replace(line_of(words), words=tuple(as_high))


def _mark(mask: Pixels, cells: Sequence[Box], *, is_read: bool) -> None:
    """Mark the strokes of a comb, with all that is in it if that was read."""
    rim = max(3, round(_INSET * cells[0].width))
    top, bottom = round(cells[0].top), round(max(cell.bottom for cell in cells))
    left, right = round(cells[0].left), round(cells[-1].right)
    if is_read:
        mask[max(0, top - rim) : bottom + rim, max(0, left - rim) : right + rim] = 255
        return
    for y in (top, bottom):
        mask[max(0, y - rim) : y + rim, max(0, left - rim) : right + rim] = 255
    for cell in cells:
        for x in (round(cell.left), round(cell.right)):
            mask[max(0, top - rim) : bottom + rim, max(0, x - rim) : x + rim] = 255
