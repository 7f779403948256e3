"""The text that a PDF page brings along, and whether it is used instead of recognition.

`read_text_layer` finds it, and the pictures on the page that no text covers; `read_pdf_page`
decides between it, recognition, and both. PDFium says of each letter what it is, where it stands
and which way it runs. Called in worker processes only.
"""

from __future__ import annotations

import ctypes
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pypdfium2
from pypdfium2 import raw

from ocr_server.document.model import Page, StageRecord, TextSource, Word, Zone, hull_of
from ocr_server.errors import DamagedPicture
from ocr_server.geometry import Box, Point, PointMap, Quad, hull
from ocr_server.job import Limits, ReadOptions, TextLayerUse
from ocr_server.pdf.render import (
    bounds_on_page,
    fitting_scale,
    opened_pdf,
    page_frame,
    points_per_unit,
)
from ocr_server.pdf.text_lines import Letter, make_zones

STAGE = "text layer"
# Letters without a meaning are not mapped, or mapped into private use. A few are bullets; with
# more, what is copied from the page would be nonsense, and reading it is better.
_MOST_UNMAPPED = 0.1
# Pictures that together take less of the page are logos and signatures.
_LEAST_PICTURES = 0.1
# Text over less of a picture than this is a stamp or a page number, not what the picture says.
_LEAST_COVERED = 0.02
_MOST_PICTURES = 2_000  # looked at on a page, and as many notes
_DEEPEST = 5  # forms inside forms
# What annotations that show text are called, and where they keep it (ISO 32000-1, 12.5.6, 12.7.3).
_TEXT_OF_NOTES = {raw.FPDF_ANNOT_WIDGET: b"V", raw.FPDF_ANNOT_FREETEXT: b"Contents"}
_NO_STRING_BYTES = 2  # the zero at the end of a string in UTF-16
_PARTED = {0x02, 0xFFFE}  # PDFium's marks for a hyphen and the line break after it
_ASCENT_SHARE = 0.8  # of a font's size, where PDFium has no upright box to offer
_USED = "used instead of recognition"
_JOINED = "used, with what was recognised on the pictures"


@dataclass(frozen=True, slots=True)
class ExtractedText:
    """A PDF page as its own text tells it, in pixels at the dpi at which it would be drawn.

    `is_real`: the letters have meanings. `pictures`: where there may be text that the layer lacks.
    """

    width_px: int
    height_px: int
    dpi: float
    zones: tuple[Zone, ...]
    is_real: bool
    pictures: tuple[Box, ...]

    @property
    def words(self) -> tuple[Word, ...]:
        """The words of all zones."""
        return tuple(word for zone in self.zones for word in zone.words)

    @property
    def found(self) -> str:
        """What was found, in words."""
        if not self.zones:
            return "no text"
        if not self.is_real:
            return "letters without a meaning"
        found = f"{len(self.words)} words"
        return f"{found}, and pictures without text" if self.pictures else found

    def joined_by(self, page: Page) -> tuple[Zone, ...]:
        """The layer's zones, and among them what was recognised on the pictures alone."""
        zones = list(self.zones)
        taken = [word.box for word in self.words]
        for zone in page.zones:
            added = _only(zone, self.pictures, taken)
            if added is None:
                continue
            below = (i for i, old in enumerate(zones) if old.box.top > added.box.top)
            zones.insert(next(below, len(zones)), added)
        return tuple(zones)


def read_text_layer(
    path: Path, index: int, *, limits: Limits, password: str | None, symbols: bool = False
) -> ExtractedText:
    """What a page says itself, down to its letters if `symbols` are wanted.

    Raises:
        DamagedPicture: the page cannot be read.
    """
    with opened_pdf(path, password) as document:
        try:
            unit_pt = points_per_unit(path, index, password)
            return _read(document[index], unit_pt, limits, symbols=symbols)
        except pypdfium2.PdfiumError as error:
            raise DamagedPicture(f"Page {index + 1} of the PDF cannot be read.") from error


