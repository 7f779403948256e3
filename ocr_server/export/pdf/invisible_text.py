"""The invisible text of a PDF page: each word over its picture, along its line's baseline.

No word stands on a page twice: the invisible text of an earlier recognition is taken out, and
words that lie on visible text are not added.

Source: ISO 32000-1, 9.3.6 (rendering mode 3: neither filled nor stroked), 9.4.2 (text matrix) and
9.4.3 (operators that show text).
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import pikepdf
import pypdfium2
from pikepdf import Name, Object, Operator, Page, Pdf
from pypdfium2 import raw

from ocr_server.document.characters import has_blank
from ocr_server.document.model import Direction, Line, Word
from ocr_server.errors import DamagedPicture
from ocr_server.export.pdf.glyphless_font import ADVANCE, GlyphlessFont
from ocr_server.geometry import Box, Point, Transform
from ocr_server.pdf.opening import opened_pdf
from ocr_server.pdf.page_objects import PageObject, bounds_on_page, objects_of

FONT = "OcrText"  # the font's name among the resources of a page
# Poppler, and so pdftotext and many a search, breaks a word whose letters climb by half a point,
# which long words do at one degree. Up to this slope each word is level, at its own height; from
# there on, only letters that follow the slope still lie on their picture.
_LEVEL_DEG = 3.0
_LEAST_SIZE_PX = 1.0  # smaller letters trouble readers that divide by their size
Instruction: TypeAlias = "pikepdf.ContentStreamInstruction | pikepdf.ContentStreamInlineImage"
_SHOWING = {"Tj", "TJ", "'", '"'}
_INVISIBLE = 3
_DEEPEST = 5  # forms inside forms; PDFium looks no deeper for objects than we do


@dataclass(frozen=True, slots=True)
class Run:
    """Letters in a row, left to right as they are seen, from one point to another, in pixels."""

    letters: str
    start: Point
    end: Point


def write_text_layer(
    lines: Sequence[Line], *, to_user_space: Transform, font: GlyphlessFont
) -> bytes:
    """The content stream for lines in page pixels; empty without words."""
    shown = [operator for line in lines for operator in _line(line, to_user_space, font)]
    if not shown:
        return b""
    return "\n".join(["BT", "3 Tr", f"/{FONT} 1 Tf", *shown, "ET", ""]).encode("ascii")


def _line(line: Line, to_user_space: Transform, font: GlyphlessFont) -> Iterator[str]:
    size_px = _size_px(line)
    for run in map(_levelled, _runs(line)):
        along = _minus(run.end, run.start)
        length = math.hypot(*along)
        # The letters' upward direction: across the baseline, on the side where the text's top is.
        up = Point(along.y / length * size_px, -along.x / length * size_px)
        glyphs = len(run.letters) * ADVANCE
        origin = to_user_space.apply(run.start)
        right = _minus(to_user_space.apply(_plus(run.start, along)), origin)
        above = _minus(to_user_space.apply(_plus(run.start, up)), origin)
        matrix = (right.x / glyphs, right.y / glyphs, above.x, above.y, origin.x, origin.y)
        codes = "".join(f"{font.code(letter):04X}" for letter in run.letters)
        yield f"{' '.join(map(_number, matrix))} Tm <{codes}> Tj"


def _runs(line: Line) -> Iterator[Run]:
    """The words, and the blanks between them, from the first word to the last."""
    placed = [(word, *_ends(word, line)) for word in line.words if word.text]
    for position, (word, start, end) in enumerate(placed):
        last, last_start, last_end = placed[max(position - 1, 0)]
        if position and has_blank(last.text, word.text):
            # Readers part words where they see a blank, so there is one even between words that
            # touch: it is then as wide as a hair.
            if line.direction is Direction.RIGHT_TO_LEFT:
                yield Run(" ", *_gap(end, last_start, along=_minus(end, start)))
            else:
                yield Run(" ", *_gap(last_end, start, along=_minus(last_end, last_start)))
        yield Run(as_seen(word.text), start, end)


def _levelled(run: Run) -> Run:
    """A run that hardly slopes, made level or upright about its middle; any other as it is."""
    along, middle = _minus(run.end, run.start), _middle(run.start, run.end)
    most = math.tan(math.radians(_LEVEL_DEG))
    if abs(along.y) <= most * abs(along.x):
        return Run(run.letters, Point(run.start.x, middle.y), Point(run.end.x, middle.y))
    if abs(along.x) <= most * abs(along.y):
        return Run(run.letters, Point(middle.x, run.start.y), Point(middle.x, run.end.y))
    return run


def _gap(start: Point, end: Point, *, along: Point) -> tuple[Point, Point]:
    """From start to end if that is forward, else a hair's breadth forward from the start."""
    length = math.hypot(*along)
    ahead = ((end.x - start.x) * along.x + (end.y - start.y) * along.y) / length
    forward = max(ahead, 0.1) / length
    return start, _plus(start, Point(along.x * forward, along.y * forward))


