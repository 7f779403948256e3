"""Letters of a PDF page that PDFium gives more than once.

Some are drawn twice. Others belong to a span whose text the file has beside it (ActualText), as
Chromium writes for each cluster of Devanagari and Thai: PDFium gives that text for the first piece
of the span, and again for a later one where letters of the line stand between them.

Source: ISO 32000-1, 14.9.4 (replacement text).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np
from pypdfium2 import raw

from ocr_server.geometry import Point, PointMap, Quad
from ocr_server.pdf.letters import Frame, Letter, Piece
from ocr_server.pdf.page_objects import PageObject, bounds_on_page, span_of

# A letter again so near to itself is a shadow or made bold by drawing it twice: shares of its size
# and of its width, since two l of a word stand a fifth of their size apart.
_SAME_PLACE, _SAME_WIDTH = 0.15, 0.5
_CELL_PX = 16  # and never farther than this


def without_repeats(
    letters: Sequence[Letter], objects: Iterable[PageObject], way: PointMap
) -> list[Letter]:
    """The letters with each place and each span's text once; those of a span share its width.

    `objects` are those of the page, `way` leads from its points to pixels.
    """
    if any(letter.piece.span for letter in letters):
        letters = list(_spread(_said_once(letters), objects, way))
    return _placed_once(letters)


def _said_once(letters: Sequence[Letter]) -> list[Letter]:
    texts: dict[Piece, str] = defaultdict(str)
    for letter in letters:
        if letter.piece.span:
            texts[letter.piece] += letter.text
    firsts: dict[tuple[int, str], Piece] = {}
    for piece, text in texts.items():
        firsts.setdefault((piece.span, text), piece)
    kept = set(firsts.values())
    return [letter for letter in letters if not letter.piece.span or letter.piece in kept]


def _spread(
    letters: Sequence[Letter], objects: Iterable[PageObject], way: PointMap
) -> Iterator[Letter]:
    """The letters, those of a span of several pieces spread over all of these.

    PDFium has them all stand where the first piece does.
    """
    corners: dict[int, list[Point]] = defaultdict(list)
    pieces: Counter[int] = Counter()
    for shown in objects:
        if shown.kind == raw.FPDF_PAGEOBJ_TEXT and (span := span_of(shown.handle)):
            corners[span] += way.apply_all(bounds_on_page(shown).quad())
            pieces[span] += 1
    for span, group in groupby(letters, key=lambda letter: letter.piece.span):
        some = list(group)
        yield from _widened(some, corners[span]) if pieces[span] > 1 else some


def _widened(letters: Sequence[Letter], points: Sequence[Point]) -> Iterator[Letter]:
    """The letters of a word, made as much wider along their line as to reach over some points."""
    quads = [letter.quad for letter in letters if letter.quad]
    frame = Frame.of(quads[0])
    before = [frame.inline(point) for quad in quads for point in quad]
    after = [*before, *map(frame.inline, points)]
    start, end = min(after), max(after)
    wider = (end - start) / max(max(before) - min(before), 1.0)

    def moved(point: Point) -> Point:
        inline = frame.inline(point)
        by = start + (inline - min(before)) * wider - inline
        return Point(point.x + by * frame.along_x, point.y + by * frame.along_y)

    for letter in letters:
        quad = Quad(*map(moved, letter.quad)) if letter.quad else None
        yield replace(letter, quad=quad, origin=moved(letter.origin))


def _placed_once(letters: Sequence[Letter]) -> list[Letter]:
    """The letters without those that stand where another piece showed the same one before."""
    places: dict[tuple[str, int, int], list[Letter]] = {}
    crowded = _crowded(letters)
    kept = []
    for letter, is_crowded in zip(letters, crowded, strict=True):
        if is_crowded and not letter.text.isspace():
            cell = _CELL_PX
            key = letter.text, int(letter.origin.x / cell), int(letter.origin.y / cell)
            around = (
                other
                for across in (-1, 0, 1)
                for down in (-1, 0, 1)
                for other in places.get((key[0], key[1] + across, key[2] + down), ())
            )
            if any(_is_same(other, letter) for other in around):
                continue
            here = places.setdefault(key, [])
            if all(other.piece != letter.piece for other in here):
                here.append(letter)  # one of a piece will do: letters of one piece are never twice
        kept.append(letter)
    return kept


def _is_same(one: Letter, other: Letter) -> bool:
    if one.quad is None or other.quad is None or one.piece == other.piece:
        return False
    top_left, top_right, _, bottom_left = other.quad
    near = min(
        _SAME_PLACE * math.dist(top_left, bottom_left),
        _SAME_WIDTH * math.dist(top_left, top_right),
        _CELL_PX,
    )
    return math.dist(one.origin, other.origin) < near


def _crowded(letters: Sequence[Letter]) -> Sequence[bool]:
    """Of each letter, whether the same one may stand nearer than a cell: a quick look at all."""
    if not letters:
        return []
    codes = np.array([ord(letter.text[0]) for letter in letters], dtype=np.int64)
    points = np.array([letter.origin for letter in letters])
    crowded = np.zeros(len(letters), dtype=bool)
    # Of four grids that are shifted against each other, one has both of two near points in a cell.
    for shift in ((0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.5, 0.5)):
        cells = np.floor(points / (2 * _CELL_PX) + shift).astype(np.int64)
        keys = (codes << 42) + ((cells[:, 0] & 0x1FFFFF) << 21) + (cells[:, 1] & 0x1FFFFF)
        _, which, counts = np.unique(keys, return_inverse=True, return_counts=True)
        crowded |= counts[which] > 1
    return crowded.tolist()