def read_pdf_page(
    path: Path,
    index: int,
    *,
    number: int,
    options: ReadOptions,
    limits: Limits,
    password: str | None,
    recognise: Callable[[], Page],
) -> Page:
    """The page from its own text, from recognition, or from both.

    Text with a meaning is used; where pictures stand that it does not cover, the page is
    recognised as well, and they give the rest. The first stage tells what was found and done.
    Whoever asks for zones of a page wants them recognised.

    Raises:
        OcrServerError: the page cannot be read, and what `recognise` raises.
    """
    if options.text_layer is TextLayerUse.IGNORE or options.zones:
        return recognise()
    started_s = time.perf_counter()
    layer = read_text_layer(path, index, limits=limits, password=password, symbols=options.symbols)

    def record(did: str) -> StageRecord:
        return StageRecord.since(started_s, STAGE, layer.found, did)

    covers = layer.is_real and not layer.pictures
    if covers or options.text_layer is TextLayerUse.ONLY:
        return Page(
            number=number,
            width_px=layer.width_px,
            height_px=layer.height_px,
            dpi=layer.dpi,
            zones=layer.zones,
            stages=(record(_USED),),
            source=TextSource.TEXT_LAYER,
        )
    is_joined = layer.is_real
    stage = record(_JOINED if is_joined else "")
    page = recognise()
    page = replace(page, stages=(stage, *page.stages))
    if not is_joined:
        return page
    return replace(page, zones=layer.joined_by(page), source=TextSource.BOTH)


def _read(
    page: pypdfium2.PdfPage, unit_pt: float, limits: Limits, *, symbols: bool
) -> ExtractedText:
    dpi, scale = fitting_scale(page, unit_pt, limits)
    # Times the scale, as it is drawn: 792 points are 3301 px of 300 dpi.
    width_px, height_px = (math.ceil(side * scale) for side in page.get_size())
    way = page_frame(
        _sorted(page.get_bbox()),
        rotation_deg=page.get_rotation(),
        width_px=width_px,
        height_px=height_px,
    ).inverse()
    letters = list(_letters(page.get_textpage(), way))
    zones = make_zones(letters, symbols=symbols)
    return ExtractedText(
        width_px=width_px,
        height_px=height_px,
        dpi=dpi,
        zones=zones,
        is_real=bool(zones) and _is_real(letters),
        pictures=tuple(_uncovered(page, zones, way, Box(0, 0, width_px, height_px))),
    )


def _letters(text: pypdfium2.PdfTextPage, way: PointMap) -> Iterator[Letter]:
    count = text.count_chars()
    high = 0
    for position in range(count):
        code = raw.FPDFText_GetUnicode(text, position)
        if 0xD800 <= code < 0xDC00:
            high = code
            continue
        if high and 0xDC00 <= code < 0xE000:
            code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00)
        high = 0
        letter = "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)  # half of one is none
        if code in _PARTED:
            yield Letter("-", *_place(text, position, way))
            yield Letter("\n")
        elif letter.isspace():
            yield Letter(letter)
        elif code >= 0x20 and not raw.FPDFText_IsGenerated(text, position):
            yield Letter(letter, *_place(text, position, way))


def _place(text: pypdfium2.PdfTextPage, position: int, way: PointMap) -> tuple[Quad, Point]:
    """A letter's quad and origin in pixels."""
    x, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(text, position, x, y)
    matrix = raw.FS_MATRIX()
    raw.FPDFText_GetMatrix(text, position, matrix)
    # Mirrored letters stand for writing from right to left; they are not upside down.
    sign = -1 if matrix.a * matrix.d < matrix.b * matrix.c else 1
    angle = math.atan2(sign * matrix.b, sign * matrix.a)
    box = Box(*_sorted(text.get_charbox(position, loose=True)))
    quarters = angle / (math.pi / 2)
    if abs(quarters - round(quarters)) < 0.01:
        quad = _turned(box, round(quarters))
    else:
        size = raw.FPDFText_GetFontSize(text, position) * math.hypot(matrix.c, matrix.d)
        quad = _sloped(Point(x.value, y.value), box, angle, size)
    return quad.mapped(way), way.apply(Point(x.value, y.value))


def _turned(box: Box, quarters: int) -> Quad:
    """The corners of a box, y upwards, from the top left of text turned against the clock."""
    corners = (
        Point(box.left, box.bottom),
        Point(box.right, box.bottom),
        Point(box.right, box.top),
        Point(box.left, box.top),
    )
    return Quad(*(corners[(i - quarters) % 4] for i in range(4)))