def _ends(word: Word, line: Line) -> tuple[Point, Point]:
    """Where the baseline enters and leaves a word; never the same point twice."""
    quad = word.quad
    if line.direction is Direction.TOP_TO_BOTTOM:
        start, end = quad.top_left, quad.bottom_left
    else:
        start = _crossing(quad.top_left, quad.bottom_left, line.baseline)
        end = _crossing(quad.top_right, quad.bottom_right, line.baseline)
    if math.dist(start, end) < 0.1:
        direction = math.radians(quad.angle_deg)
        end = Point(start.x + 0.1 * math.cos(direction), start.y + 0.1 * math.sin(direction))
    return start, end


def _crossing(top: Point, bottom: Point, baseline: tuple[Point, ...]) -> Point:
    """Where a word's side, drawn on, meets the baseline, drawn on; else the side's bottom."""
    side = _minus(bottom, top)
    best: tuple[float, Point] | None = None
    for start, end in pairwise(baseline):
        along = _minus(end, start)
        across = along.x * side.y - along.y * side.x
        if abs(across) < 1e-9:
            continue
        offset = _minus(top, start)
        share = (offset.x * side.y - offset.y * side.x) / across
        outside = max(-share, share - 1, 0.0) * math.hypot(*along)
        if best is None or outside < best[0]:
            best = outside, Point(start.x + share * along.x, start.y + share * along.y)
    return best[1] if best else bottom


def _size_px(line: Line) -> float:
    """The font's size: from the highest top to the lowest bottom of the words' middles.

    Middles, because an upright box around a sloped word reaches too far at both its ends.
    """
    quads = [word.quad for word in line.words]
    if line.direction is Direction.TOP_TO_BOTTOM:
        return max([_LEAST_SIZE_PX, *(math.dist(quad.top_left, quad.top_right) for quad in quads)])
    above = below = 0.0
    for word in line.words:
        start, end = _ends(word, line)
        middle, along = _middle(start, end), _minus(end, start)
        top = _minus(_middle(word.quad.top_left, word.quad.top_right), middle)
        bottom = _minus(_middle(word.quad.bottom_left, word.quad.bottom_right), middle)
        length = math.hypot(*along)
        above = max(above, (top.x * along.y - top.y * along.x) / length)
        below = max(below, (bottom.y * along.x - bottom.x * along.y) / length)
    return max(_LEAST_SIZE_PX, above + below)


def as_seen(text: str) -> str:
    """Letters from left to right: what is written right to left is turned round.

    Readers of PDF expect letters in the order in which they are seen, and turn them back. Numbers
    and Latin letters inside keep their order (UAX 9, rules L1 and L2, for a single word).
    """
    classes = [unicodedata.bidirectional(letter) for letter in text]
    if not any(kind in {"R", "AL"} for kind in classes):
        return text
    seen: list[str] = []
    leftwards: list[str] = []
    for letter, kind in zip(reversed(text), reversed(classes), strict=True):
        if kind in {"L", "EN", "AN"} or (leftwards and kind in {"ES", "CS", "ET"}):
            leftwards.append(letter)
            continue
        seen += reversed(leftwards)
        leftwards.clear()
        seen.append(letter)
    return "".join([*seen, *reversed(leftwards)])


