"""Plain text that stands as on the page: indents and columns kept by blanks, rows by empty lines.

For code, terminals and price lists. The page is laid on a grid whose columns are as wide as its
letters are on the mean; where letters of different widths do not fit, all that stands further to
the right moves on, so that columns stay columns.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median, quantiles
from typing import NamedTuple

from ocr_server.document.characters import has_blank
from ocr_server.document.model import Direction, Line, Page
from ocr_server.geometry import Box, Transform

# In letters. A blank is about one, and two of print of one width at least two less their margins.
_LARGEST_BLANK = 1.6
_CERTAIN_COLUMN = 2.2
_MARGIN = 0.1  # between the edge of a letter's cell and its ink
_SAME_END = 0.7  # between the right edges of amounts under each other
_SAME_ROW = 0.5  # of a line's height, between baselines
_MOST_EMPTY_LINES = 3
_LEAST_LETTERS = 3  # of words that tell how wide a letter is
_MOST_SLANT_DEG = 45.0  # beyond, a line stands on its side
_AMOUNT = re.compile(r"(?=.*\d)[^\w\s]*[\d.,:'’\s/-]+[^\w\s]*")  # figures stand under each other


class _Piece(NamedTuple):
    """A word, or a line that runs another way, where it stands once the page is straight."""

    text: str
    box: Box
    baseline: float


@dataclass(slots=True)
class _Chunk:
    """Pieces with a blank between them, and how far they are at least from the chunk before.

    They begin `indent` behind the column, which amounts under each other have in common.
    """

    text: str
    box: Box
    column: int = 0
    indent: int = 0
    distance: int = 0


_MOST_BLANKS = 300  # between two pieces: a corrected document may have coordinates of any size


def layout_text(page: Page) -> str:
    """The lines of the page as they stand; empty without any."""
    pieces, height_px = _pieces(page), _line_height_px(page)
    if not pieces:
        return ""
    rows = [
        sorted(row, key=lambda piece: piece.box.left)
        for row in _rows(pieces, same_px=_SAME_ROW * height_px)
    ]
    pitch_px = _pitch_px(rows)
    first_px = min(piece.box.left for piece in pieces)
    chunked = [_chunks(row, pitch_px=pitch_px) for row in rows]
    _place(chunked, pitch_px=pitch_px, first_px=first_px)
    starts = _starts(chunked)
    baselines = [median(piece.baseline for piece in row) for row in rows]
    lines: list[str] = []
    for empty, row in zip(_empty_lines(baselines, height_px), chunked, strict=True):
        lines += [""] * empty
        shown, width = "", 0
        for chunk in row:
            blanks = min(starts[chunk.column] + chunk.indent - width, _MOST_BLANKS)
            shown += " " * blanks + chunk.text
            width += blanks + _cells(chunk.text)
        lines.append(shown)
    return "\n".join(lines)


def _pieces(page: Page) -> list[_Piece]:
    lines = [line for line in page.lines if line.words]
    level = [line for line in lines if _is_level(line)]
    slant_deg = median(line.quad.angle_deg for line in level) if level else 0.0
    way = Transform.rotation(-slant_deg)
    of_right_to_left = [line.direction is Direction.RIGHT_TO_LEFT for line in lines]
    is_mirrored = 2 * sum(of_right_to_left) > len(lines)
    if is_mirrored:  # the first letter is then the leftmost
        way = way.then(Transform.scale(-1, 1))
    usual = Direction.RIGHT_TO_LEFT if is_mirrored else Direction.LEFT_TO_RIGHT
    pieces: list[_Piece] = []
    for line in lines:
        if line.direction is usual and _is_level(line):
            points = way.apply_all(line.baseline) if line.baseline else ()
            heights = [point.y for point in points]
            boxes = [word.quad.mapped(way).box for word in line.words]
            level_px = median(heights) if heights else median(box.bottom for box in boxes)
            pieces += [
                _Piece(word.text, box, level_px)
                for word, box in zip(line.words, boxes, strict=True)
                if word.text
            ]
        else:
            box = line.quad.mapped(way).box
            pieces.append(_Piece(line.text, box, min(box.bottom, box.top + box.width)))
    return pieces


def _is_level(line: Line) -> bool:
    return (
        abs(line.quad.angle_deg) < _MOST_SLANT_DEG and line.direction is not Direction.TOP_TO_BOTTOM
    )


def _line_height_px(page: Page) -> float:
    heights = [min(line.box.height, line.box.width) for line in page.lines if line.words]
    return max(1.0, median(heights)) if heights else 1.0


def _rows(pieces: Sequence[_Piece], *, same_px: float) -> list[list[_Piece]]:
    """The pieces by baseline."""
    rows: list[list[_Piece]] = []
    for piece in sorted(pieces, key=lambda piece: piece.baseline):
        if rows and piece.baseline - rows[-1][0].baseline < same_px:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return rows


def _pitch_px(rows: Sequence[Sequence[_Piece]]) -> float:
    """How far it is from letter to letter, blanks counted as letters."""
    pieces = [piece for row in rows for piece in row]
    longer = [piece for piece in pieces if _cells(piece.text) >= _LEAST_LETTERS]
    rough_px = median(piece.box.width / _cells(piece.text) for piece in longer or pieces)
    rough_px = max(rough_px, 1.0)
    advance_px, letters = 0.0, 0
    for row in rows:
        for one, other in pairwise(row):
            if 0 < other.box.left - one.box.right < _LARGEST_BLANK * rough_px:
                advance_px += other.box.left - one.box.left
                letters += _cells(one.text) + 1
    return advance_px / letters if letters else rough_px


def _chunks(row: Sequence[_Piece], *, pitch_px: float) -> list[_Chunk]:
    chunks: list[_Chunk] = []
    previous_px = pitch_px  # how wide a letter of the piece before is
    for piece in row:
        gap_px = piece.box.left - chunks[-1].box.right if chunks else 0.0
        if chunks and gap_px < _LARGEST_BLANK * max(pitch_px, previous_px):
            last = chunks[-1]
            blank = " " if has_blank(last.text, piece.text) else ""
            last.text += blank + piece.text
            last.box = Box(
                last.box.left,
                min(last.box.top, piece.box.top),
                max(last.box.right, piece.box.right),
                max(last.box.bottom, piece.box.bottom),
            )
        else:
            distance = 2 if gap_px >= _CERTAIN_COLUMN * pitch_px else 1
            chunks.append(_Chunk(piece.text, piece.box, distance=distance))
        previous_px = piece.box.width / _cells(piece.text)
    return chunks


def _place(rows: Sequence[Sequence[_Chunk]], *, pitch_px: float, first_px: float) -> None:
    """Give each chunk its column; amounts that end at about one place have one column."""
    for row in rows:
        for chunk in row:
            chunk.column = round((chunk.box.left - first_px) / pitch_px - _MARGIN)
    amounts = [chunk for row in rows for chunk in row[1:] if _AMOUNT.fullmatch(chunk.text)]
    amounts.sort(key=lambda chunk: chunk.box.right)
    under: list[list[_Chunk]] = []
    for chunk in amounts:
        if not under or chunk.box.right - under[-1][0].box.right > _SAME_END * pitch_px:
            under.append([])
        under[-1].append(chunk)
    for chunks in under:
        end = round((median(one.box.right for one in chunks) - first_px) / pitch_px + _MARGIN)
        widest = max(_cells(one.text) for one in chunks)
        for chunk in chunks:
            chunk.column, chunk.indent = end - widest, widest - _cells(chunk.text)
    for row in rows:
        least = 0
        for chunk in row:
            moved = max(0, least - chunk.column)
            chunk.column, chunk.indent = chunk.column + moved, max(0, chunk.indent - moved)
            least = chunk.column + 1


def _starts(rows: Sequence[Sequence[_Chunk]]) -> dict[int, int]:
    """Where each column begins, so that nothing of the one before reaches into it."""
    ends: dict[int, list[tuple[int, int]]] = {}
    for row in rows:
        for chunk in row[:1]:
            ends.setdefault(chunk.column, [])
        for one, other in pairwise(row):
            taken = (one.column, one.indent + _cells(one.text) + other.distance - other.indent)
            ends.setdefault(other.column, []).append(taken)
    starts: dict[int, int] = {}
    last = 0
    for column in sorted(ends):
        natural = starts.get(last, 0) + column - last
        starts[column] = max([natural, *(starts[start] + width for start, width in ends[column])])
        last = column
    return starts


def _empty_lines(baselines: Sequence[float], height_px: float) -> Iterator[int]:
    """How many empty lines stand before each row."""
    steps = [after - before for before, after in pairwise(baselines)]
    usual_px = quantiles(steps, n=4)[0] if len(steps) > 1 else height_px * 1.2
    usual_px = max(usual_px, height_px)
    yield 0
    for step in steps:
        yield min(max(0, round(step / usual_px) - 1), _MOST_EMPTY_LINES)


def _cells(text: str) -> int:
    """How many cells of a terminal it fills, at least one: ideographs are twice as wide."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return max(1, len(text) + wide)