def _sloped(origin: Point, box: Box, angle: float, size: float) -> Quad:
    """A letter on a slope: PDFium's box is upright, so its width tells how far the letter goes."""
    cos, sin = math.cos(angle), math.sin(angle)
    across = max(box.width - size * abs(sin), 0.0) / max(abs(cos), 0.1)
    along = Point(cos * across, sin * across)
    up = Point(-sin * size, cos * size)
    top = Point(origin.x + up.x * _ASCENT_SHARE, origin.y + up.y * _ASCENT_SHARE)
    bottom = Point(top.x - up.x, top.y - up.y)
    return Quad(
        top,
        Point(top.x + along.x, top.y + along.y),
        Point(bottom.x + along.x, bottom.y + along.y),
        bottom,
    )


def _is_real(letters: Sequence[Letter]) -> bool:
    codes = [ord(letter.text) for letter in letters if letter.quad]
    unmapped = sum(code == 0xFFFD or 0xE000 <= code <= 0xF8FF for code in codes)
    return unmapped <= _MOST_UNMAPPED * len(codes)


def _uncovered(
    page: pypdfium2.PdfPage, zones: Sequence[Zone], way: PointMap, shown: Box
) -> Iterator[Box]:
    """What the page's text leaves out: values of forms and notes, and pictures it hardly touches.

    Pictures only if they take a good part of the page; `shown` is all of it.
    """
    yield from _written_over(page, way, shown)
    words = [word.box for zone in zones for word in zone.words]
    bare = []
    pictures = page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=_DEEPEST)
    for picture, _ in zip(pictures, range(_MOST_PICTURES), strict=False):
        box = _in_pixels(bounds_on_page(picture), way, shown)
        if box is None:
            continue
        covered = sum(both.area for word in words if (both := box.intersection(word)))
        if covered < _LEAST_COVERED * box.area:
            bare.append(box)
    if sum(box.area for box in bare) >= _LEAST_PICTURES * shown.area:
        yield from bare


def _written_over(page: pypdfium2.PdfPage, way: PointMap, shown: Box) -> Iterator[Box]:
    """Fields of forms that are filled in, and notes written on the page."""
    for number in range(min(raw.FPDFPage_GetAnnotCount(page), _MOST_PICTURES)):
        note = raw.FPDFPage_GetAnnot(page, number)
        try:
            key = _TEXT_OF_NOTES.get(raw.FPDFAnnot_GetSubtype(note))
            area = raw.FS_RECTF()
            if key is None or not raw.FPDFAnnot_GetRect(note, area):
                continue
            if raw.FPDFAnnot_GetStringValue(note, key, None, 0) <= _NO_STRING_BYTES:
                continue
            box = _in_pixels(Box(area.left, area.bottom, area.right, area.top), way, shown)
        finally:
            raw.FPDFPage_CloseAnnot(note)
        if box is not None:
            yield box


def _in_pixels(bounds: Box, way: PointMap, shown: Box) -> Box | None:
    """What is shown of a box in the PDF's coordinates, y upwards."""
    return hull(bounds.quad().mapped(way)).intersection(shown)


def _only(zone: Zone, inside: Sequence[Box], taken: Sequence[Box]) -> Zone | None:
    """The zone's words that stand inside some boxes and on no others, if there are any."""

    def is_new(word: Word) -> bool:
        return _is_on(word.box, inside) and not _is_on(word.box, taken)

    lines = tuple(kept for line in zone.lines if (kept := line.filtered(is_new)))
    if not lines:
        return None
    words = (word for line in lines for word in line.words)
    return replace(zone, lines=lines, quad=hull_of(words).quad())


def _is_on(box: Box, others: Sequence[Box]) -> bool:
    """Whether the middle of a box lies in one of the others."""
    return any(other.contains(box.middle) for other in others)


def _sorted(box: Sequence[float]) -> tuple[float, float, float, float]:
    left, bottom, right, top = box
    return min(left, right), min(bottom, top), max(left, right), max(bottom, top)
