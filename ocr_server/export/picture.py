"""The pictures of pages: where each stands in the upload, and the PNG with boxes drawn on it.

The PNG shows zones, baselines, and words by confidence.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image, ImageDraw

from ocr_server.document.model import Document, Page, ZoneKind
from ocr_server.errors import FormatUnavailable
from ocr_server.export.rendering import Rendering
from ocr_server.geometry import Quad
from ocr_server.pdf.opening import count_pdf_pages
from ocr_server.sources.decode import count_pages, decode_page
from ocr_server.sources.signatures import is_pdf

# Colours that people tell apart whatever their colour vision (Okabe and Ito, "Color Universal
# Design", 2008).
_BLUE, _GREEN, _ORANGE = (0, 114, 178), (0, 158, 115), (230, 159, 0)
_RED, _PINK, _SKY = (213, 94, 0), (204, 121, 167), (86, 180, 233)
_ZONES = {
    ZoneKind.TEXT: _BLUE,
    ZoneKind.TABLE: _SKY,
    ZoneKind.PICTURE: _PINK,
    ZoneKind.RULE: _ORANGE,
}
_CERTAIN, _LIKELY = 0.9, 0.6  # from these confidences on a word is green, or orange
_LINES_PER_SIDE = 800  # a stroke is this part of the longer side, and never under a pixel


def render_png(
    document: Document, sources: tuple[Path, ...], rendering: Rendering
) -> Iterator[bytes]:
    """The one page of a document, annotated.

    Raises:
        DocumentError: the source is damaged.
        FormatUnavailable: there are several pages, or no picture of the size that was read.
    """
    if len(document.pages) != 1:
        raise FormatUnavailable(
            f"A PNG shows one page; the document has {len(document.pages)}. Have only one read "
            "(pages=1), or send only one back, or ask for an archive, such as png,json.",
            pages=len(document.pages),
        )
    (page_source,) = with_zones(document, find_page_sources(document, sources, rendering))
    picture = draw_page(page_source, rendering)
    _annotate(picture, page_source)
    encoded = io.BytesIO()
    picture.save(encoded, "PNG")
    yield encoded.getvalue()


@dataclass(frozen=True, slots=True)
class PageSource:
    """A page and where its picture is: page `index`, from 0, of a file.

    Until `with_zones` the page is only its outline.
    """

    page: Page
    path: Path
    index: int
    is_pdf: bool


def find_page_sources(
    document: Document, sources: tuple[Path, ...], rendering: Rendering
) -> tuple[PageSource, ...]:
    """The source of each page, in order, the pages without zones.

    Raises:
        DocumentError: a source cannot be read.
        FormatUnavailable: there is no picture for a page.
    """
    if not sources:
        raise FormatUnavailable("This format shows the pictures. Send the file along.")
    pdfs = {path for path in sources if is_pdf(path)}
    places = [
        (path, index, path in pdfs)
        for path in sources
        for index in range(count_pages(path, limits=rendering.limits, password=rendering.password))
    ]
    outlines = document.outlines
    beyond = next((page.number for page in outlines if page.number > len(places)), None)
    used = [places[page.number - 1] for page in outlines] if beyond is None else places
    for path in dict.fromkeys(path for path, _, is_of_pdf in used if is_of_pdf):
        # A file that stays shut was counted as one page.
        count_pdf_pages(path, password=rendering.password)
    if beyond is not None:
        raise FormatUnavailable(
            f"The document has a page {beyond}, but the files have {len(places)} pages. Send the "
            "files that were read.",
            page=beyond,
            pages=len(places),
        )
    return tuple(PageSource(page, *places[page.number - 1]) for page in outlines)


def with_zones(document: Document, page_sources: Sequence[PageSource]) -> Iterator[PageSource]:
    """The sources with the pages whole; of a large document one is in memory at a time."""
    for page, page_source in zip(document.pages, page_sources, strict=True):
        yield replace(page_source, page=page)


def check_size(page: Page, width_px: int, height_px: int) -> None:
    """Do nothing if a picture has the size of the page.

    Raises:
        FormatUnavailable: it has another, so that the words would miss their places.
    """
    if (page.width_px, page.height_px) != (width_px, height_px):
        raise FormatUnavailable(
            f"Page {page.number} was read from {page.width_px} × {page.height_px} pixels, but the "
            f"picture has {width_px} × {height_px}. Send the file that was read.",
            page=page.number,
            width_px=width_px,
            height_px=height_px,
        )


def draw_page(page_source: PageSource, rendering: Rendering) -> Image.Image:
    """The picture of a page, upright, in colour, with the pixels that its places are in.

    Raises:
        DocumentError: the source is damaged.
        FormatUnavailable: the picture is not of the size that was read.
    """
    canvas = decode_page(
        page_source.path, page_source.index, limits=rendering.limits, password=rendering.password
    )
    picture = Image.fromarray(canvas.pixels).convert("RGB")
    size = page_source.page.width_px, page_source.page.height_px
    if page_source.is_pdf:  # it has no pixels of its own; it may have been drawn at another dpi
        return picture if picture.size == size else picture.resize(size)
    check_size(page_source.page, *picture.size)
    return picture


def _annotate(picture: Image.Image, page_source: PageSource) -> None:
    draw = ImageDraw.Draw(picture)
    stroke = max(1, round(max(picture.size) / _LINES_PER_SIDE))
    for zone in page_source.page.zones:
        _outline(draw, zone.quad, _ZONES[zone.kind], 2 * stroke)
        for line in zone.lines:
            draw.line(line.baseline, fill=_SKY, width=stroke)
            for word in line.words:
                _outline(draw, word.quad, _colour(word.certainty), stroke)


def _outline(
    draw: ImageDraw.ImageDraw, quad: Quad, colour: tuple[int, int, int], width_px: int
) -> None:
    # A polygon's outline is drawn by way of a mask as large as the picture: 20 ms a word.
    draw.line([*quad, quad.top_left, quad.top_right], colour, width_px, joint="curve")


def _colour(confidence: float) -> tuple[int, int, int]:
    if confidence >= _CERTAIN:
        return _GREEN
    return _ORANGE if confidence >= _LIKELY else _RED