def remove_invisible_text(pdf: Pdf, page: Page) -> bool:
    """Take the invisible text out of a page and the forms that it draws; whether there was any."""
    instructions, found = _visible(pikepdf.parse_content_stream(page))
    if found:
        page.obj.Contents = pdf.make_stream(pikepdf.unparse_content_stream(instructions))
    resources = page.obj.get("/Resources", pikepdf.Dictionary())
    return _clean_forms(resources, depth=_DEEPEST, seen=set()) or found


def find_visible_text(path: Path, index: int, *, password: str | None) -> tuple[Box, ...]:
    """The boxes of the visible pieces of text of a page, in its user space, y upwards.

    A piece is as much as one operator shows: a word, part of a line or a line.

    Raises:
        DamagedPicture: the page cannot be opened.
    """
    with opened_pdf(path, password) as document:
        try:
            page = document[index]
            return tuple(
                bounds_on_page(piece)
                for piece in objects_of(page)
                if piece.kind == raw.FPDF_PAGEOBJ_TEXT and _is_visible(piece)
            )
        except pypdfium2.PdfiumError as error:
            raise DamagedPicture(f"Page {index + 1} of the PDF cannot be opened.") from error


def _is_visible(piece: PageObject) -> bool:
    return bool(
        raw.FPDFTextObj_GetTextRenderMode(piece.handle) != raw.FPDF_TEXTRENDERMODE_INVISIBLE
    )


def _middle(a: Point, b: Point) -> Point:
    return Point((a.x + b.x) / 2, (a.y + b.y) / 2)


def _minus(a: Point, b: Point) -> Point:
    return Point(a.x - b.x, a.y - b.y)


def _plus(a: Point, b: Point) -> Point:
    return Point(a.x + b.x, a.y + b.y)


def _number(value: float) -> str:
    """Three decimals: a thousandth of a point, even over a hundred letters a tenth of one."""
    return f"{value:.3f}".rstrip("0").rstrip(".") if abs(value) >= 0.0005 else "0"


def _clean_forms(resources: Object, *, depth: int, seen: set[tuple[int, int]]) -> bool:
    """Take invisible text out of the forms, each once; whether there was any.

    `seen` has the object numbers of forms that were looked at: forms may share their resources.
    """
    found_any = False
    if not depth:
        return found_any
    for form in dict(resources.get("/XObject", {})).values():
        if form.get("/Subtype") != Name.Form or form.objgen in seen:
            continue
        seen.add(form.objgen)
        instructions, found = _visible(pikepdf.parse_content_stream(form))
        if found:
            form.write(pikepdf.unparse_content_stream(instructions))
        inner = form.get("/Resources", pikepdf.Dictionary())
        found_any |= _clean_forms(inner, depth=depth - 1, seen=seen) or found
    return found_any


def _visible(instructions: list[Instruction]) -> tuple[list[Instruction], bool]:
    """The instructions without those that show invisible text, and whether there were any."""
    kept: list[Instruction] = []
    found = False
    mode, saved = 0, list[int]()
    for instruction in instructions:
        name = str(instruction.operator)
        if name == "q":
            saved.append(mode)
        elif name == "Q" and saved:
            mode = saved.pop()
        elif name == "Tr" and instruction.operands:
            mode = int(instruction.operands[0])
        if mode == _INVISIBLE and name in _SHOWING:
            found = True
            if name in {"'", '"'}:  # they also move to the next line
                kept.append(pikepdf.ContentStreamInstruction([], Operator("T*")))
            continue
        kept.append(instruction)
    return kept, found
